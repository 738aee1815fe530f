"""Reads bodies, packed ones too, and not more of them than is allowed."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator
from io import BytesIO

from fastapi import Request
from starlette.types import Message, Receive

from lrs.api.content_codings import PIECE, Unpacking, unpacking_of
from lrs.api.store_options import options_for
from lrs.errors import InvalidRequestError, SlowBodyError, TooLargeError

# Python reads numbers of some thousand digits only; no limit has as many as these.
_MOST_DIGITS = 18
# Bytes a second; who sends fewer uses up `LRS_BODY_TIMEOUT`.
_SLOWEST = 16 * 1024


async def json_body(request: Request, most: int | None = None) -> bytes:
    """Return the body of a request that says it is JSON (Comm. 3.2).

    Args:
        request: whose body was not read yet.
        most: the bytes it may have, where that is less than `LRS_MAX_BODY_BYTES`.

    Raises:
        InvalidRequestError: it says that it is something else, ends before its length, or cannot
            be unpacked.
        TooLargeError: it is over the limit; the rest of it is not read.
        SlowBodyError: it pauses, or comes too slowly.
    """
    kind = media_type(request)
    if kind != "application/json":
        raise InvalidRequestError(
            f"Content-Type must be application/json, it is {kind[:80] or 'missing'!r}"
        )
    limit = options_for(request).max_body_bytes
    return await read_body(request, limit if most is None else min(most, limit))


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body of a request, whatever type it has, as `streamed_body` gives it.

    Raises:
        InvalidRequestError: it ends before its length, or cannot be unpacked.
        TooLargeError: it is over the limit; the rest of it is not read.
        SlowBodyError: it pauses, or comes too slowly.
    """
    unpacking = _unpacking(request, limit)
    incoming = _Incoming(request, limit)
    if unpacking is None:
        first = await incoming.part()
        # Most bodies are small, and come at once.
        return first if incoming.is_whole else await _joined(incoming, first)
    return await _joined(_unpacked(incoming, unpacking, limit))


async def _joined(pieces: AsyncIterable[bytes], first: bytes = b"") -> bytes:
    """Put a body together; parts and whole are never in memory both."""
    whole = BytesIO()
    whole.write(first)
    async for piece in pieces:
        whole.write(piece)
    return whole.getvalue()


def streamed_body(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Give the body of a request as it comes, unpacked, whatever type it has.

    Args:
        request: whose body was not read yet.
        limit: the bytes that it may have, as they are sent and as they are when unpacked.

    Returns:
        pieces of up to 256 KiB, none of them empty.

    Raises:
        InvalidRequestError: it ends before its length, or cannot be unpacked; some of these
            only after the pieces that could be read.
        TooLargeError: it is over the limit, announced or not; the rest of it is not read.
        SlowBodyError: it pauses, or comes too slowly: it is behind a pace of 16 KiB a second by
            more than `LRS_BODY_TIMEOUT`. The time that the reader takes does not count.
    """
    unpacking = _unpacking(request, limit)
    incoming = _Incoming(request, limit)
    return _unpacked(incoming, unpacking, limit) if unpacking else _cut(incoming)


def media_type(request: Request) -> str:
    """Return the type that a request gives its body, without parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return what a route reads a body from that was read already."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


def _unpacking(request: Request, limit: int) -> Unpacking | None:
    """Return what unpacks a body that may be read, as far as its headers tell."""
    headers = request.headers
    unpacking = unpacking_of(", ".join(headers.getlist("content-encoding")))
    announced = headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > _MOST_DIGITS or int(announced) > limit):
        raise _too_large(limit)
    return unpacking


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"the body is over the {limit} bytes that are allowed")


class _Incoming:
    """What the client sends, not more than is allowed, and while it comes fast enough."""

    def __init__(self, request: Request, limit: int) -> None:
        self.is_whole = False
        self._receive = request.receive
        self._limit = limit
        self._size = 0
        self._longest = options_for(request).body_timeout
        self._patience = float(self._longest)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not self.is_whole:
            yield await self.part()

    async def part(self) -> bytes:
        """Return the next part, which may be empty."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._patience):
                message = await self._receive()
        except TimeoutError as error:
            raise SlowBodyError(
                f"the body pauses, or comes with less than {_SLOWEST} bytes a second"
            ) from error
        if message["type"] == "http.disconnect":
            raise InvalidRequestError("the client went away before the body ended")
        part: bytes = message.get("body", b"")
        self.is_whole = not message.get("more_body", False)
        self._size += len(part)
        if self._size > self._limit:
            raise _too_large(self._limit)
        gained = len(part) / _SLOWEST - (time.monotonic() - began)
        self._patience = min(self._longest, self._patience + gained)
        return part


async def _cut(parts: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    async for part in parts:
        for start in range(0, len(part), PIECE):
            yield part[start : start + PIECE]


async def _unpacked(
    parts: AsyncIterable[bytes], unpacking: Unpacking, limit: int
) -> AsyncIterator[bytes]:
    size = 0
    async for part in parts:
        for piece in unpacking.pieces(part):
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
            if piece:
                yield piece
            await asyncio.sleep(0)
    if not unpacking.is_whole():
        raise InvalidRequestError("the body is cut off: its packed data do not end")
