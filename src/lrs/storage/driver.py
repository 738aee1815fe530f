"""Runs statements of SQL on the driver itself, prepared once for each connection.

SQLAlchemy writes the SQL. To run it by way of SQLAlchemy costs several times what PostgreSQL needs
for a small statement, and one request to store something runs a dozen of them.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, NamedTuple, cast

import asyncpg
from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import UnavailableError

_DIALECT = dialect()  # type: ignore[no-untyped-call]  # it has no types

# What the driver takes and gives: any Python value that a PostgreSQL type has.
Values = Mapping[str, Any]


class _Prepared(NamedTuple):
    """A statement as the driver takes it: the text, the names of its values, those it brings."""

    sql: str
    names: tuple[str, ...]
    defaults: Values


async def driver_of(connection: AsyncConnection) -> "asyncpg.Connection[asyncpg.Record]":
    """Return the driver's connection behind one of SQLAlchemy's."""
    fairy = await connection.get_raw_connection()
    return cast("asyncpg.Connection[asyncpg.Record]", fairy.driver_connection)


async def fetch(
    connection: AsyncConnection, statement: ClauseElement, values: Values
) -> list[asyncpg.Record]:
    """Run a statement and return its rows.

    Args:
        connection: on which each statement stands alone, or within `Database.writing`.
        statement: one that lives as long as the process, since its text is remembered.
        values: of its parameters, by name.

    Raises:
        UnavailableError: the server went away.
    """
    sql, names, defaults = _prepared(statement)
    driver = await driver_of(connection)
    given = [values[name] if name in values else defaults[name] for name in names]
    async with leaving_none_that_is_lost(connection, driver):
        return await driver.fetch(sql, *given)


@asynccontextmanager
async def leaving_none_that_is_lost(
    connection: AsyncConnection, driver: "asyncpg.Connection[asyncpg.Record]"
) -> AsyncIterator[None]:
    """Take a connection that is lost within the block out of use, as SQLAlchemy would its own.

    With it go all that wait in its pool: the server they belong to went away.

    Raises:
        UnavailableError: it is lost, in whatever words the driver or the event loop says so.
    """
    try:
        yield
    except Exception as error:
        if not driver.is_closed():
            raise
        await connection.invalidate()
        await connection.engine.dispose(close=False)
        raise UnavailableError("the connection to the database was lost") from error


async def fetch_value(connection: AsyncConnection, statement: ClauseElement, values: Values) -> Any:  # noqa: ANN401 - whatever the statement selects
    """Run a statement and return the one value that it selects; None if there is no row."""
    rows = await fetch(connection, statement, values)
    return rows[0][0] if rows else None


@lru_cache(maxsize=256)
def _prepared(statement: ClauseElement) -> _Prepared:
    compiled = statement.compile(dialect=_DIALECT)
    names = tuple(getattr(compiled, "positiontup", None) or ())
    return _Prepared(str(compiled), names, dict(compiled.params))
