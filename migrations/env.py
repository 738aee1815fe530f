"""How Alembic reaches the database: by the connection or the URL that it is given."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from lrs.storage.access_tables import users
from lrs.storage.migrations import with_driver
from lrs.storage.people_tables import people
from lrs.storage.privacy_tables import metadata
from lrs.storage.rollup_tables import rollup_progress

# All modules name their tables to one and the same.
(_METADATA,) = {users.metadata, rollup_progress.metadata, people.metadata, metadata}


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=_METADATA,
        transaction_per_migration=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _migrate_by_url(url: str) -> None:
    engine = create_async_engine(with_driver(url))
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
        await connection.commit()
    await engine.dispose()


_given = context.config.attributes.get("connection")
if _given is None:
    asyncio.run(_migrate_by_url(os.environ["LRS_DATABASE_URL"]))
else:
    _migrate(_given)
