"""What is over a limit is 413, and nothing of it is stored (Comm. 3.2)."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from builders import Json, a_statement
from conftest import Tenant, serving
from statement_resource import JSON_BODY, listed, new_id, post, put

BODY, STATEMENT, BATCH = 8192, 2048, 5


@pytest.fixture
async def narrow(database_url: str, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an LRS with narrow limits."""
    limits = {"max_body_bytes": BODY, "max_statement_bytes": STATEMENT, "max_batch": BATCH}
    async with serving(database_url, tenant, **limits) as client:
        yield client


def of_size(size: int, **properties: object) -> bytes:
    """Write a statement of so many bytes."""
    statement: Json = a_statement(result={"response": ""}, **properties)
    missing = size - len(json.dumps(statement))
    statement["result"]["response"] = "x" * missing
    return json.dumps(statement).encode()


async def post_body(client: httpx.AsyncClient, body: bytes) -> int:
    answer = await client.post("/statements", content=body, headers=JSON_BODY)
    return answer.status_code


async def assert_refused(client: httpx.AsyncClient, answer: httpx.Response) -> None:
    """Expect 413 with a reason, an empty store, and that the next request works."""
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:lrs:error:too-large"
    assert await listed(client) == []
    ids = await post(client, a_statement())
    assert await listed(client) == ids


async def test_a_statement_up_to_the_limit_is_taken(narrow: httpx.AsyncClient) -> None:
    assert await post_body(narrow, of_size(STATEMENT)) == 200


@pytest.mark.requirement("XAPI-00328")
async def test_a_statement_over_the_limit_is_refused(narrow: httpx.AsyncClient) -> None:
    body = of_size(STATEMENT + 1)
    answer = await narrow.post("/statements", content=body, headers=JSON_BODY)
    await assert_refused(narrow, answer)


async def test_one_statement_over_the_limit_refuses_its_batch(narrow: httpx.AsyncClient) -> None:
    body = b"[" + of_size(500) + b"," + of_size(STATEMENT + 1) + b"]"
    answer = await narrow.post("/statements", content=body, headers=JSON_BODY)
    await assert_refused(narrow, answer)


async def test_a_statement_that_is_put_has_the_same_limit(narrow: httpx.AsyncClient) -> None:
    assert (await put(narrow, new_id(), json.loads(of_size(STATEMENT - 200)))).status_code == 204
    body = of_size(STATEMENT + 1)
    answer = await narrow.put(
        "/statements", params={"statementId": new_id()}, content=body, headers=JSON_BODY
    )
    assert answer.status_code == 413
    assert len(await listed(narrow)) == 1


async def test_a_batch_up_to_the_limit_is_taken(narrow: httpx.AsyncClient) -> None:
    assert len(await post(narrow, *(a_statement() for _ in range(BATCH)))) == BATCH


async def test_a_batch_over_the_limit_is_refused(narrow: httpx.AsyncClient) -> None:
    answer = await narrow.post("/statements", json=[a_statement() for _ in range(BATCH + 1)])
    await assert_refused(narrow, answer)


def of_body_size(size: int) -> bytes:
    statements = [of_size(STATEMENT - 100) for _ in range(4)]
    body = b"[" + b",".join(statements) + b"]"
    return body + b" " * (size - len(body))


async def test_a_body_up_to_the_limit_is_taken(narrow: httpx.AsyncClient) -> None:
    assert await post_body(narrow, of_body_size(BODY)) == 200


@pytest.mark.requirement("XAPI-00328")
async def test_a_body_over_the_limit_is_refused(narrow: httpx.AsyncClient) -> None:
    answer = await narrow.post("/statements", content=of_body_size(BODY + 1), headers=JSON_BODY)
    await assert_refused(narrow, answer)


async def test_a_body_of_unknown_length_over_the_limit_is_not_read_to_its_end(
    narrow: httpx.AsyncClient,
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b"["
        for _ in range(1000):
            sent += 1
            yield of_size(500) + b","

    # The transport of the tests reads a body piece by piece, as it is asked for.
    answer = await narrow.post("/statements", content=endless(), headers=JSON_BODY)
    await assert_refused(narrow, answer)
    assert sent < 100


async def test_a_body_that_announces_too_much_is_refused_unread(narrow: httpx.AsyncClient) -> None:
    sent = 0

    async def announced() -> AsyncIterator[bytes]:
        nonlocal sent
        sent += 1
        yield b"[]"

    headers = {**JSON_BODY, "Content-Length": str(10**12)}
    answer = await narrow.post("/statements", content=announced(), headers=headers)
    await assert_refused(narrow, answer)
    assert sent == 0


@pytest.mark.parametrize("announced", ["-1", "abc", "1.5", "9" * 5000])
async def test_a_strange_content_length_is_no_failure(
    narrow: httpx.AsyncClient, announced: str
) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"[]"

    headers = {**JSON_BODY, "Content-Length": announced}
    answer = await narrow.post("/statements", content=body(), headers=headers)
    assert answer.status_code == (413 if announced.isdecimal() else 200)


async def test_the_usual_limits_take_a_large_statement(client: httpx.AsyncClient) -> None:
    assert await post_body(client, of_size(1_900_000)) == 200
