"""A database in which nobody works in the background: no app has opened it."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from lrs.storage.embedded.cluster import Cluster
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.storage.migrations import upgrade


@pytest.fixture(scope="session")
async def quiet_database(cluster: Cluster) -> AsyncIterator[Database]:
    """One for all tests that take the steps of background work themselves, each in a store."""
    name = f"quiet_{uuid4().hex}"
    admin = create_async_engine(cluster.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    url = cluster.url.replace("@/lrs?", f"@/{name}?")
    await upgrade(url)
    database = await open_database(DatabaseOptions(url, workers=4))
    yield database
    await database.close()
    async with admin.connect() as connection:
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await admin.dispose()
