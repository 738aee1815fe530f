"""Statements beside what is known of those who did them: whose an actor is, and what they were.

All of it is looked up when a sum is computed, in tables as small as the number of people: so what
was joined, split or corrected since is in the next answer. Statements say nothing of it, and a
query that does not ask for it has no trace of it.

What is valid is decided by the local day of `timestamp` in the time zone of the query.
"""

from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, Date, FromClause, and_, cast, func, select, true

from lrs.analytics.queries import Query
from lrs.storage.members import (
    DIMENSIONS as OF_STATEMENTS,
)
from lrs.storage.members import (
    STATEMENTS,
    STORE,
    Dimensions,
    Facts,
    Held,
    Identified,
    Several,
    local_time,
)
from lrs.storage.people_tables import (
    person_attributes,
    person_identifiers,
    team_members,
    teams,
)
from lrs.storage.tables import statements

_WHOSE: Final = person_identifiers.alias("whose")
# Nobody has joined most actors: each is a person of one identifier, whose id is its key.
PERSON: Final[ColumnElement[Any]] = func.coalesce(_WHOSE.c.person, statements.c.actor)
# When people were in which teams, once for each pair: after a merge both may have been in one.
_DAYS: Final = (
    select(
        team_members.c.person,
        teams.c.name,
        func.range_agg(func.daterange(team_members.c.valid_from, team_members.c.valid_until)).label(
            "days"
        ),
    )
    .join_from(
        team_members,
        teams,
        and_(teams.c.store == team_members.c.store, teams.c.id == team_members.c.team),
    )
    .where(team_members.c.store == STORE, team_members.c.valid_from < team_members.c.valid_until)
    .group_by(team_members.c.person, teams.c.name)
    .subquery("in_teams")
)
# The dimensions that need no definition of the store; attributes come beside them.
DIMENSIONS: Dimensions = MappingProxyType(
    {**OF_STATEMENTS, "person": Identified(PERSON), "team": Held(_DAYS.c.name)}
)


def facts_of(query: Query) -> Facts:
    """Return what a query runs over: statements, with no more of people than it asks for."""
    if not query.is_of_people:
        return STATEMENTS
    day = cast(local_time(statements.c.timestamp, query.zone.key), Date)
    same = and_(_WHOSE.c.store == STORE, _WHOSE.c.agent == statements.c.actor)
    source: FromClause = STATEMENTS.source.outerjoin(_WHOSE, same)
    dimensions = dict(DIMENSIONS)
    if query.is_by_team:
        was_in = and_(_DAYS.c.person == _WHOSE.c.person, _DAYS.c.days.bool_op("@>")(day))
        source = source.outerjoin(_DAYS, was_in)
    else:
        dimensions["team"] = _any_team(day)
    for place, name in enumerate(query.attributes):
        known = person_attributes.alias(f"attribute_{place}")
        source = source.outerjoin(known, _is_known(known, name, day))
        dimensions[f"person.{name}"] = Held(known.c.value)
    return Facts(source, dimensions, STATEMENTS.bucket, STATEMENTS.moment)


def _is_known(known: FromClause, name: str, day: ColumnElement[Any]) -> ColumnElement[bool]:
    of = known.c
    return and_(
        of.store == STORE,
        of.name == name,
        of.person == _WHOSE.c.person,
        of.valid_from <= day,
        of.valid_until > day,
    )


def _any_team(day: ColumnElement[Any]) -> Several:
    """Return the teams of a statement's person, among which a filter looks for one."""
    member, team = team_members.alias("member"), teams.alias("team")
    was_in = (
        select(true())
        .join_from(member, team, and_(team.c.store == STORE, team.c.id == member.c.team))
        .where(
            member.c.store == STORE,
            member.c.person == _WHOSE.c.person,
            member.c.valid_from <= day,
            member.c.valid_until > day,
        )
        .correlate(_WHOSE, statements)
    )
    return Several(team.c.name, lambda asked: was_in.where(asked).exists())
