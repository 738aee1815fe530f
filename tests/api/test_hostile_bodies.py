"""Bodies that are made to do harm get their 4xx with a reason, and leave nothing behind.

What is merely wrong is tested in `test_bad_bodies`, limits in `test_limits`, packed statements in
`test_encodings`, and bodies in several parts in `test_hostile_multipart`.
"""

import gzip
import json
from urllib.parse import quote

import httpx
import pytest

from builders import Json, a_statement, activity
from document_resources import ALL, JSON_TYPE, NEW, TEXT, Documents, name_of
from multipart_requests import joined, with_headers
from statement_resource import JSON_BODY, listed, post, stored

GOOD = json.dumps(a_statement())
X = "http://example.org/x"
# Nobody reads an answer longer than this.
LONGEST_ANSWER = 50_000


def with_extension(value: str) -> bytes:
    body = json.dumps(a_statement(context={"extensions": {X: 0}}))
    return body.replace(": 0}", f": {value}}}").encode()


def with_more(*members: str) -> bytes:
    """Write a statement with these members behind its own."""
    return f"{GOOD[:-1]},{','.join(members)}}}".encode()


async def reason(client: httpx.AsyncClient, answer: httpx.Response, status: int = 400) -> str:
    """Expect a reason, an empty store, and that the next request works; return the reason."""
    assert answer.status_code == status, answer.text[:500]
    assert len(answer.content) < LONGEST_ANSWER
    detail: str = answer.json()["detail"]
    assert detail
    assert await listed(client) == []
    assert len(await post(client, a_statement())) == 1
    return detail


# JSON that is too much

BOMBS: dict[str, tuple[bytes, int, str]] = {
    "900,000 numbers": (b"[" + b"0," * 900_000 + b"0]", 413, "a batch may hold"),
    "600,000 objects": (b"[" + b"{}," * 600_000 + b"{}]", 413, "a batch may hold"),
    "600,000 objects without end": (b"[" + b"{}," * 600_000 + b"{", 400, "is not valid JSON"),
    "5,000 numbers": (b"[" + b"0," * 5_000 + b"0]", 400, "must be an object"),
    "5,000 objects": (b"[" + b"{}," * 5_000 + b"{}]", 400, "is required"),
    "arrays behind a statement": (
        f"[{GOOD},".encode() + b"[" * 1_000_000,
        400,
        "nested deeper than 64 levels",
    ),
    "a deep statement behind a good one": (
        f"[{GOOD},".encode() + with_extension("[" * 500_000 + "]" * 500_000) + b"]",
        400,
        "nested deeper than 64 levels",
    ),
    "arrays and objects in turns": (b'[{"a":' * 300_000, 400, "nested deeper than 64 levels"),
    "150,000 unknown properties": (
        with_more(*(f'"u{number}":1' for number in range(150_000))),
        400,
        "in 150000 places",
    ),
    "a property 150,000 times": (with_more(*['"actor":1'] * 150_000), 400, "comes twice"),
    "a property 300,000 times in an extension": (
        with_extension("{" + '"a":1,' * 300_000 + '"a":1}'),
        400,
        "comes twice",
    ),
    "a name 150,000 times in 150,000 spellings": (
        with_extension("{" + r'"\u0061":1,"a":1,' * 100_000 + '"a":1}'),
        400,
        "comes twice",
    ),
    "a name of 1.9 MB": (with_more(f'"{"x" * 1_900_000}":1'), 400, "xxx…"),
    "a number of 1.9 MB": (with_extension("1" * 1_900_000), 400, "is a number of more than"),
    "a number with 1.9 MB behind the point": (
        with_extension("0." + "1" * 1_900_000),
        400,
        "is a number of more than",
    ),
    "1.9 MB of spaces": (b" " * 1_900_000, 400, "the body is empty"),
    "a text without end": (b'{"a":"' + b"x" * 1_900_000, 400, "is not valid JSON"),
    "escapes without end": (b'{"a":"' + b"\\" * 1_900_001, 400, "is not valid JSON"),
}


@pytest.mark.parametrize(("body", "status", "told"), BOMBS.values(), ids=BOMBS.keys())
async def test_json_that_is_too_much_is_refused(
    client: httpx.AsyncClient, body: bytes, status: int, told: str
) -> None:
    answer = await client.post("/statements", content=body, headers=JSON_BODY)
    assert told in await reason(client, answer, status)


@pytest.mark.parametrize(("body", "status", "told"), BOMBS.values(), ids=BOMBS.keys())
async def test_json_that_is_too_much_is_refused_in_multipart(
    client: httpx.AsyncClient, body: bytes, status: int, told: str
) -> None:
    content, headers = joined(with_headers(JSON_BODY, body))
    answer = await client.post("/statements", content=content, headers=headers)
    assert told in await reason(client, answer, status)


@pytest.mark.parametrize(
    "value",
    ["[" + "0," * 300_000 + "0]", "[" + "[]," * 100_000 + "[]]", f'"{"x" * 1_900_000}"',
     "{" + ",".join(f'"{number}":{{}}' for number in range(50_000)) + "}"],
    ids=["numbers", "arrays", "text", "names"],
)  # fmt: skip
async def test_what_is_only_wide_comes_back(client: httpx.AsyncClient, value: str) -> None:
    answer = await client.post("/statements", content=with_extension(value), headers=JSON_BODY)
    assert answer.status_code == 200
    statement = await stored(client, answer.json()[0])
    assert statement["context"]["extensions"][X] == json.loads(value)


LONG = "x" * 1_000_000
TOO_LONG = "must have at most 16384 characters"
LONG_TEXTS: dict[str, tuple[Json, str]] = {
    "a verb without scheme": ({"verb": {"id": LONG}}, f"verb.id: {TOO_LONG}"),
    "a verb with a space": ({"verb": {"id": f"{X}{LONG} x"}}, f"verb.id: {TOO_LONG}"),
    "an Activity": ({"object": {"id": f"1{LONG}:x"}}, f"object.id: {TOO_LONG}"),
    "a parent": (
        {"context": {"contextActivities": {"parent": {"id": LONG}}}},
        "context.contextActivities.parent",
    ),
    "an extension": ({"context": {"extensions": {f"{LONG}": 1}}}, TOO_LONG),
    "an openid": ({"actor": {"openid": f"{X}{LONG}ä"}}, f"actor.openid: {TOO_LONG}"),
    "a home page": (
        {"actor": {"account": {"homePage": LONG, "name": "x"}}},
        f"actor.account.homePage: {TOO_LONG}",
    ),
    "an mbox": ({"actor": {"mbox": f"mailto:{LONG}"}}, "actor.mbox"),
    "a hash": ({"actor": {"mbox_sha1sum": "a" * 1_000_000}}, "actor.mbox_sha1sum"),
    "a language": ({"context": {"language": LONG}}, "context.language"),
    "a language of many parts": ({"context": {"language": "de" + "-ä" * 300_000}}, "language"),
    "a timestamp": ({"timestamp": "2" * 1_000_000}, "timestamp: must be"),
    "a duration": ({"result": {"duration": f"P{'1' * 1_000_000}Y"}}, "result.duration: must be"),
    "a duration of many parts": ({"result": {"duration": "P" + "1Y" * 500_000}}, "duration"),
    "an id": ({"id": "1" * 1_000_000}, "id: must be a UUID"),
    "a version": ({"version": "1.0." + "1" * 1_000_000}, "version: must be 1.0.x"),
    "a kind": ({"object": activity() | {"objectType": LONG}}, "object"),
}


@pytest.mark.parametrize(("more", "told"), LONG_TEXTS.values(), ids=LONG_TEXTS.keys())
async def test_a_long_text_in_a_wrong_form_is_refused_and_cut(
    client: httpx.AsyncClient, more: Json, told: str
) -> None:
    answer = await client.post("/statements", json=a_statement(**more))
    assert told in await reason(client, answer)
    assert len(answer.content) < 2_000


AGENTS: dict[str, tuple[str, str]] = {
    "deep": ("[" * 20_000, "nested deeper than 64 levels"),
    "deep objects": ('{"a":' * 3_000, "nested deeper than 64 levels"),
    "twice": ('{"mbox":"mailto:a@b.c","mbox":"mailto:d@e.f"}', "comes twice"),
    "wide": ("{" + ",".join(f'"{number}":1' for number in range(3_000)) + "}", "agent"),
    "a long number": ('{"mbox":' + "1" * 20_000 + "}", "agent"),
    "cut off": ('{"mbox":"mailto:a@b.c"', "is not valid JSON"),
}


@pytest.mark.parametrize(("text", "told"), AGENTS.values(), ids=AGENTS.keys())
async def test_an_agent_in_the_address_is_read_as_strictly(
    client: httpx.AsyncClient, text: str, told: str
) -> None:
    query = {"agent": text}
    for path in ("/statements", "/agents"):
        assert told in (await client.get(path, params=query)).json()["detail"]
    document = await client.put(
        "/agents/profile", params=query | {"profileId": "x"}, content=b"x", headers=TEXT | NEW
    )
    assert told in await reason(client, document)


# Packed bodies of documents


WHOLE = gzip.compress(b'{"b":2}')
PACKED: dict[str, tuple[bytes, int]] = {
    "a bomb": (gzip.compress(b'{"b":2}' + b" " * 10_000_000), 413),
    "a bomb of several members": (gzip.compress(b" " * 1_000_000) * 3, 413),
    "nothing": (b"", 400),
    "half": (WHOLE[: len(WHOLE) // 2], 400),
    "without checksum": (WHOLE[:-8], 400),
    "a byte less": (WHOLE[:-1], 400),
    "a wrong checksum": (WHOLE[:-8] + b"\0" * 8, 400),
    "something else": (b'{"b":2}', 400),
    "something behind": (WHOLE + b"x", 400),
}


@pytest.mark.parametrize("documents", ALL, ids=name_of)
@pytest.mark.parametrize(("body", "status"), PACKED.values(), ids=PACKED.keys())
async def test_a_document_that_cannot_be_unpacked_changes_nothing(
    client: httpx.AsyncClient, documents: Documents, body: bytes, status: int
) -> None:
    kept = await documents.stored(client, b'{"a":1}', Content_Type="application/json")
    headers = JSON_TYPE | {"Content-Encoding": "gzip"}
    answers = [
        await documents.put(client, kept, body, headers | {"If-Match": "*"}),
        await documents.post(client, kept, body, headers),
        await documents.put(client, "another", body, headers | NEW),
        await documents.post(client, "another", body, headers),
    ]
    assert [each.status_code for each in answers] == [status] * 4
    assert all(each.json()["detail"] for each in answers)
    assert await documents.content(client, kept) == b'{"a":1}'
    assert await documents.ids(client) == [kept]
    assert (await documents.post(client, kept, WHOLE, headers)).status_code == 204
    assert json.loads(await documents.content(client, kept)) == {"a": 1, "b": 2}


MERGED: dict[str, tuple[bytes, int]] = {
    "deep": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400),
    "deep without end": (b'{"a":' * 100_000, 400),
    "no text": (b'{"a":"\xff"}', 400),
    "half a character": (b'{"\\ud800":1}', 400),
    "cut off": (b'{"a":1', 400),
    "too large": (b'{"a":"' + b"x" * 2_000_000 + b'"}', 413),
}


@pytest.mark.parametrize("documents", ALL, ids=name_of)
@pytest.mark.parametrize(("content", "status"), MERGED.values(), ids=MERGED.keys())
async def test_what_cannot_be_merged_changes_nothing(
    client: httpx.AsyncClient, documents: Documents, content: bytes, status: int
) -> None:
    kept = await documents.stored(client, b'{"a":1}', Content_Type="application/json")
    for identifier in (kept, "another"):
        answer = await documents.post(client, identifier, content, {})
        assert answer.status_code == status
        assert answer.json()["detail"]
        assert len(answer.content) < LONGEST_ANSWER
    assert await documents.content(client, kept) == b'{"a":1}'
    assert await documents.ids(client) == [kept]
    assert (await documents.post(client, kept, b'{"b":2}', {})).status_code == 204


# Bytes that are no text

NO_TEXT: dict[str, tuple[bytes, str]] = {
    "in a text": (GOOD.replace("ada", "\\").encode().replace(b"\\", b"\xff"), "offset"),
    "in an IRI": (GOOD.replace("course", "\\").encode().replace(b"\\", b"\x80"), "offset"),
    "in a name": (GOOD.replace("actor", "\\").encode().replace(b"\\", b"\xc3("), "offset"),
    "between tokens": (GOOD.encode().replace(b", ", b",\xa0", 1), "offset"),
    "in front": (b"\xff" + GOOD.encode(), "offset 0"),
    "behind": (GOOD.encode() + b"\xff", "offset"),
    "cut off in a character": (GOOD.encode() + "é".encode()[:1], "offset"),
    "far behind": (b" " * 1_000_000 + GOOD.encode() + b"\xfe", "offset"),
    "in the last of a batch": (f"[{GOOD},{GOOD},".encode() + b'{"\xf5":1}]', "offset"),
    "beyond Unicode": (GOOD.encode() + b"\xf4\x90\x80\x80", "offset"),
}


@pytest.mark.parametrize(("body", "told"), NO_TEXT.values(), ids=NO_TEXT.keys())
async def test_bytes_that_are_no_utf_8_are_refused_with_their_place(
    client: httpx.AsyncClient, body: bytes, told: str
) -> None:
    content, headers = joined(with_headers(JSON_BODY, body))
    answer = await client.post("/statements", content=content, headers=headers)
    assert answer.status_code == 400
    answer = await client.post("/statements", content=body, headers=JSON_BODY)
    detail = await reason(client, answer)
    assert "is not valid UTF-8" in detail
    assert told in detail


@pytest.mark.parametrize("text", ["%FF", "%C3%28", "%ED%A0%80", "a%00b"])
async def test_a_form_that_is_no_text_is_refused(client: httpx.AsyncClient, text: str) -> None:
    content = quote(GOOD).replace("ada", text)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    form = f"X-Experience-API-Version=1.0.3&content={content}"
    answer = await client.post("/statements?method=POST", content=form, headers=headers)
    assert await reason(client, answer)


@pytest.mark.parametrize(
    "name",
    ["X-Experience-API-Version", "Content-Type", "Content-Encoding", "Authorization", "Accept",
     "Accept-Language", "Accept-Encoding", "If-Match", "If-None-Match", "Origin", "X-Request-ID"],
)  # fmt: skip
@pytest.mark.parametrize(
    "value", [b"\xff\xfe", b"\xc3\xa4" * 2_000, b"," * 60_000, b'"' * 9_999],
    ids=["bytes", "UTF-8", "commas", "quotes"],
)  # fmt: skip
async def test_a_header_of_any_bytes_is_no_failure(
    client: httpx.AsyncClient, name: str, value: bytes
) -> None:
    request = client.build_request("POST", "/statements", content=GOOD, headers=JSON_BODY)
    kept = [
        (key, text) for key, text in request.headers.raw if key.lower() != name.lower().encode()
    ]
    request.headers = httpx.Headers([*kept, (name.encode(), value)])
    answer = await client.send(request, auth=None if name == "Authorization" else client.auth)
    assert answer.status_code in {200, 400, 401}
    assert len(await post(client, a_statement())) == 1
