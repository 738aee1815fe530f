"""Nobody who polls misses a statement (design truth 4)."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import httpx

from builders import a_statement
from conftest import Tenant, write_to
from lrs.storage.consistent_reading import consistent_reading
from lrs.storage.engines import Database
from lrs.storage.watermark import ALL_STORES, watermark

CONSISTENT = "X-Experience-API-Consistent-Through"


async def test_an_unfinished_write_holds_lists_back_but_not_reading_by_id(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    async with database.writing() as connection:
        await write_to(connection, tenant.principal.store)
        identifier = str(uuid4())
        await client.post("/statements", json=a_statement(id=identifier))

        by_id = await client.get("/statements", params={"statementId": identifier})
        held_back = await client.get("/statements")

        assert by_id.status_code == 200
        assert held_back.json()["statements"] == []
        assert held_back.headers[CONSISTENT] < by_id.json()["stored"]

    listed = (await client.get("/statements")).json()["statements"]
    assert [statement["id"] for statement in listed] == [identifier]


async def test_a_write_elsewhere_holds_back_only_its_own_store(
    client: httpx.AsyncClient, database: Database, stranger: Tenant
) -> None:
    async with database.writing() as connection:
        await write_to(connection, stranger.principal.store)
        before = datetime.now(UTC)
        await client.post("/statements", json=a_statement())

        listed = await client.get("/statements")

        assert len(listed.json()["statements"]) == 1
        async with database.primary() as other:
            assert (await watermark(other, ALL_STORES)).instant < before


async def test_a_waiting_writer_that_wants_the_store_alone_lets_readers_pass(
    database: Database, tenant: Tenant
) -> None:
    store = tenant.principal.store

    async def wait_alone() -> None:
        async with database.writing() as connection:
            await write_to(connection, store, alone=True)

    async with database.writing() as connection:
        await write_to(connection, store)
        waiting = asyncio.create_task(wait_alone())
        async with consistent_reading(database, store) as (_, reached):
            assert reached.instant < datetime.now(UTC)
        assert not waiting.done()
    await waiting


async def test_who_has_waited_takes_the_watermark_that_another_took_meanwhile(
    database: Database, tenant: Tenant
) -> None:
    store, clock = tenant.principal.store, asyncio.get_running_loop().time

    async def reached(asked_at: float | None) -> datetime:
        async with consistent_reading(database, store, asked_at) as reading:
            return reading.watermark.instant

    before = clock()
    first = await reached(clock())
    assert await reached(before) == first
    assert await reached(None) > first
    assert await reached(clock()) > first
