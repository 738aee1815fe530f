"""Reads that miss nothing: first the watermark, then a snapshot that holds all before it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.engines import Database
from lrs.storage.watermark import (
    ALL_STORES,
    Watermark,
    has_replayed,
    watermark,
    written_so_far,
)

# How often, and how long apart in seconds, a replica is asked whether it has caught up.
_TRIES = 20
_PAUSE = 0.05


class ConsistentReading(NamedTuple):
    """A reading connection, and the moment up to which it shows everything."""

    connection: AsyncConnection
    watermark: Watermark


@asynccontextmanager
async def consistent_reading(
    database: Database, store: int, asked_at: float | None = None
) -> AsyncIterator[ConsistentReading]:
    """Read a store up to a moment before which nothing can still appear.

    Where reads go to a replica that stays behind for more than a second, the server that takes
    the writes is read instead.

    Args:
        database: what to read.
        store: which store of it.
        asked_at: when the request came, if it has waited since, by the clock of the event loop. A
            watermark that another one took meanwhile is as good as one of its own.

    Raises:
        UnavailableError: the database cannot be reached or gave up.
    """
    if not database.reads_elsewhere:
        async with database.reading() as connection:
            yield ConsistentReading(
                connection, await _newest(database, connection, store, asked_at)
            )
        return
    async with database.primary() as primary:
        reached = await watermark(primary, store)
        written = await written_so_far(primary)
    async with database.reading() as replica:
        if await _catches_up(replica, written):
            yield ConsistentReading(replica, reached)
            return
    async with database.primary() as primary:
        yield ConsistentReading(primary, reached)


async def _newest(
    database: Database, connection: AsyncConnection, store: int, asked_at: float | None
) -> Watermark:
    known = database.watermarks.get(store)
    if known is not None and asked_at is not None and known[0] >= asked_at:
        return known[1]
    began = asyncio.get_running_loop().time()
    taken = await watermark(connection, store)
    database.watermarks[store] = began, taken
    return taken


async def watermark_of_all(database: Database) -> Watermark:
    """Return a watermark that holds for every store.

    Raises:
        UnavailableError: the database cannot be reached or gave up.
    """
    async with database.primary() as connection:
        return await watermark(connection, ALL_STORES)


async def _catches_up(replica: AsyncConnection, written: str) -> bool:
    for _ in range(_TRIES):
        if await has_replayed(replica, written):
            return True
        await asyncio.sleep(_PAUSE)
    return False
