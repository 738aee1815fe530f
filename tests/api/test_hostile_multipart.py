"""Bodies in parts that are cut off, broken or without end are refused, and leave nothing."""

import gzip
import hashlib
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from builders import Json, a_statement
from conftest import Tenant, serving
from multipart_requests import BOUNDARY, Part, multipart, with_headers
from statement_resource import JSON_BODY, listed, new_id

DATA = b"a report of some length"
MIXED = {"Content-Type": f"multipart/mixed; boundary={BOUNDARY}"}
FIRST = f"--{BOUNDARY}\r\n".encode()
NEXT = b"\r\n" + FIRST
LAST = f"\r\n--{BOUNDARY}--\r\n".encode()
# What the narrow LRS takes.
LIMITS = {
    "max_body_bytes": 20_000,
    "max_statement_bytes": 20_000,
    "max_attachment_bytes": 50_000,
    "max_multipart_bytes": 300_000,
}


def with_attachment(data: bytes = DATA, **properties: object) -> Json:
    attachment = {
        "usageType": "http://example.org/report",
        "display": {"en": "Report"},
        "contentType": "application/octet-stream",
        "length": len(data),
        "sha2": hashlib.sha256(data).hexdigest(),
    }
    return a_statement(attachments=[attachment | properties])


STATEMENT = with_headers(JSON_BODY, json.dumps(with_attachment()).encode())
WHOLE = multipart(with_attachment(), Part(DATA))[0]
ATTACHED = Part(DATA).written()


@pytest.fixture
async def narrow(database_url: str, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an LRS with narrow limits."""
    async with serving(database_url, tenant, **LIMITS) as client:
        yield client


async def reason(client: httpx.AsyncClient, answer: httpx.Response, status: int = 400) -> str:
    """Expect a reason, that nothing is stored, and that the next request works."""
    assert answer.status_code == status, answer.text[:500]
    assert len(answer.content) < 3_000
    detail: str = answer.json()["detail"]
    assert detail
    assert await listed(client) == []
    digest = hashlib.sha256(DATA).hexdigest()
    assert (await client.get(f"http://lrs.test/api/v1/attachments/{digest}")).status_code == 404
    body, headers = multipart(with_attachment(), Part(DATA))
    assert (await client.post("/statements", content=body, headers=headers)).status_code == 200
    return detail


async def test_the_whole_of_it_is_taken(client: httpx.AsyncClient) -> None:
    answer = await client.post("/statements", content=WHOLE, headers=MIXED)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "share", [0, 0.01, 0.05, 0.2, 0.4, 0.6, 0.8, 0.9, 0.97, 0.995], ids=lambda it: f"at {it:.1%}"
)
async def test_a_body_that_is_cut_off_is_refused(client: httpx.AsyncClient, share: float) -> None:
    end = min(int(len(WHOLE) * share), len(WHOLE) - len("--\r\n") - 1)
    answer = await client.post("/statements", content=WHOLE[:end], headers=MIXED)
    assert await reason(client, answer)


async def test_a_body_that_is_cut_off_is_not_put(client: httpx.AsyncClient) -> None:
    parameters = {"statementId": new_id()}
    answer = await client.put("/statements", params=parameters, content=WHOLE[:-30], headers=MIXED)
    assert await reason(client, answer)


BROKEN: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "begins with the boundary"),
    "line ends alone": (b"\r\n" * 1_000, "begins with the boundary"),
    "JSON": (json.dumps(a_statement()).encode(), "begins with the boundary"),
    "another boundary": (WHOLE.replace(BOUNDARY.encode(), b"another"), "begins with the boundary"),
    "no boundary in between": (FIRST + STATEMENT + b"\r\n" + ATTACHED + LAST, "not valid JSON"),
    "no part": (LAST, "has no parts"),
    "an empty part": (FIRST + LAST, "the first part must be application/json"),
    "no final boundary": (FIRST + STATEMENT + NEXT + ATTACHED, "last boundary is missing"),
    "boundaries alone": (FIRST * 10_000 + LAST, "the headers of part 1"),
    "headers without end": (FIRST + STATEMENT + NEXT + b"A: b", "the headers of part 2"),
    "a header of 1 MB": (
        FIRST + STATEMENT + NEXT + b"A: " + b"b" * 1_000_000 + b"\r\n\r\nx" + LAST,
        "the headers of part 2",
    ),
    "a header name of 1 MB": (
        FIRST + STATEMENT + NEXT + b"A" * 1_000_000 + b": b\r\n\r\nx" + LAST,
        "the headers of part 2",
    ),
    "100,000 headers": (
        FIRST + STATEMENT + NEXT + b"A: b\r\n" * 100_000 + b"\r\nx" + LAST,
        "the headers of part 2",
    ),
    "a line folded without end": (
        FIRST + STATEMENT + NEXT + b"A: b\r\n" + b" b\r\n" * 100_000,
        "the headers of part 2",
    ),
    "headers of no text": (
        FIRST + STATEMENT + NEXT + b"\xff\xfe: \xff\r\n\r\nx" + LAST,
        "the headers of part 2",
    ),
    "a hash of no text": (
        FIRST + STATEMENT + NEXT + b"X-Experience-API-Hash: \xff\r\n\r\nx" + LAST,
        "X-Experience-API-Hash of part 2",
    ),
    "a hash of 10,000 digits": (
        FIRST + STATEMENT + NEXT + Part(DATA, sha2="a" * 10_000).written() + LAST,
        "X-Experience-API-Hash of part 2",
    ),
    "gigabytes announced and not sent": (
        FIRST
        + STATEMENT
        + NEXT
        + with_headers({"Content-Length": "9000000000"}, ATTACHED.partition(b"\r\n\r\n")[2]),
        "X-Experience-API-Hash",
    ),
    "a length of 10,000 digits": (
        FIRST + STATEMENT + NEXT + Part(DATA, headers={"Content-Length": "9" * 10_000}).written(),
        "Content-Length of part 2",
    ),
    "a negative length": (
        FIRST + STATEMENT + NEXT + Part(DATA, headers={"Content-Length": "-1"}).written(),
        "Content-Length of part 2",
    ),
    "statements of no text": (
        FIRST + with_headers(JSON_BODY, b'{"actor":"\xff"}') + LAST,
        "is not valid UTF-8",
    ),
    "statements in UTF-16": (
        FIRST + with_headers(JSON_BODY, json.dumps(a_statement()).encode("utf-16")) + LAST,
        "is not valid UTF-8",
    ),
    "a preamble of 1 MB": (b"x" * 1_000_000 + NEXT + STATEMENT + LAST, "in the first 16384 bytes"),
    "statements twice": (FIRST + STATEMENT + NEXT + STATEMENT + LAST, "part 2 is JSON without"),
}


@pytest.mark.parametrize(("body", "told"), BROKEN.values(), ids=BROKEN.keys())
async def test_what_is_broken_is_refused_with_the_reason(
    client: httpx.AsyncClient, body: bytes, told: str
) -> None:
    answer = await client.post("/statements", content=body, headers=MIXED)
    assert told in await reason(client, answer)


@pytest.mark.parametrize(
    "kind",
    ["multipart/mixed", "multipart/mixed;", "multipart/mixed; boundary",
     "multipart/mixed;boundary=", 'multipart/mixed; boundary=""',
     "multipart/mixed; boundary=" + "x" * 10_000,
     "multipart/mixed; boundary*=utf-8''" + BOUNDARY, f"multipart/mixed; Boundary: {BOUNDARY}"],
    ids=lambda kind: kind[15:40],
)  # fmt: skip
async def test_without_a_boundary_nothing_is_read(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.post("/statements", content=WHOLE, headers={"Content-Type": kind})
    assert "boundary" in await reason(client, answer)


@pytest.mark.parametrize(
    "parts", [[Part(b"x")] * 10_000, [Part(b"%d" % it) for it in range(10_000)]]
)
async def test_ten_thousand_parts_are_too_many(
    client: httpx.AsyncClient, parts: list[Part]
) -> None:
    body, headers = multipart(with_attachment(b"x"), *parts)
    answer = await client.post("/statements", content=body, headers=headers)
    assert "more than the 1000 allowed parts" in await reason(client, answer, 413)


async def test_three_thousand_attachments_need_their_parts(client: httpx.AsyncClient) -> None:
    batch = [with_attachment(b"%d" % number) for number in range(3_000)]
    body, headers = multipart(batch, Part(b"1"))
    answer = await client.post("/statements", content=body, headers=headers)
    assert answer.status_code == 400
    assert len(answer.json()["violations"]) <= 102
    assert await listed(client) == []


# Without end, for an LRS with narrow limits

JSON_HEADERS = b"Content-Type: application/json\r\n\r\n"
PART = NEXT + Part(b"x" * 1_000).written()
ENDLESS: dict[str, tuple[bytes, bytes, int, str]] = {
    "statements": (FIRST + JSON_HEADERS + b"[", b"0," * 500, 413, "the statements are over"),
    "a statement": (FIRST + JSON_HEADERS + b'{"', b"x" * 999, 413, "the statements are over"),
    "an attachment": (
        FIRST + STATEMENT + PART,
        b"x" * 999,
        413,
        "part 2 is over the 50000 bytes that an attachment may have",
    ),
    "attachments": (FIRST + STATEMENT, PART, 413, "are allowed"),
    "small attachments": (FIRST + STATEMENT, NEXT + Part(b"").written(), 413, "allowed parts"),
    "headers": (FIRST + STATEMENT + NEXT, b"A: b\r\n" * 100, 400, "the headers of part 2"),
    "a header": (FIRST + STATEMENT + NEXT + b"A: ", b"b" * 999, 400, "the headers of part 2"),
    "a header name": (FIRST + STATEMENT + NEXT, b"A" * 999, 400, "the headers of part 2"),
    "a preamble": (b"", b"x" * 999, 400, "begins with the boundary"),
    "lines of a preamble": (b"", b"x\r\n" * 99, 400, "begins with the boundary"),
    "boundaries": (b"", FIRST * 99, 400, "the headers of part 1"),
    "boundaries in an attachment": (
        FIRST + STATEMENT + NEXT + ATTACHED,
        FIRST[:-2] * 99,
        413,
        "part 2 is over the 50000 bytes that an attachment may have",
    ),
    "an epilogue": (WHOLE, b"x" * 999, 413, "the body is over the 300000 bytes"),
}


@pytest.mark.parametrize(("start", "again", "status", "told"), ENDLESS.values(), ids=ENDLESS.keys())
async def test_what_has_no_end_is_not_read_for_ever(
    narrow: httpx.AsyncClient, start: bytes, again: bytes, status: int, told: str
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield start
        while sent < 3_000_000:
            sent += len(again)
            yield again

    # The transport of the tests reads a body piece by piece, as it is asked for.
    answer = await narrow.post("/statements", content=endless(), headers=MIXED)
    assert told in await reason(narrow, answer, status)
    assert sent <= 310_000


async def test_what_announces_too_much_is_refused_unread(narrow: httpx.AsyncClient) -> None:
    sent = 0

    async def announced() -> AsyncIterator[bytes]:
        nonlocal sent
        sent += 1
        yield WHOLE

    headers = MIXED | {"Content-Length": str(10**12)}
    answer = await narrow.post("/statements", content=announced(), headers=headers)
    assert "over the 300000 bytes" in await reason(narrow, answer, 413)
    assert sent == 0


# Packed

_PACKED_WHOLE = gzip.compress(WHOLE)
PACKED: dict[str, tuple[bytes, int]] = {
    "a bomb in an attachment": (
        gzip.compress(FIRST + STATEMENT + PART + b"x" * 10_000_000 + LAST),
        413,
    ),
    "a bomb of parts": (gzip.compress(FIRST + STATEMENT + PART * 10_000 + LAST), 413),
    "a bomb of spaces": (gzip.compress(FIRST + JSON_HEADERS + b" " * 10_000_000 + LAST), 413),
    "a bomb behind the end": (gzip.compress(WHOLE + b" " * 10_000_000), 413),
    "half": (_PACKED_WHOLE[: len(_PACKED_WHOLE) // 2], 400),
    "without checksum": (_PACKED_WHOLE[:-8], 400),
    "something behind": (_PACKED_WHOLE + b"x", 400),
    "not packed": (WHOLE, 400),
}


@pytest.mark.parametrize(("body", "status"), PACKED.values(), ids=PACKED.keys())
async def test_what_cannot_be_unpacked_is_refused(
    narrow: httpx.AsyncClient, body: bytes, status: int
) -> None:
    headers = MIXED | {"Content-Encoding": "gzip"}
    answer = await narrow.post("/statements", content=body, headers=headers)
    assert await reason(narrow, answer, status)


async def test_a_packed_body_in_parts_is_taken(narrow: httpx.AsyncClient) -> None:
    headers = MIXED | {"Content-Encoding": "gzip"}
    answer = await narrow.post("/statements", content=_PACKED_WHOLE, headers=headers)
    assert answer.status_code == 200, answer.text
