"""Walks the statements of a store in their order (design, section 4).

Every filter is a walk over one index that ends at the limit. All filters meet on one row, which is
the statement itself or one that it refers to; so the same statement can be met several times and
is taken once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Table,
    Text,
    Uuid,
    bindparam,
    cast,
    exists,
    func,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import FromClause

from lrs.storage.driver import Values, fetch
from lrs.storage.tables import (
    statement_activities,
    statement_agents,
    statement_matches,
    statement_payloads,
    statements,
)
from lrs.storage.watermark import last_position, stored_at
from lrs.xapi.queries import Cursor, StatementFilter
from lrs.xapi.records import KeptStatement

Condition = ColumnElement[bool]

# Rows that a walk may meet for each statement of a page, since several may stand for one.
ROWS_FOR_ONE = 2

# The values of a query; `page_values` gives them.
_STORE = bindparam("store", type_=Integer)
_AGENT, _VERB, _ACTIVITY, _REGISTRATION = (
    bindparam(name, type_=Uuid) for name in ("agent", "verb", "activity", "registration")
)
_FIRST, _LAST = (bindparam(name, type_=BigInteger) for name in ("first", "last"))
_AFTER = bindparam("after", type_=BigInteger)
_AFTER_ID = bindparam("after_id", type_=Uuid)
_ROWS, _COUNT = (bindparam(name, type_=BigInteger) for name in ("rows", "count"))


class Shape(NamedTuple):
    """What decides the text of a query, whatever the values: which filters there are."""

    agent: bool
    verb: bool
    activity: bool
    registration: bool
    related_agents: bool
    related_activities: bool
    since: bool
    ascending: bool
    after: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some statements in the order of answers.

    Attributes:
        cursor: the last one of them, to go on from; None if no more are known.
    """

    statements: Sequence[KeptStatement]
    cursor: Cursor | None


async def list_statements(
    connection: AsyncConnection,
    store: int,
    wanted: StatementFilter,
    until_position: int,
    after: Cursor | None,
    limit: int,
) -> Page:
    """Return the next page.

    Args:
        connection: any reading one.
        store: the store to read.
        wanted: the filters and the order.
        until_position: no statement beyond this one is shown.
        after: the cursor of the page before.
        limit: the most statements to return, at least 1.
    """
    found: list[asyncpg.Record] = []
    is_at_end = False
    cursor = after
    while len(found) <= limit and not is_at_end:
        missing = limit + 1 - len(found)
        values = page_values(store, wanted, until_position, cursor, missing)
        rows = await fetch(connection, page_query(shape_of(wanted, cursor)), values)
        found += rows
        is_at_end = not rows or rows[-1]["met"] < missing * ROWS_FOR_ONE
        cursor = _cursor(rows[-1]) if rows else None
    page = [
        KeptStatement(row["id"], row["payload"].encode(), stored_at(row["position"]), voided=False)
        for row in found[:limit]
    ]
    return Page(page, _cursor(found[limit - 1]) if len(found) > limit else None)


def _cursor(row: asyncpg.Record) -> Cursor:
    return Cursor(row["position"], row["id"])


def shape_of(wanted: StatementFilter, after: Cursor | None) -> Shape:
    """Return the shape of the query for these filters."""
    return Shape(
        agent=wanted.agent is not None,
        verb=wanted.verb is not None,
        activity=wanted.activity is not None,
        registration=wanted.registration is not None,
        related_agents=wanted.related_agents,
        related_activities=wanted.related_activities,
        since=wanted.since is not None,
        ascending=wanted.ascending,
        after=after is not None,
    )


def page_values(
    store: int, wanted: StatementFilter, until_position: int, after: Cursor | None, count: int
) -> Values:
    """Return the values of a query, those that its shape does not use too."""
    until = until_position if wanted.until is None else last_position(wanted.until)
    return {
        "store": store,
        "agent": wanted.agent,
        "verb": wanted.verb,
        "activity": wanted.activity,
        "registration": wanted.registration,
        "first": None if wanted.since is None else last_position(wanted.since),
        "last": min(until_position, until),
        "after": after and after.position,
        "after_id": after and after.id,
        "rows": count * ROWS_FOR_ONE,
        "count": count,
    }


@cache
def page_query(shape: Shape) -> Select[tuple[int, UUID, str, int]]:
    """Build the query of `count` statements, of a few less where many rows stand for one.

    The walk is one of its own, without DISTINCT: PostgreSQL before 16 would sort all rows for it.
    Each row of the answer says in `met` how many rows the walk has met; where they are fewer than
    it may meet, it has come to its end.
    """
    source, conditions = _walk(shape)
    walk = (
        select(source.c.position, source.c.id)
        .where(source.c.store == _STORE, *conditions)
        .where(*_between(source, shape))
        .where(_is_shown(source))
        .order_by(*_order(source, ascending=shape.ascending))
        .limit(_ROWS)
        .cte("walk")
        .prefix_with("MATERIALIZED")
    )
    page = (
        select(walk.c.position, walk.c.id)
        .distinct()
        .order_by(*_order(walk, ascending=shape.ascending))
        .limit(_COUNT)
        .subquery("page")
    )
    payload = (
        select(cast(statement_payloads.c.payload, Text))
        .where(statement_payloads.c.store == _STORE, statement_payloads.c.id == page.c.id)
        .scalar_subquery()
        .label("payload")
    )
    met = select(func.count()).select_from(walk).scalar_subquery().label("met")
    order = _order(page, ascending=shape.ascending)
    return select(page.c.position, page.c.id, payload, met).order_by(*order)


def _walk(shape: Shape) -> tuple[Table, list[Condition]]:
    """Choose the table to walk, and what its rows must fulfil."""
    if shape.agent:
        return statement_agents, _agent_conditions(shape)
    if shape.activity and shape.related_activities:
        conditions: list[Condition] = [statement_activities.c.activity == _ACTIVITY]
        return statement_activities, conditions + _match_condition(shape)
    if shape.verb or shape.activity or shape.registration:
        return statement_matches, _equalities(statement_matches, shape)
    return statements, []


def _agent_conditions(shape: Shape) -> list[Condition]:
    table = statement_agents
    conditions: list[Condition] = [table.c.agent == _AGENT]
    if not shape.related_agents:
        conditions.append(table.c.direct)
    if shape.activity and shape.related_activities:
        conditions.append(_names_activity(table))
        shape = shape._replace(activity=False)
    return conditions + _equalities(table, shape)


def _equalities(table: Table, shape: Shape) -> list[Condition]:
    pairs = (
        (shape.verb, table.c.verb == _VERB),
        (shape.activity, table.c.activity == _ACTIVITY),
        (shape.registration, table.c.registration == _REGISTRATION),
    )
    return [condition for is_wanted, condition in pairs if is_wanted]


def _match_condition(shape: Shape) -> list[Condition]:
    """Hold the row that was met against the other filters, which its table does not carry."""
    others = _equalities(statement_matches, shape._replace(activity=False))
    if not others:
        return []
    same_row = _same_row(statement_matches, statement_activities)
    return [exists().where(*same_row, *others)]


def _names_activity(table: Table) -> Condition:
    same_row = _same_row(statement_activities, table)
    same_place = statement_activities.c.position == table.c.position
    return exists().where(*same_row, same_place, statement_activities.c.activity == _ACTIVITY)


def _same_row(one: Table, other: Table) -> tuple[Condition, ...]:
    return one.c.store == _STORE, one.c.id == other.c.id, one.c.via == other.c.via


def _is_shown(source: Table) -> Condition:
    """Leave out what is voided: by a look at each row that is met, never by a join over all."""
    if source is statements:
        return ~statements.c.voided
    shown = select(~statements.c.voided).where(
        statements.c.store == _STORE, statements.c.id == source.c.id
    )
    return shown.scalar_subquery()


def _between(source: Table, shape: Shape) -> list[Condition]:
    position = source.c.position
    conditions: list[Condition] = [position <= _LAST]
    if shape.since:
        conditions.append(position > _FIRST)
    if shape.after:
        conditions += _beyond(source, ascending=shape.ascending)
    return conditions


def _beyond(source: Table, *, ascending: bool) -> list[Condition]:
    """Go on after the cursor; the plain comparison of positions is the one an index can use."""
    here, there = tuple_(source.c.position, source.c.id), tuple_(_AFTER, _AFTER_ID)
    if ascending:
        return [source.c.position >= _AFTER, here > there]
    return [source.c.position <= _AFTER, here < there]


def _order(source: FromClause, *, ascending: bool) -> list[ColumnElement[object]]:
    columns = source.c.position, source.c.id
    return [column.asc() if ascending else column.desc() for column in columns]
