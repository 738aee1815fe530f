"""The tables of rollups, private to this room: sums over statements that are folded already.

`docs/decisions/0016-rollups-and-their-tail.md` says why they look like this. All of them can be
made anew from the statements.

A day is the local day of `timestamp` in the time zone of the store's rollups.
"""

from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import BIT

from lrs.storage.tables import metadata

# Actors and activities that one row of a set can hold.
BLOCK = 4_096
# In keys, where NULL may not stand: the object is no Activity.
NO_ACTIVITY = UUID(int=0)

_KEYS = {"day": Date, "credential": Integer, "verb": Uuid, "activity": Uuid}
_COUNTS = ("statements", "completions", "judged", "successes", "scores", "durations", "ratings")
_TOTALS = ("score_total", "duration_total", "rating_total")


def _store() -> Column[int]:
    return Column("store", Integer, nullable=False)


def _keys(names: tuple[str, ...]) -> list[Column[object]]:
    return [Column(name, _KEYS[name], nullable=False) for name in names]


def _sums(name: str, *keys: str) -> Table:
    return Table(
        name,
        metadata,
        _store(),
        *_keys(keys),
        *(Column(count, BigInteger, nullable=False) for count in _COUNTS),
        # In numeric, where the order of adding and taking away changes nothing.
        *(Column(total, Numeric, nullable=False) for total in _TOTALS),
        PrimaryKeyConstraint("store", *keys),
    )


def _numbers(name: str) -> Table:
    """Give each key a number, without gaps, so that a set of them is a row of bits."""
    return Table(
        name,
        metadata,
        _store(),
        Column("key", Uuid, nullable=False),
        Column("number", Integer, nullable=False),
        PrimaryKeyConstraint("store", "key"),
    )


def _sets(name: str, *keys: str) -> Table:
    """Bit n of block b stands for the number b * BLOCK + n."""
    return Table(
        name,
        metadata,
        _store(),
        *_keys(keys),
        Column("block", Integer, nullable=False),
        Column("bits", BIT(BLOCK), nullable=False),
        PrimaryKeyConstraint("store", *keys, "block"),
    )


# How far the statements of a store are folded. Without a time zone, its rollups are being emptied.
rollup_progress = Table(
    "rollup_progress",
    metadata,
    Column("store", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("timezone", Text),
    # How many have a number.
    Column("actors", Integer, nullable=False, server_default=text("0")),
    Column("activities", Integer, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("store"),
)

sums_by_day = _sums("rollup_sums_by_day", "day", "credential")
sums_by_verb = _sums("rollup_sums_by_verb", "credential", "verb")
sums_by_activity = _sums("rollup_sums_by_activity", "activity")
sums_by_day_and_verb = _sums("rollup_sums_by_day_and_verb", "day", "credential", "verb")
sums_by_day_and_activity = _sums("rollup_sums_by_day_and_activity", "day", "activity")
sums_by_activity_and_verb = _sums("rollup_sums_by_activity_and_verb", "activity", "verb")

actor_numbers = _numbers("rollup_actors")
activity_numbers = _numbers("rollup_activities")

actors_by_day = _sets("rollup_actors_by_day", "day", "credential")
actors_by_activity = _sets("rollup_actors_by_activity", "activity")
actors_by_verb = _sets("rollup_actors_by_verb", "credential", "verb")
activities_by_day = _sets("rollup_activities_by_day", "day", "credential")
activities_by_verb = _sets("rollup_activities_by_verb", "credential", "verb")
