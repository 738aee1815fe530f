"""`X-Experience-API-Consistent-Through` on every answer of the resource (Comm. 2.1.3)."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

from builders import a_statement, voiding
from conftest import settings_for
from lrs.main import build_app
from statement_resource import UNUSED_ID, get, new_id, page, post, put

HEADER = "X-Experience-API-Consistent-Through"


def through(answer: httpx.Response) -> datetime:
    """Return the moment, which must be there once, in ISO 8601 and in UTC."""
    (value,) = answer.headers.get_list(HEADER)
    moment = datetime.fromisoformat(value)
    assert moment.utcoffset() == timedelta(0)
    return moment


def assert_recent(answer: httpx.Response) -> None:
    assert timedelta(0) <= datetime.now(UTC) - through(answer) < timedelta(seconds=10)


@pytest.mark.requirement("XAPI-00153", "XAPI-00160")
@pytest.mark.parametrize(
    ("method", "query", "status"),
    [
        ("GET", "", 200),
        ("HEAD", "", 200),
        ("GET", "?LIMIT=1", 400),
        ("GET", "?since=yesterday", 400),
        ("GET", "?more=rubbish", 400),
        ("GET", f"?statementId={UNUSED_ID}", 404),
        ("POST", "", 400),
        ("PUT", "", 400),
        ("PUT", f"?statementId={UNUSED_ID}", 400),
        ("DELETE", "", 405),
    ],
)
async def test_every_answer_tells_it(
    client: httpx.AsyncClient, method: str, query: str, status: int
) -> None:
    answer = await client.request(method, "/statements" + query)
    assert answer.status_code == status
    assert_recent(answer)


@pytest.mark.requirement("XAPI-00153")
async def test_writes_and_single_statements_tell_it(client: httpx.AsyncClient) -> None:
    identifier = new_id()
    written = await put(client, identifier, a_statement())
    posted = await client.post("/statements", json=[a_statement()])
    conflict = await put(client, identifier, voiding(new_id()))
    one = await get(client, identifier)
    answers = [written, posted, conflict, one]
    assert [answer.status_code for answer in answers] == [204, 200, 409, 200]
    for answer in answers:
        assert_recent(answer)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic Og=="}], ids=["none", "empty"])
async def test_a_refusal_of_credentials_tells_it(
    anonymous: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await anonymous.get("/statements", headers=headers)
    assert answer.status_code == 401
    assert_recent(answer)


async def test_a_refusal_of_the_version_tells_it(client: httpx.AsyncClient) -> None:
    answer = await client.get("/statements", headers={"X-Experience-API-Version": "0.9"})
    assert answer.status_code == 400
    assert_recent(answer)


@pytest.mark.parametrize("path", ["/statements/", "//statements", "statements"])
async def test_other_spellings_of_the_path_tell_it(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get("http://lrs.test/xapi" + path)
    assert answer.status_code == 200
    assert_recent(answer)


async def test_other_resources_need_not_tell_it(client: httpx.AsyncClient) -> None:
    assert HEADER not in (await client.get("/about")).headers


@pytest.mark.requirement("XAPI-00152")
@pytest.mark.parametrize("ascending", ["true", "false"])
async def test_a_list_is_consistent_through_all_that_it_shows(
    client: httpx.AsyncClient, ascending: str
) -> None:
    for _ in range(3):
        await post(client, a_statement(), a_statement())
        answer = await client.get("/statements", params={"ascending": ascending})
        moments = [datetime.fromisoformat(each["stored"]) for each in answer.json()["statements"]]
        assert max(moments) <= through(answer) <= datetime.now(UTC)


async def test_an_idle_store_is_consistent_through_now(client: httpx.AsyncClient) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    assert through(await client.get("/statements")) >= before


async def test_nothing_before_it_is_stored_later(client: httpx.AsyncClient) -> None:
    promised = through(await client.get("/statements"))
    (identifier,) = await post(client, a_statement())
    stored = (await get(client, identifier)).json()["stored"]
    assert datetime.fromisoformat(stored) > promised


async def test_later_pages_of_the_newest_first_promise_no_more_than_the_first(
    client: httpx.AsyncClient,
) -> None:
    await post(client, a_statement(), a_statement())
    first = await client.get("/statements", params={"limit": 1})
    await post(client, a_statement())
    second = await client.get("http://lrs.test" + first.json()["more"])
    assert through(second) == through(first)


async def test_later_pages_of_the_oldest_first_promise_what_they_show(
    client: httpx.AsyncClient,
) -> None:
    await post(client, a_statement(), a_statement(), a_statement())
    more = (await page(client, limit=2, ascending="true"))["more"]
    (new,) = await post(client, a_statement())
    second = await client.get("http://lrs.test" + more)
    last = second.json()["statements"][-1]
    assert last["id"] == new
    assert datetime.fromisoformat(last["stored"]) <= through(second)


async def test_the_first_requests_of_a_process_all_tell_it(database_url: str) -> None:
    app = build_app(settings_for(database_url))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client,
    ):
        url = "http://lrs.test/xapi/statements"
        answers = await asyncio.gather(*(client.get(url) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [401] * 8
    assert [HEADER in answer.headers for answer in answers] == [True] * 8


async def test_an_unexpected_failure_tells_it(failing: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(failing)) as client:
        answer = await client.patch("http://lrs.test/xapi/statements")
    assert answer.status_code == 500
    assert_recent(answer)
