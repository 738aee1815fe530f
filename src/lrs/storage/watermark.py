"""The moment up to which nothing can still appear (design truth 4, Comm. 2.1.3).

A writing transaction first takes the store's advisory lock, and only then reads the clock for
`stored`. So whoever reads the clock, then the oldest start among the holders of that lock, and
only then takes a snapshot, knows that every statement stored before the earlier of the two is in
that snapshot: PostgreSQL makes a commit visible before it lets go of its locks, and publishes the
start of a transaction before it can take one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import UnavailableError
from lrs.storage.driver import fetch
from lrs.xapi.positions import EPOCH, PLACES

# The first of the two numbers of our advisory locks; the second is the store.
LOCK_CLASS = 19_538
# No store has this number: it stands for all of them.
ALL_STORES = 0
_FIRST_POSITION, _LAST_POSITION = -(2**63), 2**63 - 1
_MICROSECOND = timedelta(microseconds=1)

# The lateral join makes PostgreSQL read the clock before it looks at the locks. One microsecond
# is taken off because a transaction may begin and read its clock within the same one.
_WATERMARK = text(
    """
    WITH reading AS MATERIALIZED (SELECT clock_timestamp() AS instant)
    SELECT least(reading.instant, holders.oldest) - interval '1 microsecond' AS instant,
           holders.hidden
    FROM reading
    CROSS JOIN LATERAL (
        SELECT min(activity.xact_start) AS oldest,
               bool_or(activity.query = '<insufficient privilege>') AS hidden
        FROM pg_locks AS locks
        JOIN pg_stat_activity AS activity ON activity.pid = locks.pid
        WHERE reading.instant IS NOT NULL
          AND locks.locktype = 'advisory'
          AND locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND locks.classid = CAST(:lock_class AS oid)
          AND (:store = '0' OR locks.objid = CAST(:store AS oid))
          AND locks.objsubid = 2
          AND locks.granted
    ) AS holders
    """
).bindparams(bindparam("lock_class", str(LOCK_CLASS), Text), bindparam("store", type_=Text))

# Replaying up to here shows all that was committed when the watermark was taken.
_REPLAYED = text(
    "SELECT NOT pg_is_in_recovery() OR pg_last_wal_replay_lsn() >= CAST(:lsn AS pg_lsn)"
).bindparams(bindparam("lsn", type_=Text))


@dataclass(frozen=True, slots=True)
class Watermark:
    """Nothing with `stored` at or before `instant` can still appear.

    Attributes:
        instant: aware, UTC, microseconds.
        position: the highest position that `stored` at that instant can have.
    """

    instant: datetime
    position: int


async def watermark(connection: AsyncConnection, store: int) -> Watermark:
    """Read the watermark of a store, or of all; take the snapshot for reading after this.

    The connection must be the writing server's, with each statement standing alone: within a
    transaction PostgreSQL answers from a picture of the activity that it took at first sight.

    Raises:
        UnavailableError: when a writer began cannot be seen.
    """
    (row,) = await fetch(connection, _WATERMARK, {"store": str(store)})
    if row["hidden"]:
        raise UnavailableError(
            "somebody writes under a role whose transactions ours may not see; all processes have"
            " to write under one role"
        )
    return Watermark(row["instant"], last_position(row["instant"]))


async def written_so_far(connection: AsyncConnection) -> str:
    """Return how far the writing server has written its log, to wait for at a replica."""
    lsn = await connection.scalar(text("SELECT CAST(pg_current_wal_insert_lsn() AS text)"))
    return str(lsn)


async def has_replayed(connection: AsyncConnection, lsn: str) -> bool:
    """Tell whether a server shows all that was written up to `lsn`; the writing one does."""
    return bool(await connection.scalar(_REPLAYED, {"lsn": lsn}))


def microseconds(instant: datetime) -> int:
    """Return microseconds since 1970."""
    return (instant - EPOCH) // _MICROSECOND


def last_position(instant: datetime) -> int:
    """Return the highest position that a statement stored at `instant` can have.

    Positions reach from 1684 to 2255; moments beyond stand for the nearest of them.
    """
    position = microseconds(instant) * PLACES + PLACES - 1
    return max(_FIRST_POSITION, min(position, _LAST_POSITION))
