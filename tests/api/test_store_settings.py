"""What a store sets for itself holds for its own requests, and for no other's."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from builders import Json, a_statement
from lrs.storage.engines import Database
from multipart_requests import Part, multipart
from set_stores import with_settings
from statement_resource import VERSION_2, listed, new_id, page, post, post_text, put

# The app of the tests takes two million bytes, and pages of 25 where no limit is given.


async def test_the_version_that_is_told(
    app: FastAPI, database: Database, client: httpx.AsyncClient
) -> None:
    unserved = {"X-Experience-API-Version": "9.9"}
    async with with_settings(app, database, default_version="2.0.0") as own:
        answer = await own.get("/statements", headers=unserved)
        assert answer.status_code == 400
        assert answer.headers["X-Experience-API-Version"] == "2.0.0"
        answer = await own.get("/statements")
        assert answer.headers["X-Experience-API-Version"] == "1.0.3"
    answer = await client.get("/statements", headers=unserved)
    assert answer.headers["X-Experience-API-Version"] == "1.0.3"


async def test_pages(app: FastAPI, database: Database, client: httpx.AsyncClient) -> None:
    batch = [a_statement() for _ in range(9)]
    async with with_settings(app, database, page_size=2, max_page_size=4) as own:
        ids = await post(own, *batch)
        assert len((await page(own))["statements"]) == 2
        assert len((await page(own, limit=3))["statements"]) == 3
        assert len((await page(own, limit=9))["statements"]) == 4
        assert len((await page(own, limit=0))["statements"]) == 2
        assert sorted(await listed(own, limit=9)) == sorted(ids)
    await post(client, *batch)
    assert len((await page(client))["statements"]) == 9


async def test_the_batch(app: FastAPI, database: Database, client: httpx.AsyncClient) -> None:
    batch = [a_statement() for _ in range(4)]
    async with with_settings(app, database, max_batch=3) as own:
        answer = await own.post("/statements", json=batch)
        assert (answer.status_code, await listed(own)) == (413, [])
        assert "a batch may hold 3 statements" in answer.json()["detail"]
        assert len(await post(own, *batch[:3])) == 3
    assert len(await post(client, *batch)) == 4


async def test_the_statement(app: FastAPI, database: Database, client: httpx.AsyncClient) -> None:
    large = a_statement(result={"response": "x" * 2_000})
    async with with_settings(app, database, max_statement_bytes=1024) as own:
        assert (await own.post("/statements", json=large)).status_code == 413
        assert (await put(own, new_id(), large)).status_code == 413
        await post(own, a_statement())
    await post(client, large)


def nested(levels: int) -> Json:
    """A statement of so many levels, itself being the first."""
    value: object = 1
    for _ in range(levels - 3):
        value = [value]
    return a_statement(result={"extensions": {"http://example.org/deep": value}})


async def test_the_nesting(app: FastAPI, database: Database, client: httpx.AsyncClient) -> None:
    async with with_settings(app, database, max_nesting=8) as own:
        await post(own, nested(8))
        answer = await own.post("/statements", json=[a_statement(), nested(9)])
        assert answer.status_code == 400
        (violation,) = answer.json()["violations"]
        assert violation["path"] == "statements[1]"
        assert "deeper than 8 levels" in violation["message"]
        assert (await post_text(own, "[[[[[[[[[")).status_code == 400
    await post(client, nested(9))


async def test_the_body(app: FastAPI, database: Database, client: httpx.AsyncClient) -> None:
    large = a_statement(result={"response": "x" * 3_000})
    one = {"activityId": "http://example.org/a", "profileId": new_id()}
    document, new = b"x" * 3_000, {"If-None-Match": "*"}
    async with with_settings(app, database, max_body_bytes=2048) as own:
        assert (await own.post("/statements", json=large)).status_code == 413
        answer = await own.put("/activities/profile", params=one, content=document, headers=new)
        assert answer.status_code == 413
        answer = await own.post("/statements?method=POST", content=as_form(own, large))
        assert answer.status_code == 413
    await post(client, large)
    answer = await client.put("/activities/profile", params=one, content=document, headers=new)
    assert answer.status_code == 204


def as_form(client: httpx.AsyncClient, statement: Json) -> str:
    """Write a request in the alternate syntax."""
    version = client.headers["X-Experience-API-Version"]
    content = str(statement).replace("'", '"')
    return str(httpx.QueryParams({"X-Experience-API-Version": version, "content": content}))


async def test_the_body_with_attachments(app: FastAPI, database: Database) -> None:
    data = b"x" * 3_000
    proof = {
        "usageType": "http://example.org/attachments/proof",
        "display": {"en": "Proof"},
        "contentType": "application/octet-stream",
        "length": len(data),
        "sha2": hashlib.sha256(data).hexdigest(),
    }
    body, headers = multipart(a_statement(attachments=[proof]), Part(data))
    for most, status in ((2048, 413), (8192, 200)):
        async with with_settings(app, database, max_body_bytes=most) as own:
            answer = await own.post("/statements", content=body, headers=headers)
            assert answer.status_code == status, answer.text


async def test_documents_that_are_merged(app: FastAPI, database: Database) -> None:
    one = {"activityId": "http://example.org/a", "profileId": "one"}
    async with with_settings(app, database, max_body_bytes=1024) as own:
        for name, status in (("first", 204), ("second", 413)):
            part = {name: "x" * 700}
            answer = await own.post("/activities/profile", params=one, json=part)
            assert answer.status_code == status, answer.text


async def test_a_slow_body(app: FastAPI, database: Database) -> None:
    async def pausing() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.sleep(5)
        yield b"]"

    headers = {"Content-Type": "application/json"}
    async with with_settings(app, database, body_timeout=1) as own:
        answer = await own.post("/statements", content=pausing(), headers=headers)
        assert answer.status_code == 408


async def test_a_slow_query(app: FastAPI, database: Database, client: httpx.AsyncClient) -> None:
    async with with_settings(app, database, query_timeout=1) as own:
        await post(own, a_statement())
        await post(client, a_statement())
        async with database.writing() as connection:
            # Lists read this table; so they wait until this transaction ends.
            await connection.execute(text("LOCK statement_payloads IN ACCESS EXCLUSIVE MODE"))
            other = asyncio.create_task(client.get("/statements"))
            answer = await own.get("/statements")
            assert answer.status_code == 503
            assert "takes longer than the 1 s of the store" in answer.json()["detail"]
            assert not other.done()
        assert (await other).status_code == 200
        assert (await own.get("/statements")).status_code == 200


@pytest.mark.parametrize("name", ["max_batch", "max_statement_bytes", "max_body_bytes"])
async def test_what_is_over_a_lowered_limit_of_the_service_gives_no_more_than_that(
    app: FastAPI, database: Database, name: str
) -> None:
    sent = [a_statement(result={"response": "x" * 2_100_000})]
    async with with_settings(app, database, **{name: 10**9}) as own:
        assert (await own.post("/statements", json=sent, headers=VERSION_2)).status_code == 413
