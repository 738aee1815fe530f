"""Packs answers with gzip for clients that ask for it."""

import re

from starlette.datastructures import Headers
from starlette.middleware.gzip import (
    DEFAULT_EXCLUDED_CONTENT_TYPES,
    GZipResponder,
    IdentityResponder,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SMALLEST = 1024
# Level 9 takes three times as long and makes JSON some percent smaller.
_LEVEL = 5
# Attachments travel in multipart answers: bytes of any kind, most of them packed already.
_LEFT_ALONE = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "multipart/*")
_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


class Compression:
    """Packs what is large enough, unless it has an ETag.

    An ETag names the bytes of a document, and clients compute it from them. A packed answer would
    need another one (RFC 9110 8.8.3), which would be no good in If-Match.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        chosen = send

        async def send_chosen(message: Message) -> None:
            nonlocal chosen
            if message["type"] == "http.response.start" and _may_be_packed(Headers(scope=message)):
                responder = self._responder(scope)
                responder.send = send
                chosen = responder.send_with_compression
            await chosen(message)

        await self._app(scope, receive, send_chosen)

    def _responder(self, scope: Scope) -> IdentityResponder:
        """Return what packs, or what only says that the answer would have differed.

        It is made for answers that are large enough only: for a small one it would be the most
        expensive part of this.
        """
        if accepts_gzip(Headers(scope=scope).getlist("accept-encoding")):
            return GZipResponder(
                self._app, _SMALLEST, compresslevel=_LEVEL, exclude_content_types=_LEFT_ALONE
            )
        return IdentityResponder(self._app, _SMALLEST, exclude_content_types=_LEFT_ALONE)


def _may_be_packed(headers: Headers) -> bool:
    if "etag" in headers:
        return False
    length = headers.get("content-length")
    return length is None or int(length) >= _SMALLEST


def accepts_gzip(headers: list[str]) -> bool:
    """Tell whether these Accept-Encoding headers name gzip, and not to refuse it."""
    accepted = (each.partition(";") for header in headers for each in header.split(","))
    weights = {coding.strip().lower(): _weight(text) for coding, _, text in accepted}
    return weights.get("gzip", weights.get("*", 0)) > 0


def _weight(text: str) -> float:
    if not text.strip():
        return 1
    found = _WEIGHT.fullmatch(text.strip().lower())
    return float(found[1]) if found else 0
