"""Hears at once of what other processes have changed (LISTEN and NOTIFY of PostgreSQL).

Nothing depends on it: who is told looks from time to time anyway. A connection may break without
a sign, and a pooler may give it to somebody else after each transaction; then it is silent here.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from lrs.errors import UnavailableError
from lrs.storage.driver import driver_of
from lrs.storage.translate_errors import translated_errors

_log = logging.getLogger(__name__)

_Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
# Seconds before a lost connection is opened again, twice as many after each failure.
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0
# Seconds between two looks whether the other end is still there, and for its answer.
_BETWEEN_CHECKS: Final = 20.0
_PATIENCE: Final = 10.0


async def listen(url: str, channel: str, tell: Callable[[], None]) -> None:
    """Listen until cancelled, on a connection that is opened again whenever it is lost.

    Args:
        url: of the server that takes writes.
        channel: what is listened to.
        tell: called at each notification, and when listening begins, for what was missed before.
    """
    engine = create_async_engine(
        url,
        poolclass=NullPool,
        connect_args={
            "timeout": _PATIENCE,
            "server_settings": {"application_name": "lrs listener"},
        },
    )
    pause = _FIRST_PAUSE
    while True:
        try:
            async with _connected(engine) as connection:
                await connection.add_listener(channel, lambda *_: tell())
                pause = _FIRST_PAUSE
                tell()
                await _lost(connection)
            _log.info("the connection that hears of changes was lost")
        except UnavailableError as error:
            _log.info("changes are not heard of, and found by looking: %s", error)
        except Exception:  # noqa: BLE001 - whatever it is, it is tried again
            _log.exception("changes are not heard of, and found by looking")
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[_Connection]:
    with translated_errors():
        async with engine.connect() as connection:
            try:
                yield driver_of(connection)
            finally:
                # It listens, and may be broken: nobody else gets it.
                await connection.invalidate()


async def _lost(connection: _Connection) -> None:
    """Return when a connection is closed, or raise what tells that it is broken."""
    is_lost = asyncio.Event()
    connection.add_termination_listener(lambda _: is_lost.set())
    while not is_lost.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(_BETWEEN_CHECKS):
                await is_lost.wait()
                return
        await connection.execute("SELECT 1", timeout=_PATIENCE)
