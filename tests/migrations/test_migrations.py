"""Migrations make the tables of the models, from nothing and back, once for all who try."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from lrs.storage.access_tables import users
from lrs.storage.migrations import downgrade, upgrade
from lrs.storage.people_tables import people
from lrs.storage.privacy_tables import metadata
from lrs.storage.rollup_tables import rollup_progress

# All modules name their tables to one and the same.
(METADATA,) = {users.metadata, rollup_progress.metadata, people.metadata, metadata}
VERSIONS = sorted((Path(__file__).parents[2] / "migrations" / "versions").glob("*.py"))


async def inspected(url: str, look: Any) -> Any:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        seen = await connection.run_sync(look)
    await engine.dispose()
    return seen


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return list(compare_metadata(context, METADATA))


async def test_the_migrated_database_is_that_of_the_models(empty_database: str) -> None:
    await upgrade(empty_database)
    assert await inspected(empty_database, _differences) == []


async def test_all_the_way_down_leaves_nothing_and_up_again_works(empty_database: str) -> None:
    await upgrade(empty_database)
    await downgrade(empty_database, "base")
    assert await inspected(empty_database, _tables) == set()

    await upgrade(empty_database)
    assert await inspected(empty_database, _tables) == set(METADATA.tables)


async def test_several_who_start_at_once_migrate_once(empty_database: str) -> None:
    await asyncio.gather(*(upgrade(empty_database) for _ in range(5)))
    assert await inspected(empty_database, _differences) == []


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_each_migration_waits_only_so_long_for_a_lock(path: Path) -> None:
    source = path.read_text()
    for direction in source.split("def upgrade")[1].split("def downgrade"):
        first_line = direction.splitlines()[1].strip()
        assert first_line == "op.execute(\"SET LOCAL lock_timeout = '5s'\")"
