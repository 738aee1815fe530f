"""Who follows `more` while others write gets the whole answer, and nothing twice."""

import asyncio
import json
import random
from typing import Any

import httpx
import pytest

from builders import Json, a_statement, activity, agent, referring
from statement_resource import listed, post

WRITERS = 6
BATCHES = 12
# What all that is written here has, in a place of its own for each way to ask.
SHARED: Json = {
    "context": {
        "instructor": agent("teacher"),
        "contextActivities": {"parent": activity("course")},
    }
}
ASKED: dict[str, Json] = {
    "no filter": {},
    "related agent": {"agent": json.dumps(agent("teacher")), "related_agents": "true"},
    "related activity": {"activity": activity("course")["id"], "related_activities": "true"},
}
each_filter = pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED.keys())


async def write(client: httpx.AsyncClient, seed: int) -> None:
    """Post batches, some of which refer to what was there before or is in the same batch."""
    chance = random.Random(seed)
    written: list[str] = []
    for _ in range(BATCHES):
        batch = [a_statement(**SHARED) for _ in range(chance.choice((1, 2, 7)))]
        if written:
            batch.append(referring(chance.choice(written), **SHARED))
        written += await post(client, *batch)


async def walk(client: httpx.AsyncClient, **parameters: Any) -> tuple[list[str], list[str]]:
    """Follow `more` to the end; return the ids, and what each page was consistent through."""
    seen: list[str] = []
    promised: list[str] = []
    answer = await client.get("/statements", params=parameters)
    while True:
        result = answer.json()
        seen += [statement["id"] for statement in result["statements"]]
        promised.append(answer.headers["X-Experience-API-Consistent-Through"])
        if not result["more"]:
            return seen, promised
        answer = await client.get(str(client.base_url.join(result["more"])))


async def walked_while_others_write(
    client: httpx.AsyncClient, asked: Json, ascending: str
) -> list[tuple[list[str], list[str]]]:
    """Walk again and again until the writers are done."""
    writing = asyncio.gather(*(write(client, seed) for seed in range(WRITERS)))
    walks = []
    while not writing.done():
        walks.append(await walk(client, **asked, ascending=ascending, limit=5))
    await writing
    return walks


@each_filter
async def test_the_newest_first_are_all_that_there_was_on_the_first_page(
    client: httpx.AsyncClient, asked: Json
) -> None:
    before = await post(client, *(a_statement(**SHARED) for _ in range(23)))
    walks = await walked_while_others_write(client, asked, "false")
    for seen, promised in walks:
        assert seen == await listed(client, **asked, until=promised[0], limit=1000)
        assert seen[-len(before) :] == before[::-1]


@each_filter
async def test_the_oldest_first_are_all_that_there_was_on_the_last_page(
    client: httpx.AsyncClient, asked: Json
) -> None:
    await post(client, *(a_statement(**SHARED) for _ in range(23)))
    walks = await walked_while_others_write(client, asked, "true")
    for seen, promised in walks:
        until = {"until": promised[-1], "ascending": "true", "limit": 1000}
        assert seen == await listed(client, **asked, **until)


async def test_walkers_in_both_directions_meet_the_same_statements(
    client: httpx.AsyncClient,
) -> None:
    await post(client, *(a_statement(**SHARED) for _ in range(40)))
    writing = asyncio.gather(*(write(client, seed) for seed in range(WRITERS)))
    down, up = await asyncio.gather(
        walk(client, ascending="false", limit=3), walk(client, ascending="true", limit=3)
    )
    await writing
    everything = await listed(client, ascending="true", limit=1000)
    assert min(len(down[0]), len(up[0])) >= 40
    assert up[0] == everything[: len(up[0])]
    assert down[0][::-1] == everything[: len(down[0])]
