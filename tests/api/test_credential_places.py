"""A credential may be limited to pages of some origins, and to addresses of some networks."""

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from builders import a_statement
from conftest import Tenant, make_tenant, revoke, serving, settings_for
from lrs.main import build_app
from lrs.storage.engines import Database

LMS = "https://lms.example.org"
PREFLIGHT = {"Access-Control-Request-Method": "POST"}
NETWORKS = ("192.0.2.0/24", "2001:db8::/32")
EVIL_ORIGINS = (
    "null",
    "*",
    "",
    "https://evil.example",
    "https://lms.example.org.evil.com",
    "https://evil.com.lms.example.org",
    "https://evillms.example.org",
    "https://example.org",
    "https://lms.example.org@evil.com",
    "https://evil.com@lms.example.org",
    "http://lms.example.org",
    "https://lms.example.org:8443",
    "https://lms.example.org:443",
    "HTTPS://LMS.EXAMPLE.ORG",
    "https://lms.example.org/",
    "https://lms.example.org.",
    "https://lms.example.org\t",
    "https://lms.example.org, https://evil.com",
    "https://evil.com, https://lms.example.org",
    "https://lms-example.org",
    "https://lms.example.org%2eevil.com",
    "https://xn--lms-example.org",
    "file://",
)


@pytest.fixture
async def limited(database: Database) -> AsyncIterator[Tenant]:
    """A credential for pages of one origin."""
    tenant = await make_tenant(database, origins=(LMS,))
    yield tenant
    await revoke(database, tenant)


@pytest.fixture
async def networked(database: Database) -> AsyncIterator[Tenant]:
    """A credential for addresses of two networks."""
    tenant = await make_tenant(database, networks=NETWORKS)
    yield tenant
    await revoke(database, tenant)


def allowed(answer: httpx.Response) -> str | None:
    """Return the origin whose pages may read an answer."""
    origin: str | None = answer.headers.get("Access-Control-Allow-Origin")
    return origin


async def test_its_own_pages_are_served_and_may_read(
    client: httpx.AsyncClient, limited: Tenant
) -> None:
    headers = {"Origin": LMS}
    answer = await client.post(
        "/statements", json=a_statement(), auth=limited.auth, headers=headers
    )
    assert (answer.status_code, allowed(answer)) == (200, LMS)


@pytest.mark.parametrize("origin", EVIL_ORIGINS, ids=range(len(EVIL_ORIGINS)))
async def test_pages_of_another_origin_are_refused_and_may_not_read(
    client: httpx.AsyncClient, limited: Tenant, origin: str
) -> None:
    for method in ("GET", "POST"):
        answer = await client.request(
            method,
            "/statements",
            json=a_statement(),
            auth=limited.auth,
            headers={"Origin": origin},
        )
        assert (answer.status_code, allowed(answer)) == (403, None)
        assert "origin" in answer.json()["detail"]
    assert (await client.get("/statements", auth=limited.auth)).json()["statements"] == []


async def test_of_two_origins_none_is_let_in(client: httpx.AsyncClient, limited: Tenant) -> None:
    for one, other in ((LMS, "https://evil.example"), ("https://evil.example", LMS)):
        headers = [("Origin", one), ("Origin", other), *client.headers.items()]
        answer = await client.get("/statements", auth=limited.auth, headers=headers)
        assert (answer.status_code, allowed(answer)) == (403, None)


async def test_a_wrong_secret_is_told_first(client: httpx.AsyncClient, limited: Tenant) -> None:
    headers = {"Origin": "https://evil.example"}
    auth = (limited.principal.key, "wrong")
    assert (await client.get("/statements", auth=auth, headers=headers)).status_code == 401


async def test_who_is_no_page_is_served(client: httpx.AsyncClient, limited: Tenant) -> None:
    assert (await client.get("/statements", auth=limited.auth)).status_code == 200


def _unsaid(request: httpx.Request) -> httpx.Request:
    """Send no credentials beside those in the form."""
    return request


@pytest.mark.parametrize("fields", [{}, {"Origin": LMS}])
async def test_a_form_does_not_say_from_which_page_it_comes(
    client: httpx.AsyncClient, limited: Tenant, fields: dict[str, str]
) -> None:
    shown = b64encode(":".join(limited.auth).encode()).decode()
    form = {"Authorization": f"Basic {shown}", "X-Experience-API-Version": "1.0.3"} | fields
    answer = await client.post(
        "/statements",
        auth=_unsaid,
        params={"method": "GET"},
        data=form,
        headers={"Origin": "https://evil.example"},
    )
    assert (answer.status_code, allowed(answer)) == (403, None)


@pytest.mark.parametrize(("origin", "expected"), [(LMS, LMS), ("https://evil.example", None)])
async def test_a_preflight_lets_in_what_any_credential_names(
    database_url: str, limited: Tenant, origin: str, expected: str | None
) -> None:
    async with serving(database_url, limited, cors_origins="https://other.example") as client:
        headers = PREFLIGHT | {"Origin": origin}
        answer = await client.options("/statements", headers=headers)
        assert (answer.status_code, allowed(answer)) == (204, expected)
        # Who it is remains unknown, and so does what else would have been served.
        answer = await client.get("/statements", auth=("nobody", "x"), headers=headers)
        assert (answer.status_code, allowed(answer)) == (401, expected)


async def test_an_origin_of_one_credential_is_not_one_of_others(
    database_url: str, limited: Tenant, tenant: Tenant
) -> None:
    async with serving(database_url, limited, cors_origins="https://other.example") as client:
        headers = {"Origin": LMS}
        own = await client.get("/statements", headers=headers)
        other = await client.get("/statements", headers=headers, auth=tenant.auth)
    assert (own.status_code, allowed(own)) == (200, LMS)
    assert (other.status_code, allowed(other)) == (200, None)


async def test_a_revoked_credential_lets_no_origin_in(
    database_url: str, database: Database
) -> None:
    gone = await make_tenant(database, origins=("https://gone.example",))
    await revoke(database, gone)
    async with serving(database_url, gone, cors_origins="https://other.example") as client:
        headers = PREFLIGHT | {"Origin": "https://gone.example"}
        assert allowed(await client.options("/statements", headers=headers)) is None


@asynccontextmanager
async def coming_from(
    app: FastAPI, tenant: Tenant, address: str
) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=(address, 40_000))
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://lrs.test/xapi",
        auth=tenant.auth,
        headers=tenant.headers,
    ) as client:
        yield client


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", 200),
        ("2001:db8::1", 200),
        ("::ffff:192.0.2.1", 200),
        ("192.0.3.1", 403),
        ("127.0.0.1", 403),
        ("::1", 403),
        ("::ffff:192.0.3.1", 403),
        ("", 403),
    ],
)
async def test_only_its_networks_are_let_in(
    app: FastAPI, networked: Tenant, address: str, expected: int
) -> None:
    async with coming_from(app, networked, address) as client:
        answer = await client.get("/statements")
    assert answer.status_code == expected
    if expected == 403:
        assert "network address" in answer.json()["detail"]


async def test_without_an_address_no_network_lets_in(app: FastAPI, networked: Tenant) -> None:
    async def served_by_a_socket_in_the_file_system(scope, receive, send):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - as ASGI wants it
        await app({**scope, "client": None}, receive, send)

    transport = httpx.ASGITransport(served_by_a_socket_in_the_file_system)
    async with httpx.AsyncClient(transport=transport, base_url="http://lrs.test/xapi") as client:
        answer = await client.get("/statements", auth=networked.auth, headers=networked.headers)
    assert answer.status_code == 403


SPOOFED = (
    {"X-Forwarded-For": "192.0.2.1"},
    {"X-Forwarded-For": "192.0.2.1, 192.0.2.2"},
    {"Forwarded": "for=192.0.2.1"},
    {"X-Real-IP": "192.0.2.1"},
    {"True-Client-IP": "192.0.2.1"},
    {"X-Client-IP": "192.0.2.1", "Client-IP": "192.0.2.1"},
)


@pytest.mark.parametrize("headers", SPOOFED, ids=range(len(SPOOFED)))
async def test_nobody_says_themselves_where_they_are(
    app: FastAPI, networked: Tenant, headers: dict[str, str]
) -> None:
    for address in ("127.0.0.1", "203.0.113.1"):
        async with coming_from(app, networked, address) as client:
            assert (await client.get("/statements", headers=headers)).status_code == 403


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        # By the proxy: the last address that is no proxy's.
        ("10.0.0.7", "192.0.2.1", 200),
        ("10.0.0.7", "203.0.113.1, 192.0.2.1", 200),
        ("10.0.0.7", "192.0.2.1, 203.0.113.1", 403),
        ("10.0.0.7", "192.0.2.1, 10.1.2.3", 200),
        ("10.0.0.7", "203.0.113.1", 403),
        ("10.0.0.7", "unknown", 403),
        ("10.0.0.7", "", 403),
        ("10.1.255.9", "192.0.2.1:4711", 200),
        ("10.1.255.9", "[2001:db8::1]:4711", 200),
        # By anybody else: what they say counts for nothing.
        ("10.0.0.8", "192.0.2.1", 403),
        ("127.0.0.1", "192.0.2.1", 403),
        ("192.0.2.1", "203.0.113.1", 200),
    ],
)
async def test_only_trusted_proxies_say_where_a_request_comes_from(
    app: FastAPI, database_url: str, networked: Tenant, peer: str, forwarded: str, expected: int
) -> None:
    proxied = build_app(settings_for(database_url, trusted_proxies="10.0.0.7,10.1.0.0/16"))
    proxied.state.services = app.state.services
    async with coming_from(proxied, networked, peer) as client:
        answer = await client.get("/statements", headers={"X-Forwarded-For": forwarded})
    assert answer.status_code == expected
