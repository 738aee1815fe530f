"""What every answer tells a browser."""

import re
from collections import Counter
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from builders import a_statement
from conftest import Tenant

USUAL = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
STRICT = "default-src 'none'; frame-ancestors 'none'"
# Of everything the service answers: good and bad, with and without a body, of ours and FastAPI's.
REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a list": ("GET", "/xapi/statements", {}),
    "only its head": ("HEAD", "/xapi/statements", {}),
    "about": ("GET", "/xapi/about", {}),
    "what is stored": ("POST", "/xapi/statements", {"json": a_statement()}),
    "a refusal": ("POST", "/xapi/statements", {"content": b"{"}),
    "a stranger": ("GET", "/xapi/statements", {"auth": ("nobody", "x")}),
    "an unknown version": ("GET", "/xapi/about", {"headers": {"X-Experience-API-Version": "9"}}),
    "no such document": (
        "GET", "/xapi/activities/profile", {"params": {"activityId": "a:b", "profileId": "x"}},
    ),
    "no such address": ("GET", "/nowhere", {}),
    "no such method": ("PATCH", "/xapi/about", {}),
    "a preflight": ("OPTIONS", "/xapi/statements", {"headers": {"Origin": "https://a.example"}}),
    "sums": ("POST", "/api/v1/analytics/query", {"json": {"measures": ["statements.count"]}}),
    "a stranger to our own": ("POST", "/api/v1/analytics/query", {"auth": ("nobody", "x")}),
    "nothing of our own": ("GET", "/api/v1/nowhere", {}),
    "the document of the service": ("GET", "/openapi.json", {}),
    "its page": ("GET", "/docs", {}),
    "its other page": ("GET", "/redoc", {}),
}  # fmt: skip


async def answer_to(client: httpx.AsyncClient, name: str, **other: Any) -> httpx.Response:
    method, path, how = REQUESTS[name]
    return await client.request(method, f"http://lrs.test{path}", **(how | other))


@pytest.mark.parametrize("name", REQUESTS)
async def test_every_answer_says_what_a_browser_may_do(
    client: httpx.AsyncClient, name: str
) -> None:
    answer = await answer_to(client, name)
    assert {header: answer.headers[header] for header in USUAL} == USUAL
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    path = REQUESTS[name][1]
    corp = "cross-origin" if path.startswith("/xapi") else "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == corp


@pytest.mark.parametrize("name", REQUESTS)
async def test_nothing_is_said_twice(client: httpx.AsyncClient, name: str) -> None:
    answer = await answer_to(client, name)
    names = Counter(header.lower() for header, _ in answer.headers.multi_items())
    assert {each for each, count in names.items() if count > 1} <= {"vary", "set-cookie"}


@pytest.mark.parametrize(
    "name", [name for name in REQUESTS if name not in ("its page", "its other page")]
)
async def test_only_pages_load_anything(client: httpx.AsyncClient, name: str) -> None:
    answer = await answer_to(client, name)
    assert answer.headers["Content-Security-Policy"] == STRICT


@pytest.mark.parametrize("name", ["its page", "its other page"])
async def test_a_page_may_load_what_it_is_made_of(client: httpx.AsyncClient, name: str) -> None:
    answer = await answer_to(client, name)
    policy = answer.headers["Content-Security-Policy"]
    hosts = set(re.findall(r'<(?:script|link)[^>]*(?:src|href)="(https://[^/"]+)', answer.text))
    assert hosts
    assert {host for host in hosts if host not in policy} <= {"https://fastapi.tiangolo.com"}
    assert ("'unsafe-inline' https://cdn" in policy) == ("<script>" in answer.text)


@pytest.mark.parametrize("name", REQUESTS)
async def test_tls_is_asked_for_again_only_where_it_was_used(
    client: httpx.AsyncClient, name: str
) -> None:
    method, path, how = REQUESTS[name]
    assert "Strict-Transport-Security" not in (await answer_to(client, name)).headers
    answer = await client.request(method, f"https://lrs.test{path}", **how)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


async def test_what_our_own_resources_answer_is_not_kept(client: httpx.AsyncClient) -> None:
    for name in ("sums", "a stranger to our own", "nothing of our own"):
        assert (await answer_to(client, name)).headers["Cache-Control"] == "no-store"


async def test_what_a_client_has_stored_is_no_page(client: httpx.AsyncClient) -> None:
    where = {
        "activityId": "http://example.org/a",
        "stateId": "x",
        "agent": '{"mbox":"mailto:ada@example.org"}',
    }
    page = {"Content-Type": "text/html"}
    sent = b"<script>alert(1)</script>"
    stored = await client.put("/activities/state", content=sent, headers=page, params=where)
    assert stored.status_code == 204
    answer = await client.get("/activities/state", params=where)
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers.get_list("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers["X-Frame-Options"] == "DENY"


async def test_what_fails_says_it_too(failing: FastAPI, tenant: Tenant) -> None:
    transport = httpx.ASGITransport(failing)
    async with httpx.AsyncClient(transport=transport, base_url="http://lrs.test") as client:
        answer = await client.get("/xapi/broken", headers=tenant.headers)
    assert answer.status_code == 500
    assert answer.headers["Content-Security-Policy"] == STRICT
