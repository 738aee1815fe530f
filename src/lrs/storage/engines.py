"""The connections to PostgreSQL: one engine that writes, one that only reads."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from lrs.errors import StartError, UnavailableError
from lrs.storage.driver import driver_of
from lrs.storage.held_connections import HeldConnections
from lrs.storage.keeping import make_function
from lrs.storage.listening import listen
from lrs.storage.row_level_security import Hold, hold_of
from lrs.storage.translate_errors import translated_errors
from lrs.storage.watermark import Watermark

_log = logging.getLogger(__name__)

# What services hand on to the functions of storage, and do nothing with themselves.
Connection: TypeAlias = AsyncConnection

# Connections of PostgreSQL that are left to others: superusers, migrations, BI tools, us.
CONNECTIONS_LEFT_FREE = 10
MAX_POOL = 16
_SECONDS_BETWEEN_TRIES = 0.2
_FIRST_WITH_TRANSACTION_TIMEOUT = 170_000
_ALLOW = text("SELECT set_config('transaction_timeout', :limit, true)")
_LOOK = text(
    """
    SELECT CAST(current_setting('server_version_num') AS int) AS version,
           CAST(current_setting('max_connections') AS int) AS max_connections,
           CAST(current_setting('track_activities') AS bool) AS shows_activity,
           has_database_privilege(current_database(), 'TEMPORARY') AS may_make_functions
    """
)


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
    """The pools of connections, those that write apart from those that only read.

    Attributes:
        pool_size: how many connections each of the two may hold.
        reads_elsewhere: whether reads go to another server than writes.
        watermarks: the newest of each store, with the moment at which it was begun.
    """

    def __init__(self, options: DatabaseOptions, pool_size: int, version: int) -> None:
        writing = _session(options.transaction_timeout, read_only=False)
        self._transaction_timeout = options.transaction_timeout
        self._limits_transactions = version >= _FIRST_WITH_TRANSACTION_TIMEOUT
        if self._limits_transactions:
            writing["transaction_timeout"] = writing["statement_timeout"]
        writer = _engine(options.url, pool_size, writing)
        make_function(writer)
        self._writer = HeldConnections(writer, pool_size)
        reading = _session(options.query_timeout, read_only=True)
        reader = _engine(options.read_url or options.url, pool_size, reading)
        self._reader = HeldConnections(reader, pool_size)
        self._url = options.url
        self.pool_size = pool_size
        self.watermarks: dict[int, tuple[float, Watermark]] = {}
        self.reads_elsewhere = options.read_url is not None

    @asynccontextmanager
    async def writing(self, extra_seconds: float = 0) -> AsyncIterator[AsyncConnection]:
        """Open one transaction; it commits at the end of the block, or else rolls back.

        Args:
            extra_seconds: what it may take beyond the usual, because it has so much to write.

        Raises:
            UnavailableError: the database cannot be reached or gave up.
        """
        async with self._writer.one() as connection, driver_of(connection).transaction():
            if extra_seconds and self._limits_transactions:
                seconds = self._transaction_timeout + extra_seconds
                await connection.execute(_ALLOW, {"limit": f"{seconds:.0f}s"})
            yield connection

    def primary(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Give a connection to the writing server on which each statement stands alone."""
        return self._writer.one()

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Give a READ ONLY connection on which each statement has a snapshot of its own."""
        return self._reader.one()

    async def listen(self, channel: str, tell: Callable[[], None]) -> None:
        """Call `tell` at each notification, on one more connection, until cancelled."""
        await listen(self._url, channel, tell)

    async def close(self) -> None:
        """Close all connections."""
        await self._writer.close()
        await self._reader.close()


async def open_database_patiently(options: DatabaseOptions, patience: float) -> Database:
    """Open pools as `open_database` does, and wait so many seconds for servers that are away.

    A process that takes the place of one that was killed may come while PostgreSQL restarts.

    Raises:
        StartError: a server cannot be used, see `open_database`.
        UnavailableError: a server could not be reached for all that time.
    """
    end = time.monotonic() + patience
    while True:
        try:
            return await open_database(options)
        except UnavailableError:
            if time.monotonic() > end:
                raise
        await asyncio.sleep(_SECONDS_BETWEEN_TRIES)


@dataclass(frozen=True, slots=True)
class _Server:
    """What a PostgreSQL server is and allows."""

    version: int
    max_connections: int
    shows_activity: bool
    may_make_functions: bool
    hold: Hold


async def open_database(options: DatabaseOptions) -> Database:
    """Open pools that fit the servers' limits, however many workers there are.

    Raises:
        StartError: a server allows too few connections, does not show who is writing, holds us to
            one store, or does not let us make functions that last as long as a connection.
        UnavailableError: a server cannot be reached.
    """
    server = await _look_at(options.url)
    workers = options.workers
    # Each worker listens on one more connection.
    size = _pool_size(server, workers * (1 if options.read_url else 2), workers)
    if options.read_url is not None:
        size = min(size, _pool_size(await _look_at(options.read_url), workers, 0))
    if not server.shows_activity:
        raise StartError("PostgreSQL must run with track_activities = on, which is its default")
    _check_hold(server.hold)
    if not server.may_make_functions:
        raise StartError(
            "the role of LRS_DATABASE_URL must be allowed to make temporary objects, as all are by"
            " default: GRANT TEMPORARY ON DATABASE ... TO ..."
        )
    return Database(options, size, server.version)


def _check_hold(hold: Hold) -> None:
    if not hold.is_held:
        return
    if not hold.is_let_in:
        raise StartError(
            "the role of LRS_DATABASE_URL sees one store only, or none: run `lrs migrate` with"
            " LRS_MIGRATION_DATABASE_URL beside it, which lets it see all"
        )
    _log.warning(
        "the role of LRS_DATABASE_URL is held by row-level security: pages by some filters take"
        " many times as long; docs/database-roles.md says how to give it BYPASSRLS"
    )


async def _look_at(url: str) -> _Server:
    engine = create_async_engine(url, poolclass=NullPool)
    with translated_errors():
        async with engine.connect() as connection:
            row = (await connection.execute(_LOOK)).mappings().one()
            hold = await hold_of(connection)
    await engine.dispose()
    return _Server(**row, hold=hold)


def _pool_size(server: _Server, pools: int, others: int) -> int:
    """Share the connections of a server among the pools of all workers, but for some others."""
    taken = CONNECTIONS_LEFT_FREE + others
    size = (server.max_connections - taken) // pools
    if size < 1:
        needed = pools + taken
        raise StartError(
            f"PostgreSQL allows {server.max_connections} connections; so many workers need"
            f" {needed}: raise max_connections or lower LRS_WORKERS"
        )
    return min(MAX_POOL, size)


def _engine(url: str, pool_size: int, session: dict[str, str]) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        # What learners did must not get into the log by way of an error.
        hide_parameters=True,
        pool_pre_ping=True,
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
        # A plan for the values of each call costs more than most of what is written or looked up.
        "plan_cache_mode": "auto" if read_only else "force_generic_plan",
        "statement_timeout": milliseconds,
        "timezone": "UTC",
    }
