"""Lists and sums that take long: so many at once, none by one credential alone, others go on."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from conftest import Tenant, make_tenant, settings_for
from document_resources import STATES
from lrs.main import build_app
from lrs.storage.engines import DatabaseOptions, open_database
from lrs.storage.migrations import upgrade

SUMS = 2
SUM = {"measures": ["statements.count"], "dimensions": ["actor"]}
LISTS, LISTS_OF_ONE = 8, 6

Answering = Coroutine[Any, Any, httpx.Response]


@pytest.fixture
async def address(empty_database: str) -> str:
    await upgrade(empty_database)
    return empty_database


@pytest.fixture
async def tenants(address: str) -> list[Tenant]:
    database = await open_database(DatabaseOptions(address))
    made = [await make_tenant(database) for _ in range(3)]
    await database.close()
    return made


@pytest.fixture
async def app(address: str) -> AsyncIterator[FastAPI]:
    app = build_app(settings_for(address, max_sums=SUMS, max_lists=LISTS, query_wait=1))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def clients(app: FastAPI, tenants: list[Tenant]) -> list[httpx.AsyncClient]:
    return [
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://lrs.test/xapi",
            auth=each.auth,
            headers=each.headers,
        )
        for each in tenants
    ]


@asynccontextmanager
async def locked(address: str) -> AsyncIterator[None]:
    """Let no query that looks at statements come to its end within the block."""
    engine = create_async_engine(address, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text("LOCK TABLE statements IN ACCESS EXCLUSIVE MODE"))
        yield
    await engine.dispose()


def a_sum(client: httpx.AsyncClient) -> Answering:
    return client.post("http://lrs.test/api/v1/analytics/query", json=SUM)


def a_list(client: httpx.AsyncClient) -> Answering:
    return client.get("/statements")


async def first_refusal(*answering: Answering) -> tuple[httpx.Response, set[asyncio.Task[Any]]]:
    """Wait for the first answer, and return it with the tasks that still wait for theirs."""
    tasks = {asyncio.ensure_future(each) for each in answering}
    done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    assert len(done) == 1
    return await done.pop(), waiting


def assert_refused(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["type"] == f"urn:lrs:error:{code}"


async def test_sums_wait_for_their_turn_and_leave_one_to_others(
    clients: list[httpx.AsyncClient], address: str
) -> None:
    one, other, third = clients
    async with locked(address):
        refused, waiting = await first_refusal(a_sum(one), a_sum(one))
        assert_refused(refused, 429, "too-many-requests")
        refused, others_waiting = await first_refusal(a_sum(other), a_sum(third))
        assert_refused(refused, 503, "busy")
    answers = await asyncio.gather(*waiting, *others_waiting)
    assert [each.status_code for each in answers] == [200, 200]
    assert (await a_sum(third)).status_code == 200


async def test_a_sum_that_waited_gets_its_turn(
    clients: list[httpx.AsyncClient], address: str
) -> None:
    async with locked(address):
        tasks = [asyncio.ensure_future(a_sum(clients[0])) for _ in range(3 * SUMS)]
        await asyncio.sleep(0.1)
    answers = await asyncio.gather(*tasks)
    assert [each.status_code for each in answers] == [200] * len(tasks)


async def test_lists_of_one_credential_leave_places_to_others(
    clients: list[httpx.AsyncClient], address: str
) -> None:
    one, other, _ = clients
    async with locked(address):
        refused, waiting = await first_refusal(*(a_list(one) for _ in range(LISTS_OF_ONE + 1)))
        assert_refused(refused, 429, "too-many-requests")
        places_left = LISTS - LISTS_OF_ONE
        refused, others_waiting = await first_refusal(
            *(a_list(other) for _ in range(places_left + 1))
        )
        assert_refused(refused, 503, "busy")
    answers = await asyncio.gather(*waiting, *others_waiting)
    assert {each.status_code for each in answers} == {200}


async def test_documents_are_kept_while_all_lists_and_sums_wait(
    clients: list[httpx.AsyncClient], address: str
) -> None:
    one, other, _ = clients
    async with locked(address):
        waiting = [asyncio.ensure_future(a_list(each)) for each in (one, other) for _ in range(20)]
        waiting += [asyncio.ensure_future(a_sum(each)) for each in (one, other) for _ in range(20)]
        identifier = await STATES.stored(one, b"1")
        assert await STATES.content(one, identifier) == b"1"
    await asyncio.gather(*waiting)
