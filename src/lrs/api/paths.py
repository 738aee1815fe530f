"""The addresses that real clients use, all served as one, none redirected.

`/xAPI`, `/XAPI`, `/data/xAPI`, doubled and trailing slashes, and an endpoint joined to a resource
without a slash (`/xapistatements`).
"""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

_SLASHES = re.compile(r"/{2,}")
_ENDPOINT = re.compile(
    r"^(?:/data)?/xapi(?=/|$|statements|activities|agents|about)/?", re.IGNORECASE
)
# A parameter that clients add to get past caches; it means nothing.
_IGNORED = b"cachebuster"
# What nearly all requests go to, and needs no look.
_USUAL = frozenset(("/xapi/statements", "/xapi/activities/state"))


class Paths:
    """Rewrites the path of a request to the one that is routed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request under its canonical path."""
        if scope["type"] == "http":
            scope["path"] = canonical_path(scope["path"])
            scope["query_string"] = without_ignored(scope["query_string"])
        await self._app(scope, receive, send)


def canonical_path(path: str) -> str:
    """Return the path that is routed."""
    if path in _USUAL:
        return path
    collapsed = _ENDPOINT.sub("/xapi/", _SLASHES.sub("/", path))
    return collapsed.rstrip("/") or "/"


def without_ignored(query: bytes) -> bytes:
    """Return a query without the parameters that mean nothing."""
    if _IGNORED not in query:
        return query
    parts = query.split(b"&")
    return b"&".join(part for part in parts if part.partition(b"=")[0] != _IGNORED)
