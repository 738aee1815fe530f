"""Keeps how much each store holds: what each transaction adds, and the sums of that.

A transaction adds a row of its own to `store_usage_changes`, so that none waits for another. One
step in the background moves such rows into `store_usage`, in one transaction: so whenever it is
killed, each of them counts once.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Integer, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.driver import fetch, fetch_value

# The first of the two numbers of the advisory lock of who adds up.
LOCK_CLASS: Final = 19_540

_ADDITION = text(
    """
    INSERT INTO store_usage_changes (store, statements, bytes)
    VALUES (:store, :statements, :bytes)
    """
).bindparams(
    bindparam("store", type_=Integer),
    bindparam("statements", type_=BigInteger),
    bindparam("bytes", type_=BigInteger),
)
_ONLY_ONE = text("SELECT pg_try_advisory_xact_lock(:lock_class, 0)")
_FOLD = text(
    """
    WITH gone AS (DELETE FROM store_usage_changes RETURNING store, statements, bytes)
    INSERT INTO store_usage AS kept (store, statements, bytes)
    SELECT store, sum(statements), sum(bytes) FROM gone GROUP BY store
    ON CONFLICT (store) DO UPDATE
    SET statements = kept.statements + excluded.statements, bytes = kept.bytes + excluded.bytes
    """
)
# One snapshot: what moves from one table to the other meanwhile is seen in one of them.
_USAGE = text(
    """
    SELECT store, CAST(sum(statements) AS bigint), CAST(sum(bytes) AS bigint)
    FROM (
        SELECT store, statements, bytes FROM store_usage
        WHERE store = ANY (:stores)
        UNION ALL
        SELECT store, statements, bytes FROM store_usage_changes
        WHERE store = ANY (:stores)
    ) AS held
    GROUP BY store
    """
).bindparams(bindparam("stores", type_=ARRAY(Integer)))

_KEPT = text(
    """
    SELECT ARRAY(SELECT id FROM statements WHERE store = :store AND id = ANY (:ids)),
           ARRAY(SELECT sha2 FROM attachments WHERE store = :store AND sha2 = ANY (:hashes))
    """
).bindparams(
    bindparam("store", type_=Integer),
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("hashes", type_=ARRAY(Text)),
)


class Usage(NamedTuple):
    """How much a store holds: statements, and bytes of them and of attachments."""

    statements: int
    bytes: int


NOTHING: Final = Usage(0, 0)


async def add_bytes(connection: AsyncConnection, store: int, count: int) -> None:
    """Count bytes that this transaction adds to a store, or takes from it if they are negative."""
    await add_usage(connection, store, Usage(0, count))


async def add_usage(connection: AsyncConnection, store: int, change: Usage) -> None:
    """Count what this transaction adds to a store, or takes from it where it is negative."""
    values = {"store": store, "statements": change.statements, "bytes": change.bytes}
    await fetch(connection, _ADDITION, values)


async def fold_usage(connection: AsyncConnection) -> None:
    """Add up what was counted since; while another process does, nothing is done.

    Args:
        connection: within a writing transaction.
    """
    if await fetch_value(connection, _ONLY_ONE, {"lock_class": LOCK_CLASS}):
        await fetch(connection, _FOLD, {})


async def find_usage(connection: AsyncConnection, stores: Sequence[int]) -> Mapping[int, Usage]:
    """Return how much stores hold, up to the last transaction; one that holds nothing is absent."""
    rows = await fetch(connection, _USAGE, {"stores": stores})
    return {store: Usage(statements, size) for store, statements, size in rows}


class KeptAlready(NamedTuple):
    """What of a request is there: ids of statements, and hashes of attachments."""

    ids: frozenset[UUID]
    hashes: frozenset[str]


async def find_kept(
    connection: AsyncConnection, store: int, ids: Sequence[UUID], hashes: Sequence[str]
) -> KeptAlready:
    """Return which of these are there already and need no room."""
    (row,) = await fetch(connection, _KEPT, {"store": store, "ids": ids, "hashes": hashes})
    return KeptAlready(frozenset(row[0]), frozenset(row[1]))
