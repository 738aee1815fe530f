"""The ways to ask for a first page that are measured, with hot and rare values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from bench.http_client import Answer
from bench.population import population, programme_of, registration
from bench.requests import STATEMENTS, Parameters, Request, get

PAGE = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACES = 1_024


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments in the life of a store: after a quarter, a half and three quarters of it."""

    quarter: str
    half: str
    three_quarters: str


async def moments(connection: asyncpg.Connection) -> Moments:
    """Find out when the statements of a store were stored."""
    rows = await connection.fetchrow(
        "SELECT percentile_disc(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY position)"
        " FROM statements"
    )
    if rows is None or rows[0] is None:
        raise ValueError("the store is empty")
    written = [_EPOCH + timedelta(microseconds=place // _PLACES) for place in rows[0]]
    return Moments(*(moment.isoformat() for moment in written))


def first_pages(when: Moments) -> dict[str, Request]:
    """Return the requests by what they show."""
    return {
        name: get(STATEMENTS, {"limit": PAGE, **parameters}, name)
        for name, parameters in _parameters(when).items()
    }


def _parameters(when: Moments) -> Mapping[str, Parameters]:
    people = population()
    hot, rare = ({"agent": people.learners[place].decode()} for place in (0, -1))
    instructor = {"agent": people.instructors[people.activities[0].course].decode()}
    busy, seldom = ({"activity": people.activities[place].iri} for place in (0, -1))
    programme = {"activity": programme_of(people.activities[0].course)}
    usual, unusual = ({"verb": people.verbs[place].iri} for place in (0, -1))
    course = people.rare_activity.course
    way = {"registration": registration(len(people.learners) - 1, course).decode()}
    window = {"since": when.quarter, "until": when.three_quarters}
    related_agents, related_activities = {"related_agents": "true"}, {"related_activities": "true"}
    return {
        "no filter": {},
        "no filter, ascending": {"ascending": "true"},
        "agent, hot": hot,
        "agent, rare": rare,
        "related_agents, hot": instructor | related_agents,
        "related_agents, rare": rare | related_agents,
        "verb, hot": usual,
        "verb, rare": unusual,
        "activity, hot": busy,
        "activity, rare": seldom,
        "related_activities, hot": programme | related_activities,
        "related_activities, rare": seldom | related_activities,
        "registration": way,
        "since, ascending": {"since": when.half, "ascending": "true"},
        "until": {"until": when.half},
        "since and until": window,
        "hot agent, since and until": hot | window,
        "hot agent and hot verb": hot | usual,
        "hot agent and rare verb": hot | unusual,
        "rare agent and hot verb": rare | usual,
        "hot verb and hot activity": usual | busy,
        "hot verb and rare activity": usual | seldom,
        "rare verb and hot activity": unusual | busy,
        "hot agent and rare activity, nothing fits": hot | seldom,
        "hot agent and related rare activity, nothing fits": hot | seldom | related_activities,
        "related hot agent and rare verb": instructor | related_agents | unusual,
        "hot verb and related programme": usual | programme | related_activities,
        "rare verb and related programme": unusual | programme | related_activities,
        "registration and verb": way | usual,
    }


def count_of(answer: Answer) -> int:
    """Return how many statements are on a page; each has one `stored`."""
    return answer.body.count(b'"stored":')


def is_full(name: str, statements: int) -> bool:
    """Tell whether a page has as many statements as it should, for the comparison to be fair."""
    expected = 0 if "nothing fits" in name else PAGE
    return statements == expected
