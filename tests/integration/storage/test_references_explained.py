"""Following references costs as much as there are references, not as the store is large."""

import json
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from builders import a_statement, referring
from conftest import make_tenant
from lrs.services.statements import StatementLimits, StatementsService
from lrs.storage.driver import fetch_text
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.storage.migrations import upgrade
from lrs.xapi.versions import Version

MANY = 8_000
# One in ten refers to the one before.
_FILL = """
    WITH made AS (
        SELECT number, md5(number::text)::uuid AS id, md5((number - 1)::text)::uuid AS before
        FROM generate_series(1, $2) AS number
    ),
    kept AS (
        INSERT INTO statements (store, id, position, stored, timestamp, voiding, credential,
                                verb, object_type, target)
        SELECT $1, id, number, now(), now(), false, 1, id, 'StatementRef',
               CASE WHEN number % 10 = 0 THEN before END
        FROM made
    )
    SELECT array_agg(id ORDER BY number DESC) FROM made WHERE number % 10 = 0
"""
_READ = """
    SELECT coalesce(seq_scan, 0) AS scans, coalesce(idx_tup_fetch, 0) AS rows
    FROM pg_stat_user_tables WHERE relname = 'statements'
"""
# Statements that refer to one that refers on, each with the rows that are looked up for it.
FOLLOWED = 20
MOST_ROWS = 20 * FOLLOWED


@pytest.fixture
async def own(empty_database: str) -> AsyncIterator[Database]:
    await upgrade(empty_database)
    database = await open_database(DatabaseOptions(empty_database, workers=4))
    yield database
    await database.close()


async def filled(database: Database, store: int) -> list[str]:
    async with database.primary() as connection:
        (row,) = await fetch_text(connection, _FILL, (store, MANY))
        await fetch_text(connection, "VACUUM ANALYZE statements", ())
        return [str(identifier) for identifier in row[0]]


async def read(connection: AsyncConnection) -> asyncpg.Record:
    """Return how the connection's server has read `statements` up to now."""
    await fetch_text(connection, "SELECT pg_stat_force_next_flush()", ())
    await fetch_text(connection, "SELECT pg_stat_clear_snapshot()", ())
    (row,) = await fetch_text(connection, _READ, ())
    return row


async def test_following_looks_each_statement_up_by_its_index(own: Database) -> None:
    """In a store of some thousand, where PostgreSQL would rather read the whole table."""
    tenant = await make_tenant(own)
    limits = StatementLimits(batch=100, statement_bytes=10_000, page=10, max_page=10)
    service = StatementsService(own, limits, uuid7)
    targets = await filled(own, tenant.principal.store)
    # What it says of verbs is new with the first one; the next is kept by one call.
    await service.store(tenant.principal, json.dumps(a_statement()).encode(), Version.V1_0_3)

    async with own.primary() as connection:
        before = await read(connection)
    batch = json.dumps([referring(target) for target in targets[:FOLLOWED]]).encode()
    stored = await service.store(tenant.principal, batch, Version.V1_0_3)
    async with own.primary() as connection:
        after = await read(connection)

    assert stored.new == FOLLOWED
    assert after["scans"] == before["scans"]
    assert FOLLOWED <= after["rows"] - before["rows"] <= MOST_ROWS
