"""Who asks too often is told so, and when to come back (RFC 6585 4)."""

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from builders import a_statement
from conftest import Tenant, client_of, make_tenant, revoke, settings_for
from lrs.auth.store_settings import StoreSettings
from lrs.main import build_app
from lrs.services.rates import RatesService
from lrs.storage.engines import Database
from lrs.storage.stores import update_store
from lrs.xapi.leniencies import Mode
from statement_resource import JSON_BODY, UNUSED_ID, listed, new_id, put

START = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Limited:
    """An app with limits, a client of it, and the clock that it counts by."""

    def __init__(self, app: FastAPI, client: httpx.AsyncClient) -> None:
        self.app = app
        self.client = client
        self.clock = Clock()
        self.rates: RatesService = app.state.services.rates
        self.rates._tables.counts_of_principals._clock = self.clock
        self.rates._tables.counts_of_addresses._clock = self.clock

    def at(self, address: str, tenant: Tenant) -> httpx.AsyncClient:
        """A client somewhere else."""
        client = client_of(self.app, tenant)
        client._transport = httpx.ASGITransport(self.app, client=(address, 1))
        return client

    def going_on(self, tenant: Tenant) -> int:
        places = self.rates._tables.places_of_principals
        return places.taken(f"credential/{tenant.principal.key}")


Limiting = Callable[..., AbstractAsyncContextManager[Limited]]


@pytest.fixture
def limiting(database_url: str, tenant: Tenant) -> Limiting:
    @asynccontextmanager
    async def made(**settings: Any) -> AsyncIterator[Limited]:
        app = build_app(settings_for(database_url, **settings))
        async with app.router.lifespan_context(app), client_of(app, tenant) as client:
            yield Limited(app, client)

    return made


async def statuses(client: httpx.AsyncClient, times: int) -> list[int]:
    return [(await client.get("/activities/state", params=STATE)).status_code for _ in range(times)]


STATE = {
    "activityId": "http://example.org/a",
    "agent": '{"mbox":"mailto:ada@example.org"}',
    "stateId": "none",
}


async def refusal(client: httpx.AsyncClient) -> httpx.Response:
    """Return an answer that says 429, and check what all of them say."""
    answer = await client.get("/statements")
    assert answer.status_code == 429
    assert answer.json()["type"] == "urn:lrs:error:too-many-requests"
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["X-Experience-API-Version"] == "1.0.3"
    return answer


async def test_requests_beyond_the_limit_are_refused_and_later_let_in(limiting: Limiting) -> None:
    async with limiting(requests_per_second=3) as limited:
        assert await statuses(limited.client, 5) == [404, 404, 404, 429, 429]
        answer = await refusal(limited.client)
        assert "3 requests a second" in answer.json()["detail"]
        limited.clock.now += int(answer.headers["Retry-After"])
        assert (await statuses(limited.client, 1)) == [404]


async def test_retry_after_is_not_before_the_limit_resets(limiting: Limiting) -> None:
    async with limiting(statements_per_minute=2) as limited:
        batch = [a_statement(), a_statement()]
        assert (await limited.client.post("/statements", json=batch)).status_code == 200
        answer = await limited.client.post("/statements", json=batch)
        assert answer.status_code == 429
        reset = re.search(r'"statements";r=0;t=(\d+)', answer.headers["RateLimit"])
        assert reset
        assert int(answer.headers["Retry-After"]) >= int(reset[1]) > 0


async def test_each_credential_has_its_own_requests(limiting: Limiting, stranger: Tenant) -> None:
    async with limiting(requests_per_second=2) as limited:
        assert await statuses(limited.client, 3) == [404, 404, 429]
        async with client_of(limited.app, stranger) as other:
            assert await statuses(other, 3) == [404, 404, 429]


async def test_head_counts_and_options_does_not(limiting: Limiting) -> None:
    async with limiting(requests_per_second=2) as limited:
        for _ in range(5):
            assert (await limited.client.options("/statements")).status_code == 204
        assert (await limited.client.head("/about")).status_code == 200
        heads = [(await limited.client.head("/statements")).status_code for _ in range(3)]
        assert heads == [200, 200, 429]


async def test_requests_that_fail_count(limiting: Limiting) -> None:
    async with limiting(requests_per_second=2) as limited:
        wrong = {"statementId": "no uuid"}
        answers = [await limited.client.get("/statements", params=wrong) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [400, 400, 429]


async def test_what_is_left_is_said_on_every_answer(limiting: Limiting) -> None:
    limits = {"requests_per_second": 3, "statements_per_minute": 50, "requests_at_once": 7}
    async with limiting(**limits) as limited:
        policy = (
            '"requests";q=3;w=1, "statements";q=50;qu="statements";w=60, '
            '"requests-at-once";q=7;qu="concurrent-requests"'
        )
        answer = await limited.client.post("/statements", json=[a_statement(), a_statement()])
        assert answer.headers["RateLimit-Policy"] == policy
        assert answer.headers["RateLimit"] == (
            '"requests";r=2;t=2, "statements";r=48;t=61, "requests-at-once";r=6'
        )
        missing = await limited.client.get("/statements", params={"statementId": UNUSED_ID})
        assert missing.status_code == 404
        assert missing.headers["RateLimit"].startswith('"requests";r=1;')
        await limited.client.get("/statements")
        refused = await refusal(limited.client)
        assert refused.headers["RateLimit-Policy"] == policy
        assert refused.headers["RateLimit"].startswith('"requests";r=0;t=')


async def test_pages_of_other_origins_can_read_what_is_left(limiting: Limiting) -> None:
    async with limiting(requests_per_second=3) as limited:
        page = {"Origin": "https://content.example.org"}
        answer = await limited.client.get("/statements", headers=page)
        exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
        assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= set(exposed)


async def test_without_a_limit_nothing_is_said(client: httpx.AsyncClient) -> None:
    answer = await client.get("/statements")
    assert not [name for name in answer.headers if name.startswith("ratelimit")]


async def test_a_store_may_have_a_rate_of_its_own(
    limiting: Limiting, tenant: Tenant, stranger: Tenant, database: Database
) -> None:
    async with database.writing() as connection:
        own = StoreSettings(requests_per_second=1, statements_per_minute=5)
        await update_store(connection, tenant.principal.store, Mode.STRICT, own)
    async with limiting(requests_per_second=3) as limited:
        assert await statuses(limited.client, 2) == [404, 429]
        async with client_of(limited.app, stranger) as other:
            assert await statuses(other, 4) == [404, 404, 404, 429]
            answer = await refusal(limited.client)
            assert '"statements";q=5;' in answer.headers["RateLimit-Policy"]


async def test_a_credential_may_have_a_rate_of_its_own(
    limiting: Limiting, tenant: Tenant, database: Database
) -> None:
    store = tenant.principal.store_name
    quick = await make_tenant(database, store, rates={"requests_per_second": 5})
    async with limiting(requests_per_second=2) as limited, client_of(limited.app, quick) as client:
        assert await statuses(client, 6) == [404] * 5 + [429]
        assert await statuses(limited.client, 3) == [404, 404, 429]
    await revoke(database, quick)


async def test_a_batch_costs_as_many_as_it_has_and_is_refused_as_a_whole(
    limiting: Limiting,
) -> None:
    async with limiting(statements_per_minute=10) as limited:
        client = limited.client
        batch = [a_statement() for _ in range(6)]
        assert (await client.post("/statements", json=batch)).status_code == 200
        answer = await client.post("/statements", json=[a_statement() for _ in range(5)])
        assert answer.status_code == 429
        assert "10 statements a minute" in answer.json()["detail"]
        assert (await put(client, new_id(), a_statement())).status_code == 204
        assert len(await listed(client)) == 7
        limited.clock.now += 120
        assert (await client.post("/statements", json=batch)).status_code == 200


async def test_reading_costs_no_statements(limiting: Limiting) -> None:
    async with limiting(statements_per_minute=1) as limited:
        await limited.client.post("/statements", json=a_statement())
        assert (await put(limited.client, new_id(), a_statement())).status_code == 429
        assert await statuses(limited.client, 5) == [404] * 5


async def test_a_batch_that_can_never_pass_is_too_large(limiting: Limiting) -> None:
    async with limiting(statements_per_minute=3) as limited:
        answer = await limited.client.post("/statements", json=[a_statement() for _ in range(4)])
        assert answer.status_code == 413
        assert "smaller batches" in answer.json()["detail"]
        assert "Retry-After" not in answer.headers
        assert await listed(limited.client) == []


class Unfinished:
    """A request whose body does not end before it may."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._begun, self._may_end = asyncio.Event(), asyncio.Event()
        self._sending = asyncio.create_task(
            client.post("/statements", content=self._body(), headers=JSON_BODY)
        )

    async def _body(self) -> AsyncIterator[bytes]:
        yield b"["
        self._begun.set()
        await self._may_end.wait()
        yield b"]"

    async def begun(self) -> "Unfinished":
        await self._begun.wait()
        return self

    async def end(self) -> int:
        self._may_end.set()
        return (await self._sending).status_code

    async def abort(self) -> None:
        self._sending.cancel()
        await asyncio.gather(self._sending, return_exceptions=True)


async def test_requests_at_once_have_a_limit(limiting: Limiting, tenant: Tenant) -> None:
    async with limiting(requests_at_once=2) as limited:
        first, second = [await Unfinished(limited.client).begun() for _ in range(2)]
        answer = await refusal(limited.client)
        assert "2 requests" in answer.json()["detail"]
        assert '"requests-at-once";r=0' in answer.headers["RateLimit"]
        assert await first.end() == 200
        assert await statuses(limited.client, 3) == [404] * 3
        assert await second.end() == 200
        assert limited.going_on(tenant) == 0


async def test_a_request_that_is_aborted_is_over(limiting: Limiting, tenant: Tenant) -> None:
    async with limiting(requests_at_once=1) as limited:
        request = await Unfinished(limited.client).begun()
        assert limited.going_on(tenant) == 1
        await request.abort()
        assert limited.going_on(tenant) == 0
        assert await statuses(limited.client, 1) == [404]


async def test_a_request_that_fails_is_over(limiting: Limiting, tenant: Tenant) -> None:
    async with limiting(requests_at_once=1) as limited:

        async def fail() -> None:
            raise RuntimeError("the inside of the service")

        limited.rates.count_statements = fail  # type: ignore[method-assign,assignment] # it fails
        answer = await limited.client.post("/statements", json=a_statement())
        assert answer.status_code == 500
        assert limited.going_on(tenant) == 0


async def test_an_answer_goes_on_until_it_is_sent(limiting: Limiting, tenant: Tenant) -> None:
    async with limiting(requests_at_once=5) as limited:
        seen: list[tuple[str, int]] = []

        async def send(message: Any) -> None:
            seen.append((message["type"], limited.going_on(tenant)))

        async def receive() -> Any:
            await asyncio.Event().wait()  # the client stays

        await limited.app(scope_of(tenant, b"attachments=true"), receive, send)
        assert {kind for kind, _ in seen} == {"http.response.start", "http.response.body"}
        assert {count for _, count in seen} == {1}
        assert limited.going_on(tenant) == 0


def scope_of(tenant: Tenant, query: bytes) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/xapi/statements",
        "raw_path": b"/xapi/statements",
        "query_string": query,
        "headers": [
            (b"authorization", basic(*tenant.auth).encode()),
            (b"x-experience-api-version", b"1.0.3"),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("lrs.test", 80),
    }


def basic(key: str, secret: str) -> str:
    return "Basic " + b64encode(f"{key}:{secret}".encode()).decode()


async def test_an_address_has_a_limit_of_its_own(limiting: Limiting, tenant: Tenant) -> None:
    async with limiting(requests_per_second_per_address=2) as limited:
        assert (await limited.client.get("/about")).status_code == 200
        assert (await limited.client.options("/statements")).status_code == 204
        answer = await refusal(limited.client)
        assert "your address" in answer.json()["detail"]
        assert "RateLimit" not in answer.headers
        async with limited.at("192.0.2.8", tenant) as elsewhere:
            assert await statuses(elsewhere, 2) == [404, 404]
        limited.clock.now += 2
        assert await statuses(limited.client, 2) == [404, 404]


async def test_an_address_may_have_so_many_requests_at_once(
    limiting: Limiting, tenant: Tenant
) -> None:
    async with limiting(requests_at_once_per_address=1) as limited:
        request = await Unfinished(limited.client).begun()
        await refusal(limited.client)
        async with limited.at("192.0.2.8", tenant) as elsewhere:
            assert await statuses(elsewhere, 1) == [404]
        assert await request.end() == 200
        assert await statuses(limited.client, 2) == [404, 404]


def guesses(tenant: Tenant) -> Iterator[str]:
    for number in range(1_000):
        yield basic(tenant.principal.key if number % 2 else f"guess {number}", f"wrong {number}")


async def guess(client: httpx.AsyncClient, wrong: Iterator[str], times: int) -> list[int]:
    client.auth = None  # type: ignore[assignment] # httpx takes it, its property does not say so
    headers = ({"Authorization": next(wrong)} for _ in range(times))
    return [(await client.get("/statements", headers=each)).status_code for each in headers]


async def test_wrong_credentials_beyond_the_limit_are_told_to_wait(
    limiting: Limiting, tenant: Tenant
) -> None:
    async with limiting(failed_sign_ins_per_minute=3) as limited, AsyncExitStack() as stack:
        wrong = guesses(tenant)
        guessing = await stack.enter_async_context(client_of(limited.app, tenant))
        assert await guess(guessing, wrong, 5) == [401, 401, 401, 429, 429]
        answer = await guessing.get("/statements", headers={"Authorization": next(wrong)})
        assert int(answer.headers["Retry-After"]) >= 1
        assert "RateLimit" not in answer.headers
        elsewhere = await stack.enter_async_context(limited.at("192.0.2.8", tenant))
        assert await guess(elsewhere, wrong, 4) == [401, 401, 401, 429]
        limited.clock.now += 120
        assert await guess(guessing, wrong, 4) == [401, 401, 401, 429]


async def test_a_right_credential_passes_behind_an_address_that_guesses(
    limiting: Limiting, tenant: Tenant
) -> None:
    async with limiting(failed_sign_ins_per_minute=3) as limited:
        async with client_of(limited.app, tenant) as guessing:
            await guess(guessing, guesses(tenant), 10)
        assert await statuses(limited.client, 5) == [404] * 5


async def test_who_shows_nothing_guesses_nothing(limiting: Limiting, tenant: Tenant) -> None:
    async with limiting(failed_sign_ins_per_minute=3) as limited:
        async with client_of(limited.app, tenant) as anonymous:
            anonymous.auth = None  # type: ignore[assignment] # see above
            assert await statuses(anonymous, 10) == [401] * 10
        async with client_of(limited.app, tenant) as guessing:
            assert await guess(guessing, guesses(tenant), 1) == [401]
