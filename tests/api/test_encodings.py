"""Bodies may come packed with gzip, and answers go packed to who asks for it (RFC 9110 8.4)."""

import gzip
import hashlib
import json
import zlib
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from builders import a_statement
from conftest import Tenant
from lrs.api.compression import Compression, accepts_gzip
from statement_resource import JSON_BODY, listed, new_id, page, post

# What the app of the tests takes; see conftest.
LIMIT = 2_000_000
PACKED = {**JSON_BODY, "Content-Encoding": "gzip"}
BODY = json.dumps(a_statement()).encode()


async def post_packed(
    client: httpx.AsyncClient, packed: bytes, encoding: str = "gzip"
) -> httpx.Response:
    headers = {**JSON_BODY, "Content-Encoding": encoding}
    return await client.post("/statements", content=packed, headers=headers)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", " gzip "])
async def test_a_packed_body_is_stored(client: httpx.AsyncClient, encoding: str) -> None:
    answer = await post_packed(client, gzip.compress(BODY), encoding)
    assert answer.status_code == 200
    assert await listed(client) == answer.json()


@pytest.mark.parametrize("encoding", ["identity", "IDENTITY", ""])
async def test_a_body_that_says_that_it_is_not_packed_is_stored(
    client: httpx.AsyncClient, encoding: str
) -> None:
    assert (await post_packed(client, BODY, encoding)).status_code == 200


async def test_a_packed_body_is_put(client: httpx.AsyncClient) -> None:
    answer = await client.put(
        f"/statements?statementId={new_id()}", content=gzip.compress(BODY), headers=PACKED
    )
    assert answer.status_code == 204


async def test_a_packed_query_is_answered(client: httpx.AsyncClient) -> None:
    await post(client, a_statement())
    asked = gzip.compress(b'{"measures": ["statements.count"]}')
    url = "http://lrs.test/api/v1/analytics/query"
    answer = await client.post(url, content=asked, headers=PACKED)
    assert answer.status_code == 200
    assert answer.json()["rows"] == [[1]]


async def test_several_members_are_one_body(client: httpx.AsyncClient) -> None:
    members = [gzip.compress(part) for part in (b"[", BODY, b"", b"]")]
    assert (await post_packed(client, b"".join(members))).status_code == 200


@pytest.mark.parametrize("size", [1, 7, 20])
async def test_a_packed_body_may_come_in_small_parts(client: httpx.AsyncClient, size: int) -> None:
    packed = gzip.compress(BODY) + gzip.compress(b" ")

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(packed), size):
            yield packed[start : start + size]

    answer = await client.post("/statements", content=parts(), headers=PACKED)
    assert answer.status_code == 200


def spaced(size: int) -> bytes:
    """Write a statement of so many bytes."""
    return BODY + b" " * (size - len(BODY))


@pytest.mark.parametrize("size", [256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, LIMIT])
async def test_a_body_up_to_the_limit_is_taken(client: httpx.AsyncClient, size: int) -> None:
    assert (await post_packed(client, gzip.compress(spaced(size)))).status_code == 200


async def assert_refused(client: httpx.AsyncClient, answer: httpx.Response, status: int) -> None:
    """Expect a reason, an empty store, and that the next request works."""
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]
    assert await listed(client) == []
    assert (await post_packed(client, gzip.compress(BODY))).status_code == 200


async def test_a_body_that_is_over_the_limit_when_unpacked_is_refused(
    client: httpx.AsyncClient,
) -> None:
    await assert_refused(client, await post_packed(client, gzip.compress(spaced(LIMIT + 1))), 413)


def bomb() -> Iterator[bytes]:
    """Pack spaces without end."""
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    while True:
        yield packing.compress(b" " * 1_000_000)


async def test_a_bomb_is_not_read_to_its_end(client: httpx.AsyncClient) -> None:
    sent = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal sent
        for part in bomb():
            sent += 1
            assert sent < 1_000
            yield part

    answer = await client.post("/statements", content=parts(), headers=PACKED)
    await assert_refused(client, answer, 413)
    assert sent < 200


async def test_members_without_content_are_not_read_without_end(client: httpx.AsyncClient) -> None:
    sent = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 1_000:
            sent += 1
            yield gzip.compress(b"") * 1_000

    answer = await client.post("/statements", content=parts(), headers=PACKED)
    await assert_refused(client, answer, 413)
    assert sent <= LIMIT // 20_000 + 1


async def test_a_streamed_answer_is_packed_as_it_comes() -> None:
    app = FastAPI()
    app.add_middleware(Compression)

    @app.get("/")
    def stream() -> StreamingResponse:
        return StreamingResponse(iter([b"x" * 2_000, b"y" * 2_000]))

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        answer = await client.get("http://lrs.test/", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Content-Length" not in answer.headers
    assert answer.content == b"x" * 2_000 + b"y" * 2_000


WHOLE = gzip.compress(BODY)
BROKEN = {
    "nothing": b"",
    "the header alone": WHOLE[:10],
    "half": WHOLE[: len(WHOLE) // 2],
    "without checksum": WHOLE[:-8],
    "without the last byte": WHOLE[:-1],
    "wrong checksum": WHOLE[:-8] + b"\0\0\0\0" + WHOLE[-4:],
    "wrong length": WHOLE[:-4] + b"\1\2\3\4",
    "rubbish in the middle": WHOLE[:30] + b"\xff" * 10 + WHOLE[40:],
    "rubbish behind": WHOLE + b"rubbish",
    "half a member behind": WHOLE + WHOLE[:12],
    "not packed": BODY,
    "deflate": zlib.compress(BODY),
}


@pytest.mark.parametrize("packed", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_body_is_refused(client: httpx.AsyncClient, packed: bytes) -> None:
    await assert_refused(client, await post_packed(client, packed), 400)


@pytest.mark.parametrize("encoding", ["deflate", "br", "zstd", "gzip, gzip", "gzip,br", "x", "*"])
async def test_another_encoding_is_refused(client: httpx.AsyncClient, encoding: str) -> None:
    answer = await post_packed(client, zlib.compress(BODY), encoding)
    assert "Content-Encoding" in answer.json()["detail"]
    await assert_refused(client, answer, 400)


async def test_a_large_answer_is_packed_for_who_asks(client: httpx.AsyncClient) -> None:
    ids = await post(client, *(a_statement() for _ in range(10)))
    packed = await client.get("/statements", headers={"Accept-Encoding": "gzip"})
    plain = await client.get("/statements", headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"])
    assert [each["id"] for each in packed.json()["statements"]] == ids[::-1]
    for answer in (packed, plain):
        assert "Accept-Encoding" in answer.headers["Vary"]


async def test_a_large_error_is_packed_too(client: httpx.AsyncClient) -> None:
    batch = [{f"unknown{number}": 1} for number in range(100)]
    answer = await client.post("/statements", json=batch, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 400
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.json()["violations"]) >= 100


async def test_a_small_answer_is_not_packed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/about", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers


async def test_a_multipart_answer_is_not_packed(client: httpx.AsyncClient) -> None:
    await post(client, *(a_statement() for _ in range(10)))
    parameters = {"attachments": "true"}
    answer = await client.get("/statements", params=parameters, headers={"Accept-Encoding": "gzip"})
    assert len(answer.content) > 1024
    assert "Content-Encoding" not in answer.headers


async def test_head_has_the_headers_of_a_packed_answer(client: httpx.AsyncClient) -> None:
    await post(client, *(a_statement() for _ in range(10)))
    client.headers["Accept-Encoding"] = "gzip"
    got, headed = await client.get("/statements"), await client.head("/statements")
    assert headed.content == b""
    for name in ("Content-Encoding", "Content-Length", "Vary", "Content-Type"):
        assert headed.headers[name] == got.headers[name]


async def test_pages_can_be_walked_packed(client: httpx.AsyncClient) -> None:
    ids = await post(client, *(a_statement() for _ in range(10)))
    client.headers["Accept-Encoding"] = "gzip"
    assert len((await page(client, limit=5))["statements"]) == 5
    assert await listed(client, limit=5, ascending="true") == ids


@pytest.mark.parametrize(
    ("header", "accepted"),
    [("gzip", True), ("GZip", True), ("deflate, gzip;q=0.5, br", True), ("br,gzip", True),
     ("*", True), ("gzip;q=1.000", True), ("gzip; q=0.001", True),
     ("", False), ("identity", False), ("gzip;q=0", False), ("gzip;q=0.000", False),
     ("*;q=0", False), ("gzip;q=0, *", False), ("gzippy", False), ("gzip;q=x", False)],
)  # fmt: skip
def test_gzip_is_accepted_or_not(header: str, *, accepted: bool) -> None:
    assert accepts_gzip([header]) is accepted
    assert accepts_gzip(["br", header]) is accepted


def test_who_accepts_nothing_is_sent_nothing_packed() -> None:
    assert accepts_gzip([]) is False


async def test_a_document_is_unpacked_and_named_by_what_was_in_it(
    client: httpx.AsyncClient,
) -> None:
    url = "/activities/profile?activityId=http://example.org/course&profileId=x"
    content = b"x" * 5_000
    headers = {"Content-Type": "text/plain", "Content-Encoding": "gzip", "If-None-Match": "*"}
    answer = await client.put(url, content=gzip.compress(content), headers=headers)
    assert answer.status_code == 204
    got = await client.get(url, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in got.headers
    assert got.content == content
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    assert got.headers["ETag"] == f'"{digest}"'


async def test_an_answer_with_an_etag_is_not_packed() -> None:
    app = FastAPI()
    app.add_middleware(Compression)

    @app.get("/")
    def document(request: Request) -> Response:
        return Response(b"x" * 5_000, headers=dict(request.query_params))

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), headers={"Accept-Encoding": "gzip"}
    ) as client:
        tagged = await client.get("http://lrs.test/", params={"ETag": '"abc"'})
        assert tagged.headers["ETag"] == '"abc"'
        assert "Content-Encoding" not in tagged.headers
        assert tagged.content == b"x" * 5_000
        other = await client.get("http://lrs.test/")
        assert other.headers["Content-Encoding"] == "gzip"


async def test_a_packed_body_of_nobody_is_not_unpacked(
    anonymous: httpx.AsyncClient, tenant: Tenant
) -> None:
    answer = await post_packed(anonymous, uuid4().bytes)
    assert answer.status_code == 401
    answer = await anonymous.post("/statements", content=WHOLE, headers=PACKED, auth=tenant.auth)
    assert answer.status_code == 200
