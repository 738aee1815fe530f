"""A store with a quota takes so much and no more, and what it has answered stays."""

import asyncio
import hashlib
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from builders import Json, a_statement
from conftest import client_of, make_tenant, revoke, serving
from lrs.services.usage import UsageService
from lrs.storage.engines import Database
from multipart_requests import Part, multipart
from set_stores import make_set_tenant, with_settings
from statement_resource import listed, new_id, post, put

STORES = "http://lrs.test/api/v1/stores"
LARGE = 9 * 1024 * 1024


async def usage(client: httpx.AsyncClient) -> tuple[int, int]:
    """Return how many statements the store holds, and bytes."""
    answer = await client.get(f"{STORES}/{client.headers['x-own-store']}")
    assert answer.status_code == 200, answer.text
    held = answer.json()["usage"]
    return held["statements"], held["bytes"]


async def text_bytes(client: httpx.AsyncClient) -> int:
    """Return the bytes of all statements as they are answered one by one."""
    sizes = []
    for identifier in await listed(client):
        answer = await client.get("/statements", params={"statementId": identifier})
        sizes.append(len(answer.content))
    return sum(sizes)


def proof(data: bytes) -> Json:
    return {
        "usageType": "http://example.org/attachments/proof",
        "display": {"en": "Proof"},
        "contentType": "application/octet-stream",
        "length": len(data),
        "sha2": hashlib.sha256(data).hexdigest(),
    }


async def send(client: httpx.AsyncClient, data: bytes, **properties: Any) -> httpx.Response:
    """Send a statement with data."""
    statement = a_statement(attachments=[proof(data)], **properties)
    body, headers = multipart(statement, Part(data))
    return await client.post("/statements", content=body, headers=headers)


async def test_one_statement_more_than_allowed_is_refused_and_says_why(
    app: FastAPI, database: Database
) -> None:
    async with with_settings(app, database, max_statements=3) as client:
        ids = await post(client, a_statement(), a_statement())
        answer = await client.post("/statements", json=[a_statement(), a_statement()])
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:lrs:error:quota-exceeded")
        assert "may hold 3 statements" in answer.json()["detail"]
        assert sorted(await listed(client)) == sorted(ids)
        ids += await post(client, a_statement())
        assert (await put(client, new_id(), a_statement())).status_code == 403
        assert sorted(await listed(client)) == sorted(ids)
        assert (await usage(client))[0] == 3


async def test_what_was_answered_can_be_sent_again_to_a_full_store(
    app: FastAPI, database: Database
) -> None:
    sent = [a_statement(id=new_id()), a_statement(id=new_id())]
    async with with_settings(app, database, max_statements=2) as client:
        await post(client, *sent)
        await post(client, *sent)
        answer = await put(client, sent[0]["id"], sent[0])
        assert answer.status_code == 204
        other = sent[0] | {"verb": {"id": "http://example.org/other"}}
        assert (await put(client, sent[0]["id"], other)).status_code == 409
        assert (await client.post("/statements", json=[sent[0], a_statement()])).status_code == 403
        assert await usage(client) == (2, await text_bytes(client))


async def test_of_many_at_once_as_many_are_kept_as_there_is_room_for(
    app: FastAPI, database: Database
) -> None:
    async with with_settings(app, database, max_statements=10) as client:
        sent = [a_statement(id=new_id()) for _ in range(30)]
        answers = await asyncio.gather(*(client.post("/statements", json=it) for it in sent))
        kept = [
            each["id"]
            for each, answer in zip(sent, answers, strict=True)
            if answer.status_code == 200
        ]
        assert {answer.status_code for answer in answers} == {200, 403}
        assert len(kept) == 10
        assert sorted(await listed(client)) == sorted(kept)


async def test_bytes_are_those_of_texts_and_attachments(app: FastAPI, database: Database) -> None:
    async with with_settings(app, database, max_bytes=20_000) as client:
        await post(client, a_statement(), a_statement(timestamp="2026-01-02T03:04:05Z"))
        assert await usage(client) == (2, await text_bytes(client))
        assert (await send(client, b"x" * 10_000)).status_code == 200
        assert await usage(client) == (3, await text_bytes(client) + 10_000)

        answer = await send(client, b"y" * 10_000)
        assert answer.status_code == 403
        assert "may hold 20000 bytes" in answer.json()["detail"]
        # Data that are there need no room of their own.
        assert (await send(client, b"x" * 10_000)).status_code == 200
        assert await usage(client) == (4, await text_bytes(client) + 10_000)


async def test_data_of_a_statement_that_was_not_kept_do_not_count(
    app: FastAPI, database: Database
) -> None:
    statement = a_statement(id=new_id())
    async with with_settings(app, database) as client:
        assert (await send(client, b"one", **statement)).status_code == 200
        before = await usage(client)
        assert (await send(client, b"two", **statement)).status_code == 409
        again = a_statement(attachments=[proof(b"one")], **statement)
        body, headers = multipart(again, Part(b"one"))
        answer = await client.post("/statements", content=body, headers=headers)
        assert answer.status_code == 200
        assert await usage(client) == before


async def test_texts_of_a_large_batch_count(database_url: str, database: Database) -> None:
    tenant = await make_tenant(database)
    sent = [a_statement(result={"response": "x" * (LARGE // 3)}) for _ in range(3)]
    async with serving(database_url, tenant) as client:
        client.headers["x-own-store"] = tenant.principal.store_name
        await post(client, *sent)
        assert await usage(client) == (3, await text_bytes(client))
    await revoke(database, tenant)


async def test_what_a_conflict_undoes_does_not_count(app: FastAPI, database: Database) -> None:
    taken = new_id()
    async with with_settings(app, database, max_statements=3) as client:
        await post(client, a_statement(id=taken))
        for _ in range(5):
            batch = [a_statement(), a_statement(id=taken, verb={"id": "http://example.org/x"})]
            assert (await client.post("/statements", json=batch)).status_code == 409
        await post(client, a_statement(), a_statement())
        assert (await usage(client))[0] == 3


async def test_a_store_that_may_hold_nothing_is_still_read(
    app: FastAPI, database: Database
) -> None:
    async with with_settings(app, database, max_statements=0) as client:
        assert (await client.post("/statements", json=a_statement())).status_code == 403
        assert await listed(client) == []
        assert (await client.post("/statements", json=[])).status_code == 200


async def test_more_room_is_known_within_a_second(
    app: FastAPI, database: Database, client: httpx.AsyncClient
) -> None:
    async with with_settings(app, database, max_statements=1) as full:
        await post(full, a_statement())
        assert (await full.post("/statements", json=a_statement())).status_code == 403
        address = f"{STORES}/{full.headers['x-own-store']}"
        answer = await client.patch(address, json={"settings": {"max_statements": 2}})
        assert answer.status_code == 200
        end = asyncio.get_running_loop().time() + 1
        while (await full.post("/statements", json=a_statement())).status_code != 200:
            assert asyncio.get_running_loop().time() < end
            await asyncio.sleep(0.02)


async def test_what_another_process_stores_counts_within_a_second(
    app: FastAPI, database: Database, database_url: str
) -> None:
    tenant = await make_set_tenant(database, max_statements=20)
    async with client_of(app, tenant) as one, serving(database_url, tenant) as other:
        await post(one, a_statement())
        await post(other, *(a_statement() for _ in range(19)))
        end = asyncio.get_running_loop().time() + 1
        while (await one.post("/statements", json=a_statement())).status_code != 403:
            assert asyncio.get_running_loop().time() < end
        assert len(await listed(one)) >= 20
    await revoke(database, tenant)


@pytest.mark.parametrize("rounds", [1, 4])
async def test_adding_up_changes_no_sum(app: FastAPI, database: Database, rounds: int) -> None:
    async with with_settings(app, database) as client:
        for number in range(rounds):
            await post(client, a_statement())
            await UsageService(database).add_up()
            assert await usage(client) == (number + 1, await text_bytes(client))
