"""What statements change in rollups, in SQL: in sums, and in sets of actors and activities."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Date,
    FromClause,
    Label,
    Select,
    Subquery,
    Table,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import BIT

from lrs.analytics.rollups import (
    BY_ACTIVITY,
    BY_ACTIVITY_AND_VERB,
    BY_DAY,
    BY_DAY_AND_ACTIVITY,
    BY_DAY_AND_VERB,
    BY_VERB,
    Key,
    Keys,
)
from lrs.storage import rollup_tables
from lrs.storage.measures import activity_of
from lrs.storage.members import STORE, local_time
from lrs.storage.rollup_tables import BLOCK, NO_ACTIVITY
from lrs.storage.tables import statements

FOLDED = bindparam("folded", type_=BigInteger)
UNTIL = bindparam("until", type_=BigInteger)
ZONE = bindparam("timezone", type_=Text)
_IDS = bindparam("ids", type_=ARRAY(Uuid))
_ZEROS: ColumnElement[Any] = literal_column(f"CAST(0 AS bit({BLOCK}))", BIT(BLOCK))


@dataclass(frozen=True, slots=True)
class Members:
    """What sets are made of.

    Attributes:
        numbers: the table that gives each its number.
        column: its key in a statement.
        walked: the column whose index finds the statements with that key.
    """

    numbers: Table
    column: Callable[[FromClause], ColumnElement[Any]]
    walked: str


ACTORS = Members(rollup_tables.actor_numbers, lambda statement: statement.c.actor, "actor")
ACTIVITIES = Members(rollup_tables.activity_numbers, activity_of, "object")

# The tables of what `lrs.analytics.rollups` lists.
SUMS: Mapping[Keys, Table] = MappingProxyType(
    {
        BY_DAY: rollup_tables.sums_by_day,
        BY_VERB: rollup_tables.sums_by_verb,
        BY_ACTIVITY: rollup_tables.sums_by_activity,
        BY_DAY_AND_VERB: rollup_tables.sums_by_day_and_verb,
        BY_ACTIVITY_AND_VERB: rollup_tables.sums_by_activity_and_verb,
        BY_DAY_AND_ACTIVITY: rollup_tables.sums_by_day_and_activity,
    }
)
SETS: Mapping[str, tuple[Members, Mapping[Keys, Table]]] = MappingProxyType(
    {
        "actors.unique": (
            ACTORS,
            {
                BY_VERB: rollup_tables.actors_by_verb,
                BY_DAY: rollup_tables.actors_by_day,
                BY_ACTIVITY: rollup_tables.actors_by_activity,
            },
        ),
        "activities.unique": (
            ACTIVITIES,
            {
                BY_VERB: rollup_tables.activities_by_verb,
                BY_DAY: rollup_tables.activities_by_day,
            },
        ),
    }
)


def key_columns(statement: FromClause, keys: Sequence[str]) -> list[Label[Any]]:
    """Return the keys of a rollup that a statement falls under."""
    made: dict[str, ColumnElement[Any]] = {
        Key.DAY: cast(local_time(statement.c.timestamp, ZONE), Date),
        Key.CREDENTIAL: statement.c.credential,
        Key.VERB: statement.c.verb,
        Key.ACTIVITY: func.coalesce(activity_of(statement), literal(NO_ACTIVITY, Uuid)),
    }
    return [made[key].label(key) for key in keys]


def names_of(keys: Keys) -> list[str]:
    """Return the names of the columns of keys, in the order of the tables."""
    return [key.value for key in Key if key in keys]


def is_in_tail(statement: FromClause) -> ColumnElement[bool]:
    """Tell whether a statement lies beyond what is folded."""
    of = statement.c
    return and_(of.store == STORE, of.position > FOLDED, of.position <= UNTIL)


def is_named(statement: FromClause) -> ColumnElement[bool]:
    """Tell whether a statement is one of `ids`."""
    return and_(statement.c.store == STORE, statement.c.id == any_(_IDS))


def block_of(number: ColumnElement[int]) -> ColumnElement[int]:
    """Return the row of a set that holds a number."""
    return number.op("/")(literal_column(str(BLOCK)))


def bit_of(number: ColumnElement[int]) -> ColumnElement[Any]:
    """Return a row of a set that holds one number alone."""
    place = number.op("%")(literal_column(str(BLOCK)))
    return func.set_bit(_ZEROS, place, literal_column("1"), type_=BIT(BLOCK))


def without(bits: ColumnElement[Any], lost_bits: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a row of a set without the members of another."""
    return bits.op("&")(lost_bits.bitwise_not())


def numbered(members: Members, statement: FromClause, keys: Sequence[str]) -> Select[Any]:
    """Select the keys of statements, and the number of the member of each, as rows of a set."""
    numbers = members.numbers.alias("numbers")
    same = and_(numbers.c.store == STORE, numbers.c.key == members.column(statement))
    return select(
        *key_columns(statement, keys),
        block_of(numbers.c.number).label("block"),
        bit_of(numbers.c.number).label("bits"),
    ).select_from(statement.join(numbers, same))


def lost(members: Members, keys: Sequence[str]) -> Subquery:
    """Select what sets lose by the statements that are named, as rows of a set.

    A member stays where another statement is folded that has it under the same keys.
    """
    gone = statements.alias("gone")
    rows = numbered(members, gone, keys).where(is_named(gone), _has_no_other(members, gone, keys))
    each = rows.subquery("each")
    by = [each.c[key] for key in (*keys, "block")]
    return select(*by, func.bit_or(each.c.bits).label("bits")).group_by(*by).subquery("lost")


def _has_no_other(members: Members, gone: FromClause, keys: Sequence[str]) -> ColumnElement[bool]:
    other = statements.alias("other")
    key = members.column(gone)
    same_keys = zip(key_columns(other, keys), key_columns(gone, keys), strict=True)
    # A value and not EXISTS, of which PostgreSQL would make a join over all statements.
    found = (
        select(literal_column("1"))
        .where(
            other.c.store == STORE,
            func.uuid_hash(other.c[members.walked]) == func.uuid_hash(key),
            other.c.position <= FOLDED,
            members.column(other) == key,
            other.c.voided.is_(false()),
            other.c.id != func.all(_IDS),
            *(mine.element == its.element for mine, its in same_keys),
        )
        .limit(literal_column("1"))
        .scalar_subquery()
    )
    return found.is_(None)


def taken_back() -> Select[Any]:
    """Select the ids of folded statements that statements of the tail were the first to void."""
    voiding, target = statements.alias("voiding"), statements.alias("target")
    return (
        select(target.c.id)
        .distinct()
        .select_from(
            voiding.join(target, and_(target.c.store == STORE, target.c.id == voiding.c.target))
        )
        .where(
            is_in_tail(voiding),
            voiding.c.voiding.is_(true()),
            target.c.voiding.is_(false()),
            target.c.position <= FOLDED,
            _first_voided(target) > FOLDED,
        )
    )


def counts_at(position: ColumnElement[int]) -> ColumnElement[bool]:
    """Tell whether a statement counts in rollups that are folded up to a position.

    One that is voided from beyond still does: it is taken back when that one is folded.
    """
    first = _first_voided(statements)
    return case((statements.c.voided, first > position), else_=true()).is_(true())


def _first_voided(target: FromClause) -> ColumnElement[int]:
    other = statements.alias("other")
    return (
        select(func.min(other.c.position))
        .where(other.c.store == STORE, other.c.target == target.c.id, other.c.voiding.is_(true()))
        .scalar_subquery()
    )
