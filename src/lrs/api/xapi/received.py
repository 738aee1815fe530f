"""Reads what a request brings to the Statement Resource: JSON, or JSON with data (Comm. 1.5)."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import NamedTuple

from fastapi import Request

from lrs.api.bodies import media_type, read_body, streamed_body
from lrs.api.store_options import options_for
from lrs.api.xapi.multipart_requests import MultipartLimits, received_multipart
from lrs.errors import InvalidRequestError
from lrs.services.deliveries import ReceivedByHash

# More attachments than any statement has; each part costs some work.
_MOST_PARTS = 1_000


class Received(NamedTuple):
    """What a request brings.

    Attributes:
        statements: the JSON text of one or of an array of them.
        data: of attachments, by hash; None if the request is only JSON.
    """

    statements: bytes
    data: ReceivedByHash | None


async def received(request: Request) -> AbstractAsyncContextManager[Received]:
    """Read the body of a request; the data of attachments are there until the block ends.

    Raises:
        InvalidRequestError: it is neither JSON nor multipart/mixed, or cannot be read; some of it
            when the block begins, as all of the following.
        SlowBodyError: it took too long to come.
        TooLargeError: it, or a part of it, is over a limit.
        UnavailableError: there is no room for the data.
    """
    kind = media_type(request)
    if kind == "application/json":
        body = await read_body(request, options_for(request).max_body_bytes)
        return nullcontext(Received(body, None))
    if kind == "multipart/mixed":
        return _with_data(request)
    raise InvalidRequestError(
        "Content-Type must be application/json, or multipart/mixed with attachments, it is"
        f" {kind[:80] or 'missing'!r}"
    )


@asynccontextmanager
async def _with_data(request: Request) -> AsyncIterator[Received]:
    limits = _limits(request)
    pieces = streamed_body(request, limits.total_bytes)
    content_type = request.headers["content-type"]
    async with received_multipart(content_type, pieces, limits) as multipart:
        yield Received(multipart.statements, multipart.data)


def _limits(request: Request) -> MultipartLimits:
    options = options_for(request)
    return MultipartLimits(
        statements_bytes=options.max_body_bytes,
        attachment_bytes=options.max_attachment_bytes,
        total_bytes=options.max_multipart_bytes,
        parts=_MOST_PARTS,
    )
