"""Connections that go from one request to the next, without a way back to SQLAlchemy's pool.

The pool takes several times as long for handing one out and taking it back as PostgreSQL needs
for a small statement. It still opens and closes them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lrs.errors import UnavailableError
from lrs.storage.driver import driver_of

# Seconds to wait for a connection when all are in use.
_PATIENCE = 10.0


class HeldConnections:
    """The connections of one engine, on each of which every statement stands alone."""

    def __init__(self, engine: AsyncEngine, most: int, patience: float = _PATIENCE) -> None:
        self._engine = engine
        self._patience = patience
        self._turns = asyncio.Semaphore(most)
        self._free: list[AsyncConnection] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection for the length of the block; after a failure nobody else gets it.

        Raises:
            UnavailableError: all are in use, or the connection was lost within the block, in
                whatever words the driver or the event loop says so.
        """
        await self._turn()
        try:
            connection = await self._take()
            driver = driver_of(connection)
            try:
                yield connection
            except BaseException as error:
                is_lost = driver.is_closed()
                is_usable = not is_lost and not driver.is_in_transaction()
                await asyncio.shield(_ended(connection, is_usable=is_usable))
                if is_lost and isinstance(error, Exception):
                    raise UnavailableError("the connection to the database was lost") from error
                raise
            self._free.append(connection)
        finally:
            self._turns.release()

    async def close(self) -> None:
        """Close all connections."""
        while self._free:
            await self._free.pop().close()
        await self._engine.dispose()

    async def _turn(self) -> None:
        try:
            async with asyncio.timeout(self._patience if self._turns.locked() else None):
                await self._turns.acquire()
        except TimeoutError as error:
            raise UnavailableError("all connections to the database are busy") from error

    async def _take(self) -> AsyncConnection:
        while self._free:
            connection = self._free.pop()
            if not driver_of(connection).is_closed():
                return connection
            await _ended(connection, is_usable=False)
        connection = await self._engine.connect()
        return await connection.execution_options(isolation_level="AUTOCOMMIT")


async def _ended(connection: AsyncConnection, *, is_usable: bool) -> None:
    if not is_usable:
        await connection.invalidate()
    await connection.close()
