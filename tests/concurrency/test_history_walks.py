"""Who walks through a history while others write gets the whole of it, and nothing twice."""

import asyncio
import random
from datetime import datetime

import httpx

from api.test_histories import ACCOUNT, did, history, join, statements_of
from builders import Json, agent
from conftest import Tenant
from lrs.storage.engines import Database
from statement_resource import post

WRITERS = 5
BATCHES = 8
ACTORS = [agent("anna"), agent("anna-berger"), ACCOUNT]


async def write(client: httpx.AsyncClient, seed: int) -> list[str]:
    chance = random.Random(seed)
    written: list[str] = []
    for _ in range(BATCHES):
        count = chance.choice((1, 2, 7))
        actors = [chance.choice(ACTORS) for _ in range(count)]
        written += await post(client, *(did("experienced", actor=each) for each in actors))
        await post(client, did("experienced", actor=agent("ben")))
    return written


async def walk(client: httpx.AsyncClient, person: str) -> tuple[list[str], str]:
    """Walk to the end; return the ids, and what the first page was consistent through."""
    page = await history(client, person, limit=4)
    seen, promised = statements_of(page), page["consistent_through"]
    while page["cursor"] is not None:
        page = await history(client, person, limit=4, cursor=page["cursor"])
        seen += statements_of(page)
    return seen, promised


async def test_a_walk_misses_nothing_and_repeats_nothing_while_others_write(
    client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    person = str(await join(database, tenant, *ACTORS))
    before = await post(client, *(did("experienced", actor=each) for each in ACTORS * 4))
    writing = asyncio.gather(*(write(client, seed) for seed in range(WRITERS)))
    walks: list[tuple[list[str], str]] = []
    while not writing.done():
        walks.append(await walk(client, person))
    written = [each for several in await writing for each in several]
    everything: list[Json] = []
    page: Json = {"cursor": ""}
    while page["cursor"] is not None:
        cursor = {"cursor": page["cursor"]} if page["cursor"] else {}
        page = await history(client, person, limit=200, **cursor)
        everything += page["entries"]
    stored = {entry["statement"]: entry["stored"] for entry in everything}
    assert {*stored} == {*before, *written}
    for seen, promised in walks:
        until = datetime.fromisoformat(promised)
        assert seen == [each for each in stored if datetime.fromisoformat(stored[each]) <= until]
    assert walks
