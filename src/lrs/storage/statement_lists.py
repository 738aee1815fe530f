"""Walks the statements of a store in their order (design, section 4).

Every filter is a walk over one index that ends at the limit. All filters meet on one row, which is
the statement itself or one that it refers to; so the same statement can be met several times and
is taken once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Table,
    Text,
    cast,
    exists,
    func,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import FromClause

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
_Found = Row[tuple[int, UUID, str, int]]

# Rows that a walk may meet for each statement of a page, since several may stand for one.
ROWS_FOR_ONE = 2


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
    found: list[_Found] = []
    is_at_end = False
    cursor = after
    while len(found) <= limit and not is_at_end:
        missing = limit + 1 - len(found)
        query = page_query(store, wanted, until_position, cursor, missing)
        rows = (await connection.execute(query)).all()
        found += rows
        is_at_end = not rows or rows[-1].met < missing * ROWS_FOR_ONE
        cursor = Cursor(rows[-1].position, rows[-1].id) if rows else None
    page = [
        KeptStatement(row.id, row.payload.encode(), stored_at(row.position), voided=False)
        for row in found[:limit]
    ]
    last = found[limit - 1] if len(found) > limit else None
    return Page(page, Cursor(last.position, last.id) if last else None)


def page_query(
    store: int,
    wanted: StatementFilter,
    until_position: int,
    after: Cursor | None,
    count: int,
) -> Select[tuple[int, UUID, str, int]]:
    """Build the query of so many statements, of a few less where many rows stand for one.

    The walk is one of its own, without DISTINCT: PostgreSQL before 16 would sort all rows for it.
    Each row of the answer says in `met` how many rows the walk has met; where they are fewer than
    it may meet, it has come to its end.
    """
    source, conditions = _walk(store, wanted)
    walk = (
        select(source.c.position, source.c.id)
        .where(source.c.store == store, *conditions)
        .where(*_between(source, wanted, until_position, after))
        .where(_is_shown(store, source))
        .order_by(*_order(source, ascending=wanted.ascending))
        .limit(count * ROWS_FOR_ONE)
        .cte("walk")
        .prefix_with("MATERIALIZED")
    )
    page = (
        select(walk.c.position, walk.c.id)
        .distinct()
        .order_by(*_order(walk, ascending=wanted.ascending))
        .limit(count)
        .subquery("page")
    )
    payload = (
        select(cast(statement_payloads.c.payload, Text))
        .where(statement_payloads.c.store == store, statement_payloads.c.id == page.c.id)
        .scalar_subquery()
        .label("payload")
    )
    met = select(func.count()).select_from(walk).scalar_subquery().label("met")
    order = _order(page, ascending=wanted.ascending)
    return select(page.c.position, page.c.id, payload, met).order_by(*order)


def _walk(store: int, wanted: StatementFilter) -> tuple[Table, list[Condition]]:
    """Choose the table to walk, and what its rows must fulfil."""
    if wanted.agent is not None:
        return statement_agents, _agent_conditions(store, wanted)
    if wanted.activity is not None and wanted.related_activities:
        conditions = [statement_activities.c.activity == wanted.activity]
        return statement_activities, conditions + _match_condition(store, wanted)
    if wanted.verb or wanted.activity or wanted.registration:
        return statement_matches, _equalities(statement_matches, wanted)
    return statements, []


def _agent_conditions(store: int, wanted: StatementFilter) -> list[Condition]:
    table = statement_agents
    conditions: list[Condition] = [table.c.agent == wanted.agent]
    if not wanted.related_agents:
        conditions.append(table.c.direct)
    if wanted.activity is not None and wanted.related_activities:
        conditions.append(_names_activity(store, table, wanted.activity))
        wanted = replace(wanted, activity=None)
    return conditions + _equalities(table, wanted)


def _equalities(table: Table, wanted: StatementFilter) -> list[Condition]:
    pairs = (
        (table.c.verb, wanted.verb),
        (table.c.activity, wanted.activity),
        (table.c.registration, wanted.registration),
    )
    return [column == key for column, key in pairs if key is not None]


def _match_condition(store: int, wanted: StatementFilter) -> list[Condition]:
    """Hold the row that was met against the other filters, which its table does not carry."""
    others = _equalities(statement_matches, replace(wanted, activity=None))
    if not others:
        return []
    same_row = _same_row(store, statement_matches, statement_activities)
    return [exists().where(*same_row, *others)]


def _names_activity(store: int, table: Table, activity: UUID) -> Condition:
    same_row = _same_row(store, statement_activities, table)
    same_place = statement_activities.c.position == table.c.position
    return exists().where(*same_row, same_place, statement_activities.c.activity == activity)


def _same_row(store: int, one: Table, other: Table) -> tuple[Condition, ...]:
    return one.c.store == store, one.c.id == other.c.id, one.c.via == other.c.via


def _is_shown(store: int, source: Table) -> Condition:
    """Leave out what is voided: by a look at each row that is met, never by a join over all."""
    if source is statements:
        return ~statements.c.voided
    shown = select(~statements.c.voided).where(
        statements.c.store == store, statements.c.id == source.c.id
    )
    return shown.scalar_subquery()


def _between(
    source: Table, wanted: StatementFilter, until_position: int, after: Cursor | None
) -> list[Condition]:
    position = source.c.position
    last = until_position
    if wanted.until is not None:
        last = min(last, last_position(wanted.until))
    conditions: list[Condition] = [position <= last]
    if wanted.since is not None:
        conditions.append(position > last_position(wanted.since))
    if after is not None:
        conditions += _beyond(source, after, ascending=wanted.ascending)
    return conditions


def _beyond(source: Table, after: Cursor, *, ascending: bool) -> list[Condition]:
    """Go on after the cursor; the plain comparison of positions is the one an index can use."""
    here, there = tuple_(source.c.position, source.c.id), tuple_(after.position, after.id)
    if ascending:
        return [source.c.position >= after.position, here > there]
    return [source.c.position <= after.position, here < there]


def _order(source: FromClause, *, ascending: bool) -> list[ColumnElement[object]]:
    columns = source.c.position, source.c.id
    return [column.asc() if ascending else column.desc() for column in columns]
