"""Reads bodies, and not more of them than is allowed."""

from fastapi import Request
from starlette.requests import ClientDisconnect

from lrs.api.state import options_of
from lrs.errors import InvalidRequestError, TooLargeError

# Python reads numbers of some thousand digits only; no limit has as many as these.
_MOST_DIGITS = 18


async def json_body(request: Request, most: int | None = None) -> bytes:
    """Return the body of a request that says it is JSON (Comm. 3.2).

    Args:
        request: whose body was not read yet.
        most: the bytes it may have, where that is less than `LRS_MAX_BODY_BYTES`.

    Raises:
        InvalidRequestError: it says that it is something else, or ends before its length.
        TooLargeError: it is over the limit; the rest of it is not read.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise InvalidRequestError(
            f"Content-Type must be application/json, it is {kind[:80] or 'missing'!r}"
        )
    limit = options_of(request).max_body_bytes
    return await _limited(request, limit if most is None else min(most, limit))


async def _limited(request: Request, limit: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > _MOST_DIGITS or int(announced) > limit):
        raise TooLargeError(f"the body is over the {limit} bytes that are allowed (Comm. 3.2)")
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise TooLargeError(f"the body is over the {limit} bytes that are allowed")
            parts.append(part)
    except ClientDisconnect as error:
        raise InvalidRequestError("the client went away before the body ended") from error
    return b"".join(parts)
