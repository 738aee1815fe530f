"""Which PostgreSQL answers at an address, asked before anything else is."""

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from lrs.errors import StartError
from lrs.storage.embedded.programs import OLDEST_VERSION


async def server_version(url: str) -> str:
    """Return the server's version, such as `18.1`.

    Raises:
        StartError: the server cannot be reached, refuses us, or is too old.
    """
    try:
        version = await _ask(url)
    except (DBAPIError, OSError, TypeError, ValueError) as error:
        reason = str(getattr(error, "orig", error)).partition("\n")[0] or type(error).__name__
        raise StartError(f"LRS_DATABASE_URL: the database does not answer us: {reason}") from error
    major = version.partition(".")[0]
    if major.isdigit() and int(major) < OLDEST_VERSION:
        raise StartError(f"PostgreSQL {version} is too old; {OLDEST_VERSION} is the oldest served")
    return version


async def _ask(url: str) -> str:
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": 10})
    async with engine.connect() as connection:
        return str(await connection.scalar(text("SHOW server_version"))).split()[0]
