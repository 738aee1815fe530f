"""Asks the Statement Resource, for tests of what it answers."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx

from builders import Json

JSON_BODY = {"Content-Type": "application/json"}
# An id that no statement has.
UNUSED_ID = "00000000-0000-4000-8000-000000000000"
VERSION_2 = {"X-Experience-API-Version": "2.0.0"}


def new_id() -> str:
    return str(uuid4())


async def post(client: httpx.AsyncClient, *statements: Json, **headers: str) -> list[str]:
    """Store one statement, or several as one batch, and return their ids."""
    body = statements[0] if len(statements) == 1 else list(statements)
    answer = await client.post("/statements", json=body, headers=_named(headers))
    assert answer.status_code == 200, answer.text
    ids: list[str] = answer.json()
    assert len(ids) == len(statements)
    return ids


async def post_text(client: httpx.AsyncClient, body: str | bytes) -> httpx.Response:
    """Post a body exactly as it is written."""
    return await client.post("/statements", content=body, headers=JSON_BODY)


async def put(client: httpx.AsyncClient, identifier: str, statement: Json) -> httpx.Response:
    return await client.put("/statements", params={"statementId": identifier}, json=statement)


async def get(client: httpx.AsyncClient, identifier: str) -> httpx.Response:
    return await client.get("/statements", params={"statementId": identifier})


async def stored(client: httpx.AsyncClient, identifier: str) -> Json:
    """Return a statement that is there."""
    answer = await get(client, identifier)
    assert answer.status_code == 200, answer.text
    statement: Json = answer.json()
    return statement


async def exists(client: httpx.AsyncClient, identifier: str) -> bool:
    """Tell whether a statement is there and not voided."""
    status = (await get(client, identifier)).status_code
    assert status in {200, 404}
    return status == 200


async def page(client: httpx.AsyncClient, **parameters: Any) -> Json:
    """Return a StatementResult."""
    answer = await client.get("/statements", params=parameters)
    assert answer.status_code == 200, answer.text
    result: Json = answer.json()
    assert set(result) == {"statements", "more"}
    return result


async def following(client: httpx.AsyncClient, more: str, **headers: str) -> Json:
    """Return the page that a `more` link leads to."""
    answer = await client.get(str(client.base_url.join(more)), headers=_named(headers))
    assert answer.status_code == 200, answer.text
    result: Json = answer.json()
    return result


async def pages(client: httpx.AsyncClient, **parameters: Any) -> AsyncIterator[list[str]]:
    """Walk all pages, and give the ids on each."""
    result = await page(client, **parameters)
    yield ids_on(result)
    while result["more"]:
        result = await following(client, result["more"])
        yield ids_on(result)


async def listed(client: httpx.AsyncClient, **parameters: Any) -> list[str]:
    """Return the ids of all pages, in their order."""
    return [each async for ids in pages(client, **parameters) for each in ids]


def ids_on(result: Json) -> list[str]:
    return [statement["id"] for statement in result["statements"]]


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
