"""Reads bodies, packed ones too, and not more of them than is allowed."""

import asyncio
import zlib

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from lrs.api.state import options_of
from lrs.errors import InvalidRequestError, TooLargeError

# Python reads numbers of some thousand digits only; no limit has as many as these.
_MOST_DIGITS = 18
_GZIP = frozenset(("gzip", "x-gzip"))
_AS_IT_IS = frozenset(("", "identity"))
_GZIP_WINDOW = 31  # tells zlib to expect a gzip header
# What is unpacked at once: small, so that other requests get their turn.
_PIECE = 256 * 1024


async def json_body(request: Request, most: int | None = None) -> bytes:
    """Return the body of a request that says it is JSON (Comm. 3.2).

    Args:
        request: whose body was not read yet.
        most: the bytes it may have, where that is less than `LRS_MAX_BODY_BYTES`.

    Raises:
        InvalidRequestError: it says that it is something else, ends before its length, or cannot
            be unpacked.
        TooLargeError: it is over the limit; the rest of it is not read.
    """
    kind = media_type(request)
    if kind != "application/json":
        raise InvalidRequestError(
            f"Content-Type must be application/json, it is {kind[:80] or 'missing'!r}"
        )
    limit = options_of(request).max_body_bytes
    return await read_body(request, limit if most is None else min(most, limit))


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body of a request, unpacked if it is gzip, whatever type it has.

    Args:
        request: whose body was not read yet.
        limit: the bytes that it may have, as they are sent and as they are when unpacked.

    Raises:
        InvalidRequestError: it ends before its length, or cannot be unpacked.
        TooLargeError: it is over the limit; the rest of it is not read.
    """
    body = _PackedBody(limit) if _is_packed(request) else _Body(limit)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > _MOST_DIGITS or int(announced) > limit):
        raise body.too_large()
    try:
        async for part in request.stream():
            await body.add(part)
    except ClientDisconnect as error:
        raise InvalidRequestError("the client went away before the body ended") from error
    return body.whole()


def media_type(request: Request) -> str:
    """Return the type that a request gives its body, without parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return what a route reads a body from that was read already."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


def _is_packed(request: Request) -> bool:
    encoding = ", ".join(request.headers.getlist("content-encoding")).strip().lower()
    if encoding in _AS_IT_IS:
        return False
    if encoding in _GZIP:
        return True
    raise InvalidRequestError(
        f"Content-Encoding {encoding[:80]!r} is not understood; send gzip, or the body as it is"
    )


class _Body:
    """What was read of a body so far."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    async def add(self, part: bytes) -> None:
        self._keep(part)

    def whole(self) -> bytes:
        return b"".join(self._parts)

    def too_large(self) -> TooLargeError:
        return TooLargeError(f"the body is over the {self._limit} bytes that are allowed")

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._limit:
            raise self.too_large()
        self._parts.append(part)


class _PackedBody(_Body):
    """A body in gzip, of one or more members (RFC 1952), unpacked while it is read."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self._received = 0

    async def add(self, part: bytes) -> None:
        self._received += len(part)
        if self._received > self._limit:
            raise self.too_large()
        while part:
            piece, part = self._unpacked(part)
            self._keep(piece)
            await asyncio.sleep(0)

    def whole(self) -> bytes:
        if not self._member.eof:
            raise InvalidRequestError("the body is cut off: its gzip data do not end")
        return super().whole()

    def _unpacked(self, part: bytes) -> tuple[bytes, bytes]:
        if self._member.eof:
            self._member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            piece = self._member.decompress(part, _PIECE)
        except zlib.error as error:
            raise InvalidRequestError("the body is not what gzip makes") from error
        return piece, self._member.unconsumed_tail or self._member.unused_data
