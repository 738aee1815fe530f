"""Folds statements into rollups: each once, by one process at a time, whenever one is killed.

Statements are folded in the order of their positions, up to a watermark: so none can appear any
more below what is folded. A statement that is voided counts until the statement that voids it is
folded, which takes it back; whoever reads the tail does the same. So what stands in rollups hangs
on nothing but the position up to which they are folded.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.driver import Values, fetch, fetch_value
from lrs.storage.rollup_changes import ACTIVITIES, ACTORS, taken_back
from lrs.storage.rollup_writes import TABLES, addition, deletion, numbering, removal
from lrs.storage.watermark import ALL_STORES, last_position, watermark
from lrs.xapi.positions import PLACES

# The first of the two numbers of the folder's advisory lock. It is none that readers look at.
LOCK_CLASS = 19_539
FIRST_POSITION = -(2**63)
# Statements in one step, which is one short transaction; rows that are deleted in one.
STEP = 20_000
_DELETED_AT_ONCE = 20_000

_ONLY_ONE = text("SELECT pg_try_advisory_xact_lock(:lock_class, 0)")
# The newest position of each store is looked up in the index, and not found by a join.
_BEHIND = text(
    """
    SELECT stores.id
    FROM stores
    LEFT JOIN rollup_progress AS progress ON progress.store = stores.id
    CROSS JOIN LATERAL (
        SELECT position FROM statements WHERE store = stores.id ORDER BY position DESC LIMIT 1
    ) AS newest
    CROSS JOIN LATERAL (SELECT coalesce(progress.position, :first) AS position) AS folded
    WHERE stores.deleting IS NULL AND newest.position > folded.position AND (
        folded.position < :long_ago
        OR EXISTS (
            SELECT FROM statements
            WHERE store = stores.id AND position > folded.position
            OFFSET :worth - 1
        )
    )
    ORDER BY stores.id
    """
).bindparams(bindparam("first", FIRST_POSITION, BigInteger))
_BEGIN = text(
    """
    INSERT INTO rollup_progress (store, position, timezone)
    SELECT :store, :first, :timezone
    WHERE NOT EXISTS (SELECT FROM store_deletions WHERE store = :store)
    ON CONFLICT DO NOTHING
    """
).bindparams(
    bindparam("store", type_=Integer),
    bindparam("first", FIRST_POSITION, BigInteger),
    bindparam("timezone", type_=Text),
)
# Of a store that is being deleted nothing is folded, and nothing needs to be taken out.
_PROGRESS = text(
    """
    SELECT position, timezone, actors, activities
    FROM rollup_progress
    WHERE store = :store AND NOT EXISTS (SELECT FROM store_deletions WHERE store = :store)
    FOR UPDATE
    """
)
_NEXT = text(
    """
    SELECT count(*) AS count, max(position) AS last
    FROM (
        SELECT position
        FROM statements
        WHERE store = :store AND position > :folded AND position <= :until
        ORDER BY position
        LIMIT :step
    ) AS next
    """
)
_ADVANCE = text(
    """
    UPDATE rollup_progress
    SET position = :until, actors = actors + :actors, activities = activities + :activities
    WHERE store = :store
    """
)
_MORE_MEMBERS = text(
    """
    UPDATE rollup_progress
    SET actors = actors + :actors, activities = activities + :activities
    WHERE store = :store
    """
)
_BEGIN_ANEW = text(
    """
    UPDATE rollup_progress SET timezone = NULL, position = :first
    WHERE store = :store OR timezone <> :timezone
    """
).bindparams(bindparam("first", FIRST_POSITION, BigInteger), bindparam("store", type_=Integer))
_SET_ZONE = text("UPDATE rollup_progress SET timezone = :timezone WHERE store = :store")
_TAKEN_BACK = taken_back()


class _Progress(NamedTuple):
    """How far a store is folded, and how many actors and activities have a number."""

    position: int
    timezone: str | None
    actors: int
    activities: int


async def stores_behind(
    connection: AsyncConnection, worth: int = 1, patience: timedelta = timedelta()
) -> list[int]:
    """Return the stores that have statements to fold.

    Args:
        connection: to the writing server.
        worth: how many are worth a step at once; a row that many of them change is written once.
        patience: how long fewer of them wait.
    """
    reached = await watermark(connection, ALL_STORES)
    values = {"worth": worth, "long_ago": last_position(reached.instant - patience)}
    return [row[0] for row in await fetch(connection, _BEHIND, values)]


async def fold(
    connection: AsyncConnection, store: int, until_position: int, timezone: str, step: int = STEP
) -> bool:
    """Fold the next statements of a store, and tell whether there are more to fold.

    While another process folds, nothing is done.

    Args:
        connection: within a writing transaction.
        store: the store to fold.
        until_position: of a watermark that was taken before the transaction.
        timezone: whose days are kept, if nothing is folded yet.
        step: the most statements to fold.
    """
    if not await fetch_value(connection, _ONLY_ONE, {"lock_class": LOCK_CLASS}):
        return False
    await fetch(connection, _BEGIN, {"store": store, "timezone": timezone})
    progress = await _locked(connection, store)
    if progress is None:
        return False
    if progress.timezone is None:
        return await _emptied(connection, store, timezone)
    values: dict[str, object] = {
        "store": store,
        "folded": progress.position,
        "until": until_position,
    }
    (following,) = await fetch(connection, _NEXT, {**values, "step": step})
    if not following["count"]:
        return False
    is_full = bool(following["count"] == step)
    if is_full:
        # A place for each microsecond: what was stored at one moment is folded together.
        values["until"] = min(following["last"] | (PLACES - 1), until_position)
    await _fold(connection, store, values, progress)
    return is_full


async def take_out(connection: AsyncConnection, store: int, ids: Sequence[UUID]) -> None:
    """Take statements out of the rollups before they are deleted or changed.

    Those that are not folded are not in them yet.

    A statement that voids another may only be deleted together with that one.

    Args:
        connection: within a writing transaction; nothing is folded until it ends.
        store: the store they are in.
        ids: of the statements.
    """
    progress = await _locked(connection, store)
    if progress is not None and progress.timezone is not None:
        await _take_out(connection, store, ids, progress)


async def put_back(connection: AsyncConnection, store: int, ids: Sequence[UUID]) -> None:
    """Put statements that were taken out into the rollups again, by what they say now.

    Args:
        connection: within the same transaction as `take_out`, after the change of the statements.
        store: the store they are in.
        ids: of the statements.
    """
    progress = await _locked(connection, store)
    if progress is None or progress.timezone is None:
        return
    values = {
        "store": store, "ids": ids, "folded": progress.position, "timezone": progress.timezone
    }  # fmt: skip
    actors = {**values, "next": progress.actors}
    activities = {**values, "next": progress.activities}
    new = {
        "actors": await fetch_value(connection, numbering(ACTORS, named=True), actors),
        "activities": await fetch_value(connection, numbering(ACTIVITIES, named=True), activities),
    }
    await fetch(connection, addition(named=True), values)
    await fetch(connection, _MORE_MEMBERS, {"store": store, **new})


async def begin_anew(connection: AsyncConnection, timezone: str, store: int | None = None) -> None:
    """Give up the rollups of a store, and those of other time zones; they are then made anew.

    Args:
        connection: within a writing transaction.
        timezone: whose days are kept from now on.
        store: whose rollups are given up in any case.
    """
    await fetch(connection, _BEGIN_ANEW, {"store": store, "timezone": timezone})


async def _locked(connection: AsyncConnection, store: int) -> _Progress | None:
    rows = await fetch(connection, _PROGRESS, {"store": store})
    return _Progress(*rows[0]) if rows else None


async def _fold(
    connection: AsyncConnection, store: int, values: Values, progress: _Progress
) -> None:
    gone = [row[0] for row in await fetch(connection, _TAKEN_BACK, values)]
    if gone:
        await _take_out(connection, store, gone, progress)
    actors = {**values, "next": progress.actors}
    activities = {**values, "next": progress.activities}
    new = {
        "actors": await fetch_value(connection, numbering(ACTORS), actors),
        "activities": await fetch_value(connection, numbering(ACTIVITIES), activities),
    }
    await fetch(connection, addition(), {**values, "timezone": progress.timezone})
    await fetch(connection, _ADVANCE, {**values, **new})


async def _take_out(
    connection: AsyncConnection, store: int, ids: Sequence[UUID], progress: _Progress
) -> None:
    values = {
        "store": store, "ids": ids, "folded": progress.position, "timezone": progress.timezone
    }  # fmt: skip
    for change in removal():
        await fetch(connection, change, values)


async def _emptied(connection: AsyncConnection, store: int, timezone: str) -> bool:
    """Delete some rows of rollups that were given up; begin to fold when there are none left."""
    values: Values = {"store": store, "most": _DELETED_AT_ONCE}
    for table in TABLES:
        if await fetch(connection, deletion(table), values):
            return True
    await fetch(connection, _SET_ZONE, {"store": store, "timezone": timezone})
    return True
