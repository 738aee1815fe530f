"""The truths hold across processes, and when processes are killed (design truths 4 and 8)."""

import asyncio
import itertools
import logging
import os
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from builders import Json, a_statement, reference, verb
from running_service import KEY, SECRET, Service, known, postmaster, until

# How long each test keeps writing; longer runs are for those who doubt.
SECONDS = float(os.environ.get("LRS_TEST_SECONDS", "4"))
WRITERS = 8

_log = logging.getLogger(__name__)


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lrs-workers-") as directory:
        yield Path(directory) / "data"


def _client(service: Service) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"{service.address}/xapi",
        auth=(KEY, SECRET),
        headers={"X-Experience-API-Version": "1.0.3"},
        timeout=30,
        trust_env=False,
    )


def _batch(chance: random.Random, writer: int, written: list[str]) -> list[Json]:
    batch = [a_statement(verb=verb(f"of-{writer}")) for _ in range(chance.choice((1, 1, 5, 50)))]
    if written and chance.random() < 0.2:
        batch[0]["object"] = reference(chance.choice(written))
    return batch


async def _write(service: Service, writer: int, until_then: float) -> list[str]:
    """Post until then, each time on a connection of its own, so that both workers get some."""
    chance = random.Random(writer)
    written: list[str] = []
    while time.monotonic() < until_then:
        async with _client(service) as client:
            answer = await client.post("/statements", json=_batch(chance, writer, written))
        assert answer.status_code == 200, answer.text
        written += answer.json()
    return written


async def _poll(service: Service, stopped: asyncio.Event) -> list[str]:
    """Read all that is new, by `since` and `more`, each page from whichever worker answers."""
    seen: list[str] = []
    since = "2000-01-01T00:00:00Z"
    while True:
        is_last = stopped.is_set()
        link = "/statements"
        parameters: dict[str, str] | None = {"since": since, "ascending": "true", "limit": "100"}
        while link:
            async with _client(service) as client:
                page = (await client.get(link, params=parameters)).json()
            seen += [statement["id"] for statement in page["statements"]]
            if page["statements"]:
                since = page["statements"][-1]["stored"]
            link, parameters = page["more"].removeprefix("/xapi"), None
        if is_last:
            return seen


@pytest.mark.timeout(SECONDS * 4 + 120)
async def test_a_poller_of_two_workers_misses_nothing_and_sees_nothing_twice(data: Path) -> None:
    with known(data, LRS_WORKERS=2) as service:
        stopped = asyncio.Event()
        polling = asyncio.create_task(_poll(service, stopped))
        end = time.monotonic() + SECONDS

        written = await asyncio.gather(*(_write(service, number, end) for number in range(WRITERS)))
        stopped.set()
        seen = await polling

    expected = list(itertools.chain(*written))
    _log.info("%d statements written, %d seen", len(expected), len(seen))
    assert len(seen) == len(set(seen))
    assert set(seen) == set(expected)


async def _write_through_faults(
    service: Service, writer: int, killed: asyncio.Event
) -> list[list[Json]]:
    """Post batches until all is killed, and return those that were acknowledged."""
    acknowledged: list[list[Json]] = []
    while not killed.is_set():
        batch = [a_statement(verb=verb(f"of-{writer}")) for _ in range(20)]
        try:
            async with _client(service) as client:
                answer = await client.post("/statements", json=batch)
        except httpx.TransportError:
            await asyncio.sleep(0.05)
            continue
        if answer.status_code == 200:
            acknowledged.append(
                [sent | {"id": given} for sent, given in zip(batch, answer.json(), strict=True)]
            )
        else:
            assert answer.status_code == 503, answer.text
    return acknowledged


async def _everything(service: Service) -> list[str]:
    seen: list[str] = []
    link = "/statements?limit=1000"
    async with _client(service) as client:
        while link:
            page = (await client.get(link)).json()
            seen += [statement["id"] for statement in page["statements"]]
            link = page["more"].removeprefix("/xapi")
    return seen


async def _kill(service: Service, data: Path) -> None:
    """Kill a worker, then PostgreSQL, then, when both are there again, all at once."""
    await asyncio.sleep(SECONDS / 4)
    service.workers()[0].kill()
    await asyncio.sleep(SECONDS / 4)
    postmaster(data).kill()
    await asyncio.sleep(SECONDS / 4)
    await asyncio.to_thread(until, lambda: service.answers() and len(service.workers()) == 2)
    await asyncio.sleep(SECONDS / 4)
    for victim in (*service.workers(), postmaster(data), psutil.Process(service.running.pid)):
        victim.kill()


@pytest.mark.timeout(SECONDS * 4 + 120)
async def test_what_was_acknowledged_is_there_after_all_was_killed(data: Path) -> None:
    with known(data, LRS_WORKERS=2) as service:
        killed = asyncio.Event()
        writing = [_write_through_faults(service, number, killed) for number in range(4)]
        writing_all = asyncio.gather(*writing)
        await _kill(service, data)
        killed.set()
        written = await writing_all
        service.ended()

    with known(data) as service:
        there = await _everything(service)

    acknowledged = list(itertools.chain(*written))
    expected = {statement["id"] for batch in acknowledged for statement in batch}
    _log.info("%d statements acknowledged, %d there", len(expected), len(there))
    assert expected <= set(there)
    # Batches that were stored, but whose answer was lost, are there as a whole.
    assert len(there) % 20 == 0
