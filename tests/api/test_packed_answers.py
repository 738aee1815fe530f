"""Answers go packed to who asks for it, in the coding that it likes best (RFC 9110 12.5.3)."""

import asyncio
import gzip
import json
import sys
from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Message

from builders import a_statement
from lrs.api.compression import Compression, preferred_coding
from statement_resource import listed, page, post

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CODINGS = ["gzip", "zstd"]
UNPACKING = {"gzip": gzip.decompress, "zstd": zstd.decompress}


async def raw(
    client: httpx.AsyncClient, address: str, **parameters: str
) -> tuple[httpx.Headers, bytes]:
    """Return headers and body of an answer, the body as it is sent."""
    async with client.stream("GET", address, params=parameters) as answer:
        return answer.headers, b"".join([part async for part in answer.aiter_raw()])


@pytest.mark.parametrize("coding", CODINGS)
async def test_a_large_answer_is_packed_for_who_asks(
    client: httpx.AsyncClient, coding: str
) -> None:
    ids = await post(client, *(a_statement() for _ in range(10)))
    client.headers["Accept-Encoding"] = coding
    packed_headers, packed = await raw(client, "/statements")
    client.headers["Accept-Encoding"] = "identity"
    plain_headers, plain = await raw(client, "/statements")
    assert packed_headers["Content-Encoding"] == coding
    assert "Content-Encoding" not in plain_headers
    assert UNPACKING[coding](packed) == plain
    assert int(packed_headers["Content-Length"]) == len(packed) < len(plain)
    assert [each["id"] for each in json.loads(plain)["statements"]] == ids[::-1]
    for headers in (packed_headers, plain_headers):
        assert "Accept-Encoding" in headers["Vary"]


@pytest.mark.parametrize("coding", CODINGS)
async def test_a_very_large_answer_is_packed(client: httpx.AsyncClient, coding: str) -> None:
    response = "".join(str(number) for number in range(200_000))
    await post(client, a_statement(result={"response": response}))
    client.headers["Accept-Encoding"] = coding
    _, packed = await raw(client, "/statements")
    (statement,) = json.loads(UNPACKING[coding](packed))["statements"]
    assert statement["result"] == {"response": response}


async def test_a_large_error_is_packed_too(client: httpx.AsyncClient) -> None:
    batch = [{f"unknown{number}": 1} for number in range(100)]
    answer = await client.post("/statements", json=batch, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 400
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.json()["violations"]) >= 100


@pytest.mark.parametrize("coding", CODINGS)
async def test_a_small_answer_is_not_packed(client: httpx.AsyncClient, coding: str) -> None:
    answer = await client.get("/statements", headers={"Accept-Encoding": coding})
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("coding", CODINGS)
async def test_a_multipart_answer_is_not_packed(client: httpx.AsyncClient, coding: str) -> None:
    await post(client, *(a_statement() for _ in range(10)))
    parameters = {"attachments": "true"}
    answer = await client.get("/statements", params=parameters, headers={"Accept-Encoding": coding})
    assert len(answer.content) > 1024
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("coding", CODINGS)
async def test_head_has_the_headers_of_a_packed_answer(
    client: httpx.AsyncClient, coding: str
) -> None:
    await post(client, *(a_statement() for _ in range(10)))
    client.headers["Accept-Encoding"] = coding
    got, _ = await raw(client, "/statements")
    headed = await client.head("/statements")
    assert headed.content == b""
    for name in ("Content-Encoding", "Content-Length", "Vary", "Content-Type"):
        assert headed.headers[name] == got[name]


async def test_pages_can_be_walked_packed(client: httpx.AsyncClient) -> None:
    ids = await post(client, *(a_statement() for _ in range(10)))
    client.headers["Accept-Encoding"] = "gzip"
    assert len((await page(client, limit=5))["statements"]) == 5
    assert await listed(client, limit=5, ascending="true") == ids


@pytest.mark.parametrize(
    ("header", "chosen"),
    [("gzip", "gzip"), ("GZip", "gzip"), ("deflate, gzip;q=0.5, br", "gzip"), ("br,gzip", "gzip"),
     ("*", "gzip"), ("gzip;q=1.000", "gzip"), ("gzip; q=0.001", "gzip"),
     ("", "identity"), ("identity", "identity"), ("gzip;q=0", "identity"),
     ("gzip;q=0.000", "identity"), ("*;q=0", "identity"), ("gzip;q=0, *", "identity"),
     ("gzippy", "identity"), ("gzip;q=x", "identity"),
     ("zstd", "zstd"), ("ZSTD;q=0.1", "zstd"), ("gzip, deflate, br, zstd", "zstd"),
     ("zstd;q=0.5, gzip;q=0.5", "zstd"), ("zstd;q=0.5, gzip", "gzip"),
     ("zstd;q=0.5, gzip;q=0.4", "zstd"), ("zstd;q=0, gzip", "gzip"), ("zstd;q=0, *", "gzip"),
     ("zstd, *;q=0", "zstd"), ("zstd;q=0", "identity"), ("zstd;q=2, gzip;q=0.1", "gzip"),
     ("identity, zstd;q=0.9, gzip;q=0.9", "identity"), ("identity, gzip", "gzip"),
     ("identity;q=0.5, zstd;q=0.6", "zstd"), ("identity;q=0, gzip", "gzip")],
)  # fmt: skip
def test_the_coding_is_what_the_client_likes_best(header: str, chosen: str) -> None:
    assert preferred_coding([header]) == chosen
    assert preferred_coding(["br", header]) == chosen
    assert preferred_coding(header.split(",")) == chosen


def test_who_accepts_nothing_is_sent_nothing_packed() -> None:
    assert preferred_coding([]) == "identity"


STREAMS = {
    "two parts": [b"x" * 2_000, b"y" * 2_000],
    "nothing first": [b"", b"x" * 2_000, b"", b"y" * 2_000, b""],
    "large parts": [b"x" * 3_000_000, b"y" * 3_000_000],
    "small parts": [b"x"] * 100,
}


def answering(answer: Callable[[Request], Response]) -> httpx.AsyncClient:
    """Return a client of an app that packs this answer."""
    app = FastAPI()
    app.add_middleware(Compression)
    app.add_route("/", answer)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lrs.test")


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("parts", STREAMS.values(), ids=STREAMS.keys())
async def test_a_streamed_answer_is_packed_as_it_comes(parts: list[bytes], coding: str) -> None:
    async with answering(lambda _: StreamingResponse(iter(parts))) as client:
        client.headers["Accept-Encoding"] = coding
        headers, packed = await raw(client, "/")
    assert headers["Content-Encoding"] == coding
    assert headers["Vary"] == "Accept-Encoding"
    assert "Content-Length" not in headers
    assert UNPACKING[coding](packed) == b"".join(parts)


async def test_each_part_of_a_stream_can_be_read_when_it_comes() -> None:
    parts = [b"first" * 500, b"second" * 500]
    sent: list[bytes] = []

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))

    async def receive() -> Message:
        await asyncio.Event().wait()
        return {}

    scope = {"type": "http", "headers": [(b"accept-encoding", b"zstd")]}
    await Compression(StreamingResponse(iter(parts)))(scope, receive, send)
    unpacking = zstd.ZstdDecompressor()
    assert [unpacking.decompress(part) for part in sent[1:3]] == parts


@pytest.mark.parametrize("coding", CODINGS)
async def test_an_answer_with_an_etag_is_not_packed(coding: str) -> None:
    content = b"x" * 5_000
    async with answering(lambda it: Response(content, headers=dict(it.query_params))) as client:
        client.headers["Accept-Encoding"] = coding
        headers, body = await raw(client, "/", ETag='"abc"')
        assert headers["ETag"] == '"abc"'
        assert "Content-Encoding" not in headers
        assert body == content
        headers, body = await raw(client, "/")
        assert headers["Content-Encoding"] == coding
        assert UNPACKING[coding](body) == content
