"""A small HTTP/1.1 client that costs little beside the server that it measures."""

import asyncio
from time import perf_counter
from typing import NamedTuple, Self, cast

import httptools

from bench.requests import Request

_PATIENCE = 120.0


class RefusedError(Exception):
    """An answer is not the one that a figure needs."""


class Answer(NamedTuple):
    """What came back, and after how many seconds."""

    status: int
    body: bytes
    seconds: float

    @property
    def is_success(self) -> bool:
        """Tell whether the status is one of the 200s."""
        return self.status // 100 == 2  # noqa: PLR2004 - the class of a status code


class Connection(asyncio.Protocol):
    """One connection that is kept alive and carries one request at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[tuple[int, bytes]] | None = None

    @classmethod
    async def open(cls, host: str, port: int) -> Self:
        """Connect.

        Raises:
            OSError: nobody listens there.
        """
        _, connection = await asyncio.get_running_loop().create_connection(cls, host, port)
        return connection

    async def send(self, request: Request) -> Answer:
        """Send a request and wait for the whole answer.

        Raises:
            OSError: the connection ended, or there was no answer for two minutes.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        answered = self._answered = asyncio.get_running_loop().create_future()
        began = perf_counter()
        self._transport.write(request.message)
        status, body = await answered
        return Answer(status, body, perf_counter() - began)

    async def succeed(self, request: Request) -> Answer:
        """Send a request whose answer has to be a success.

        Raises:
            RefusedError: it is not.
            OSError: the connection ended, or there was no answer for two minutes.
        """
        async with asyncio.timeout(_PATIENCE):
            answer = await self.send(request)
        if not answer.is_success:
            raise RefusedError(f"{request.kind}: {answer.status} {answer.body[:300]!r}")
        return answer

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport of the event loop, which for uvloop is no subclass of asyncio's."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the parser."""
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits for an answer that none will come."""
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionResetError("the server hung up"))

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body; the parser calls it."""
        self._parts.append(body)

    def on_message_complete(self) -> None:
        """Hand the answer to who waits for it; the parser calls it."""
        parts, self._parts = self._parts, []
        if self._answered is not None and not self._answered.done():
            self._answered.set_result((self._parser.get_status_code(), b"".join(parts)))
