"""The PostgreSQL of a run: the embedded one with its usual options, and databases in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg

from lrs.storage.embedded.cluster import Cluster
from lrs.storage.embedded.creation import DATABASE, SUPERUSER
from lrs.storage.migrations import upgrade

# The database that `lrs serve` finds when it is given the data directory.
LARGE: Final = DATABASE
SMALL: Final = "small"
MIRROR: Final = "mirror"
HISTORY: Final = "history"
_DURABLE = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size")
_SIZES = """
    SELECT relname, pg_total_relation_size(oid)
    FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    ORDER BY 2 DESC
"""


class Databases:
    """The databases of a cluster that runs on the data directory of a service."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.cluster = Cluster(directory / "postgres")

    def url(self, name: str) -> str:
        """Return the address of a database for `LRS_DATABASE_URL`."""
        return self.cluster.url.replace(f"@/{DATABASE}?", f"@/{name}?")

    @asynccontextmanager
    async def connection(self, name: str) -> AsyncIterator[asyncpg.Connection]:
        """Hold a connection to a database for the length of the block."""
        host = str(self.cluster.socket_directory)
        connection = await asyncpg.connect(host=host, user=SUPERUSER, database=name)
        try:
            yield connection
        finally:
            await connection.close()

    async def create(self, name: str) -> None:
        """Make a database with empty tables; the first one is there already."""
        if name != LARGE:
            await self._execute(f"CREATE DATABASE {name}")
        await upgrade(self.url(name))

    async def copy(self, source: str, name: str) -> None:
        """Make a database that is the same as another; nobody may be connected to that one."""
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY file_copy")

    async def drop(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        await self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def settle(self, name: str) -> None:
        """Do at once what autovacuum and checkpoints would do in the middle of a figure."""
        async with self.connection(name) as connection:
            await connection.execute("VACUUM (ANALYZE)")
            await connection.execute("CHECKPOINT")

    async def sizes(self, name: str) -> dict[str, int]:
        """Return the bytes of each table with its indexes and long texts."""
        async with self.connection(name) as connection:
            rows = await connection.fetch(_SIZES)
        return {row[0]: row[1] for row in rows}

    async def settings(self) -> dict[str, str]:
        """Return the settings that decide what a commit costs."""
        async with self.connection("postgres") as connection:
            return {name: await connection.fetchval(f"SHOW {name}") for name in _DURABLE}

    async def _execute(self, sql: str) -> None:
        async with self.connection("postgres") as connection:
            await connection.execute(sql)
