"""Where the filters of a list are met: which indexes are walked, and what their rows must say.

A filter asks what a statement says, or what one says that it refers to; those stand in two tables
with the same columns. Agents and activities that are only mentioned stand in tables of their own.
All filters of a request meet on one statement, the listed one or one that it refers to.

A restriction is a filter too, but always asks the listed statement itself. That nobody is named
whose data may only be kept is asked of each row that is met, and never walked.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Table,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)

from lrs.storage.restrictions import (
    ACTIVITIES,
    AGENTS,
    AUTHORITY,
    FROZEN,
    KEYS,
    MINE,
    held,
)
from lrs.storage.statement_selections import (
    AFTER,
    AFTER_ID,
    ASKED,
    FIRST,
    LAST,
    STORE,
    Shape,
)
from lrs.storage.tables import (
    statement_activities,
    statement_agents,
    statement_references,
    statements,
)

_Condition = ColumnElement[bool]

# What a filter asks of a statement, or of one that it refers to; other mentions are in tables of
# their own.
_COLUMNS = MappingProxyType(
    {"registration": "registration", "agent": "actor", "activity": "object", "verb": "verb"}
)
# Where what a restriction to several keys asks for is found.
_RESTRICTED: Mapping[str, tuple[Column[UUID], ...]] = MappingProxyType(
    {
        AGENTS: (statements.c.actor,),
        ACTIVITIES: (statements.c.object, statement_activities.c.activity),
    }
)
# The two that are most often asked for together.
_PAIR = "activity and verb"
_SAYING = (statements, statement_references)


class Arm(NamedTuple):
    """A table that a walk meets, and what its rows must fulfil.

    Attributes:
        keys: each of these is walked by itself; None if there is but one key.
    """

    table: Table
    needs: tuple[_Condition, ...]
    keys: FromClause | None = None


def walks_of(shape: Shape) -> tuple[str | None, ...]:
    """Return what an index has the rows of in order; an activity and a verb share one."""
    names = shape.filters
    if {"activity", "verb"} <= {*names} and not shape.related_activities:
        names = *(name for name in names if name not in {"activity", "verb"}), _PAIR
    # What must not be there is found by no index.
    restricted = tuple(name for name in shape.restricted if name != FROZEN)
    return names + restricted or (None,)


def arms(shape: Shape, walked: str | None) -> list[Arm]:
    """Return the tables where a filter is met, each with the condition of the index to walk."""
    if walked is None:
        return [Arm(statements, (statements.c.store == STORE,))]
    if walked in shape.restricted:
        return _arms_of_restriction(walked)
    arms = [Arm(table, _same_key(table, walked)) for table in _SAYING]
    mentions = _mentions(shape, walked)
    return arms + [Arm(each.table, _same_key(each.table, walked) + each.needs) for each in mentions]


def _arms_of_restriction(walked: str) -> list[Arm]:
    if walked == MINE:
        mine = _same_hash(statement_agents.c.agent, AUTHORITY)
        return [Arm(statement_agents, (*mine, ~statement_agents.c.direct))]
    keys = KEYS[walked]
    columns = _RESTRICTED[walked]
    return [Arm(column.table, _same_hash(column, keys.c.key), keys) for column in columns]


def _same_hash(column: Column[UUID], key: ColumnElement[UUID]) -> tuple[_Condition, ...]:
    return column.table.c.store == STORE, func.uuid_hash(column) == func.uuid_hash(key)


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
        asked = func.uuid_hash(ASKED["activity"]).bitwise_xor(func.uuid_hash(ASKED["verb"]))
        return table.c.store == STORE, kept == asked
    column = table.c[_COLUMNS[name] if table in _SAYING else name]
    return _same_hash(column, ASKED[name])


def fits(table: Table, shape: Shape, walked: str | None) -> _Condition:
    """Hold a row that a walk meets against all filters, the walked one included."""
    if walked in shape.restricted:
        return _fits_restricted(table, shape, walked)
    if walked is None or table in _SAYING:
        says = (_says(table, shape, name) for name in shape.filters)
        return and_(*says, _is_shown(table, *held(shape.restricted)))
    conditions = [table.c[walked] == ASKED[walked]]
    others = [name for name in shape.filters if name != walked]
    if others:
        own, referred = (_speaker(table, saying, shape, others) for saying in _SAYING)
        conditions.append(case((table.c.via.is_(None), own), else_=referred))
    return and_(*conditions, _is_shown(table, *held(shape.restricted)))


def _fits_restricted(table: Table, shape: Shape, walked: str) -> _Condition:
    """Hold a row that a walk over a restriction meets, so one of the listed statement itself."""
    conditions: list[_Condition] = [] if table is statements else [table.c.via.is_(None)]
    others = shape.restricted
    if walked in KEYS:
        conditions += [c == KEYS[walked].c.key for c in _RESTRICTED[walked] if c.table is table]
        others = tuple(name for name in others if name != walked)
    asked = [_says_itself_or_by_reference(shape)] if shape.filters else []
    return and_(*conditions, _is_shown(table, *held(others), *asked))


def _says_itself_or_by_reference(shape: Shape) -> _Condition:
    """Hold a listed statement, and each one that it refers to, against all filters."""
    refers, filters = statement_references, shape.filters
    referred = _there_is(
        refers.c.store == STORE,
        refers.c.position == statements.c.position,
        refers.c.id == statements.c.id,
        *(_says(refers, shape, name) for name in filters),
    )
    says = and_(*(_says(statements, shape, name) for name in filters))
    # Only what has a target refers to anything.
    return or_(says, and_(statements.c.target.is_not(None), referred))


def _speaker(table: Table, saying: Table, shape: Shape, filters: Sequence[str]) -> _Condition:
    """Hold the statement that has a mention against other filters."""
    same = [saying.c.store == STORE, saying.c.position == table.c.position]
    same.append(saying.c.id == table.c.id)
    if saying is statement_references:
        same.append(saying.c.via == table.c.via)
    return _there_is(*same, *(_says(saying, shape, name) for name in filters))


def _says(saying: Table, shape: Shape, name: str) -> _Condition:
    """Hold one row against one filter."""
    says = saying.c[_COLUMNS[name]] == ASKED[name]
    via = statement_references.c.via if saying is statement_references else None
    mentions = [
        _there_is(
            *_same_key(table, name),
            table.c.position == saying.c.position,
            table.c[name] == ASKED[name],
            table.c.id == saying.c.id,
            table.c.via == via,
            *condition,
        )
        for table, condition, _ in _mentions(shape, name)
    ]
    return or_(says, *mentions) if mentions else says


def _there_is(*conditions: _Condition) -> _Condition:
    """Ask for one row by an index; PostgreSQL may read a whole table to answer EXISTS."""
    return select(true()).where(*conditions).limit(literal_column("1")).scalar_subquery()


def _is_shown(table: Table, *allowed: _Condition) -> _Condition:
    """Leave out what is voided or not allowed: by a look at each row, never by a join over all."""
    is_shown = and_(~statements.c.voided, *allowed)
    if table is statements:
        return is_shown
    shown = select(is_shown).where(
        statements.c.store == STORE,
        statements.c.position == table.c.position,
        statements.c.id == table.c.id,
    )
    return shown.scalar_subquery()


def between(table: Table, shape: Shape) -> list[_Condition]:
    """Return where the part of a walk lies that a page is looked for in."""
    position = table.c.position
    conditions: list[_Condition] = [position <= LAST]
    if shape.since:
        conditions.append(position > FIRST)
    if shape.after:
        conditions += _beyond(table, ascending=shape.ascending)
    return conditions


def _beyond(table: Table, *, ascending: bool) -> list[_Condition]:
    """Go on after the cursor; the plain comparison of positions is the one an index can use."""
    here, there = tuple_(table.c.position, table.c.id), tuple_(AFTER, AFTER_ID)
    if ascending:
        return [table.c.position >= AFTER, here > there]
    return [table.c.position <= AFTER, here < there]
