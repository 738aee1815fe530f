"""A POST with `method` in its query stands for another request (Comm. 1.3)."""

import base64
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import httpx
import pytest
from fastapi import FastAPI, Request

from builders import a_statement, agent
from conftest import Tenant, settings_for
from lrs.api.xapi.alternate_syntax import AlternateSyntax
from lrs.main import build_app
from statement_resource import UNUSED_ID, exists, ids_on, listed, new_id, post, stored

HOST = "http://lrs.test"
FORM = "application/x-www-form-urlencoded"
VERSION = "X-Experience-API-Version"
LIMIT = 1_024


def in_form(tenant: Tenant, **more: str) -> dict[str, str]:
    """Write the fields that say who asks, and in which version."""
    credentials = base64.b64encode(":".join(tenant.auth).encode()).decode()
    return {"Authorization": f"Basic {credentials}", VERSION: "1.0.3", **more}


@pytest.fixture
async def bare(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose headers say neither who asks nor in which version."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=f"{HOST}/xapi"
    ) as client:
        yield client


async def send(
    client: httpx.AsyncClient, method: str, fields: dict[str, str], path: str = "/statements"
) -> httpx.Response:
    return await client.post(f"{path}?method={method}", data=fields)


@pytest.mark.requirement("XAPI-00336")
async def test_put(bare: httpx.AsyncClient, client: httpx.AsyncClient, tenant: Tenant) -> None:
    identifier = new_id()
    content = json.dumps(a_statement(result={"response": "é + & = % \U0001f600"}))
    fields = in_form(tenant, statementId=identifier, content=content)
    answer = await send(bare, "PUT", fields)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers[VERSION] == "1.0.3"
    assert answer.headers["X-LRS-Stored"] == "1"
    found = await stored(client, identifier)
    assert found["result"]["response"] == "é + & = % \U0001f600"


@pytest.mark.requirement("XAPI-00336")
async def test_post(bare: httpx.AsyncClient, client: httpx.AsyncClient, tenant: Tenant) -> None:
    content = json.dumps([a_statement(), a_statement()])
    answer = await send(bare, "POST", in_form(tenant, content=content))
    assert answer.status_code == 200
    assert sorted(answer.json()) == sorted(await listed(client))


@pytest.mark.requirement("XAPI-00148", "XAPI-00336")
async def test_get_of_a_list(
    bare: httpx.AsyncClient, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    await post(client, a_statement(actor=agent("grace")))
    wanted = await post(client, a_statement(), a_statement())
    fields = in_form(tenant, agent=json.dumps(agent()), ascending="true", limit="1")
    answer = await send(bare, "GET", fields)
    assert answer.status_code == 200
    assert ids_on(answer.json()) == wanted[:1]
    following = await client.get(HOST + answer.json()["more"])
    assert ids_on(following.json()) == wanted[1:]


async def test_get_of_the_next_page(
    bare: httpx.AsyncClient, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    first, _ = await post(client, a_statement(), a_statement())
    page = await send(bare, "GET", in_form(tenant, limit="1"))
    more = page.json()["more"].partition("more=")[2]
    answer = await send(bare, "GET", in_form(tenant, more=more))
    assert ids_on(answer.json()) == [first]


async def test_get_of_a_statement(
    bare: httpx.AsyncClient, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    (identifier,) = await post(client, a_statement())
    answer = await send(bare, "GET", in_form(tenant, statementId=identifier))
    assert answer.json() == await stored(client, identifier)
    answer = await send(bare, "GET", in_form(tenant, statementId=UNUSED_ID))
    assert answer.status_code == 404


async def test_head_has_the_headers_of_get_and_an_empty_body(
    bare: httpx.AsyncClient, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    (identifier,) = await post(client, a_statement())
    fields = in_form(tenant, statementId=identifier)
    got, headed = await send(bare, "GET", fields), await send(bare, "HEAD", fields)
    assert (headed.status_code, headed.content) == (200, b"")
    # The answer is one to a POST: a length of what does not come would have the client wait.
    assert headed.headers["Content-Length"] == "0"
    for name in ("Last-Modified", "Content-Type", VERSION):
        assert headed.headers[name] == got.headers[name]
    headed = await send(bare, "HEAD", in_form(tenant, statementId=UNUSED_ID))
    assert (headed.status_code, headed.content) == (404, b"")


async def test_a_method_that_the_resource_does_not_offer(
    bare: httpx.AsyncClient, tenant: Tenant
) -> None:
    answer = await send(bare, "DELETE", in_form(tenant))
    assert answer.status_code == 405
    assert answer.json()["type"] == "urn:lrs:error:no-such-method"


@pytest.mark.parametrize(("path", "status"), [("/about", 200), ("/nothing", 404)])
async def test_other_resources(bare: httpx.AsyncClient, path: str, status: int) -> None:
    assert (await send(bare, "GET", {}, path)).status_code == status


ACTIVITY = {"activityId": "http://example.org/course"}
AGENT = {"agent": json.dumps(agent())}
DOCUMENTS = {
    "/activities/state": {**ACTIVITY, **AGENT, "stateId": "a b&c"},
    "/activities/profile": {**ACTIVITY, "profileId": "a b&c"},
    "/agents/profile": {**AGENT, "profileId": "a b&c"},
}


@pytest.mark.parametrize(("path", "key"), DOCUMENTS.items(), ids=DOCUMENTS.keys())
async def test_a_document_is_put_merged_read_and_deleted(
    bare: httpx.AsyncClient, tenant: Tenant, path: str, key: dict[str, str]
) -> None:
    fields = in_form(tenant, **key)
    typed = {"Content-Type": "application/json"}
    new = {"content": '{"a": 1}', "If-None-Match": "*"}
    assert (await send(bare, "PUT", fields | typed | new, path)).status_code == 204
    assert (await send(bare, "PUT", fields | typed | new, path)).status_code == 412
    merged = {"content": '{"b": 2}'}
    assert (await send(bare, "POST", fields | typed | merged, path)).status_code == 204

    got, headed = await send(bare, "GET", fields, path), await send(bare, "HEAD", fields, path)
    assert got.json() == {"a": 1, "b": 2}
    assert got.headers["Content-Type"] == "application/json"
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["ETag"] == got.headers["ETag"]

    stale, fresh = {"If-Match": '"stale"'}, {"If-Match": got.headers["ETag"]}
    assert (await send(bare, "DELETE", fields | stale, path)).status_code == 412
    assert (await send(bare, "DELETE", fields | fresh, path)).status_code == 204
    assert (await send(bare, "GET", fields, path)).status_code == 404


async def test_content_without_a_type_is_a_document_without_one(
    bare: httpx.AsyncClient, tenant: Tenant
) -> None:
    path, key = next(iter(DOCUMENTS.items()))
    fields = in_form(tenant, **key)
    answer = await send(bare, "PUT", {**fields, "content": "<p>é</p>"}, path)
    assert answer.status_code == 204
    got = await send(bare, "GET", fields, path)
    assert got.content == "<p>é</p>".encode()
    assert got.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "kind", [FORM, f"{FORM}; charset=UTF-8", "text/plain", "text/plain;charset=UTF-8", ""]
)
async def test_the_form_may_be_announced_as(
    bare: httpx.AsyncClient, client: httpx.AsyncClient, tenant: Tenant, kind: str
) -> None:
    identifier = new_id()
    fields = in_form(tenant, statementId=identifier, content=json.dumps(a_statement()))
    answer = await bare.post(
        "/statements?method=PUT",
        content=urlencode(fields, quote_via=quote).encode(),
        headers={"Content-Type": kind} if kind else {},
    )
    assert answer.status_code == 204
    assert await exists(client, identifier)


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "x"])
async def test_a_body_of_another_type_is_refused(
    client: httpx.AsyncClient, tenant: Tenant, kind: str
) -> None:
    body = urlencode(in_form(tenant, content=json.dumps(a_statement())))
    answer = await client.post(
        "/statements?method=POST", content=body, headers={"Content-Type": kind}
    )
    await assert_refused(client, answer, "must be a form")


async def assert_refused(client: httpx.AsyncClient, answer: httpx.Response, reason: str) -> None:
    """Expect a problem document with the reason, and that nothing is stored."""
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert problem["type"] == "urn:lrs:error:invalid-request"
    assert reason in problem["detail"]
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert answer.headers[VERSION]
    assert await listed(client) == []


@pytest.mark.requirement("XAPI-00336")
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_form_without_content_is_refused(
    bare: httpx.AsyncClient, client: httpx.AsyncClient, tenant: Tenant, method: str
) -> None:
    fields = in_form(tenant, statementId=new_id())
    await assert_refused(client, await send(bare, method, fields), "`content`")


@pytest.mark.requirement("XAPI-00336")
@pytest.mark.parametrize(
    "query", ["method=PUT&statementId={}", "statementId={}&method=PUT", "method=PUT&method=PUT"]
)
async def test_anything_else_in_the_query_is_refused(
    bare: httpx.AsyncClient, client: httpx.AsyncClient, tenant: Tenant, query: str
) -> None:
    identifier = new_id()
    fields = in_form(tenant, statementId=identifier, content=json.dumps(a_statement()))
    answer = await bare.post(f"/statements?{query.format(identifier)}", data=fields)
    await assert_refused(client, answer, "nothing but `method`")


async def test_a_cachebuster_is_ignored_in_query_and_form(
    bare: httpx.AsyncClient, tenant: Tenant
) -> None:
    fields = in_form(tenant, cachebuster="1", limit="1")
    answer = await bare.post("/statements?cachebuster=2&method=GET", data=fields)
    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "put", "", "PUT%20", "x"])
async def test_an_unknown_method_is_refused(
    bare: httpx.AsyncClient, client: httpx.AsyncClient, tenant: Tenant, method: str
) -> None:
    fields = in_form(tenant, content=json.dumps(a_statement()))
    await assert_refused(client, await send(bare, method, fields), "`method` must be one of")


@pytest.mark.requirement("XAPI-00336")
@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE", "PATCH"])
async def test_only_a_post_can_stand_for_another_request(
    client: httpx.AsyncClient, verb: str
) -> None:
    answer = await client.request(verb, "/statements?method=GET", data={})
    await assert_refused(client, answer, "POST only")


@pytest.mark.requirement("XAPI-00148")
@pytest.mark.parametrize(("in_header", "in_the_form"), [("2.0.0", None), (None, "2.0.0"),
                                                        ("1.0.3", "2.0.0")])  # fmt: skip
async def test_2_0_does_not_have_this_syntax(
    client: httpx.AsyncClient, in_header: str | None, in_the_form: str | None
) -> None:
    del client.headers[VERSION]
    if in_header:
        client.headers[VERSION] = in_header
    fields = {"content": json.dumps(a_statement())} | (
        {VERSION: in_the_form} if in_the_form else {}
    )
    answer = await send(client, "POST", fields)
    assert answer.headers[VERSION] == "2.0.0"
    client.headers[VERSION] = "1.0.3"
    await assert_refused(client, answer, "1.0.x only")


async def test_the_version_of_the_form_wins(client: httpx.AsyncClient) -> None:
    answer = await send(client, "GET", {VERSION: "0.8"})
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:lrs:error:unsupported-version"
    client.headers[VERSION] = "2.0.0"
    answer = await send(client, "GET", {VERSION: "1.0"})
    assert (answer.status_code, answer.headers[VERSION]) == (200, "1.0.3")


async def test_no_version_anywhere_is_refused(bare: httpx.AsyncClient, tenant: Tenant) -> None:
    fields = in_form(tenant)
    del fields[VERSION]
    answer = await send(bare, "GET", fields)
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:lrs:error:unsupported-version"


async def test_the_credentials_of_the_form_win(client: httpx.AsyncClient, tenant: Tenant) -> None:
    wrong = {"Authorization": "Basic " + base64.b64encode(b"nobody:x").decode()}
    assert (await send(client, "GET", wrong)).status_code == 401
    client.auth = ("nobody", "x")
    assert (await send(client, "GET", in_form(tenant))).status_code == 200
    assert (await send(client, "GET", {})).status_code == 401


async def test_headers_count_where_the_form_is_silent(client: httpx.AsyncClient) -> None:
    answer = await send(client, "POST", {"content": json.dumps(a_statement())})
    assert answer.status_code == 200


async def test_the_type_of_the_content_stands_in_the_form(client: httpx.AsyncClient) -> None:
    fields = {"content": json.dumps(a_statement()), "Content-Type": "text/plain"}
    await assert_refused(client, await send(client, "POST", fields), "Content-Type")
    fields["Content-Type"] = "application/json; charset=utf-8"
    assert (await send(client, "POST", fields)).status_code == 200


async def test_an_unknown_field_is_an_unknown_parameter(client: httpx.AsyncClient) -> None:
    await assert_refused(client, await send(client, "GET", {"foo": "bar"}), "foo")
    await assert_refused(client, await send(client, "GET", {"method": "GET"}), "method")


NO_FORM: dict[str, tuple[bytes, str]] = {
    "JSON": (json.dumps(a_statement()).encode(), "no equals sign"),
    "no equals sign": (b"limit", "no equals sign"),
    "a bad escape": (b"verb=%zz", "hexadecimal"),
    "half an escape": (b"verb=%4", "hexadecimal"),
    "a bad escape in the content": (b"content=%zz", "hexadecimal"),
    "half an escape in the content": (b"content=x%4", "hexadecimal"),
    "a bare percent sign at the end": (b"content=%", "hexadecimal"),
    "bare characters": ("content=é".encode(), "not percent-encoded"),
    "bytes": (bytes(range(256)), "not percent-encoded"),
    "a parameter that is not UTF-8": (b"verb=%ff", "UTF-8"),
    "a header that is not UTF-8": (b"Content-Type=%ff", "UTF-8"),
    "a header twice": (b"If-Match=1&if-match=1", "twice"),
    "content twice": (b"content=1&content=1", "twice"),
    "101 fields": (b"&".join([b"a=1"] * 101), "more than 100 fields"),
    "a million fields": (b"&" * 1_000_000, "more than 100 fields"),
}


@pytest.mark.parametrize(("body", "reason"), NO_FORM.values(), ids=NO_FORM.keys())
async def test_what_is_no_form_is_refused(
    client: httpx.AsyncClient, body: bytes, reason: str
) -> None:
    answer = await client.post(
        "/statements?method=POST", content=body, headers={"Content-Type": FORM}
    )
    await assert_refused(client, answer, reason)


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x", "a\nb", "a\0b", "a\x7fb", "a\x85b"])
@pytest.mark.parametrize("name", ["Content-Type", "Authorization", "If-Match", VERSION])
async def test_a_field_cannot_add_a_header(
    client: httpx.AsyncClient, name: str, value: str
) -> None:
    answer = await send(client, "POST", {name: value, "content": "{}"})
    await assert_refused(client, answer, name)


async def test_content_that_is_not_utf_8_is_no_json(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/statements?method=POST", content=b"content=%ff", headers={"Content-Type": FORM}
    )
    await assert_refused(client, answer, "")


async def test_a_form_without_method_is_no_alternate_request(client: httpx.AsyncClient) -> None:
    answer = await client.post("/statements", data={"content": json.dumps(a_statement())})
    await assert_refused(client, answer, "Content-Type")


async def test_our_own_resources_do_not_have_this_syntax(client: httpx.AsyncClient) -> None:
    url = f"{HOST}/api/v1/analytics/query?method=POST"
    answer = await client.post(url, json={"measures": ["statements.count"]})
    assert answer.status_code == 200


# What follows looks at the request that comes out, by an app that tells what it was asked.


@pytest.fixture
async def echo(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.state.options = build_app(settings_for(database_url, max_body_bytes=LIMIT)).state.options
    app.add_middleware(AlternateSyntax)

    @app.api_route("/{path:path}", methods=["GET", "PUT", "POST", "DELETE"])
    async def tell(request: Request) -> dict[str, Any]:
        return {
            "method": request.method,
            "query": request.url.query,
            "headers": dict(request.headers),
            "body": (await request.body()).decode("latin-1"),
        }

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=f"{HOST}/xapi"
    ) as client:
        yield client


STATE = "/activities/state"


@pytest.mark.requirement("XAPI-00336")
async def test_every_field_has_its_place(echo: httpx.AsyncClient) -> None:
    fields = {
        "Authorization": "Basic YTpi",
        VERSION: "1.0.2",
        "Content-Type": "text/html",
        "Content-Length": "9999",
        "If-Match": '"abc"',
        "If-None-Match": "*",
        "content": "<p>é+ &</p>",
        "stateId": "a b&c=d+é",
        "activityId": "http://example.org/?a=1#b",
        "empty": "",
    }
    answer = await send(echo, "PUT", fields, STATE)
    told = answer.json()
    assert told["method"] == "PUT"
    assert told["body"].encode("latin-1").decode() == "<p>é+ &</p>"
    assert told["query"] == urlencode({k: fields[k] for k in ("stateId", "activityId", "empty")})
    expected = {
        "authorization": "Basic YTpi",
        "x-experience-api-version": "1.0.2",
        "content-type": "text/html",
        "content-length": str(len("<p>é+ &</p>".encode())),
        "if-match": '"abc"',
        "if-none-match": "*",
    }
    assert {name: told["headers"][name] for name in expected} == expected


async def test_headers_of_http_stay_but_for_those_of_the_form(echo: httpx.AsyncClient) -> None:
    headers = {"Accept-Language": "de", "If-Match": '"http"', "X-Request-ID": "x"}
    answer = await echo.post(f"{STATE}?method=DELETE", data={"stateId": "1"}, headers=headers)
    told = answer.json()
    assert told["method"] == "DELETE"
    assert told["headers"]["accept-language"] == "de"
    assert told["headers"]["if-match"] == '"http"'
    assert "content-type" not in told["headers"]
    assert told["headers"]["content-length"] == "0"
    assert told["body"] == ""


@pytest.mark.parametrize("name", ["if-match", "IF-MATCH", "If%2DMatch"])
async def test_names_of_headers_may_be_written_as_they_may_in_http(
    echo: httpx.AsyncClient, name: str
) -> None:
    answer = await echo.post(
        f"{STATE}?method=GET", content=f"{name}=%22a%22", headers={"Content-Type": FORM}
    )
    assert answer.json()["headers"]["if-match"] == '"a"'
    assert answer.json()["query"] == ""


async def test_spaces_are_pluses_or_escapes(echo: httpx.AsyncClient) -> None:
    text = "a b+c"
    for encode in (quote, quote_plus):
        body = f"content={encode(text)}&x={encode(text)}"
        answer = await echo.post(
            f"{STATE}?method=PUT", content=body, headers={"Content-Type": "text/plain"}
        )
        assert answer.json()["body"] == text
        assert answer.json()["query"] == "x=a+b%2Bc"


@pytest.mark.parametrize("body", [b"&a=1&", b"a=1&&", b"&&a=1"])
async def test_an_ampersand_too_many_is_no_harm(echo: httpx.AsyncClient, body: bytes) -> None:
    answer = await echo.post(f"{STATE}?method=GET", content=body, headers={"Content-Type": FORM})
    assert answer.json()["query"] == "a=1"


async def test_empty_content_is_content(echo: httpx.AsyncClient) -> None:
    answer = await send(echo, "PUT", {"content": "", "stateId": "1"}, STATE)
    assert (answer.status_code, answer.json()["body"]) == (200, "")


@pytest.mark.parametrize(
    ("content", "status"),
    [("&" * LIMIT, 200), ("&" * (LIMIT + 1), 413), ("x" * LIMIT, 200), ("x" * (LIMIT + 1), 413)],
)
async def test_the_limit_is_that_of_the_decoded_content(
    echo: httpx.AsyncClient, content: str, status: int
) -> None:
    answer = await send(echo, "PUT", {"content": content}, STATE)
    assert answer.status_code == status


async def test_a_form_without_end_is_not_read_to_its_end(echo: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b"content="
        while sent < 1_000:
            sent += 1
            yield b"%20" * 1_000

    answer = await echo.post(
        f"{STATE}?method=PUT", content=endless(), headers={"Content-Type": FORM}
    )
    assert answer.status_code == 413
    assert sent < 50


async def test_all_beside_the_content_has_a_limit_of_its_own(echo: httpx.AsyncClient) -> None:
    echo.headers["Content-Type"] = FORM
    for size, status in ((60_000, 200), (66_000, 413)):
        answer = await echo.post(f"{STATE}?method=GET", content="x=" + "y" * size)
        assert answer.status_code == status


@pytest.mark.parametrize("shift", range(4))
async def test_content_of_many_pieces_is_whole(client: httpx.AsyncClient, shift: int) -> None:
    text = "x" * shift + "é" * 100_000
    content = json.dumps(a_statement(result={"response": text}), ensure_ascii=False)
    answer = await send(client, "POST", {"content": content})
    assert answer.status_code == 200
    assert (await stored(client, answer.json()[0]))["result"]["response"] == text


async def test_the_form_may_be_packed(client: httpx.AsyncClient) -> None:
    body = gzip.compress(urlencode({"content": json.dumps(a_statement())}).encode())
    headers = {"Content-Type": FORM, "Content-Encoding": "gzip"}
    answer = await client.post("/statements?method=POST", content=body, headers=headers)
    assert answer.status_code == 200
