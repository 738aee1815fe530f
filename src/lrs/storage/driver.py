"""Runs statements of SQL on the driver itself, prepared once for each connection.

SQLAlchemy writes the SQL. To run it by way of SQLAlchemy costs several times what PostgreSQL needs
for a small statement, and one request to store something runs a dozen of them.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

import asyncpg
from sqlalchemy import ClauseElement, Connection
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.ext.asyncio import AsyncConnection

_DIALECT = dialect()  # type: ignore[no-untyped-call]  # it has no types

# What the driver takes and gives: any Python value that a PostgreSQL type has.
Values = Mapping[str, Any]


class _Prepared(NamedTuple):
    """A statement as the driver takes it: the text, the names of its values, those it brings."""

    sql: str
    names: tuple[str, ...]
    defaults: Values


def driver_of(connection: AsyncConnection) -> "asyncpg.Connection[asyncpg.Record]":
    """Return the driver's connection behind one of SQLAlchemy's."""
    fairy = cast("Connection", connection.sync_connection).connection
    return cast("asyncpg.Connection[asyncpg.Record]", fairy.driver_connection)


async def fetch(
    connection: AsyncConnection,
    statement: ClauseElement,
    values: Values,
    patience: float | None = None,
) -> list[asyncpg.Record]:
    """Run a statement and return its rows.

    Args:
        connection: on which each statement stands alone, or within `Database.writing`.
        statement: one that lives as long as the process, since its text is remembered.
        values: of its parameters, by name.
        patience: seconds until a server that says nothing is given up; None leaves it to the server
            to end the statement, which one that has vanished does not.

    Raises:
        TimeoutError: the server has said nothing.
    """
    sql, names, defaults = _prepared(statement)
    given = [values[name] if name in values else defaults[name] for name in names]
    return await driver_of(connection).fetch(sql, *given, timeout=patience)


async def fetch_text(
    connection: AsyncConnection, sql: str, values: Sequence[object]
) -> list[asyncpg.Record]:
    """Run a statement that is text already, and return its rows; for the rest see `fetch`."""
    return await driver_of(connection).fetch(sql, *values)


async def fetch_value(connection: AsyncConnection, statement: ClauseElement, values: Values) -> Any:  # noqa: ANN401 - whatever the statement selects
    """Run a statement and return the one value that it selects; None if there is no row."""
    rows = await fetch(connection, statement, values)
    return rows[0][0] if rows else None


@lru_cache(maxsize=256)
def _prepared(statement: ClauseElement) -> _Prepared:
    compiled = statement.compile(dialect=_DIALECT)
    names = tuple(getattr(compiled, "positiontup", None) or ())
    return _Prepared(str(compiled), names, dict(compiled.params))
