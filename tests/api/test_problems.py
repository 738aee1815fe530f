"""Errors are problem documents (RFC 9457), or plain text for who asks for it (Comm. 3.2)."""

import json
from collections.abc import Iterator
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from builders import a_statement
from lrs.api.problems import KINDS
from lrs.errors import LRSError
from statement_resource import JSON_BODY, UNUSED_ID, post

# What no answer over HTTP can be about, with the reason.
NOT_OVER_HTTP: dict[type[LRSError], str] = {}
FAILURES = [
    ("GET", "/statements?foo=bar", 400, "invalid-request"),
    ("GET", "/statements?limit=x", 400, "invalid-request"),
    ("GET", "/statements?format=x", 400, "invalid-request"),
    ("PUT", "/statements", 400, "invalid-request"),
    ("GET", f"/statements?statementId={UNUSED_ID}", 404, "statement-not-found"),
    ("GET", f"/statements?voidedStatementId={UNUSED_ID}", 404, "statement-not-found"),
    ("GET", "/nothing", 404, "no-such-resource"),
    ("DELETE", "/statements", 405, "no-such-method"),
]


def of(answer: httpx.Response) -> dict[str, object]:
    """Return the problem, which must have the members that every one has."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, object] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    return problem


@pytest.mark.parametrize(("method", "url", "status", "code"), FAILURES)
async def test_a_failure_is_a_problem_document(
    client: httpx.AsyncClient, method: str, url: str, status: int, code: str
) -> None:
    answer = await client.request(method, url)
    assert answer.status_code == status
    problem = of(answer)
    assert problem["type"] == f"urn:lrs:error:{code}"
    assert set(problem) == {"type", "title", "status", "detail", "request_id"}


async def test_an_invalid_statement_lists_its_violations(client: httpx.AsyncClient) -> None:
    score = {"score": {"raw": 11, "max": 10, "scaled": 2}}
    answer = await client.post("/statements", json=[a_statement(), a_statement(result=score)])
    problem = of(answer)
    assert problem["type"] == "urn:lrs:error:invalid-statement"
    violations = problem["violations"]
    assert isinstance(violations, list)
    assert [set(each) for each in violations] == [{"path", "message", "section"}] * 2
    assert {each["path"]: each["section"] for each in violations} == {
        "statements[1].result.score.scaled": "Data 2.4.5.1",
        "statements[1].result.score.raw": "Data 2.4.5.1",
    }


async def test_the_version_and_the_credentials_have_problems_of_their_own(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/statements", headers={"X-Experience-API-Version": "0.9"})
    assert of(answer)["type"] == "urn:lrs:error:unsupported-version"
    answer = await client.get("/statements", auth=("nobody", "x"))
    assert of(answer)["type"] == "urn:lrs:error:unauthenticated"


@pytest.mark.parametrize(
    "accept", ["text/plain", "text/plain, */*;q=0.1", "text/plain; charset=utf-8"]
)
async def test_plain_text_for_who_asks_for_it(client: httpx.AsyncClient, accept: str) -> None:
    answer = await client.post("/statements", json={}, headers={"Accept": accept})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "actor" in answer.text
    assert "Data 2.4" in answer.text


@pytest.mark.parametrize(
    "accept", [None, "", "*/*", "application/json", "application/problem+json", "image/png", "x;;"]
)
async def test_a_problem_document_for_all_others(
    client: httpx.AsyncClient, accept: str | None
) -> None:
    if accept is None:
        del client.headers["Accept"]
    else:
        client.headers["Accept"] = accept
    of(await client.get("/statements?foo=bar"))


async def test_a_character_that_text_cannot_hold_is_no_failure(client: httpx.AsyncClient) -> None:
    body = json.dumps(a_statement(x=1)).replace('"x"', r'"\ud800 \u0000"')
    for accept in ("text/plain", "*/*"):
        headers = {**JSON_BODY, "Accept": accept}
        answer = await client.post("/statements", content=body, headers=headers)
        assert answer.status_code == 400


async def test_a_sent_request_id_names_the_request(client: httpx.AsyncClient) -> None:
    answer = await client.get("/statements?foo=bar", headers={"X-Request-ID": "my-request.1"})
    assert of(answer)["request_id"] == "my-request.1"


@pytest.mark.parametrize("sent", [None, "", "a b", "x" * 101, "<x>"])
async def test_any_other_request_is_given_an_id(
    client: httpx.AsyncClient, sent: str | None
) -> None:
    headers = {} if sent is None else {"X-Request-ID": sent}
    answer = await client.get("/statements?foo=bar", headers=headers)
    assert UUID(str(of(answer)["request_id"])).version == 7


async def test_a_success_has_a_request_id_too(client: httpx.AsyncClient) -> None:
    named = UUID((await client.get("/statements")).headers["X-Request-ID"])
    assert named.version == 7


@pytest.mark.requirement("XAPI-00329")
async def test_an_unexpected_failure_shows_nothing_but_the_request_id(failing: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(failing)) as client:
        answer = await client.get("http://lrs.test/xapi/broken")
    assert answer.status_code == 500
    problem = of(answer)
    assert problem["type"] == "urn:lrs:error:unexpected"
    assert "inside" not in answer.text
    assert str(problem["request_id"]) in str(problem["detail"])


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/xapi/statements", "GET, HEAD, POST, PUT"),
        ("POST", "/xapi/about", "GET, HEAD"),
        ("GET", "/api/v1/analytics/query", "POST"),
    ],
)
async def test_a_method_that_is_not_offered_is_told_those_that_are(
    client: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    answer = await client.request(method, f"http://lrs.test{path}")
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


async def test_a_conflict_names_the_id(client: httpx.AsyncClient) -> None:
    (identifier,) = await post(client, a_statement())
    answer = await client.post("/statements", json=a_statement(id=identifier, result={}))
    assert answer.status_code == 409
    problem = of(answer)
    assert problem["type"] == "urn:lrs:error:statement-conflict"
    assert identifier in str(problem["detail"])


def every(kind: type[LRSError]) -> Iterator[type[LRSError]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from every(subclass)


def test_every_error_has_its_place_in_the_table() -> None:
    assert set(every(LRSError)) == set(KINDS) | set(NOT_OVER_HTTP)


def test_no_two_errors_share_a_code() -> None:
    assert len({kind.code for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.requirement("XAPI-00323")
def test_the_table_knows_only_the_codes_of_the_standard() -> None:
    standard = {400, 401, 403, 404, 409, 412, 413, 429, 500}
    # These are ours: 408 and 503 tell clients to come back, which 400 and 500 do not; 431 is said
    # of what is not known to be a request of xAPI yet, and 416 of a part of an archive.
    ours = {408, 416, 431, 503}
    assert {kind.status for kind in KINDS.values()} <= standard | ours
