"""An answer's head and the begin of its body go to the socket together."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from starlette.types import Message, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from lrs.cli.connections import LimitedConnection
from lrs.cli.occupancy import ConnectionLimits, Occupancy

WIDE = ConnectionLimits(
    connections=10, head_timeout=60, answer_timeout=60, unsent_bytes=10**9, version="2.0.0"
)
START: dict[str, Any] = {"type": "http.response.start", "status": 200}


class Socket(asyncio.Transport):
    """Keeps what is written to it, and how it was written."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.is_closed = False

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        self.sent.append(bytes(data))

    def writelines(self, list_of_data: "Iterable[bytes | bytearray | memoryview[Any]]") -> None:
        self.sent.append(b"".join(list_of_data))

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def resume_reading(self) -> None:
        """Read on."""


def headers(**named: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), text.encode()) for name, text in named.items()]


async def answered(request: bytes, messages: Sequence[Message], *, fails: bool = False) -> Socket:
    """Return what a connection has written when the app has said all this."""
    ended = asyncio.Event()

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        try:
            await receive()
            for message in messages:
                await send(message)
            if fails:
                raise RuntimeError("the app fails")
        finally:
            ended.set()

    config = Config(app, log_config=None, proxy_headers=False)
    connection = LimitedConnection(config, ServerState(), {}, occupancy=Occupancy(WIDE))
    socket = Socket()
    connection.connection_made(socket)
    connection.data_received(request)
    await ended.wait()
    await asyncio.sleep(0)
    connection.connection_lost(None)
    return socket


def head(method: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} / HTTP/1.1", "Host: lrs.test", *lines, "", ""]).encode()


def body(content: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}


async def test_an_answer_is_one_write() -> None:
    start = START | {"headers": headers(content_length="5")}
    socket = await answered(head("GET"), [start, body(b"hello")])
    (sent,) = socket.sent
    assert sent.startswith(b"HTTP/1.1 200 OK\r\n")
    assert sent.endswith(b"\r\n\r\nhello")


async def test_an_answer_without_body_is_sent() -> None:
    socket = await answered(head("GET"), [START | {"status": 204}, body(b"")])
    (sent,) = socket.sent
    assert sent.startswith(b"HTTP/1.1 204 No Content\r\n")


async def test_the_answer_to_head_waits_for_no_body() -> None:
    start = START | {"headers": headers(content_length="5")}
    socket = await answered(head("HEAD"), [start, body(b"hello")])
    (sent,) = socket.sent
    assert sent.endswith(b"content-length: 5\r\n\r\n")


async def test_later_parts_are_sent_when_they_come() -> None:
    parts = [body(b"one", more=True), body(b"two", more=True), body(b"")]
    socket = await answered(head("GET"), [START, *parts])
    first, *others = socket.sent
    assert first.endswith(b"\r\n\r\n3\r\none\r\n")
    assert others == [b"3\r\ntwo\r\n", b"0\r\n\r\n"]


async def test_the_body_is_asked_for_before_the_answer() -> None:
    start = START | {"headers": headers(content_length="0")}
    expecting = head("PUT", "Content-Length: 1", "Expect: 100-continue") + b"x"
    socket = await answered(expecting, [start, body(b"")])
    asking, answer = socket.sent
    assert asking == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_a_head_whose_body_fails_is_sent_before_the_end() -> None:
    start = START | {"headers": headers(content_length="5")}
    socket = await answered(head("GET"), [start], fails=True)
    (sent,) = socket.sent
    assert sent.endswith(b"\r\n\r\n")
    assert socket.is_closed


async def test_the_last_answer_of_a_connection_is_sent_before_its_end() -> None:
    start = START | {"headers": headers(content_length="2")}
    socket = await answered(head("GET", "Connection: close"), [start, body(b"ok")])
    (sent,) = socket.sent
    assert sent.endswith(b"\r\n\r\nok")
    assert socket.is_closed
