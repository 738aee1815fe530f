"""Packs answers with zstd or gzip for clients that ask for it."""

import asyncio
import re
import sys
from collections.abc import Iterable
from functools import partial
from http import HTTPStatus
from typing import Literal

from starlette.datastructures import Headers
from starlette.middleware.gzip import (
    DEFAULT_EXCLUDED_CONTENT_TYPES,
    GZipResponder,
    IdentityResponder,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdCompressor
else:
    from backports.zstd import ZstdCompressor

_SMALLEST = 1024
# Level 9 takes three times as long and makes JSON some percent smaller.
_GZIP_LEVEL = 5
# On JSON it needs a quarter of the time of gzip, and less room; higher levels gain nothing.
_ZSTD_LEVEL = 3
# What is larger is packed in another thread, so that other requests get their turn.
_LARGE = 1024 * 1024
# Attachments travel in multipart answers: bytes of any kind, most of them packed already.
_LEFT_ALONE = frozenset((*DEFAULT_EXCLUDED_CONTENT_TYPES, "multipart/*"))
# What has an ETag, and what is packed already.
_NEVER_PACKED = frozenset((b"etag", b"content-encoding"))
_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_AS_IT_IS = "identity"
# Of those that a client likes equally, the first.
_CODINGS = ("zstd", "gzip", _AS_IT_IS)


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
            if message["type"] == "http.response.start" and _may_be_packed(message):
                asked = Headers(scope=scope).getlist("accept-encoding")
                coding = preferred_coding(asked) if asked else _AS_IT_IS
                if coding == _AS_IT_IS:
                    message = _said_to_differ(message)
                else:
                    responder = self._responder(coding)
                    responder.send = send
                    chosen = responder.send_with_compression
            if not _is_pause(message):
                await chosen(message)

        await self._app(scope, receive, send_chosen)

    def _responder(self, coding: str) -> IdentityResponder:
        if coding == "zstd":
            return _ZstdResponder(self._app, _SMALLEST, exclude_content_types=())
        return GZipResponder(
            self._app, _SMALLEST, compresslevel=_GZIP_LEVEL, exclude_content_types=()
        )


class _ZstdResponder(IdentityResponder):
    """Packs with zstd (RFC 8878), in one frame whose window all clients can hold (RFC 9659)."""

    content_encoding = "zstd"
    _packing: ZstdCompressor | None = None

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        """Return what can be sent of a body, all of it at its end."""
        if self._packing is None:
            self._packing = ZstdCompressor(level=_ZSTD_LEVEL)
        ends: Literal[1, 2] = (
            ZstdCompressor.FLUSH_BLOCK if more_body else ZstdCompressor.FLUSH_FRAME
        )
        pack = partial(self._packing.compress, body, ends)
        return await asyncio.to_thread(pack) if len(body) >= _LARGE else pack()


def _may_be_packed(start: Message) -> bool:
    if start["status"] == HTTPStatus.NO_CONTENT:
        return False
    for name, value in start["headers"]:
        if name in _NEVER_PACKED or (name == b"content-length" and int(value) < _SMALLEST):
            return False
        if name == b"content-type" and _is_left_alone(value.decode("latin-1")):
            return False
    return True


def _is_left_alone(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind in _LEFT_ALONE or f"{kind.partition('/')[0]}/*" in _LEFT_ALONE


def _said_to_differ(message: Message) -> Message:
    """Return the begin of an answer that says that it would be another one, packed otherwise."""
    return {**message, "headers": [*message["headers"], (b"vary", b"Accept-Encoding")]}


def _is_pause(message: Message) -> bool:
    """Tell whether this part of an answer holds nothing, which packed would be nothing too.

    Starlette takes a first part that packing does not change for one that is not packed.
    """
    return (
        message["type"] == "http.response.body"
        and not message.get("body")
        and message.get("more_body", False)
    )


def preferred_coding(headers: Iterable[str]) -> str:
    """Return the coding that these Accept-Encoding headers like best (RFC 9110 12.5.3).

    `identity` if they name none of ours. `*` stands for gzip alone: who says so may be too old
    for zstd.
    """
    accepted = (each.partition(";") for header in headers for each in header.split(","))
    weights = {coding.strip().lower(): _weight(text) for coding, _, text in accepted}
    weights.setdefault("gzip", weights.get("*", 0))
    best = max(_CODINGS, key=lambda coding: weights.get(coding, 0))
    return best if weights.get(best, 0) > 0 else _AS_IT_IS


def _weight(text: str) -> float:
    if not text.strip():
        return 1
    found = _WEIGHT.fullmatch(text.strip().lower())
    return float(found[1]) if found else 0
