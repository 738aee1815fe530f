"""Bodies that cannot be kept are refused with 400 and a reason, never with 500 (Data 2.2)."""

import json

import httpx
import pytest

from builders import a_statement
from statement_resource import JSON_BODY, listed, new_id, post, stored

GOOD = json.dumps(a_statement())
X = "http://example.org/x"


def with_response(value: str) -> bytes:
    """Write a statement with a JSON text as its response."""
    return json.dumps(a_statement(result={"response": 0})).replace(": 0}", f": {value}}}").encode()


def with_extension(value: str) -> bytes:
    body = json.dumps(a_statement(context={"extensions": {X: 0}}))
    return body.replace(": 0}", f": {value}}}").encode()


NO_JSON: dict[str, bytes] = {
    "empty": b"",
    "spaces": b" \r\n\t ",
    "truncated": GOOD[:-1].encode(),
    "truncated in a string": GOOD[:20].encode(),
    "truncated array": f"[{GOOD},".encode(),
    "array without end": f"[{GOOD}".encode(),
    "trailing comma": f"[{GOOD},]".encode(),
    "trailing comma in an object": (GOOD[:-1] + ",}").encode(),
    "two statements": f"{GOOD}{GOOD}".encode(),
    "two arrays": b"[][]",
    "rubbish behind": f"{GOOD}x".encode(),
    "rubbish behind an array": f"[{GOOD}]x".encode(),
    "single quotes": GOOD.replace('"', "'").encode(),
    "a comment": f"/* x */{GOOD}".encode(),
    "a text": b"hello",
    "a form": b"content=%7B%7D",
    "byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "UTF-16": GOOD.encode("utf-16"),
    "UTF-16 without mark": GOOD.encode("utf-16-le"),
    "Latin-1": GOOD.replace("ada", "ad\u00e4").encode("latin-1"),
    "overlong UTF-8": GOOD.replace("ada", "XX").encode().replace(b"XX", b"\xc0\xaf"),
    "surrogate in UTF-8": GOOD.replace("ada", "XX").encode().replace(b"XX", b"\xed\xa0\x80"),
    "bare control character": with_response('"a\x01b"'),
    "bare line end": with_response('"a\nb"'),
    "bare NUL": GOOD.encode() + b"\0",
    "NaN": with_extension("NaN"),
    "Infinity": with_extension("Infinity"),
    "-Infinity": with_extension("[-Infinity]"),
    "leading zero": with_extension("01"),
    "plus": with_extension("+1"),
    "no digits after the point": with_extension("1."),
    "hexadecimal": with_extension("0x1"),
    "bad escape": with_response(r'"\x41"'),
    "short escape": with_response(r'"\u12"'),
    "undefined": with_extension("undefined"),
}
NOT_A_STATEMENT = [b"null", b"true", b"1", b'"x"', b"-", b"NaN"]
NOT_KEPT: dict[str, tuple[bytes, str]] = {
    "100,000 arrays": (b"[" * 100_000 + b"]" * 100_000, ""),
    "100,000 arrays without end": (b"[" * 100_000, ""),
    "100,000 objects without end": (b'{"a":' * 100_000, ""),
    "100,000 arrays in an extension": (with_extension("[" * 100_000 + "]" * 100_000), ""),
    "100,000 objects in an extension": (
        with_extension('{"a":' * 100_000 + "1" + "}" * 100_000),
        "",
    ),
    "NUL": (with_response(r'"\u0000"'), "result.response"),
    "NUL in an extension": (with_extension(r'["\u0000"]'), f'context.extensions["{X}"][0]'),
    "high surrogate": (with_response(r'"\ud83d"'), "result.response"),
    "low surrogate": (with_response(r'"\ude00"'), "result.response"),
    "surrogates in the wrong order": (with_response(r'"\ude00\ud83d"'), "result.response"),
    "surrogate in a name": (with_extension(r'{"\ud800":1}'), f'context.extensions["{X}"]'),
    "duplicate key": ((GOOD[:-1] + ',"verb":{}}').encode(), "verb"),
    "duplicate key, escaped": ((GOOD[:-1] + r',"v\u0065rb":{}}').encode(), "verb"),
    "duplicate key in an extension": (
        with_extension('{"a":1,"a":1}'),
        f'context.extensions["{X}"].a',
    ),
    "a number of 10,000 digits": (with_extension("1" * 10_000), f'context.extensions["{X}"]'),
    "a large exponent": (with_extension("1e" + "9" * 30), f'context.extensions["{X}"]'),
    "a score beyond a float": (
        json.dumps(a_statement(result={"score": {"raw": 0}})).replace(": 0}", ": 1e999}").encode(),
        "result.score.raw",
    ),
}


async def refusal(client: httpx.AsyncClient, body: bytes) -> dict[str, object]:
    """Post and put a body, expect the same refusal, and that nothing is stored."""
    posted = await client.post("/statements", content=body, headers=JSON_BODY)
    put = await client.put(
        "/statements", params={"statementId": new_id()}, content=body, headers=JSON_BODY
    )
    assert (posted.status_code, put.status_code) == (400, 400), posted.text[:500]
    assert await listed(client) == []
    problem: dict[str, object] = posted.json()
    assert problem["detail"]
    assert len(posted.content) < 5_000
    return problem


@pytest.mark.requirement("XAPI-00014")
@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON.keys())
async def test_no_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    assert (await refusal(client, body))["type"] == "urn:lrs:error:invalid-request"


@pytest.mark.parametrize("body", NOT_A_STATEMENT)
async def test_json_that_is_no_statement_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    await refusal(client, body)
    await refusal(client, b"[" + body + b"]")


@pytest.mark.requirement("XAPI-00021")
@pytest.mark.parametrize(("body", "path"), NOT_KEPT.values(), ids=NOT_KEPT.keys())
async def test_json_that_cannot_be_kept_is_refused_with_its_place(
    client: httpx.AsyncClient, body: bytes, path: str
) -> None:
    problem = await refusal(client, body)
    violations = problem["violations"]
    assert isinstance(violations, list)
    paths = [each["path"] for each in violations]
    if path:
        assert paths[0].startswith(path)


@pytest.mark.requirement("XAPI-00127")
@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "text/json", "application/xml", "application/x-www-form-urlencoded",
     "multipart/form-data; boundary=x", "application/jsonx", "application/json-seq", "*/*",
     "application/problem+json"],
)  # fmt: skip
async def test_a_body_of_another_type_is_refused(client: httpx.AsyncClient, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = await client.post("/statements", content=GOOD.encode(), headers=headers)
    assert answer.status_code == 400
    assert "Content-Type" in answer.json()["detail"]
    assert await listed(client) == []


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON",
     'application/json;charset="UTF-8"', " application/json "],
)  # fmt: skip
async def test_json_may_be_announced_in_any_spelling(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.post("/statements", content=GOOD.encode(), headers={"Content-Type": kind})
    assert answer.status_code == 200


ATTACHMENT = {
    "usageType": "http://example.org/certificate",
    "display": {"en": "Certificate"},
    "contentType": "text/plain",
    "length": 3,
    "sha2": "ab" * 32,
}


@pytest.mark.requirement("XAPI-00129")
async def test_json_alone_brings_no_attachment_whose_bytes_are_due(
    client: httpx.AsyncClient,
) -> None:
    away = ATTACHMENT | {"fileUrl": "https://example.org/x"}
    answer = await client.post("/statements", json=a_statement(attachments=[away, ATTACHMENT]))
    assert answer.status_code == 400
    assert await listed(client) == []
    assert len(await post(client, a_statement(attachments=[away]))) == 1


async def test_a_get_may_announce_a_type(client: httpx.AsyncClient) -> None:
    assert (await client.get("/statements", headers=JSON_BODY)).status_code == 200


async def test_a_long_list_of_violations_ends(client: httpx.AsyncClient) -> None:
    batch = [{f"unknown{number}": 1} for number in range(1000)]
    answer = await client.post("/statements", json=batch)
    assert answer.status_code == 400
    assert 100 <= len(answer.json()["violations"]) <= 200


async def test_the_deepest_statement_that_is_kept_comes_back(client: httpx.AsyncClient) -> None:
    # The statement, its context and the extensions are the first three of 64 levels.
    deepest = with_extension("[" * 61 + "]" * 61)
    answer = await client.post("/statements", content=deepest, headers=JSON_BODY)
    assert answer.status_code == 200
    depth = json.dumps(await stored(client, answer.json()[0])).count("[")
    assert depth == 61
    deeper = with_extension("[" * 62 + "]" * 62)
    answer = await client.post("/statements", content=deeper, headers=JSON_BODY)
    assert answer.status_code == 400


@pytest.mark.parametrize("form", ["exact", "ids", "canonical"])
async def test_strange_but_valid_statements_are_shown_in_every_format(
    client: httpx.AsyncClient, form: str
) -> None:
    strange = {
        "": {"": [None, {}, [], "", 0, -0.0, 1e-300, 10**300]},
        "\U0001f600\u2028\u007f": "\u0301\u202e\uffff",
    }
    definition = {"extensions": {X: strange}, "name": {"en": ""}}
    thing = {"id": "http://example.org/\u00e4?q=\U0001f600#x", "definition": definition}
    (identifier,) = await post(client, a_statement(object=thing))
    answer = await client.get("/statements", params={"statementId": identifier, "format": form})
    assert answer.status_code == 200
    assert answer.json()["object"]["id"] == thing["id"]
    if form != "ids":
        assert answer.json()["object"]["definition"] == definition
