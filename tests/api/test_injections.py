"""Every parameter of every route is a value and nothing else: no SQL, no header, no other path."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from builders import a_statement
from conftest import Tenant, client_of
from lrs.storage.engines import Database
from statement_resource import listed

pytestmark = pytest.mark.timeout(300)

QUOTES = {
    "a quote": "'",
    "a double quote": '"',
    "always true": "' OR '1'='1",
    "a comment": "x'; DROP TABLE statements; --",
    "another statement": "1; DELETE FROM stores",
    "a union": "' UNION SELECT key, secret_mac FROM credentials --",
    "a pause": "'||(SELECT pg_sleep(60))||'",
    "a cast": "'::int",
    "dollars": "$$; SELECT pg_sleep(60); $$",
    "a parameter": "$1 %s :name {0} %(a)s",
    "wildcards": "%_\\",
    "an escape": "\\'; SELECT pg_sleep(60); --",
    "Unicode escapes": "U&'\\0027'",
    "a line end": "a\r\nX-Injected: yes\r\n\r\n<script>",
    "half a character": "\ufffe\u2028\u202e",
    "up": "../../../etc/passwd",
    "a template": "{{7*7}}${7*7}<%= 7*7 %>",
    "a long one": "x" * 4_000,
    "an array": "{a,b}",
    "JSON": '{"$ne": null}',
}
# Valid ones, where another parameter is the one that is tried.
VALID = {
    "agent": '{"mbox":"mailto:ada@example.org"}',
    "activityId": "http://example.org/a",
    "stateId": "x",
    "profileId": "x",
    "statementId": "8f1f6a1b-6f0a-4b6e-9c39-0d8c1c1e2a10",
}
_METHODS = ("get", "post", "put", "patch", "delete")
Operation = tuple[str, str, dict[str, Any]]


def operations(app: FastAPI) -> list[Operation]:
    """Return method, path and description of all that the service offers."""
    return [
        (method.upper(), path, operation)
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
        if method in _METHODS
    ]


def _of(operation: dict[str, Any], place: str) -> list[dict[str, Any]]:
    return [each for each in operation.get("parameters", ()) if each["in"] == place]


def attempts(operation: Operation, value: str) -> Iterator[httpx.Request]:
    """Make a request for each parameter and for the body, with the value in that place alone."""
    method, path, described = operation
    query, in_path = _of(described, "query"), _of(described, "path")
    valid = {each["name"]: VALID.get(each["name"], "x") for each in query if each["required"]}
    whole = path
    for each in in_path:
        whole = whole.replace(f"{{{each['name']}}}", quote(value, safe=""))
    plain = path.replace("{", "").replace("}", "")
    if in_path:
        yield _request(method, whole, valid)
    for each in query:
        yield _request(method, plain, valid | {each["name"]: value})
    yield _request(method, plain, valid, value)


def _request(
    method: str, path: str, query: dict[str, str], value: str | None = None
) -> httpx.Request:
    names = ("id", "name", "label", "system", "key", "store", "email", "role", "agents", "actor")
    body = json.dumps(dict.fromkeys(names, value)) if value is not None else "{}"
    headers = {
        "X-Experience-API-Version": "1.0.3",
        "Content-Type": "application/json",
        "X-Request-ID": (value or "x").encode("ascii", "ignore").decode().partition("\r")[0],
        "Accept-Language": (value or "en").encode("ascii", "ignore").decode().partition("\r")[0],
    }
    url = httpx.URL(f"http://lrs.test{path}", params=query)
    content = None if method in ("GET", "DELETE") else body
    return httpx.Request(method, url, headers=headers, content=content)


async def tables(database: Database) -> list[tuple[str, int]]:
    count = text("SELECT relname, relowner FROM pg_class WHERE relkind IN ('r', 'v') ORDER BY 1")
    async with database.primary() as connection:
        return [(row.relname, row.relowner) for row in await connection.execute(count)]


@pytest.fixture
async def sender(app: FastAPI, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, tenant) as client:
        yield client


@pytest.mark.parametrize("value", QUOTES.values(), ids=QUOTES.keys())
async def test_a_value_stays_a_value(
    app: FastAPI,
    database: Database,
    sender: httpx.AsyncClient,
    other: httpx.AsyncClient,
    value: str,
) -> None:
    await other.post("/statements", json=a_statement())
    before = await tables(database)
    for operation in operations(app):
        for request in attempts(operation, value):
            answer = await sender.send(request)
            place = f"{request.method} {request.url}"
            assert answer.status_code < 500, (place, answer.text)
            assert "X-Injected" not in answer.headers, place
            assert b"\r" not in b"".join(raw for pair in answer.headers.raw for raw in pair)
            location = answer.headers.get("Location", "/")
            # SCIM tells whole addresses, all of them ours (RFC 7644 3.1).
            assert location.startswith(("/", "http://lrs.test/scim/v2/")), (place, location)
    assert await tables(database) == before
    assert len(await listed(other)) == 1


PATHS = (
    "/xapi/%2e%2e/openapi.json", "/xapi/..%2fopenapi.json", "/xapi/statements%2f..%2f..%2fapi",
    "/xapi/statements/..", "/xapi/statements/../../api/v1/stores", "/xapi/statements;a=b",
    "/xapi/statements%00", "/xapi/%00", "/xapi/statements%0d%0aX-Injected:%20yes", "/xapi/%ff%fe",
    "/xapi/statements%20", "/xapi/statements%3fstatementId=x", "/xapi/%252e%252e/openapi.json",
    "//evil.example/xapi/statements", "/\\evil.example/xapi", "/xapi/%5c..%5cstatements",
    "/api/v1/stores/%2e%2e%2f%2e%2e", "/api/v1/attachments/..%2f..%2fetc%2fpasswd", "/docs/..%2f",
    "/xapi/statements/.%2e/activities", "/api/v1/statements/%2e%2e", "/%2e%2e/%2e%2e/etc/passwd",
    "/xapi//..//statements", "/xapi/state%6dents/%2e",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_path_leads_nowhere_else(
    anonymous: httpx.AsyncClient, method: str, path: str
) -> None:
    """Whatever it may lead to, a stranger is not let in, sent on, or shown anything."""
    url = httpx.URL("http://lrs.test").copy_with(raw_path=path.encode())
    answer = await anonymous.request(method, url)
    assert answer.status_code in {400, 401, 404, 405}, answer.text
    assert "Location" not in answer.headers
    assert "X-Injected" not in answer.headers
    assert "root:" not in answer.text


async def test_a_path_that_is_written_otherwise_is_the_same(client: httpx.AsyncClient) -> None:
    url = httpx.URL("http://lrs.test").copy_with(raw_path=b"/xapi/%73tatements")
    assert (await client.get(url)).status_code == 200


@pytest.mark.parametrize(
    "name", ["Content-Type", "X-Experience-API-Version", "If-Match", "Authorization"]
)
async def test_a_form_brings_no_line_ends_into_headers(
    client: httpx.AsyncClient, name: str
) -> None:
    form = f"{name}=" + quote("a\r\nX-Injected: yes") + "&content=x"
    where = "activityId=http%3A%2F%2Fexample.org%2Fa&stateId=x&agent=" + quote(VALID["agent"])
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    sent = await client.post(f"/activities/state?method=PUT&{where}", content=form, headers=headers)
    assert sent.status_code in {400, 401}
    read = await client.get(f"/activities/state?{where}")
    assert read.status_code == 404
