"""Answers with the data of attachments, taken apart as clients and Python's own parser do it."""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from email import message_from_bytes, policy
from email.message import MIMEPart
from typing import NamedTuple

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message

from lrs.api.xapi.multipart import as_multipart
from lrs.api.xapi.multipart_requests import MultipartLimits, received_multipart
from lrs.xapi.received_data import HeldAttachment

STATEMENT = {"id": "x", "text": "line\r\nend \u2028 \u00e4"}
OCTETS = "application/octet-stream"
WIDE = MultipartLimits(10**9, 10**9, 10**9, 10**9)
NASTY = (
    b"",
    b"\r\n",
    b"\r\nbegins and ends in a line end\r\n",
    b"\r\n\r\n--lrs-0\r\n--lrs--\r\n",
    b"ends in dashes\r\n--",
    b"Content-Type: text/html\r\n\r\n<script>",
    bytes(range(256)) * 3,
)


class Attached(NamedTuple):
    """One attachment of an answer."""

    sha2: str
    content_type: str
    content: bytes


def sha2(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def attached(content: bytes, content_type: str = OCTETS) -> Attached:
    return Attached(sha2(content), content_type, content)


async def answered(
    statements: object, *attachments: Attached, indent: int | None = None
) -> httpx.Response:
    """Return the answer with these statements and attachments."""
    contents = {each.sha2: each.content for each in attachments}

    async def bytes_of(held: HeldAttachment) -> AsyncIterator[bytes]:
        content = contents[held.sha2]
        for begin in range(0, len(content), 100):
            yield content[begin : begin + 100]

    held = [HeldAttachment(it.sha2, it.content_type, len(it.content)) for it in attachments]
    app = as_multipart(
        json.dumps(statements, indent=indent, ensure_ascii=False).encode(), held, bytes_of
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        return await client.get("http://lrs.test/")


# How others take an answer apart: the JSON, and the attachments in their order.
Taken = tuple[object, list[Attached]]


def decoded(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


async def by_email(answer: httpx.Response) -> Taken:
    """As Python's parser does."""
    head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    message = message_from_bytes(head + answer.content, policy=policy.HTTP)
    assert message.defects == []
    assert message.preamble is None
    first, *others = message.iter_parts()
    found = [
        Attached(part["X-Experience-API-Hash"], part["Content-Type"], decoded(part))
        for part in others
    ]
    return json.loads(decoded(first)), found


async def by_offsets(answer: httpx.Response) -> Taken:
    """As TinCanJS does: offsets in the bytes, header names as they are spelt."""
    body = answer.content
    boundary = b"--" + answer.headers["Content-Type"].split("boundary=")[1].encode()
    parts: list[tuple[dict[str, str], bytes]] = []
    last, begin = body.find(boundary + b"--"), body.find(boundary)
    while begin != last:
        end = body.find(boundary, begin + len(boundary))
        head = body.find(b"\r\n\r\n", begin)
        lines = body[begin + len(boundary) + 2 : head].decode("latin-1").split("\n")
        headers = dict(line.split(":", 1) for line in lines)
        headers = {name: text.strip() for name, text in headers.items()}
        parts.append((headers, body[head + 4 : end - 2]))
        begin = end
    return json.loads(parts[0][1]), [
        Attached(headers["X-Experience-API-Hash"], headers["Content-Type"], content)
        for headers, content in parts[1:]
    ]


async def by_splitting(answer: httpx.Response) -> Taken:
    """As TinCanPHP does: split at the boundary, then at the first empty line."""
    boundary = b"--" + answer.headers["Content-Type"].split("=", 1)[1].encode()
    parts = [part.lstrip(b"\r\n") for part in answer.content.split(boundary)]
    assert (parts[0], parts[-1]) == (b"", b"--\r\n")
    found = []
    for part in parts[1:-1]:
        head, content = part.split(b"\r\n\r\n", 1)
        headers = dict(line.decode().split(": ") for line in head.split(b"\r\n"))
        found.append((headers, content.removesuffix(b"\r\n")))
    return json.loads(found[0][1]), [
        Attached(headers["X-Experience-API-Hash"], headers["Content-Type"], content)
        for headers, content in found[1:]
    ]


async def by_our_reader(answer: httpx.Response) -> Taken:
    """As another LRS of ours does, to which the answer is sent on."""

    async def pieces() -> AsyncIterator[bytes]:
        yield answer.content

    async with received_multipart(answer.headers["Content-Type"], pieces(), WIDE) as found:
        return json.loads(found.statements), [
            Attached(it.sha2, it.content_type or "", b"".join(it.pieces(100)))
            for it in found.data.values()
        ]


Reader = Callable[[httpx.Response], Awaitable[Taken]]
READERS: Sequence[Reader] = (by_email, by_offsets, by_splitting, by_our_reader)


@pytest.mark.parametrize("take_apart", READERS)
async def test_clients_find_the_statements_and_the_data(
    take_apart: Reader,
) -> None:
    attachments = [attached(content) for content in NASTY]
    answer = await answered(STATEMENT, *attachments, indent=2)
    assert await take_apart(answer) == (STATEMENT, attachments)


@pytest.mark.parametrize("take_apart", READERS)
async def test_clients_find_the_statements_where_there_are_no_data(
    take_apart: Reader,
) -> None:
    answer = await answered({"statements": [STATEMENT], "more": ""})
    assert await take_apart(answer) == ({"statements": [STATEMENT], "more": ""}, [])


async def test_xapi_js_finds_the_statements_and_text() -> None:
    """It splits lines at CRLF, trims, and takes the last line as the content."""
    answer = await answered(STATEMENT, attached(b"some text", "text/plain"), indent=2)
    text = answer.text
    boundary = text.strip().split("\r\n")[0].strip()
    parts = [part.strip() for part in text.split(boundary)]
    lines = [part.split("\r\n") for part in parts if part not in {"", "--"}]
    headers = [dict(line.split(":", 1) for line in part[:-2]) for part in lines]
    assert [each["Content-Type"] for each in headers] == [" application/json", " text/plain"]
    assert json.loads(lines[0][-1]) == STATEMENT
    assert lines[1][-1] == "some text"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(deadline=None, max_examples=50)
@given(JSON, st.lists(st.binary(max_size=300) | st.sampled_from(NASTY), max_size=5, unique=True))
async def test_our_reader_finds_whatever_is_written(
    statements: object, contents: list[bytes]
) -> None:
    attachments = [attached(content) for content in contents]
    answer = await answered(statements, *attachments)
    assert await by_our_reader(answer) == (statements, attachments)


async def test_an_answer_is_written_as_clients_look_for_it() -> None:
    one, two = attached(b"one", "text/plain; charset=utf-8"), attached(b"two")
    answer = await answered(["[\n]"], one, two, indent=2)
    found = re.fullmatch(
        "multipart/mixed; boundary=(lrs-[0-9a-f]{32})", answer.headers["Content-Type"]
    )
    assert found
    assert answer.text == (
        f"--{found[1]}\r\n"
        "Content-Type: application/json\r\n"
        "\r\n"
        '[   "[\\n]" ]\r\n'
        f"--{found[1]}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: binary\r\n"
        f"X-Experience-API-Hash: {one.sha2}\r\n"
        "\r\n"
        "one\r\n"
        f"--{found[1]}\r\n"
        "Content-Type: application/octet-stream\r\n"
        "Content-Transfer-Encoding: binary\r\n"
        f"X-Experience-API-Hash: {two.sha2}\r\n"
        "\r\n"
        "two\r\n"
        f"--{found[1]}--\r\n"
    )


async def test_each_attachment_is_written_once() -> None:
    one, two = attached(b"one"), attached(b"two")
    answer = await answered(STATEMENT, one, two, one)
    assert (await by_email(answer))[1] == [one, two]


async def test_the_length_is_told_in_advance() -> None:
    answer = await answered(STATEMENT, attached(b"x" * 1_000), attached(b""))
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert "Transfer-Encoding" not in answer.headers


async def test_no_two_answers_share_a_boundary() -> None:
    one, two = [await answered(STATEMENT) for _ in range(2)]
    assert one.headers["Content-Type"] != two.headers["Content-Type"]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html\r\nX: y",
        "a/b\n",
        "a/b\r",
        "a/b; c=\x00",
        "a/b; c=\u0142",
        "a/b; c=\u2028",
        "a/b\t",
    ],
    ids=["CRLF", "LF", "CR", "NUL", "letter", "line separator", "tab"],
)
async def test_no_content_type_breaks_the_headers(content_type: str) -> None:
    answer = await answered(STATEMENT, attached(b"data", content_type))
    assert (await by_offsets(answer))[1] == [attached(b"data", OCTETS)]


async def test_no_browser_runs_an_attachment_as_a_page() -> None:
    answer = await answered(STATEMENT, attached(b"<script>", "text/html"))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


class TornError(Exception):
    """What reading fails with."""


async def test_an_answer_that_cannot_be_finished_is_shorter_than_its_length() -> None:
    async def bytes_of(_held: HeldAttachment) -> AsyncIterator[bytes]:
        yield b"half"
        raise TornError

    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    answer = as_multipart(b"{}", [HeldAttachment(sha2(b"x"), OCTETS, 8)], bytes_of)
    with pytest.raises(TornError):
        await answer({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)
    sent = b"".join(bodies(messages))
    assert sent.endswith(b"\r\n\r\nhalf")
    assert len(sent) < int(answer.headers["Content-Length"])


def bodies(messages: Sequence[Message]) -> list[bytes]:
    return [message["body"] for message in messages if message["type"] == "http.response.body"]


async def test_data_are_sent_on_as_they_come() -> None:
    """Nothing is gathered: each piece is sent before the next is read."""
    sent: list[bytes] = []
    seen: list[int] = []

    async def bytes_of(_held: HeldAttachment) -> AsyncIterator[bytes]:
        for _ in range(3):
            seen.append(sent.count(b"piece"))
            yield b"piece"

    async def send(message: Message) -> None:
        sent.extend(bodies([message]))

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    answer = as_multipart(b"{}", [HeldAttachment(sha2(b"x"), OCTETS, 15)], bytes_of)
    await answer({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)
    assert seen == [0, 1, 2]
