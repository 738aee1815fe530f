"""Pages of other origins can reach the LRS, and are told why when they cannot do what they want."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from builders import a_statement
from conftest import Tenant, settings_for
from lrs.main import build_app
from statement_resource import JSON_BODY, UNUSED_ID

HOST = "http://lrs.test"
ORIGIN = "https://content.example.org"
FROM_PAGE = {"Origin": ORIGIN}
# What a browser asks before the request itself; it sends no credentials with it.
PREFLIGHT = FROM_PAGE | {
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "authorization,content-type,x-experience-api-version",
}
PATHS = [
    "/",
    "/xapi",
    "/xapi/statements",
    "/xapi/about",
    "/xapi/activities/state",
    "/xapi/activities/profile",
    "/xapi/agents/profile",
    "/xapi/nothing",
    "/xapi//statements/",
    "/xapistatements",
    "/data/xAPI/statements",
    "/api/v1/analytics/query",
    "/api/v1/credentials",
    "/api/v1/launch-tokens/fetch/x",
    "/api/v1/nothing",
    "/nothing",
]


def listed(headers: Mapping[str, str], name: str) -> set[str]:
    return set(headers[name].split(", "))


def allows(answer: httpx.Response, origin: str) -> bool:
    """Tell whether a browser lets a page of this origin read the answer."""
    names = answer.headers.get_list("Access-Control-Allow-Origin")
    credentials = answer.headers.get("Access-Control-Allow-Credentials")
    assert len(names) <= 1
    path = answer.request.url.path.lower()
    is_of_content = "/xapi" in path or "/launch-tokens/fetch/" in path
    assert credentials == ("true" if names and is_of_content else None)
    return names == [origin]


@asynccontextmanager
async def limited_to(origins: str, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    app = build_app(settings_for(database_url, cors_origins=origins))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST) as client,
    ):
        yield client


@pytest.fixture
async def bare(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sends neither credentials nor version."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST) as client:
        yield client


@pytest.mark.parametrize("path", PATHS)
async def test_a_preflight_is_answered_without_credentials_on(
    bare: httpx.AsyncClient, path: str
) -> None:
    answer = await bare.options(path, headers=PREFLIGHT)
    assert answer.status_code == 204
    assert answer.content == b""
    assert allows(answer, ORIGIN)
    assert {"GET", "HEAD", "POST", "PUT", "DELETE"} <= listed(
        answer.headers, "Access-Control-Allow-Methods"
    )
    assert int(answer.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize(
    "header",
    ["Accept", "Accept-Language", "Authorization", "Cache-Control", "Content-Encoding",
     "Content-Type", "If-Match", "If-None-Match", "X-Experience-API-Version", "X-Request-ID",
     "X-Requested-With"],
)  # fmt: skip
async def test_a_page_may_send(bare: httpx.AsyncClient, header: str) -> None:
    answer = await bare.options("/xapi/statements", headers=PREFLIGHT)
    assert header in listed(answer.headers, "Access-Control-Allow-Headers")


@pytest.mark.parametrize(
    "header",
    ["ETag", "Last-Modified", "Cache-Control", "WWW-Authenticate", "X-Experience-API-Version",
     "X-Experience-API-Consistent-Through", "X-LRS-Stored", "X-Request-ID", "Retry-After"],
)  # fmt: skip
async def test_a_page_may_read(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.get("/statements", headers=FROM_PAGE)
    assert answer.status_code == 200
    assert header in listed(answer.headers, "Access-Control-Expose-Headers")


async def test_options_without_preflight_tells_the_methods(bare: httpx.AsyncClient) -> None:
    answer = await bare.options("/xapi/statements")
    assert answer.status_code == 204
    assert listed(answer.headers, "Allow") == {"GET", "HEAD", "OPTIONS", "POST", "PUT"}
    assert not allows(answer, ORIGIN)
    assert (await bare.options("/xapi/nothing")).headers["Allow"] == "OPTIONS"


async def test_options_has_the_headers_of_every_answer(bare: httpx.AsyncClient) -> None:
    answer = await bare.options("/xapi/statements", headers=PREFLIGHT)
    assert answer.headers["X-Experience-API-Version"] == "1.0.3"
    assert answer.headers["X-Experience-API-Consistent-Through"]
    assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/xapi/statements", 200),
        ("HEAD", "/xapi/statements", 200),
        ("GET", "/xapi/about", 200),
        ("GET", "/xapi/statements?foo=bar", 400),
        ("POST", "/xapi/statements?method=PATCH", 400),
        ("GET", f"/xapi/statements?statementId={UNUSED_ID}", 404),
        ("GET", "/xapi/nothing", 404),
        ("POST", "/api/v1/nothing", 404),
        ("DELETE", "/xapi/statements", 405),
    ],
)
async def test_a_page_may_read_every_answer(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, HOST + path, headers=FROM_PAGE)
    assert answer.status_code == status
    assert allows(answer, ORIGIN)


@pytest.mark.parametrize("path", ["/xapi/statements", "/api/v1/analytics/query"])
async def test_a_page_may_read_that_credentials_are_missing(
    anonymous: httpx.AsyncClient, path: str
) -> None:
    answer = await anonymous.post(HOST + path, json={}, headers=FROM_PAGE)
    assert answer.status_code == 401
    assert allows(answer, ORIGIN)
    assert "WWW-Authenticate" in listed(answer.headers, "Access-Control-Expose-Headers")


async def test_a_page_may_read_that_a_body_is_too_large(client: httpx.AsyncClient) -> None:
    headers = JSON_BODY | FROM_PAGE | {"Content-Length": str(10**12)}
    answer = await client.post("/statements", content=b"[]", headers=headers)
    assert answer.status_code == 413
    assert allows(answer, ORIGIN)


async def test_a_page_may_read_that_something_unexpected_went_wrong(failing: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(failing)) as client:
        answer = await client.get(f"{HOST}/xapi/broken", headers=FROM_PAGE)
    assert answer.status_code == 500
    assert allows(answer, ORIGIN)
    assert "X-Request-ID" in listed(answer.headers, "Access-Control-Expose-Headers")


@pytest.mark.parametrize("origin", ["http://localhost:3000", "null", "app://content", "*"])
async def test_any_origin_is_echoed_and_never_a_star_of_ours(
    client: httpx.AsyncClient, origin: str
) -> None:
    answer = await client.get("/about", headers={"Origin": origin})
    assert allows(answer, origin)


async def test_who_is_no_page_is_told_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/about")
    assert [name for name in answer.headers if name.startswith("access-control-")] == []


@pytest.mark.parametrize("headers", [{}, FROM_PAGE])
async def test_caches_are_told_that_the_origin_counts(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    for answer in (
        await client.get("/about", headers=headers),
        await client.options("/about", headers=headers),
    ):
        assert "Origin" in listed(answer.headers, "Vary")


async def test_only_the_origins_that_are_set_may_read(database_url: str, tenant: Tenant) -> None:
    async with limited_to(f"https://lms.example.org,{ORIGIN}", database_url) as client:
        for origin, allowed in {
            ORIGIN: True,
            "https://lms.example.org": True,
            "https://lms.example.org:8443": False,
            "http://lms.example.org": False,
            "https://evil.example.org": False,
            "https://lms.example.org.evil.org": False,
            "null": False,
            "*": False,
        }.items():
            headers = tenant.headers | {"Origin": origin}
            got = await client.get("/xapi/statements", headers=headers, auth=tenant.auth)
            preflight = await client.options("/xapi/statements", headers=PREFLIGHT | headers)
            assert (got.status_code, preflight.status_code) == (200, 204)
            assert allows(got, origin) is allows(preflight, origin) is allowed
            assert "Origin" in listed(got.headers, "Vary")


async def test_a_page_may_reach_an_lrs_in_a_private_network(bare: httpx.AsyncClient) -> None:
    name = "Access-Control-{}-Private-Network"
    headers = PREFLIGHT | {name.format("Request"): "true"}
    answer = await bare.options("/xapi/statements", headers=headers)
    assert answer.headers[name.format("Allow")] == "true"
    answer = await bare.options("/xapi/statements", headers=PREFLIGHT)
    assert name.format("Allow") not in answer.headers


async def test_a_page_stores_a_statement(client: httpx.AsyncClient) -> None:
    preflight = await client.options("/statements", headers=PREFLIGHT)
    answer = await client.post("/statements", json=a_statement(), headers=FROM_PAGE)
    assert (preflight.status_code, answer.status_code) == (204, 200)
    assert allows(answer, ORIGIN)
    assert answer.headers["X-LRS-Stored"] == "1"
