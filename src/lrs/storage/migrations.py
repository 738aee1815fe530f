"""Brings a database to the newest shape of the tables, once, however many processes try."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from lrs.errors import StartError
from lrs.storage.translate_errors import translated_errors
from lrs.storage.watermark import LOCK_CLASS

# Store numbers are positive, so this second number is nobody's.
_MIGRATION_LOCK = {"lock_class": LOCK_CLASS, "migration": -1}
_SECONDS_BETWEEN_TRIES = 0.2
_INSUFFICIENT_PRIVILEGE = "42501"


def with_driver(url: str) -> str:
    """Return the URL with our driver named: SQLAlchemy reads a bare one as psycopg's."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+asyncpg{separator}{rest}" if scheme.startswith("postgres") else url


async def upgrade(url: str, revision: str = "head") -> None:
    """Migrate the database; a second process waits for the first and then finds nothing to do.

    Raises:
        StartError: there is something to do that the role of the URL may not do.
        UnavailableError: the server cannot be reached.
    """
    try:
        await _migrate(url, lambda config: command.upgrade(config, revision))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _INSUFFICIENT_PRIVILEGE:
            raise
        raise StartError(
            "the tables are to be brought up to date, and the role of the database's address may"
            " not change them: set LRS_MIGRATION_DATABASE_URL to that of their owner"
        ) from error


async def downgrade(url: str, revision: str) -> None:
    """Take the database back to an older revision.

    Raises:
        UnavailableError: the server cannot be reached.
    """
    await _migrate(url, lambda config: command.downgrade(config, revision))


async def _migrate(url: str, run: Callable[[Config], None]) -> None:
    with translated_errors():
        engine = create_async_engine(with_driver(url), poolclass=NullPool)
        async with engine.connect() as connection, _only_one(connection):
            await connection.run_sync(_run, run)
            await connection.commit()


def _run(connection: Connection, run: Callable[[Config], None]) -> None:
    config = Config()
    config.set_main_option("script_location", str(_scripts()))
    config.attributes["connection"] = connection
    run(config)


def _scripts() -> Path:
    """Find the migrations: inside an installed package, or beside `src` in a checkout."""
    packaged = Path(__file__).parents[1] / "migrations"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "migrations"


@asynccontextmanager
async def _only_one(connection: AsyncConnection) -> AsyncIterator[None]:
    # Trying again and again, since one that blocks in the lock would hold a snapshot, and an
    # index that is built concurrently waits for every older snapshot.
    while not await _scalar(connection, "SELECT pg_try_advisory_lock(:lock_class, :migration)"):  # noqa: ASYNC110 - the event is another process's
        await asyncio.sleep(_SECONDS_BETWEEN_TRIES)
    try:
        yield
    finally:
        await connection.rollback()  # what has failed, if anything has: it would take no command
        await _scalar(connection, "SELECT pg_advisory_unlock(:lock_class, :migration)")


async def _scalar(connection: AsyncConnection, sql: str) -> bool:
    value = await connection.scalar(text(sql), _MIGRATION_LOCK)
    await connection.commit()
    return bool(value)
