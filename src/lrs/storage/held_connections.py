"""Connections that go from one request to the next, without a way back to SQLAlchemy's pool.

The pool takes several times as long for handing one out and taking it back as PostgreSQL needs
for a small statement. It still opens and closes them.
"""

import asyncio
from types import TracebackType

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from lrs.errors import UnavailableError
from lrs.storage.driver import driver_of
from lrs.storage.translate_errors import translated_errors

# Seconds to wait for a connection when all are in use.
_PATIENCE = 10.0


class HeldConnections:
    """The connections of one engine, on each of which every statement stands alone."""

    def __init__(self, engine: AsyncEngine, most: int, patience: float = _PATIENCE) -> None:
        self._engine = engine
        self._patience = patience
        self._turns = asyncio.Semaphore(most)
        self._free: list[AsyncConnection] = []

    def one(self) -> "Loan":
        """Lend a connection for the length of a block.

        Raises:
            UnavailableError: all are in use, or the database cannot be reached, gave up, or was
                lost within the block, in whatever words the driver or the event loop says so.
        """
        return Loan(self)

    async def take(self) -> AsyncConnection:
        """Wait for a turn, which `end` ends, and take a connection."""
        await self._turn()
        try:
            return await self._kept() or await self._opened()
        except BaseException:
            self.end()
            raise

    def keep(self, connection: AsyncConnection) -> None:
        """Keep a connection for the next one."""
        self._free.append(connection)

    def end(self) -> None:
        """End a turn."""
        self._turns.release()

    async def close(self) -> None:
        """Close all connections."""
        while self._free:
            await self._free.pop().close()
        await self._engine.dispose()

    async def _turn(self) -> None:
        if not self._turns.locked():
            await self._turns.acquire()
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._turns.acquire()
        except TimeoutError as error:
            raise UnavailableError("all connections to the database are busy") from error

    async def _kept(self) -> AsyncConnection | None:
        while self._free:
            connection = self._free.pop()
            if not driver_of(connection).is_closed():
                return connection
            await _drop(connection)
        return None

    async def _opened(self) -> AsyncConnection:
        connection = await self._engine.connect()
        return await connection.execution_options(isolation_level="AUTOCOMMIT")


class Loan:
    """A connection for the length of a block; after a failure nobody else gets it as it is."""

    __slots__ = ("_connection", "_driver", "_lender")

    def __init__(self, lender: HeldConnections) -> None:
        self._lender = lender

    async def __aenter__(self) -> AsyncConnection:
        """Take the connection."""
        with translated_errors():
            self._connection = await self._lender.take()
        self._driver = driver_of(self._connection)
        return self._connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give it back, or up; what the driver says becomes one of our errors."""
        try:
            if error is None:
                self._lender.keep(self._connection)
                return
            if isinstance(error, TimeoutError):
                # Who said nothing may never do, also not to who takes leave.
                self._driver.terminate()
            is_lost = self._driver.is_closed()
            # Whether a BEGIN has taken place that was not waited for, the driver cannot tell yet.
            is_unclear = not isinstance(error, Exception)
            await asyncio.shield(self._give_up(is_lost=is_lost or is_unclear))
        finally:
            self._lender.end()
        if is_lost and isinstance(error, Exception):
            raise UnavailableError("the connection to the database was lost") from error
        with translated_errors():
            raise error

    async def _give_up(self, *, is_lost: bool) -> None:
        if is_lost or self._driver.is_in_transaction():
            await _drop(self._connection)
        else:
            await self._connection.close()


async def _drop(connection: AsyncConnection) -> None:
    await connection.invalidate()
    await connection.close()
