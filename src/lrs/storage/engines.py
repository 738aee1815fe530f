"""The connections to PostgreSQL: one engine that writes, one that only reads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from lrs.storage.translate_errors import translated_errors

# Connections of PostgreSQL that are left to others: superusers, migrations, BI tools, us.
CONNECTIONS_LEFT_FREE = 10
MAX_POOL = 16


@dataclass(frozen=True, slots=True)
class DatabaseOptions:
    """How to reach PostgreSQL and how long to wait for it.

    Attributes:
        url: `postgresql+asyncpg://...` of the server that takes writes.
        read_url: the same for lists and sums; None means the same server.
        workers: processes that share the server's connections.
        transaction_timeout: seconds that a writing transaction may wait or idle.
        query_timeout: seconds that a read may take.
    """

    url: str
    read_url: str | None = None
    workers: int = 1
    transaction_timeout: float = 30.0
    query_timeout: float = 60.0


class Database:
    """The pools of connections, those that write apart from those that only read."""

    def __init__(self, options: DatabaseOptions, pool_size: int) -> None:
        self._writer = _engine(
            options.url, pool_size, _session(options.transaction_timeout, read_only=False)
        )
        reading = _session(options.query_timeout, read_only=True)
        self._reader = _engine(options.read_url or options.url, pool_size, reading)
        self.reads_a_replica = _is_elsewhere(options)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Open one transaction; it commits at the end of the block, or else rolls back.

        Raises:
            UnavailableError: the database cannot be reached or gave up.
        """
        with translated_errors():
            async with self._writer.begin() as connection:
                yield connection

    @asynccontextmanager
    async def primary(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection to the writing server on which each statement stands alone."""
        with translated_errors():
            async with self._writer.connect() as connection:
                yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Give a READ ONLY connection on which each statement has a snapshot of its own."""
        with translated_errors():
            async with self._reader.connect() as connection:
                yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    async def close(self) -> None:
        """Close all connections."""
        await self._writer.dispose()
        await self._reader.dispose()


async def open_database(options: DatabaseOptions) -> Database:
    """Open pools that fit the servers' limits, however many workers there are.

    Raises:
        UnavailableError: the server cannot be reached.
    """
    size = await _pool_size(options.url, pools=options.workers * 2)
    if options.read_url is not None:
        size = min(size, await _pool_size(options.read_url, pools=options.workers))
    return Database(options, size)


async def _pool_size(url: str, pools: int) -> int:
    engine = create_async_engine(url)
    with translated_errors():
        async with engine.connect() as connection:
            limit = int(await connection.scalar(text("SHOW max_connections")) or 0)
    await engine.dispose()
    return max(1, min(MAX_POOL, (limit - CONNECTIONS_LEFT_FREE) // pools))


def _engine(url: str, pool_size: int, session: dict[str, str]) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        connect_args={"timeout": 10, "server_settings": session},
    )


def _session(timeout: float, *, read_only: bool) -> dict[str, str]:
    milliseconds = str(int(timeout * 1000))
    return {
        "application_name": "lrs reader" if read_only else "lrs writer",
        "default_transaction_read_only": "on" if read_only else "off",
        "idle_in_transaction_session_timeout": milliseconds,
        "jit": "off",
        "lock_timeout": milliseconds,
        "statement_timeout": milliseconds,
        "timezone": "UTC",
    }


def _is_elsewhere(options: DatabaseOptions) -> bool:
    if options.read_url is None:
        return False
    read, write = urlsplit(options.read_url), urlsplit(options.url)
    return (read.hostname, read.port, read.query) != (write.hostname, write.port, write.query)
