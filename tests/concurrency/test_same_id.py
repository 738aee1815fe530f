"""A statement is stored exactly once, whoever sends it at the same time (design truth 1)."""

import asyncio
from collections import Counter
from uuid import uuid4

import httpx

from builders import a_statement, verb


async def test_one_of_many_contents_for_an_id_wins(client: httpx.AsyncClient) -> None:
    identifier = str(uuid4())
    contents = [a_statement(id=identifier, verb=verb(f"verb-{n % 2}")) for n in range(100)]

    answers = await asyncio.gather(
        *(client.post("/statements", json=content) for content in contents)
    )

    kept = (await client.get("/statements", params={"statementId": identifier})).json()
    won = [content["verb"] == kept["verb"] for content in contents]
    assert [answer.status_code for answer in answers] == [200 if each else 409 for each in won]
    stored = [int(a.headers["X-LRS-Stored"]) for a in answers if a.status_code == 200]
    assert Counter(stored) == {1: 1, 0: 49}


async def test_batches_that_overlap_in_opposite_orders_do_not_block_each_other(
    client: httpx.AsyncClient,
) -> None:
    batch = [a_statement(id=str(uuid4()), verb=verb(f"verb-{n}")) for n in range(200)]

    answers = await asyncio.gather(
        *(client.post("/statements", json=batch[:: 1 if n % 2 else -1]) for n in range(8))
    )

    assert [answer.status_code for answer in answers] == [200] * 8
    assert sum(int(answer.headers["X-LRS-Stored"]) for answer in answers) == 200


async def test_a_conflict_leaves_nothing_of_its_batch_while_others_store(
    client: httpx.AsyncClient,
) -> None:
    taken = a_statement(id=str(uuid4()))
    await client.post("/statements", json=taken)
    batches = [[a_statement(id=str(uuid4())), taken | {"verb": verb("other")}] for _ in range(10)]

    refused, stored = await asyncio.gather(
        asyncio.gather(*(client.post("/statements", json=batch) for batch in batches)),
        asyncio.gather(*(client.post("/statements", json=a_statement()) for _ in range(10))),
    )

    assert {answer.status_code for answer in refused} == {409}
    assert {answer.status_code for answer in stored} == {200}
    listed = (await client.get("/statements", params={"limit": 100})).json()["statements"]
    assert len(listed) == 11
