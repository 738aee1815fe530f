"""The folder goes on, whatever happens to the database or to one store."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import insert, text

from lrs.services import folding
from lrs.services.background import Rhythm
from lrs.services.folding import FoldingService
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.storage.migrations import upgrade
from lrs.storage.tables import statements, stores
from lrs.xapi.keys import iri_key

# For no reader of these tests' databases; all folding in them is the tests' own.
_FOLDED = text(
    """
    SELECT store FROM rollup_progress AS progress
    WHERE position >= (SELECT max(position) FROM statements WHERE store = progress.store)
    """
)


@pytest.fixture
async def own(empty_database: str) -> AsyncIterator[Database]:
    """A database of the test's own, without tables."""
    database = await open_database(DatabaseOptions(empty_database, workers=4))
    yield database
    await database.close()


@pytest.fixture
async def folders(empty_database: str) -> AsyncIterator[Database]:
    """The same with connections of the folder's own."""
    database = await open_database(DatabaseOptions(empty_database, workers=4))
    yield database
    await database.close()


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "_RHYTHM", Rhythm(pause=0.05, after_a_failure=0.05))


@asynccontextmanager
async def running(service: FoldingService) -> AsyncIterator[None]:
    task = asyncio.create_task(service.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def a_store(database: Database) -> int:
    async with database.writing() as connection:
        new = insert(stores).values(name=uuid4().hex).returning(stores.c.id)
        return int((await connection.execute(new)).scalar_one())


async def add(database: Database, store: int, position: int = 1_024) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    row = {
        "store": store, "id": uuid4(), "position": position, "stored": moment,
        "timestamp": moment, "voiding": False, "credential": 1,
        "verb": iri_key("http://example.org/v"), "object_type": "StatementRef",
    }  # fmt: skip
    async with database.writing() as connection:
        await connection.execute(insert(statements), row)


async def folded(database: Database) -> set[int]:
    async with database.primary() as connection:
        return set(await connection.scalars(_FOLDED))


async def is_folded(database: Database, store: int) -> None:
    async with asyncio.timeout(30):
        while store not in await folded(database):  # noqa: ASYNC110 - the database does not tell
            await asyncio.sleep(0.05)


async def test_folding_begins_when_the_tables_are_there(
    own: Database, empty_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(FoldingService(own, "UTC", worth=1)):
        async with asyncio.timeout(30):
            while "rollups are not kept" not in caplog.text:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.05)
        await upgrade(empty_database)
        store = await a_store(own)
        await add(own, store)
        await is_folded(own, store)


async def test_folding_goes_on_after_its_connections_were_lost(
    own: Database, folders: Database, empty_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    await upgrade(empty_database)
    store = await a_store(own)
    losing = text(
        """
        SELECT pg_terminate_backend(pid)
        FROM pg_stat_activity
        WHERE datname = current_database() AND NOT pid = ANY(:spared)
        """
    )
    seen = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    async with own.primary() as connection:
        spared = list(await connection.scalars(seen))
    with caplog.at_level(logging.ERROR, "lrs.services.folding"):
        async with running(FoldingService(folders, "UTC", worth=1)):
            for time in range(1, 6):
                await add(own, store, time * 1_024)
                await is_folded(own, store)
                async with own.primary() as connection:
                    await connection.execute(losing, {"spared": spared})
            await add(own, store, 6 * 1_024)
            await is_folded(own, store)
    assert caplog.records == []


async def test_a_store_that_cannot_be_folded_keeps_no_other_waiting(
    own: Database, empty_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    await upgrade(empty_database)
    broken, whole = await a_store(own), await a_store(own)
    spoil = text("INSERT INTO rollup_progress VALUES (:store, 0, 'Mars/Olympus')")
    async with own.writing() as connection:
        await connection.execute(spoil, {"store": broken})
    for store in (broken, whole):
        await add(own, store)
    await FoldingService(own, "UTC", worth=1).catch_up()
    assert await folded(own) == {whole}
    assert f"store {broken} could not be folded" in caplog.text


async def test_the_zone_of_the_folder_is_adopted_at_its_start(
    own: Database, empty_database: str
) -> None:
    await upgrade(empty_database)
    store = await a_store(own)
    await add(own, store)
    days = text("SELECT day FROM rollup_sums_by_day WHERE store = :store")
    for zone, day in (("UTC", "2026-01-01"), ("America/Lima", "2025-12-31")):
        service = FoldingService(own, zone, worth=1)
        await service.adopt_zone()
        await service.catch_up()
        async with own.primary() as connection:
            assert [str(each) for each in await connection.scalars(days, {"store": store})] == [day]
