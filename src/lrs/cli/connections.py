"""Connections that end: what they may cost beside the bodies that the app reads."""

import asyncio
import sys
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

MOST_HEAD_BYTES = 64 * 1024
MOST_HEADERS = 200
# What is taken of a body that nobody reads, so that its sender comes to read the answer. Hung up on
# at once, its system would throw the answer away.
MOST_UNREAD_BYTES = 1024 * 1024
SECONDS_OF_UNREAD = 5

_TOO_LARGE = (
    f"The request line and the headers are over {MOST_HEAD_BYTES} bytes or {MOST_HEADERS} headers"
)


class LimitedConnection(HttpToolsProtocol):
    """A connection of uvicorn's that bounds what uvicorn and httptools leave unbounded.

    A head (request line and headers) over 64 KiB or 200 headers is answered 431 (RFC 6585 5), one
    that takes longer than `head_timeout` seconds 408 (RFC 9110 15.5.9); then the connection ends.
    So it does where the rest of a body that was not read goes on after the answer, and where no
    first request comes.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        head_timeout: int,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._head_timeout = head_timeout
        self._head_timer: asyncio.TimerHandle | None = None
        self._rest_timer: asyncio.TimerHandle | None = None
        self._rest: int | None = None  # bytes that are still taken, once the answer is sent
        self._held = 0  # bytes of which the parser has told nothing yet, it may hold them
        self._head_bytes = 0
        self._parsed = self._again = b""
        self._reads_head = self._reads_body = False
        self._is_too_large = self._is_ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """Wait for the first request as long as for a later one, which uvicorn does not."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was waited for."""
        self._head_in_time()
        self._rest_taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what the client sends, if it is not too much."""
        if not self._is_over():
            self._parse(data)
        if self._rest is not None:  # what is left did not end in these data
            self._rest -= len(data)
            if self._rest < 0:
                self.transport.close()

    def _is_over(self) -> bool:
        return self._is_ending or self.transport.is_closing()

    def _parse(self, data: bytes) -> None:
        self._reads_head = not self._reads_body  # though it may begin with empty lines
        self._held += len(data)
        while data:
            self._parsed, self._again = data, b""
            super().data_received(data)
            data = self._again
        self._parsed = b""  # it may be large, and the connection idle
        if self._is_over():
            return
        if self._held > MOST_HEAD_BYTES:
            self._is_too_large = True
            self.send_400_response(_TOO_LARGE)
        elif self._reads_head and self._head_timer is None:
            self._head_timer = self.loop.call_later(self._head_timeout, self._head_is_late)

    def on_message_begin(self) -> None:
        """Begin to count, at the first byte of a request line."""
        super().on_message_begin()
        self._reads_head = True
        self._held = self._head_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Count the address."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header; those at the end of a body in chunks count too."""
        super().on_header(name, value)
        self._count(len(name) + len(value) + len(": \r\n"))

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MOST_HEAD_BYTES or len(self.headers) > MOST_HEADERS:
            self._is_too_large = True
            raise httptools.HttpParserError(_TOO_LARGE)  # which ends the parsing

    def on_headers_complete(self) -> None:
        """Go on to the body."""
        self._head_in_time()
        self._reads_head, self._reads_body, self._held = False, True, 0
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            self.cycle.transport = _Answered(self)

    def on_body(self, body: bytes) -> None:
        """Take note that the parser does not hold it."""
        self._held = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Go on to the next request."""
        self._reads_body, self._held = False, 0
        self._rest_taken()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Take a part of what is left of the body."""
        super().on_response_complete()
        if self._reads_body and self._rest is None and not _is_open(self.cycle):
            self._take_rest()

    def _should_upgrade(self) -> bool:
        return self.scope["method"] != "CONNECT"  # which has no other way to be read

    def handle_websocket_upgrade(self) -> None:
        """Read a request anew, without its wish for another protocol (RFC 9110 7.8).

        The parser has ended it before its body, which would be lost; Java's client sends this wish.
        """
        (end_of_head,) = sys.exception().args  # type: ignore[union-attr] # uvicorn has just caught it
        version = self.scope["http_version"].encode()
        first = b"%b %b HTTP/%b\r\n" % (self.scope["method"].encode(), self.url, version)
        lines = [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        self._again = b"".join([first, *lines, b"\r\n", self._parsed[end_of_head:]])

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be parsed; a head that is too large comes here as well."""
        if self._is_too_large and not self._reads_body:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _TOO_LARGE)
        else:
            super().send_400_response(msg)

    def hang_up(self) -> None:
        """Close after an answer, but give its reader time where more of the request may come."""
        if _is_open(self.cycle) or not (self._reads_body or self._is_ending):
            self.transport.close()
        elif not self.transport.is_closing():
            self._is_ending = True
            self.transport.write_eof()
            self._take_rest()

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self.flow.read_paused:  # it is us who are late
            self._head_timer = self.loop.call_later(self._head_timeout, self._head_is_late)
        else:
            reason = f"The request line and the headers took over {self._head_timeout} seconds"
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, reason)

    def _head_in_time(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        if self._is_over():
            return
        self._head_in_time()
        self._is_ending = True
        if _is_open(self.cycle):  # the answer to the request before it comes first, and is the last
            self._rest = MOST_UNREAD_BYTES
            self.shutdown()
            return
        own = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(reason)),
            (b"connection", b"close"),
        ]
        lines = [b"%b: %b\r\n" % header for header in (*self.server_state.default_headers, *own)]
        first = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
        self.transport.write(b"".join([first, *lines, b"\r\n", reason.encode()]))
        self.hang_up()

    def _take_rest(self) -> None:
        self._rest_taken()
        self._rest = MOST_UNREAD_BYTES
        self._rest_timer = self.loop.call_later(SECONDS_OF_UNREAD, self.transport.close)

    def _rest_taken(self) -> None:
        self._rest = None
        if self._rest_timer is not None:
            self._rest_timer.cancel()
            self._rest_timer = None


class _Answered(asyncio.Transport):
    """The transport that an answer is written to; at its end its connection hangs up."""

    def __init__(self, connection: LimitedConnection) -> None:
        super().__init__()
        self._connection = connection

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        self._connection.transport.write(data)

    def is_closing(self) -> bool:
        return self._connection.transport.is_closing()

    def close(self) -> None:
        self._connection.hang_up()


def _is_open(cycle: RequestResponseCycle | None) -> bool:
    """Tell whether a request waits for the end of its answer; none has come yet if it is None."""
    return cycle is not None and not cycle.response_complete
