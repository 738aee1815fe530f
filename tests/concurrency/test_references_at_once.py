"""References and voiding hold when both ends arrive at the same moment (design truth 5)."""

import asyncio
import itertools
from uuid import uuid4

import httpx

from builders import a_statement, reference, verb, voiding

ROUNDS = 30


async def _ids(client: httpx.AsyncClient, **filters: str) -> set[str]:
    answer = await client.get("/statements", params={"limit": "1000", **filters})
    return {statement["id"] for statement in answer.json()["statements"]}


async def test_a_referrer_and_its_target_at_once_are_both_found(
    client: httpx.AsyncClient,
) -> None:
    pairs = [(str(uuid4()), str(uuid4())) for _ in range(ROUNDS)]

    async def send(target: str, referrer: str) -> None:
        first = client.post("/statements", json=a_statement(id=target, verb=verb("read")))
        second = client.post("/statements", json=a_statement(id=referrer, object=reference(target)))
        await asyncio.gather(first, second)

    await asyncio.gather(*(send(*pair) for pair in pairs))

    assert await _ids(client, verb=verb("read")["id"]) == set(itertools.chain(*pairs))


async def test_a_voiding_and_its_target_at_once_leave_the_target_voided(
    client: httpx.AsyncClient,
) -> None:
    targets = [str(uuid4()) for _ in range(ROUNDS)]
    sent = [a_statement(id=target) for target in targets] + [voiding(each) for each in targets]

    answers = await asyncio.gather(*(client.post("/statements", json=each) for each in sent))

    assert {answer.status_code for answer in answers} == {200}
    assert len(await _ids(client)) == ROUNDS
    for target in targets:
        answer = await client.get("/statements", params={"voidedStatementId": target})
        assert answer.status_code == 200


async def test_the_links_of_a_chain_at_once_are_all_found_by_its_end(
    client: httpx.AsyncClient,
) -> None:
    chains = [[str(uuid4()) for _ in range(5)] for _ in range(10)]
    sent = [
        a_statement(id=link, object=reference(chain[place + 1]))
        if place < 4
        else a_statement(id=link, verb=verb("root"))
        for chain in chains
        for place, link in enumerate(chain)
    ]

    answers = await asyncio.gather(*(client.post("/statements", json=each) for each in sent))

    assert {answer.status_code for answer in answers} == {200}
    assert await _ids(client, verb=verb("root")["id"]) == set(itertools.chain(*chains))
