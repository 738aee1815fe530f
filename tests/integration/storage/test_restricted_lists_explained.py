"""A restriction is a walk over an index as any filter is, in a large store too."""

from dataclasses import replace
from itertools import count
from uuid import UUID

import pytest
from sqlalchemy import text

from integration.storage.test_statement_lists_explained import (
    ACTIVITY,
    AGENT,
    COURSE,
    INSTRUCTOR,
    LAST,
    LIMIT,
    MOST_ROWS,
    RARE_ACTIVITY,
    RARE_AGENT,
    RARE_VERB,
    VERB,
    key,
    plan_of,
)
from lrs.analytics.queries import resolve
from lrs.analytics.requests import QueryRequest
from lrs.auth.restrictions import NOTHING_HIDDEN, Restriction
from lrs.storage import analytics
from lrs.storage.engines import Database
from lrs.storage.restrictions import MINE, names_of, restriction_values
from lrs.storage.statement_lists import choose_walk, list_statements
from lrs.storage.statement_selections import Selection, page_values, shape_of
from lrs.xapi.formats import ids_of
from lrs.xapi.queries import Cursor, StatementFilter


def keys(kind: str, *numbers: int) -> frozenset[UUID]:
    return frozenset(key(kind, number) for number in numbers)


# Agent 0 is met most often, and 500 seldom; so are activities.
TEAM, SELDOM = keys("agent", *range(0, 400, 20)), keys("agent", *range(480, 500))
BUSY, QUIET = keys("activity", 0, 1, 2, 150, 250), keys("activity", *range(290, 295))
RESTRICTIONS = {
    "mine, frequent": Restriction(key("tool", 1), frozenset({1})),
    "mine, rare": Restriction(key("tool", 2), frozenset({2})),
    "nothing is mine": Restriction(key("tool", 3), frozenset({3})),
    "one agent": Restriction(agents=keys("agent", 0)),
    "a team of 20": Restriction(agents=TEAM),
    "a team that does little": Restriction(agents=SELDOM),
    "a team with strangers": Restriction(agents=keys("agent", 3, *range(900, 999))),
    "no agent": Restriction(agents=frozenset()),
    "5 activities": Restriction(activities=BUSY),
    "5 activities that are rarely met": Restriction(activities=QUIET),
    "a course": Restriction(activities=frozenset({COURSE})),
    "mine, of a team": Restriction(key("tool", 1), frozenset({1}), TEAM),
    "of a team in activities": Restriction(agents=TEAM, activities=BUSY),
    "all three": Restriction(key("tool", 1), frozenset({1}), TEAM, BUSY),
    "frozen people": Restriction(frozen=keys("agent", 3, 700)),
    "a team with frozen people": Restriction(agents=TEAM, frozen=keys("agent", 20, 700)),
}
FILTERS = {
    "no filter": StatementFilter(),
    "hot verb": StatementFilter(verb=VERB),
    "rare verb": StatementFilter(verb=RARE_VERB),
    "hot agent": StatementFilter(agent=AGENT),
    "rare agent": StatementFilter(agent=RARE_AGENT),
    "hot activity": StatementFilter(activity=ACTIVITY),
    "rare activity": StatementFilter(activity=RARE_ACTIVITY),
    "related agent": StatementFilter(agent=INSTRUCTOR, related_agents=True),
    "related activity": StatementFilter(activity=COURSE, related_activities=True),
    "registration": StatementFilter(registration=key("registration", 7)),
}
PAIRS = [
    pytest.param(restriction, wanted, id=f"{name}, {filtered}")
    for name, restriction in RESTRICTIONS.items()
    for filtered, wanted in FILTERS.items()
]


def test_where_nobody_is_frozen_no_query_has_a_trace_of_it() -> None:
    assert names_of(NOTHING_HIDDEN) == ()


@pytest.mark.parametrize("ascending", [False, True], ids=["newest first", "oldest first"])
@pytest.mark.parametrize(("restriction", "wanted"), PAIRS)
async def test_a_restricted_page_is_a_walk_over_an_index(
    database: Database,
    large_store: int,
    restriction: Restriction,
    wanted: StatementFilter,
    ascending: bool,
) -> None:
    wanted = replace(wanted, ascending=ascending)
    nodes = await plan_of(database, large_store, wanted, restriction)

    assert "Seq Scan" not in [node["Node Type"] for node in nodes]
    met = [node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in nodes]
    walked = [rows * node["Actual Loops"] for rows, node in zip(met, nodes, strict=True)]
    assert max(walked) <= MOST_ROWS
    sorted_rows = [n["Actual Rows"] for n in nodes if n["Node Type"].endswith("Sort")]
    assert not sorted_rows or max(sorted_rows) <= MOST_ROWS


@pytest.mark.parametrize(
    ("restriction", "wanted", "walked"),
    [
        ("mine, frequent", "rare verb", "verb"),
        ("mine, rare", "hot verb", MINE),
        ("a team of 20", "rare verb", "verb"),
        ("a team that does little", "hot verb", "of_agents"),
        ("a team of 20", "rare agent", "agent"),
        ("5 activities", "rare activity", "activity"),
        ("5 activities that are rarely met", "hot agent", "of_activities"),
        ("no agent", "hot agent", "of_agents"),
    ],
)
async def test_the_restriction_is_walked_if_it_is_met_least_often(
    database: Database, large_store: int, restriction: str, wanted: str, walked: str
) -> None:
    selection = Selection(FILTERS[wanted], RESTRICTIONS[restriction])
    values = page_values(large_store, selection, LAST, None, LIMIT)
    async with database.reading() as connection:
        walk = await choose_walk(connection, shape_of(selection, None), values)
    assert walk.filter == walked


async def test_what_another_credential_brought_is_not_mine(
    database: Database, large_store: int
) -> None:
    """Also if it had the same authority once."""
    selection = Selection(StatementFilter(), Restriction(key("tool", 2), frozenset({1})))
    async with database.reading() as connection:
        page = await list_statements(connection, large_store, selection, LAST, None, LIMIT)
    assert page.texts == b""


async def test_the_sums_of_a_team_are_found_by_an_index(
    database: Database, large_store: int
) -> None:
    restriction = RESTRICTIONS["a team that does little"]
    query = resolve(QueryRequest(measures=["statements.count"], dimensions=["verb.id"]))
    values = {"store": large_store, **restriction_values(restriction)}
    async with database.reading() as connection:
        sql = analytics._rendered(query, LAST, restriction).compile(dialect=connection.dialect)
        given = sql.construct_params(values)
        explained = await connection.exec_driver_sql(
            f"EXPLAIN {sql}", tuple(given[name] for name in sql.positiontup or ())
        )
        plan = "\n".join(explained.scalars())
    assert "statements_actor_walk" in plan
    assert "Seq Scan on statements" not in plan


_PLAIN = text(
    """
    SELECT id FROM statements AS listed
    WHERE store = :store AND NOT voided
      AND (CAST(:authority AS uuid) IS NULL OR (other_agents[2] = :authority
                                               AND credential = ANY (:credentials)))
      AND (CAST(:agents AS uuid[]) IS NULL OR actor = ANY (:agents))
      AND (CAST(:frozen AS uuid[]) IS NULL OR actor <> ALL (:frozen))
      AND (CAST(:activities AS uuid[]) IS NULL OR object = ANY (:activities)
           OR activities && CAST(:activities AS uuid[]))
      AND (CAST(:verb AS uuid) IS NULL OR verb = :verb OR EXISTS (
               SELECT FROM statement_references AS referred
               WHERE referred.store = :store AND referred.id = listed.id AND referred.verb = :verb
           ))
    ORDER BY position
    """
)


@pytest.mark.parametrize("verb", [None, 5, 29], ids=["no filter", "a verb", "a rare verb"])
@pytest.mark.parametrize(
    "name",
    [
        "mine, frequent",
        "mine, rare",
        "a team that does little",
        "a team with strangers",
        "5 activities that are rarely met",
        "of a team in activities",
        "all three",
        "frozen people",
        "a team with frozen people",
    ],
)
async def test_the_pages_of_a_large_store_hold_all_that_is_to_be_seen(
    database: Database, large_store: int, name: str, verb: int | None
) -> None:
    """Where walks go on for longer than one query, and some keys are met more often than others."""
    restriction = RESTRICTIONS[name]
    asked = None if verb is None else key("verb", verb)
    values = {
        "store": large_store,
        "authority": restriction.authority,
        "credentials": [*(restriction.credentials or ())],
        "agents": restriction.agents and [*restriction.agents],
        "activities": restriction.activities and [*restriction.activities],
        "frozen": restriction.frozen and [*restriction.frozen],
        "verb": asked,
    }
    async with database.reading() as connection:
        expected = [*(await connection.execute(_PLAIN, values)).scalars()]
        for ascending in (True, False):
            selection = Selection(StatementFilter(verb=asked, ascending=ascending), restriction)
            found: list[UUID] = []
            after: Cursor | None = None
            for _ in count():
                page = await list_statements(connection, large_store, selection, LAST, after, 1_000)
                found += ids_of(page.texts)
                after = page.cursor
                if after is None:
                    break
            assert found == expected[:: 1 if ascending else -1]
    assert expected or verb is not None
