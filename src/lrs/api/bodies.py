"""Reads bodies, packed ones too, and not more of them than is allowed."""

import asyncio
import time
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from lrs.api.content_codings import PIECE, Unpacking, unpacking_of
from lrs.api.state import options_of
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
    limit = options_of(request).max_body_bytes
    return await read_body(request, limit if most is None else min(most, limit))


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body of a request, whatever type it has, as `streamed_body` gives it.

    Raises:
        InvalidRequestError: it ends before its length, or cannot be unpacked.
        TooLargeError: it is over the limit; the rest of it is not read.
        SlowBodyError: it pauses, or comes too slowly.
    """
    return b"".join([piece async for piece in streamed_body(request, limit)])


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
    unpacking = unpacking_of(", ".join(request.headers.getlist("content-encoding")))
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > _MOST_DIGITS or int(announced) > limit):
        raise _too_large(limit)
    received = _received(request, limit)
    return _unpacked(received, unpacking, limit) if unpacking else _cut(received)


def media_type(request: Request) -> str:
    """Return the type that a request gives its body, without parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return what a route reads a body from that was read already."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"the body is over the {limit} bytes that are allowed")


async def _received(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Give what the client sends, not more than is allowed, and while it comes fast enough."""
    parts = request.stream()
    longest = options_of(request).body_timeout
    patience = float(longest)
    size = 0
    while True:
        began = time.monotonic()
        part = await _next(parts, patience)
        waited = time.monotonic() - began
        if part is None:
            return
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        yield part
        patience = min(longest, patience - waited + len(part) / _SLOWEST)


async def _next(parts: AsyncIterator[bytes], patience: float) -> bytes | None:
    """Return the next part, none after the last."""
    try:
        async with asyncio.timeout(patience):
            return await anext(parts, None)
    except TimeoutError as error:
        raise SlowBodyError(
            f"the body pauses, or comes with less than {_SLOWEST} bytes a second"
        ) from error
    except ClientDisconnect as error:
        raise InvalidRequestError("the client went away before the body ended") from error


async def _cut(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for part in parts:
        for start in range(0, len(part), PIECE):
            yield part[start : start + PIECE]


async def _unpacked(
    parts: AsyncIterator[bytes], unpacking: Unpacking, limit: int
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
