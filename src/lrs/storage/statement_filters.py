"""Where the filters of a list are met: which indexes are walked, and what their rows must say.

A filter asks what a statement says, or what one says that it refers to; those stand in two tables
with the same columns. Agents and activities that are only mentioned stand in tables of their own.
All filters of a request meet on one statement, the listed one or one that it refers to.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Table,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)

from lrs.storage.driver import Values
from lrs.storage.tables import (
    statement_activities,
    statement_agents,
    statement_references,
    statements,
)
from lrs.storage.watermark import last_position
from lrs.xapi.queries import Cursor, StatementFilter

_Condition = ColumnElement[bool]

# The values of a query; `page_values` gives them. PostgreSQL sees no value of a subquery when it
# plans, so that it has no reason to plan the same walk anew for each: that takes as long as a page.
STORE = bindparam("store", type_=Integer)
_ASKED: Mapping[str, ColumnElement[UUID]] = MappingProxyType(
    {
        name: select(bindparam(name, type_=Uuid)).scalar_subquery()
        for name in ("registration", "agent", "activity", "verb")
    }
)
_FIRST, _LAST, _AFTER = (
    select(bindparam(name, type_=BigInteger)).scalar_subquery()
    for name in ("first", "last", "after")
)
_AFTER_ID = bindparam("after_id", type_=Uuid)

# What a filter asks of a statement, or of one that it refers to; other mentions are in tables of
# their own.
_COLUMNS = MappingProxyType(
    {"registration": "registration", "agent": "actor", "activity": "object", "verb": "verb"}
)
# The two that are most often asked for together.
_PAIR = "activity and verb"
_SAYING = (statements, statement_references)


class Arm(NamedTuple):
    """A table that a walk meets, and what its rows must fulfil."""

    table: Table
    needs: tuple[_Condition, ...]


class Shape(NamedTuple):
    """What decides the text of a query, whatever the values: which filters there are."""

    filters: tuple[str, ...]
    related_agents: bool
    related_activities: bool
    since: bool
    ascending: bool
    after: bool


def shape_of(wanted: StatementFilter, after: Cursor | None) -> Shape:
    """Return the shape of the query for these filters."""
    return Shape(
        filters=tuple(name for name in _ASKED if getattr(wanted, name) is not None),
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
        **{name: getattr(wanted, name) for name in _ASKED},
        "first": None if wanted.since is None else last_position(wanted.since),
        "last": min(until_position, until),
        "after": after and after.position,
        "after_id": after and after.id,
        "count": count,
    }


def walks_of(shape: Shape) -> tuple[str | None, ...]:
    """Return the filters whose rows an index has in order; an activity and a verb share one."""
    names = shape.filters
    if {"activity", "verb"} <= {*names} and not shape.related_activities:
        names = *(name for name in names if name not in {"activity", "verb"}), _PAIR
    return names or (None,)


def arms(shape: Shape, walked: str | None) -> list[Arm]:
    """Return the tables where a filter is met, each with the condition of the index to walk."""
    if walked is None:
        return [Arm(statements, (statements.c.store == STORE,))]
    arms = [Arm(table, _same_key(table, walked)) for table in _SAYING]
    mentions = _mentions(shape, walked)
    return arms + [Arm(each.table, _same_key(each.table, walked) + each.needs) for each in mentions]


def _mentions(shape: Shape, name: str) -> list[Arm]:
    """Return where else a filter is met, each with the condition of the index to walk."""
    match name:
        case "agent":
            direct = statement_agents.c.direct
            asked = [direct, ~direct] if shape.related_agents else [direct]
            return [Arm(statement_agents, (condition,)) for condition in asked]
        case "activity" if shape.related_activities:
            return [Arm(statement_activities, ())]
        case _:
            return []


def _same_key(table: Table, name: str) -> tuple[_Condition, ...]:
    """Find rows by what an index has of the keys; `fits` compares all of them."""
    if name == _PAIR:
        kept = func.uuid_hash(table.c.object).bitwise_xor(func.uuid_hash(table.c.verb))
        asked = func.uuid_hash(_ASKED["activity"]).bitwise_xor(func.uuid_hash(_ASKED["verb"]))
        return table.c.store == STORE, kept == asked
    column = table.c[_COLUMNS[name] if table in _SAYING else name]
    return table.c.store == STORE, func.uuid_hash(column) == func.uuid_hash(_ASKED[name])


def fits(table: Table, shape: Shape, walked: str | None) -> _Condition:
    """Hold a row that a walk meets against all filters, the walked one included."""
    if walked is None or table in _SAYING:
        return and_(*(_says(table, shape, name) for name in shape.filters), _is_shown(table))
    conditions = [table.c[walked] == _ASKED[walked]]
    others = [name for name in shape.filters if name != walked]
    if others:
        own, referred = (_speaker(table, saying, shape, others) for saying in _SAYING)
        conditions.append(case((table.c.via.is_(None), own), else_=referred))
    return and_(*conditions, _is_shown(table))


def _speaker(table: Table, saying: Table, shape: Shape, filters: Sequence[str]) -> _Condition:
    """Hold the statement that has a mention against other filters."""
    same = [saying.c.store == STORE, saying.c.position == table.c.position]
    same.append(saying.c.id == table.c.id)
    if saying is statement_references:
        same.append(saying.c.via == table.c.via)
    return _there_is(*same, *(_says(saying, shape, name) for name in filters))


def _says(saying: Table, shape: Shape, name: str) -> _Condition:
    """Hold one row against one filter."""
    says = saying.c[_COLUMNS[name]] == _ASKED[name]
    via = statement_references.c.via if saying is statement_references else None
    mentions = [
        _there_is(
            *_same_key(table, name),
            table.c.position == saying.c.position,
            table.c[name] == _ASKED[name],
            table.c.id == saying.c.id,
            table.c.via == via,
            *condition,
        )
        for table, condition in _mentions(shape, name)
    ]
    return or_(says, *mentions) if mentions else says


def _there_is(*conditions: _Condition) -> _Condition:
    """Ask for one row by an index; PostgreSQL may read a whole table to answer EXISTS."""
    return select(true()).where(*conditions).limit(literal_column("1")).scalar_subquery()


def _is_shown(table: Table) -> _Condition:
    """Leave out what is voided: by a look at each row that is met, never by a join over all."""
    if table is statements:
        return ~statements.c.voided
    shown = select(~statements.c.voided).where(
        statements.c.store == STORE,
        statements.c.position == table.c.position,
        statements.c.id == table.c.id,
    )
    return shown.scalar_subquery()


def between(table: Table, shape: Shape) -> list[_Condition]:
    """Return where the part of a walk lies that a page is looked for in."""
    position = table.c.position
    conditions: list[_Condition] = [position <= _LAST]
    if shape.since:
        conditions.append(position > _FIRST)
    if shape.after:
        conditions += _beyond(table, ascending=shape.ascending)
    return conditions


def _beyond(table: Table, *, ascending: bool) -> list[_Condition]:
    """Go on after the cursor; the plain comparison of positions is the one an index can use."""
    here, there = tuple_(table.c.position, table.c.id), tuple_(_AFTER, _AFTER_ID)
    if ascending:
        return [table.c.position >= _AFTER, here > there]
    return [table.c.position <= _AFTER, here < there]
