"""A poller that walks ascending pages while many write sees each statement once, and in time."""

import asyncio
import itertools
import random
import time

import httpx

from builders import a_statement, reference, verb

SECONDS = 4.0
WRITERS = 8


async def _write(client: httpx.AsyncClient, until: float, seed: int) -> list[str]:
    chance = random.Random(seed)
    written: list[str] = []
    while time.monotonic() < until:
        batch = [a_statement(verb=verb(f"v{seed}")) for _ in range(chance.choice((1, 1, 3, 40)))]
        if written and chance.random() < 0.2:
            batch[0]["object"] = reference(chance.choice(written))
        answer = await client.post("/statements", json=batch)
        assert answer.status_code == 200, answer.text
        written += answer.json()
    return written


async def _poll(client: httpx.AsyncClient, stopped: asyncio.Event) -> list[str]:
    seen: list[str] = []
    since = "2000-01-01T00:00:00Z"
    while True:
        is_last = stopped.is_set()
        link = "/statements"
        parameters: dict[str, str] | None = {"since": since, "ascending": "true", "limit": "50"}
        while link:
            page = (await client.get(link, params=parameters)).json()
            seen += [statement["id"] for statement in page["statements"]]
            if page["statements"]:
                since = page["statements"][-1]["stored"]
            link, parameters = page["more"].removeprefix("/xapi"), None
        if is_last:
            return seen


async def test_a_poller_misses_nothing_and_sees_nothing_twice(client: httpx.AsyncClient) -> None:
    stopped = asyncio.Event()
    polling = asyncio.create_task(_poll(client, stopped))
    until = time.monotonic() + SECONDS

    written = await asyncio.gather(*(_write(client, until, seed) for seed in range(WRITERS)))
    stopped.set()
    seen = await polling

    assert len(seen) == len(set(seen))
    assert set(seen) == set(itertools.chain(*written))
