"""Statements and the data of their attachments, read from bodies that are cut in any way."""

import asyncio
import hashlib
import re
import resource
import tempfile
import tracemalloc
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from email import policy
from email.encoders import encode_noop
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrs.api.xapi.multipart_requests import MultipartLimits, received_multipart
from lrs.errors import InvalidRequestError, TooLargeError, UnavailableError
from lrs.xapi.received_data import ReceivedData
from multipart_requests import Part, joined, multipart, with_headers

BOUNDARY = "of-these"
TYPE = f"multipart/mixed; boundary={BOUNDARY}"
JSON = {"Content-Type": "application/json"}
STATEMENTS = with_headers(JSON, b"[]")
WIDE = MultipartLimits(10_000, 1_000_000, 1_000_000, 10_000)
MEBIBYTE = 1024 * 1024


class Data(NamedTuple):
    """The data of one attachment, and what its part says of them."""

    content: bytes
    content_type: str | None = "application/octet-stream"
    length: int | None = None


class Received(NamedTuple):
    """What was read of a body."""

    statements: bytes
    data: dict[str, Data]


async def cut(body: bytes, *places: int) -> AsyncIterator[bytes]:
    for begin, end in zip((0, *places), (*places, len(body)), strict=True):
        yield body[begin:end]


async def read(
    body: bytes, *places: int, content_type: str = TYPE, limits: MultipartLimits = WIDE
) -> Received:
    """Read a body that comes in pieces, cut at these places."""
    async with received_multipart(content_type, cut(body, *places), limits) as multipart:
        data = {
            sha2: Data(b"".join(it.pieces(1_000)), it.content_type, it.length)
            for sha2, it in multipart.data.items()
        }
        assert [(it.sha2, it.size) for it in multipart.data.values()] == [
            (sha2, len(it.content)) for sha2, it in data.items()
        ]
        return Received(multipart.statements, data)


async def read_byte_by_byte(body: bytes) -> Received:
    return await read(body, *range(1, len(body)))


async def refusal(
    body: bytes, *places: int, content_type: str = TYPE, limits: MultipartLimits = WIDE
) -> str:
    """Return what is said of a body that is refused."""
    with pytest.raises(InvalidRequestError) as refused:
        await read(body, *places, content_type=content_type, limits=limits)
    return refused.value.detail


def sha2(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def kept(*contents: bytes) -> dict[str, Data]:
    return {sha2(content): Data(content) for content in contents}


def written(*parts: bytes) -> bytes:
    return joined(*parts, boundary=BOUNDARY)[0]


def with_data(*contents: bytes) -> bytes:
    return written(STATEMENTS, *(Part(content).written() for content in contents))


def with_header(name: str, value: str) -> bytes:
    return written(STATEMENTS, Part(b"data", headers={name: value}).written())


# What careless readers take for a boundary, or take away with one.
NASTY = (
    b"",
    b"\r\n",
    b"\n",
    b"\r",
    b"ends in a line end\r\n",
    b"\r\nbegins with one",
    b"ends in half of one\r",
    b"ends in more\r\n-",
    f"--{BOUNDARY}\r\nin the first line".encode(),
    f"in a line --{BOUNDARY}\r\n and another --{BOUNDARY}--\r\n".encode(),
    f"\r\n--{BOUNDARY}x\r\n--{BOUNDARY}-\r\n--{BOUNDARY[:-1]}\r\n--{BOUNDARY}\rx".encode(),
    f"\n--{BOUNDARY}\r\n\r--{BOUNDARY}\r\n".encode(),
    bytes(range(256)),
)


# Any cut of a body


async def test_statements_and_data_are_read() -> None:
    body, headers = multipart({"id": "x"}, Part(b"first", content_type="text/plain"), Part(b"2"))
    found = await read(body, content_type=headers["Content-Type"])
    assert found.statements == b'{"id": "x"}'
    assert found.data == {sha2(b"first"): Data(b"first", "text/plain"), sha2(b"2"): Data(b"2")}


async def test_data_that_look_like_multipart_are_data() -> None:
    assert (await read(with_data(*NASTY))).data == kept(*NASTY)


async def test_a_body_may_come_byte_by_byte() -> None:
    assert (await read_byte_by_byte(with_data(*NASTY))).data == kept(*NASTY)


async def test_a_body_may_come_with_pieces_that_are_empty() -> None:
    assert (await read(with_data(b"data"), 0, 0, 5, 5, 60, 60)).data == kept(b"data")


def cut_somewhere(body: bytes) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, len(body)), max_size=8).map(sorted)


@settings(deadline=None, max_examples=50)
@given(cut_somewhere(with_data(*NASTY)))
async def test_it_does_not_matter_where_a_body_is_cut(places: list[int]) -> None:
    assert (await read(with_data(*NASTY), *places)).data == kept(*NASTY)


FRAGMENTS = st.sampled_from((b"\r", b"\n", b"\r\n", b"-", b"--", BOUNDARY.encode(), b"x", b" "))
# A line of data must not begin with a boundary (RFC 2046 5.1.1).
FORBIDDEN = re.compile(rb"\r\n--%s(?!x)" % BOUNDARY.encode())


def data_of_fragments() -> st.SearchStrategy[bytes]:
    contents = st.lists(FRAGMENTS, max_size=12).map(b"".join)
    return contents.filter(lambda content: not FORBIDDEN.search(content + b"\r\n"))


@settings(deadline=None, max_examples=50)
@given(st.lists(data_of_fragments(), max_size=4), st.data())
async def test_any_data_come_through_however_they_are_cut(
    contents: list[bytes], data: st.DataObject
) -> None:
    body = with_data(*contents)
    assert (await read(body, *data.draw(cut_somewhere(body)))).data == kept(*contents)


TOKENS = st.sampled_from(
    (
        f"--{BOUNDARY}".encode(),
        f"\r\n--{BOUNDARY}".encode(),
        b"--",
        b"\r\n",
        b"\n",
        b" ",
        b":",
        b"Content-Type: application/json\r\n",
        f"X-Experience-API-Hash: {sha2(b'')}\r\n".encode(),
        b"Content-Length: ",
        b"\xff\x00",
    )
)


@settings(deadline=None, max_examples=50)
@given(st.lists(TOKENS, max_size=20).map(b"".join), st.data())
async def test_whatever_comes_is_read_or_refused_wherever_it_is_cut(
    body: bytes, data: st.DataObject
) -> None:
    async def outcome(*places: int) -> Received | str:
        try:
            return await read(body, *places)
        except InvalidRequestError as refused:
            return refused.detail

    assert await outcome() == await outcome(*data.draw(cut_somewhere(body)))


# What clients send


def as_xapi_js(*contents: bytes) -> bytes:
    """Write as xAPI.js and xAPIWrapper do: only the last attachment ends in a line end."""
    disposition = {"Content-Disposition": 'form-data; name="statement"'}
    parts = [with_headers(JSON | disposition, b"[]") + b"\r\n"]
    parts += [Part(content).written() for content in contents]
    return b"".join(f"--{BOUNDARY}\r\n".encode() + part for part in parts) + (
        f"\r\n--{BOUNDARY}--\r\n".encode()
    )


@pytest.mark.parametrize("content", NASTY, ids=range(len(NASTY)))
async def test_no_line_end_is_needed_between_an_attachment_and_a_boundary(content: bytes) -> None:
    body = as_xapi_js(content, b"other")
    assert (await read(body)).data == kept(content, b"other")
    assert (await read_byte_by_byte(body)).data == kept(content, b"other")


@settings(deadline=None, max_examples=50)
@given(cut_somewhere(as_xapi_js(*NASTY)))
async def test_it_does_not_matter_where_a_body_without_line_ends_is_cut(places: list[int]) -> None:
    assert (await read(as_xapi_js(*NASTY), *places)).data == kept(*NASTY)


async def test_each_statement_may_bring_its_own_copy() -> None:
    assert (await read(as_xapi_js(b"same", b"same", b"other"))).data == kept(b"same", b"other")


async def test_a_boundary_in_a_line_ends_nothing_unless_the_hash_says_so() -> None:
    forged = Part(b"other", sha2=sha2(b"data")).written()
    told = await refusal(as_xapi_js(b"data").replace(Part(b"data").written(), forged * 2))
    assert f"part 2 declares the hash {sha2(b'data')}" in told


async def test_a_boundary_in_a_line_never_ends_the_statements() -> None:
    text = f"[--{BOUNDARY}\r\n]".encode()
    assert await read(written(with_headers(JSON, text))) == (text, {})


async def test_data_that_are_boundaries_over_and_over_are_refused() -> None:
    """A hash is compared at each, which must not become work without end."""
    often = f"x--{BOUNDARY}\r\n".encode()
    assert (await read(with_data(often * 1_000))).data == kept(often * 1_000)
    told = await refusal(with_data(often * 1_001))
    assert told == "the boundary stands in part 2 again and again; take another one"


async def test_what_follows_the_last_boundary_means_nothing() -> None:
    body = with_data(b"data") + f"x--{BOUNDARY}\r\n".encode() * 2_000
    assert (await read(body)).data == kept(b"data")


SHAPES = {
    "TinCanPHP": (
        "multipart/mixed; boundary=0b1b6d52-6a9a-4d53-a2d8-0f4ed2a2ad71",
        (
            "--{b}\r\nContent-Type: application/json\r\n\r\n[]\r\n"
            "--{b}\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n"
            "X-Experience-API-Hash: {hash}\r\n\r\ndata\r\n--{b}--"
        ),
    ),
    "TinCanJava": (
        "multipart/mixed; boundary=jetty123",
        (
            "\r\n--{b}\r\nContent-Type: application/json\r\n\r\n[]\r\n"
            "--{b}\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n"
            "X-Experience-API-Hash: {hash}\r\n\r\ndata\r\n--{b}--\r\n"
        ),
    ),
    "jxapi": (
        "multipart/mixed; boundary====1700000000000===",
        (
            "--{b}\r\nContent-Type:application/json\r\n\r\n[]\r\n"
            "--{b}\r\nContent-Type:text/plain\r\nContent-Transfer-Encoding:binary\r\n"
            "X-Experience-API-Hash:{hash}\r\n\r\ndata\r\n--{b}--"
        ),
    ),
    "a program for e-mail": (
        'Multipart/Mixed; charset="utf-8"; Boundary="=_(a b; c)=="',
        (
            "This is a message in several parts.\r\n--not it\r\n\r\n"
            "--{b} \t\r\ncontent-type: application/JSON; charset=utf-8\r\n"
            "MIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\n\r\n[]\r\n"
            "--{b} \t\r\nCONTENT-TYPE:\ttext/plain \r\ncontent-transfer-encoding:   Binary\t\r\n"
            "x-experience-api-hash: \t{HASH}  \r\nX-Empty:\r\n\r\ndata\r\n--{b}--  \r\n"
            "That was it.\r\n--{b}\r\n"
        ),
    ),
}


@pytest.mark.parametrize("client", SHAPES)
async def test_what_clients_write_is_read(client: str) -> None:
    content_type, form = SHAPES[client]
    boundary = content_type.lower().split("boundary=", 1)[1].strip('"')
    digest = sha2(b"data")
    body = form.format(b=boundary, hash=digest, HASH=digest.upper()).encode()
    expected = Received(b"[]", {digest: Data(b"data", "text/plain")})
    assert await read(body, content_type=content_type) == expected
    assert await read(body, *range(1, len(body)), content_type=content_type) == expected


async def test_what_pythons_email_package_writes_for_http_is_read() -> None:
    message = MIMEMultipart(boundary=BOUNDARY)
    message.attach(MIMEApplication(b"[]", "json", encode_noop))
    attached = MIMEApplication(b"data", _encoder=encode_noop)
    attached["Content-Transfer-Encoding"] = "binary"
    attached["X-Experience-API-Hash"] = sha2(b"data")
    message.attach(attached)
    _, _, body = message.as_bytes(policy=policy.HTTP).partition(b"\r\n\r\n")
    assert await read(body, content_type=message["Content-Type"]) == (b"[]", kept(b"data"))


async def test_statements_may_come_without_data() -> None:
    assert await read(written(STATEMENTS)) == (b"[]", {})


@pytest.mark.parametrize("algorithm", ["sha224", "sha256", "sha384", "sha512"])
async def test_the_length_of_a_hash_names_its_algorithm(algorithm: str) -> None:
    digest = hashlib.new(algorithm, b"data").hexdigest()
    found = await read(written(STATEMENTS, Part(b"data", sha2=digest.upper()).written()))
    assert found.data == {digest: Data(b"data")}


async def test_what_a_part_says_of_itself_is_remembered() -> None:
    headers = {"Content-Type": "", "Content-Transfer-Encoding": "", "Content-Length": "99"}
    part = Part(b"data", headers=headers).written()
    assert (await read(written(STATEMENTS, part))).data == {sha2(b"data"): Data(b"data", None, 99)}


async def test_the_first_of_several_parts_with_a_hash_is_kept() -> None:
    parts = [Part(b"data", content_type=kind).written() for kind in ("a/a", "b/b", "c/c")]
    found = await read(written(STATEMENTS, *parts, Part(b"other").written()))
    assert found.data == {sha2(b"data"): Data(b"data", "a/a")} | kept(b"other")


async def test_data_may_be_read_in_any_order_and_again() -> None:
    async with received_multipart(TYPE, cut(with_data(b"first", b"second")), WIDE) as multipart:
        first, second = multipart.data.values()
        pairs = list(zip(first.pieces(1), second.pieces(1), strict=False))
        assert b"".join(one for one, _ in pairs) == b"first"
        assert b"".join(two for _, two in pairs) == b"secon"
        assert list(second.pieces(4)) == [b"seco", b"nd"]
        assert list(second.pieces(100)) == [b"second"]


# What is no boundary


@pytest.mark.requirement("XAPI-00131")
@pytest.mark.parametrize(
    "parameters",
    ["", ";", "; boundary", "; boundary=", '; boundary=""', "; charset=utf-8", "; x=boundary=y"],
)
async def test_without_a_boundary_in_the_header_nothing_is_read(parameters: str) -> None:
    told = await refusal(written(STATEMENTS), content_type=f"multipart/mixed{parameters}")
    assert "must name the boundary" in told


@pytest.mark.parametrize("boundary", ["x" * 71, '"ends in a space "', "bound\u00e4ry", '"\t"'])
async def test_what_can_be_no_boundary_is_refused(boundary: str) -> None:
    told = await refusal(b"", content_type=f"multipart/mixed; boundary={boundary}")
    assert "1 to 70 characters" in told


async def test_a_boundary_may_have_seventy_characters() -> None:
    body, headers = multipart([], Part(b"data"), boundary="b" * 70)
    found = await read(body, content_type=headers["Content-Type"])
    assert found.data == kept(b"data")


# What is no multipart

FIRST = f"--{BOUNDARY}\r\n".encode()
LAST = f"\r\n--{BOUNDARY}--\r\n".encode()
WHOLE = FIRST + STATEMENTS
MALFORMED = {
    "nothing": (b"", "no line of the body begins with the boundary"),
    "another boundary": (
        b"--other\r\n" + STATEMENTS + b"\r\n--other--",
        "no line of the body begins with the boundary",
    ),
    "JSON": (b"[]", "no line of the body begins with the boundary"),
    "no first boundary": (STATEMENTS + LAST, "has no parts"),
    "no part": (f"--{BOUNDARY}--\r\n".encode(), "has no parts"),
    "a long preamble": (b"x" * 20_000 + b"\r\n" + WHOLE + LAST, "in the first 16384 bytes"),
    "line ends of Unix": ((WHOLE + LAST).replace(b"\r\n", b"\n"), "CRLF, not in LF"),
    "headers that end in LF": (
        FIRST + b"Content-Type: application/json\nX-A: b\r\n\r\n[]" + LAST,
        "the headers of part 1 hold a control character in content-type",
    ),
    "only the first boundary": (FIRST, "ends within the headers of part 1"),
    "headers cut off": (FIRST + b"Content-Type: appl", "ends within the headers of part 1"),
    "headers without end": (FIRST + b"A: b\r\n", "ends within the headers of part 1"),
    "statements cut off": (WHOLE[:-1], "ends within part 1"),
    "no last boundary": (WHOLE, "ends within part 1: the last boundary is missing"),
    "half a last boundary": (WHOLE + LAST[:-3], "ends within part 1"),
    "data cut off": (with_data(b"data")[: -len(LAST) - 1], "ends within part 2"),
    "a part begun": (WHOLE + b"\r\n" + FIRST, "ends within the headers of part 2"),
    "no empty line": (
        FIRST + b"Content-Type: application/json\r\n[]" + LAST,
        "the headers of part 1 cannot be read",
    ),
    "a header without colon": (FIRST + b"Content-Type\r\n\r\n" + LAST, "cannot be read"),
    "a header without name": (FIRST + b": b\r\n\r\n" + LAST, "cannot be read"),
    "a space before the colon": (FIRST + b"A : b\r\n\r\n" + LAST, "cannot be read"),
    "a header on two lines": (FIRST + b"A: b\r\n c\r\n\r\n" + LAST, "cannot be read"),
    "a lone CR": (FIRST + b"A: b\rc\r\n\r\n" + LAST, "cannot be read"),
    "a NUL": (FIRST + b"A: \0\r\n\r\n" + LAST, "hold a control character in a"),
    "text after a boundary": (
        WHOLE + f"\r\n--{BOUNDARY} and\r\n".encode() + STATEMENTS + LAST,
        "part 1 ends in a boundary whose line goes on with something else",
    ),
    "33 headers": (FIRST + b"A: b\r\n" * 33 + b"\r\n" + LAST, "cannot be read"),
    "one long header": (FIRST + b"A: " + b"b" * 17_000 + b"\r\n\r\n" + LAST, "cannot be read"),
    "one long name": (FIRST + b"A" * 17_000, "cannot be read"),
    "long headers": (
        FIRST + (b"A: " + b"b" * 5_000 + b"\r\n") * 4 + b"\r\n" + LAST,
        "the headers of part 1 cannot be read",
    ),
}


@pytest.mark.requirement("XAPI-00130")
@pytest.mark.parametrize("case", MALFORMED)
async def test_what_is_no_multipart_is_refused_with_the_reason(case: str) -> None:
    body, told = MALFORMED[case]
    assert told in await refusal(body)
    assert told in await refusal(body, *range(1, len(body), 1 + len(body) // 1_000))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, len(with_data(b"data")) - 3))
async def test_a_body_that_is_cut_off_anywhere_is_refused(length: int) -> None:
    assert await refusal(with_data(b"data")[:length])


async def test_32_headers_are_allowed() -> None:
    headers = JSON | {f"X-{number}": "x" * 490 for number in range(31)}
    assert (await read(written(with_headers(headers, b"[]")))).statements == b"[]"


# What is no request with statements and data


@pytest.mark.requirement("XAPI-00134")
@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, "its Content-Type is 'missing'"),
        ({"Content-Type": "text/plain"}, "its Content-Type is 'text/plain'"),
        (
            JSON | {"Content-Transfer-Encoding": "base64"},
            "Content-Transfer-Encoding of part 1 must be binary, it is 'base64'",
        ),
        (JSON | {"content-type": "text/plain"}, "part 1 has the header content-type 2 times"),
    ],
    ids=["no type", "another type", "an encoding", "two types"],
)
async def test_the_first_part_must_be_json(headers: Mapping[str, str], told: str) -> None:
    assert told in await refusal(written(with_headers(dict(headers), b"[]")))


@pytest.mark.requirement("XAPI-00133")
async def test_all_statements_belong_in_the_first_part() -> None:
    told = await refusal(written(STATEMENTS, STATEMENTS))
    assert told.startswith("part 2 is JSON without X-Experience-API-Hash: all statements belong")


async def test_json_may_be_an_attachment() -> None:
    part = Part(b"{}", content_type="application/json").written()
    found = await read(written(STATEMENTS, part))
    assert found.data == {sha2(b"{}"): Data(b"{}", "application/json")}


@pytest.mark.requirement("XAPI-00132")
async def test_a_part_needs_a_hash() -> None:
    told = await refusal(written(STATEMENTS, Part(b"data", sha2="").written()))
    assert told == "part 2 has no X-Experience-API-Hash"


@pytest.mark.parametrize("digits", ["a", "g" * 64, "a" * 63, "a" * 40, "\u00e9" * 64])
async def test_a_hash_is_a_sha2(digits: str) -> None:
    told = await refusal(with_header("X-Experience-API-Hash", digits))
    assert told.startswith("X-Experience-API-Hash of part 2 must be a SHA-2 hash")


async def test_a_hash_must_be_that_of_the_bytes() -> None:
    wrong = sha2(b"other")
    parts = [Part(b"good").written(), Part(b"data", sha2=wrong).written()]
    assert await refusal(written(STATEMENTS, *parts)) == (
        f"part 3 declares the hash {wrong}, but the SHA256 of its 4 bytes is {sha2(b'data')}"
    )


async def test_a_part_that_repeats_a_hash_must_have_its_bytes() -> None:
    parts = [Part(b"data").written(), Part(b"forged", sha2=sha2(b"data")).written()]
    assert "part 3 declares the hash" in await refusal(written(STATEMENTS, *parts))


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "7bit", "8bit"])
async def test_data_come_as_they_are(encoding: str) -> None:
    told = await refusal(with_header("Content-Transfer-Encoding", encoding))
    assert told == (f"Content-Transfer-Encoding of part 2 must be binary, it is {encoding!r}")


@pytest.mark.parametrize("length", ["-1", "1.5", "four", "0x4", "1" * 19, "\u00b2"])
async def test_a_length_is_a_number(length: str) -> None:
    told = await refusal(with_header("Content-Length", length))
    assert told.startswith("Content-Length of part 2 must be a number of bytes")


@pytest.mark.parametrize("name", ["Content-Length", "X-Experience-API-Hash", "Content-Type"])
async def test_a_header_that_counts_stands_once(name: str) -> None:
    part = Part(b"data", headers={name: "4", name.lower(): "5"}).written()
    told = await refusal(written(STATEMENTS, part))
    assert told == f"part 2 has the header {name.lower()} 2 times"


# Limits


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (MultipartLimits(1, 99, 99, 99), "statements are over the 1 bytes"),
        (MultipartLimits(2, 4, 99, 99), "part 3 is over the 4 bytes"),
        (MultipartLimits(2, 5, 13, 99), "together over the 13 bytes"),
        (MultipartLimits(2, 5, 14, 3), "more than the 3 allowed parts"),
    ],
    ids=["statements", "attachment", "total", "parts"],
)
async def test_what_is_over_a_limit_is_not_read(limits: MultipartLimits, told: str) -> None:
    body = with_data(b"four", b"five!", b"five!")

    async def and_nothing_else() -> AsyncIterator[bytes]:
        for begin in range(len(body)):
            yield body[begin : begin + 1]
        pytest.fail("the rest was asked for")

    with pytest.raises(TooLargeError, match=told):
        await read(body, limits=limits)
    with pytest.raises(TooLargeError, match=told):
        async with received_multipart(TYPE, and_nothing_else(), limits):
            pass


async def test_what_just_fits_is_read() -> None:
    body = with_data(b"four", b"five!", b"five!")
    found = await read(body, limits=MultipartLimits(2, 5, 14, 4))
    assert found.data == kept(b"four", b"five!")


async def test_other_requests_get_their_turn_while_many_parts_come() -> None:
    body = with_data(*(b"%d" % number for number in range(2_000)))
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(take_turns())
    found = await read(body)
    other.cancel()
    assert len(found.data) == 2_000
    assert turns >= len(body) // (32 * 1024)


async def test_memory_stays_small_however_large_the_data_are() -> None:
    size, piece = 64 * MEBIBYTE, bytes(range(256)) * 256
    digest = hashlib.sha256(piece * (size // len(piece))).hexdigest()
    head = written(STATEMENTS, with_headers({"X-Experience-API-Hash": digest}, b""))

    async def pieces() -> AsyncIterator[bytes]:
        yield head.removesuffix(LAST)
        for _ in range(size // len(piece)):
            yield piece
        yield LAST

    tracemalloc.start()
    try:
        async with received_multipart(TYPE, pieces(), MultipartLimits(2, size, size, 2)) as found:
            data = found.data[digest]
            assert (data.size, sum(map(len, data.pieces(MEBIBYTE)))) == (size, size)
        assert tracemalloc.get_traced_memory()[1] < 8 * MEBIBYTE
    finally:
        tracemalloc.stop()


async def test_memory_stays_small_when_statements_come_in_crumbs() -> None:
    size = 200_000  # much more than what else may be going on meanwhile

    async def crumbs() -> AsyncIterator[bytes]:
        yield FIRST + with_headers(JSON, b"[")
        for _ in range(size // 8):
            yield b" " * 8
        yield b"]" + LAST

    tracemalloc.start()
    try:
        limits = MultipartLimits(2 * size, 1, 1, 1)
        async with received_multipart(TYPE, crumbs(), limits) as found:
            assert len(found.statements) == size + 2
        assert tracemalloc.get_traced_memory()[1] < 5 * size
    finally:
        tracemalloc.stop()


# The temporary file


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_nothing_is_left_when_the_request_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    large = b"x" * 3 * MEBIBYTE
    limits = MultipartLimits(2, len(large), len(large), 2)
    async with received_multipart(TYPE, cut(with_data(large)), limits) as multipart:
        (data,) = multipart.data.values()
        assert b"".join(data.pieces(MEBIBYTE)) == large
    with pytest.raises(ValueError, match="closed file"):
        next(data.pieces(1))
    assert files_in(tmp_path) == []


async def test_nothing_is_left_when_the_service_fails() -> None:
    brought: list[ReceivedData] = []

    async def serve() -> None:
        async with received_multipart(TYPE, cut(with_data(b"data")), WIDE) as multipart:
            brought.extend(multipart.data.values())
            raise UnavailableError("the service fails")

    with pytest.raises(UnavailableError, match="the service fails"):
        await serve()
    with pytest.raises(ValueError, match="closed file"):
        next(brought[0].pieces(1))


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("over", [1, 3 * MEBIBYTE])
async def test_where_the_disk_is_full_the_request_may_come_again(over: int) -> None:
    most = 8 * MEBIBYTE
    body = with_data(b"x" * (most + over))
    limits = MultipartLimits(2, len(body), len(body), 2)

    async def serve() -> None:
        async with received_multipart(TYPE, cut(body), limits):
            pytest.fail("the service was given data that are not there")

    with files_end_at(most), pytest.raises(UnavailableError, match="cannot be kept on disk"):
        await serve()


async def test_data_that_come_again_take_no_room() -> None:
    content = b"x" * 5 * MEBIBYTE
    body = with_data(content, content)
    limits = MultipartLimits(2, len(body), len(body), 3)
    with files_end_at(8 * MEBIBYTE):
        assert (await read(body, limits=limits)).data == kept(content)


async def test_where_no_file_can_be_made_the_request_may_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    body = with_data(b"x" * 2 * MEBIBYTE)
    limits = MultipartLimits(2, len(body), len(body), 2)
    with pytest.raises(UnavailableError, match="No such file or directory"):
        await read(body, limits=limits)
