"""Rollups are exact at every moment, whoever writes, voids, folds, and is killed meanwhile."""

import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

import httpx
from sqlalchemy import text

from builders import a_statement, activity, agent, referring, verb, voiding
from conftest import Tenant
from lrs.analytics.queries import Query, resolve
from lrs.analytics.requests import QueryRequest
from lrs.services.folding import FoldingService
from lrs.storage.analytics import aggregate
from lrs.storage.consistent_reading import consistent_reading
from lrs.storage.driver import driver_of
from lrs.storage.engines import Database
from lrs.storage.rollup_sums import aggregate_folded

SECONDS = 6.0
# On a busy machine rollups may take a while to come to this store.
MOST_SECONDS = 90.0
WRITERS, READERS = 4, 2
COMPLETED = "http://adlnet.gov/expapi/verbs/completed"
QUESTIONS = [
    {"measures": ["statements.count", "actors.unique", "completions.count"]},
    {"measures": ["statements.count", "actors.unique"], "time": {"granularity": "week"}},
    {"measures": ["actors.unique", "score.scaled.avg"], "dimensions": ["activity.id"]},
    {"measures": ["statements.count", "activities.unique"], "dimensions": ["verb.id"]},
]
# A process that does nothing but fold one store, without a pause. The database of the tests has
# thousands of stores: it would be killed before it came to this one.
FOLDER = """
import asyncio, sys
from lrs.storage.engines import DatabaseOptions, open_database
from lrs.storage.rollups import fold
from lrs.storage.watermark import watermark

async def main():
    database, store = await open_database(DatabaseOptions(sys.argv[1])), int(sys.argv[2])
    print("begins", flush=True)
    while True:
        async with database.primary() as connection:
            reached = await watermark(connection, store)
        async with database.writing() as connection:
            await fold(connection, store, reached.position, "UTC")

asyncio.run(main())
"""


def a_question(chance: random.Random) -> Query:
    return resolve(QueryRequest.model_validate(chance.choice(QUESTIONS)))


async def _write(client: httpx.AsyncClient, goes_on: Callable[[], bool], seed: int) -> int:
    chance = random.Random(seed)
    written: list[str] = []
    while goes_on():
        batch = [
            a_statement(
                actor=agent(chance.choice("abcdefgh")),
                verb=chance.choice([verb("viewed"), {"id": COMPLETED}]),
                object=activity(chance.choice("xyz")),
                timestamp=f"2026-0{chance.randint(1, 9)}-01T00:00:00Z",
                result={"score": {"scaled": chance.randint(-10, 10) / 10}},
            )
            for _ in range(chance.choice((1, 1, 5, 40)))
        ]
        if written and chance.random() < 0.5:
            batch.append(voiding(chance.choice(written)))
        if chance.random() < 0.1:
            awaited = str(uuid4())
            batch += [voiding(awaited), referring(awaited)]
            written.append(awaited)
            await _post(client, a_statement(id=awaited))
        written += await _post(client, *batch)
    return len(written)


async def _post(client: httpx.AsyncClient, *statements: object) -> list[str]:
    answer = await client.post("/statements", json=statements)
    assert answer.status_code == 200, answer.text
    ids: list[str] = answer.json()
    return ids


async def _compare(database: Database, store: int, asked: Query) -> bool:
    """Compare both answers in one snapshot, and tell whether rollups gave one."""
    async with consistent_reading(database, store) as (connection, mark):
        driver = driver_of(connection)
        async with driver.transaction(isolation="repeatable_read", readonly=True):
            found = await aggregate_folded(
                connection, asked, store=store, until_position=mark.position
            )
            if found is None:
                return False
            raw = await aggregate(connection, asked, store=store, until_position=found.position)
    assert found.table == raw
    return True


async def _read(
    database: Database, store: int, stopped: asyncio.Event, compared: Counter[int], reader: int
) -> None:
    chance = random.Random(reader)
    while not stopped.is_set():
        compared[reader] += await _compare(database, store, a_question(chance))


async def _fold(url: str, store: int, stopped: asyncio.Event) -> int:
    """Fold in another process, which is killed time and again."""
    chance, killed = random.Random(2), 0
    while not stopped.is_set():
        folder = await asyncio.create_subprocess_exec(
            sys.executable, "-c", FOLDER, url, str(store), stdout=asyncio.subprocess.PIPE
        )
        assert folder.stdout is not None
        try:
            # Its time begins when it does, however long a busy machine takes to start it.
            await folder.stdout.readline()
            with suppress(TimeoutError):
                await asyncio.wait_for(folder.wait(), 0.2 + chance.random())
            assert folder.returncode is None, "the folder ended by itself"
        finally:
            if folder.returncode is None:
                folder.kill()
                await folder.wait()
        killed += 1
    return killed


async def test_rollups_are_exact_at_every_moment(
    client: httpx.AsyncClient, database: Database, database_url: str, tenant: Tenant
) -> None:
    store = tenant.principal.store
    stopped = asyncio.Event()
    compared: Counter[int] = Counter(dict.fromkeys(range(READERS), 0))
    began = time.monotonic()

    def goes_on() -> bool:
        passed = time.monotonic() - began
        return passed < SECONDS or (min(compared.values()) == 0 and passed < MOST_SECONDS)

    async with asyncio.TaskGroup() as group:
        for reader in range(READERS):
            group.create_task(_read(database, store, stopped, compared, reader))
        folding = [group.create_task(_fold(database_url, store, stopped)) for _ in range(2)]
        await asyncio.gather(*(_write(client, goes_on, seed) for seed in range(WRITERS)))
        stopped.set()

    assert min(compared.values()) > 0
    assert min(task.result() for task in folding) > 0
    await _caught_up(database, store)
    for asked in QUESTIONS:
        assert await _compare(database, store, resolve(QueryRequest.model_validate(asked)))


async def _caught_up(database: Database, store: int) -> None:
    """Fold what is left; the folder of the app may be at it just now."""
    query = text(
        """
        SELECT EXISTS (
            SELECT FROM statements
            WHERE store = :store AND position > (
                SELECT position FROM rollup_progress WHERE store = :store
            )
        )
        """
    )
    while True:
        await FoldingService(database, "UTC", worth=1).catch_up()
        async with database.primary() as connection:
            if not await connection.scalar(query, {"store": store}):
                return
