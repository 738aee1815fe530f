"""Connections that end: what they may cost beside the bodies that the app reads."""

import asyncio
import math
import socket
import struct
import sys
from typing import Any, cast

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from lrs.api.requests import REFUSAL
from lrs.cli.occupancy import Occupancy
from lrs.cli.refusals import refusal
from lrs.errors import InvalidRequestError, LargeHeadError, LRSError, SlowHeadError

MOST_HEAD_BYTES = 64 * 1024
MOST_HEADERS = 200
# What is taken of a body that nobody reads, so that its sender comes to read the answer. Hung up on
# at once, its system would throw the answer away.
MOST_UNREAD_BYTES = 1024 * 1024
SECONDS_OF_UNREAD = 5
# Bytes of an answer a second; who takes fewer uses up `answer_timeout`.
SLOWEST_READER = 16 * 1024

_TOO_LARGE = (
    f"the request line and the headers are over {MOST_HEAD_BYTES} bytes or {MOST_HEADERS} headers"
)
# Ends a connection without waiting for what the system holds of it.
_AT_ONCE = struct.pack("ii", 1, 0)


class LimitedConnection(HttpToolsProtocol):
    """A connection of uvicorn's that bounds what uvicorn and httptools leave unbounded.

    A head (request line and headers) over 64 KiB or 200 headers is answered 431 (RFC 6585 5), one
    that takes longer than `head_timeout` seconds 408 (RFC 9110 15.5.9); then the connection ends.
    So it does where the rest of a body that was not read goes on after the answer, where no
    first request comes, and where the client does not read its answers. How many there may be, and
    what they hold together, is the matter of `Occupancy`.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        occupancy: Occupancy,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._occupancy = occupancy
        self._head_timeout = occupancy.limits.head_timeout
        self._refusal: LRSError | None = None
        self._is_known = False  # whether it has brought a whole head
        self.written = self._taken = 0  # bytes of answers: all, and those that had left before
        self._patience = float(occupancy.limits.answer_timeout)  # seconds, for a slow reader
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
        self._refusal = self._occupancy.enter(self)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was waited for."""
        self._occupancy.leave(self)
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
        if not self._is_known:
            self._is_known = True
            self._occupancy.is_known(self)
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            self.cycle.transport = _Answered(self, self.cycle)
            if self._refusal is not None:  # the app looks at it later: its task has yet to begin
                cast("dict[str, Any]", self.scope)[REFUSAL] = self._refusal
                self.cycle.keep_alive = False

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
            self._refuse(LargeHeadError(_TOO_LARGE))
        else:
            self._tell(InvalidRequestError(f"this is no HTTP/1.1: {msg}"))
            self.transport.close()

    def hang_up(self) -> None:
        """Close after an answer, but give its reader time where more of the request may come."""
        if _is_open(self.cycle) or not (self._reads_body or self._is_ending):
            self.transport.close()
        elif not self.transport.is_closing():
            self._is_ending = True
            self.transport.write_eof()
            self._take_rest()

    def pause_writing(self) -> None:
        """Wait until the client has read more."""
        super().pause_writing()
        self._occupancy.is_left(self, self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Go on to write."""
        super().resume_writing()
        self._occupancy.is_taken(self)

    @property
    def address(self) -> str:
        """The client's, or its proxy's."""
        return self.client[0] if self.client else ""

    @property
    def idle_since(self) -> float:
        """Since when it has waited for another request, by the clock of its event loop."""
        timer = self.timeout_keep_alive_task
        return math.inf if timer is None or _is_open(self.cycle) else timer.when()

    def is_read(self, seconds: float) -> bool:
        """Tell whether the client takes what it is answered; so long ago it was asked before."""
        longest = self._occupancy.limits.answer_timeout
        unsent = self.transport.get_write_buffer_size()
        if not unsent:
            self._patience = longest
            return True
        taken = self.written - unsent
        gained = (taken - self._taken) / SLOWEST_READER
        self._patience = min(longest, self._patience - seconds + gained)
        self._taken = taken
        return self._patience >= 0

    def cut_off(self) -> None:
        """End at once, without what was not sent yet."""
        self._occupancy.leave(self)
        if self.transport.get_write_buffer_size():
            connected = self.transport.get_extra_info("socket")
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self.flow.read_paused:  # it is us who are late
            self._head_timer = self.loop.call_later(self._head_timeout, self._head_is_late)
        else:
            reason = f"the request line and the headers took over {self._head_timeout} seconds"
            self._refuse(SlowHeadError(reason))

    def _head_in_time(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, error: LRSError) -> None:
        if self._is_over():
            return
        self._head_in_time()
        self._is_ending = True
        if _is_open(self.cycle):  # the answer to the request before it comes first, and is the last
            self._rest = MOST_UNREAD_BYTES
            self.shutdown()
            return
        self._tell(error)
        self.hang_up()

    def _tell(self, error: LRSError) -> None:
        headers = self.server_state.default_headers
        self.transport.write(refusal(error, self._occupancy.limits.version, headers))

    def _take_rest(self) -> None:
        self._rest_taken()
        self._is_known = False
        self._occupancy.is_ending(self)
        self._rest = MOST_UNREAD_BYTES
        self._rest_timer = self.loop.call_later(SECONDS_OF_UNREAD, self.transport.close)

    def _rest_taken(self) -> None:
        self._rest = None
        if self._rest_timer is not None:
            self._rest_timer.cancel()
            self._rest_timer = None


class _Answered(asyncio.Transport):
    """The transport that an answer is written to; at its end its connection hangs up.

    The head, which uvicorn writes by itself, waits for the begin of the body, which always comes:
    to send both at once takes half as long, and wakes the client once.
    """

    def __init__(self, connection: LimitedConnection, cycle: RequestResponseCycle) -> None:
        super().__init__()
        self._connection = connection
        self._cycle = cycle
        self._has_head = cycle.scope["method"] == "HEAD"  # whose answer has no body to wait for
        self._head: bytes | bytearray | memoryview[Any] = b""

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        self._connection.written += len(data)
        if self._cycle.response_started and not self._has_head:
            self._has_head, self._head = True, data
        elif self._head:
            self._connection.transport.writelines((self._head, data))
            self._head = b""
        else:
            self._connection.transport.write(data)

    def is_closing(self) -> bool:
        return self._connection.transport.is_closing()

    def close(self) -> None:
        if self._head:
            self.write(b"")
        self._connection.hang_up()


def _is_open(cycle: RequestResponseCycle | None) -> bool:
    """Tell whether a request waits for the end of its answer; none has come yet if it is None."""
    return cycle is not None and not cycle.response_complete
