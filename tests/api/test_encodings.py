"""Bodies may come packed with gzip or zstd, as long as they unpack to a body (RFC 9110 8.4)."""

import gzip
import hashlib
import json
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from uuid import uuid4

import httpx
import pytest

from builders import a_statement
from conftest import Tenant
from statement_resource import JSON_BODY, listed, new_id, post

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Packing = Callable[[bytes], bytes]

# What the app of the tests takes; see conftest.
LIMIT = 2_000_000
BODY = json.dumps(a_statement()).encode()
PACKINGS: dict[str, Packing] = {"gzip": gzip.compress, "zstd": zstd.compress}
with_each_packing = pytest.mark.parametrize(
    ("encoding", "pack"), PACKINGS.items(), ids=PACKINGS.keys()
)


def packed_in(encoding: str) -> dict[str, str]:
    return {**JSON_BODY, "Content-Encoding": encoding}


async def post_packed(
    client: httpx.AsyncClient, packed: bytes | AsyncIterator[bytes], encoding: str = "gzip"
) -> httpx.Response:
    return await client.post("/statements", content=packed, headers=packed_in(encoding))


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", " gzip ", "zstd", "ZSTD"])
async def test_a_packed_body_is_stored(client: httpx.AsyncClient, encoding: str) -> None:
    pack = PACKINGS[encoding.strip().lower().removeprefix("x-")]
    answer = await post_packed(client, pack(BODY), encoding)
    assert answer.status_code == 200
    assert await listed(client) == answer.json()


@pytest.mark.parametrize("encoding", ["identity", "IDENTITY", ""])
async def test_a_body_that_says_that_it_is_not_packed_is_stored(
    client: httpx.AsyncClient, encoding: str
) -> None:
    assert (await post_packed(client, BODY, encoding)).status_code == 200


async def test_a_packed_body_is_put(client: httpx.AsyncClient) -> None:
    parameters, headers = {"statementId": new_id()}, packed_in("gzip")
    answer = await client.put(
        "/statements", params=parameters, content=gzip.compress(BODY), headers=headers
    )
    assert answer.status_code == 204


async def test_a_packed_query_is_answered(client: httpx.AsyncClient) -> None:
    await post(client, a_statement())
    asked = gzip.compress(b'{"measures": ["statements.count"]}')
    url = "http://lrs.test/api/v1/analytics/query"
    answer = await client.post(url, content=asked, headers=packed_in("gzip"))
    assert answer.status_code == 200
    assert answer.json()["rows"] == [[1]]


@with_each_packing
async def test_several_sections_are_one_body(
    client: httpx.AsyncClient, encoding: str, pack: Packing
) -> None:
    packed = b"".join(pack(part) for part in (b"[", BODY, b"", b"]"))
    assert (await post_packed(client, packed, encoding)).status_code == 200


@with_each_packing
@pytest.mark.parametrize("size", [1, 7, 20])
async def test_a_packed_body_may_come_in_small_parts(
    client: httpx.AsyncClient, encoding: str, pack: Packing, size: int
) -> None:
    packed = pack(BODY) + pack(b" ")

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(packed), size):
            yield packed[start : start + size]

    assert (await post_packed(client, parts(), encoding)).status_code == 200


def spaced(size: int) -> bytes:
    """Write a statement of so many bytes."""
    return BODY + b" " * (size - len(BODY))


@with_each_packing
@pytest.mark.parametrize("size", [256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, LIMIT])
async def test_a_body_up_to_the_limit_is_taken(
    client: httpx.AsyncClient, encoding: str, pack: Packing, size: int
) -> None:
    assert (await post_packed(client, pack(spaced(size)), encoding)).status_code == 200


async def assert_refused(client: httpx.AsyncClient, answer: httpx.Response, status: int) -> None:
    """Expect a reason, an empty store, and that the next request works."""
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]
    assert await listed(client) == []
    assert (await post_packed(client, gzip.compress(BODY))).status_code == 200


@with_each_packing
async def test_a_body_that_is_over_the_limit_when_unpacked_is_refused(
    client: httpx.AsyncClient, encoding: str, pack: Packing
) -> None:
    packed = pack(spaced(LIMIT + 1))
    await assert_refused(client, await post_packed(client, packed, encoding), 413)


def gzip_bomb() -> Iterator[bytes]:
    """Pack spaces without end."""
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    while True:
        yield packing.compress(b" " * 1_000_000)


def zstd_bomb() -> Iterator[bytes]:
    """Pack spaces without end."""
    packing = zstd.ZstdCompressor()
    while True:
        yield packing.compress(b" " * 1_000_000, packing.FLUSH_BLOCK)


@pytest.mark.parametrize(
    ("encoding", "bomb"), [("gzip", gzip_bomb), ("zstd", zstd_bomb)], ids=PACKINGS.keys()
)
async def test_a_bomb_is_not_read_to_its_end(
    client: httpx.AsyncClient, encoding: str, bomb: Callable[[], Iterator[bytes]]
) -> None:
    sent = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal sent
        for part in bomb():
            sent += 1
            assert sent < 1_000
            yield part

    await assert_refused(client, await post_packed(client, parts(), encoding), 413)
    assert sent < 200


async def test_a_bomb_that_is_sent_at_once_is_refused(client: httpx.AsyncClient) -> None:
    packed = zstd.compress(b" " * 50_000_000)
    assert len(packed) < 10_000
    await assert_refused(client, await post_packed(client, packed, "zstd"), 413)


@with_each_packing
async def test_sections_without_content_are_not_read_without_end(
    client: httpx.AsyncClient, encoding: str, pack: Packing
) -> None:
    sent = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 1_000:
            sent += 1
            yield pack(b"") * 1_000

    await assert_refused(client, await post_packed(client, parts(), encoding), 413)
    assert sent < 20


async def test_data_that_need_much_memory_to_unpack_are_refused(client: httpx.AsyncClient) -> None:
    window: dict[int, int] = {zstd.CompressionParameter.window_log: 24}
    packing = zstd.ZstdCompressor(options=window)
    packed = packing.compress(spaced(1_000)) + packing.flush()
    answer = await post_packed(client, packed, "zstd")
    assert "8 MiB" in answer.json()["detail"]
    await assert_refused(client, answer, 400)


def broken(whole: bytes) -> dict[str, bytes]:
    return {
        "nothing": b"",
        "the header alone": whole[:10],
        "half": whole[: len(whole) // 2],
        "without checksum": whole[:-8],
        "without the last byte": whole[:-1],
        "rubbish in the middle": whole[:30] + b"\xff" * 10 + whole[40:],
        "rubbish behind": whole + b"rubbish",
        "half a section behind": whole + whole[:12],
        "not packed": BODY,
        "deflate": zlib.compress(BODY),
    }


GZIP = gzip.compress(BODY)
ZSTD = zstd.compress(BODY, options={zstd.CompressionParameter.checksum_flag: 1})
BROKEN = {
    **{f"gzip: {name}": ("gzip", packed) for name, packed in broken(GZIP).items()},
    "gzip: wrong checksum": ("gzip", GZIP[:-8] + b"\0\0\0\0" + GZIP[-4:]),
    "gzip: wrong length": ("gzip", GZIP[:-4] + b"\1\2\3\4"),
    "gzip: zstd": ("gzip", ZSTD),
    **{f"zstd: {name}": ("zstd", packed) for name, packed in broken(ZSTD).items()},
    "zstd: wrong checksum": ("zstd", ZSTD[:-4] + b"\0\0\0\0"),
    "zstd: gzip": ("zstd", GZIP),
}


@pytest.mark.parametrize(("encoding", "packed"), BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_body_is_refused(
    client: httpx.AsyncClient, encoding: str, packed: bytes
) -> None:
    await assert_refused(client, await post_packed(client, packed, encoding), 400)


@pytest.mark.parametrize(
    "encoding", ["deflate", "br", "gzip, gzip", "gzip, zstd", "gzip,br", "x", "*"]
)
async def test_another_encoding_is_refused(client: httpx.AsyncClient, encoding: str) -> None:
    answer = await post_packed(client, zlib.compress(BODY), encoding)
    assert "Content-Encoding" in answer.json()["detail"]
    await assert_refused(client, answer, 400)


@with_each_packing
async def test_a_document_is_unpacked_and_named_by_what_was_in_it(
    client: httpx.AsyncClient, encoding: str, pack: Packing
) -> None:
    url = "/activities/profile?activityId=http://example.org/course&profileId=x"
    content = b"x" * 5_000
    headers = {"Content-Type": "text/plain", "Content-Encoding": encoding, "If-None-Match": "*"}
    answer = await client.put(url, content=pack(content), headers=headers)
    assert answer.status_code == 204
    got = await client.get(url, headers={"Accept-Encoding": encoding})
    assert "Content-Encoding" not in got.headers
    assert got.content == content
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    assert got.headers["ETag"] == f'"{digest}"'


async def test_a_packed_body_of_nobody_is_not_unpacked(
    anonymous: httpx.AsyncClient, tenant: Tenant
) -> None:
    answer = await post_packed(anonymous, uuid4().bytes)
    assert answer.status_code == 401
    answer = await anonymous.post(
        "/statements", content=GZIP, headers=packed_in("gzip"), auth=tenant.auth
    )
    assert answer.status_code == 200
