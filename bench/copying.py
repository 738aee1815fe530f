"""The limit of ingest: `COPY` of the rows that the service has written, into a twin database.

The rows of what came in last are taken from the service's tables in PostgreSQL's binary format,
in slices of 1,000 statements. They are then copied on one connection, one transaction a slice,
into a database that was the same before. Dictionaries are left out: nearly nothing new is in them.
"""

from collections.abc import Sequence
from io import BytesIO
from time import perf_counter

import asyncpg

from bench.plan import BLOCK

TABLES = (
    "statements",
    "statement_payloads",
    "statement_references",
    "statement_agents",
    "statement_activities",
)

_SLICES = f"""
    CREATE TEMP TABLE sliced AS
    SELECT id, (row_number() OVER (ORDER BY position) - 1) / {BLOCK} AS slice
    FROM statements WHERE position > %d
"""

Slice = dict[str, bytes]


async def last_position(connection: asyncpg.Connection) -> int:
    """Return the position of the newest statement."""
    return int(await connection.fetchval("SELECT max(position) FROM statements") or 0)


async def rows_after(connection: asyncpg.Connection, position: int) -> list[Slice]:
    """Return the rows of all statements beyond a position, slice by slice."""
    await connection.execute(_SLICES % position)
    count = await connection.fetchval("SELECT max(slice) + 1 FROM sliced") or 0
    slices: list[Slice] = [{} for _ in range(count)]
    for table in TABLES:
        await connection.execute(
            f"CREATE TEMP TABLE taken AS SELECT slice, t.* FROM {table} t JOIN sliced USING (id)"
            f" WHERE t.position > {position}"
        )
        columns = ", ".join(await _columns(connection, table))
        for number, rows in enumerate(slices):
            content = BytesIO()
            await connection.copy_from_query(
                f"SELECT {columns} FROM taken WHERE slice = {number}",
                output=content,
                format="binary",
            )
            rows[table] = content.getvalue()
        await connection.execute("DROP TABLE taken")
    await connection.execute("DROP TABLE sliced")
    return slices


async def copy_in(connection: asyncpg.Connection, slices: Sequence[Slice]) -> float:
    """Copy the slices into the tables, each in one durable transaction; return the seconds."""
    columns = {table: await _columns(connection, table) for table in TABLES}
    began = perf_counter()
    for rows in slices:
        async with connection.transaction():
            for table in TABLES:
                await connection.copy_to_table(
                    table, source=BytesIO(rows[table]), columns=columns[table], format="binary"
                )
    return perf_counter() - began


async def _columns(connection: asyncpg.Connection, table: str) -> list[str]:
    rows = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        table,
    )
    return [row[0] for row in rows]
