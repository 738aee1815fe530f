"""Lets pages of other origins reach the LRS (CORS, the Fetch standard).

Starlette's middleware does not fit: it leaves an OPTIONS that is no preflight to the routes, where
it is 404, 405 or 401; it refuses a preflight with a text of its own, without our headers; and
where it stands outside of all else, its answers carry neither version nor request id. So the
answer to OPTIONS and the headers of all answers are two things here.
"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lrs.api.callers import PRINCIPAL
from lrs.api.problems import methods_at
from lrs.api.requests import RawHeaders
from lrs.api.state import Services
from lrs.auth.principals import Principal

ANY_ORIGIN = "*"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
# The headers of requests that the standard names, those of HTTP that clients set, and our own.
REQUEST_HEADERS = (
    "Accept",
    "Accept-Language",
    "Authorization",
    "Cache-Control",
    "Content-Encoding",
    "Content-Language",
    "Content-Type",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "Pragma",
    "X-Experience-API-Version",
    "X-Request-ID",
    "X-Requested-With",
)
EXPOSED_HEADERS = (
    "Allow",
    "Cache-Control",
    "ETag",
    "Last-Modified",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Experience-API-Consistent-Through",
    "X-Experience-API-Version",
    "X-LRS-Stored",
    "X-Request-ID",
)
# Where a page may have the browser add what it knows, as clients of courses do: else a page of any
# origin could manage a store by key and secret that somebody typed into the browser's own prompt.
# A page that sets `Authorization` itself needs none of this.
_WITH_CREDENTIALS = ("/xapi", "/api/v1/launch-tokens/fetch/")
# Two hours, the longest that all browsers keep it; each new preflight costs a round trip.
_SECONDS_TO_KEEP = b"7200"


class Options:
    """Answers OPTIONS on every path, before anything asks for credentials.

    An unknown path too: a page is then told 404, and not that it may not ask.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["method"] != "OPTIONS":
            await self._app(scope, receive, send)
            return
        allowed = ", ".join(sorted(methods_at(Request(scope)) | {"OPTIONS"}))
        await Response(status_code=204, headers={"Allow": allowed})(scope, receive, send)


def origin_of(scope: Scope) -> str | None:
    """Return the origin of the page that asks; of several, a text that is none."""
    sent = [value for name, value in scope["headers"] if name == b"origin"]
    return b", ".join(sent).decode("latin-1") if sent else None


class Cors:
    """Tells a browser, on every answer, whether the page that asked may read it."""

    def __init__(self, origins: frozenset[str]) -> None:
        """Make it; `origins` may read, `ANY_ORIGIN` is all of them."""
        self._origins = origins

    async def say(self, scope: Scope, headers: RawHeaders) -> None:
        """Add it to the headers of the answer to a request."""
        headers.append((b"vary", b"Origin"))
        origin = origin_of(scope)
        if origin is None or not await self._may_read(scope, origin):
            return
        # Never the literal `*`: browsers do not take it from requests with credentials.
        headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
        if scope["path"].startswith(_WITH_CREDENTIALS):
            headers.append((b"access-control-allow-credentials", b"true"))
        if scope["method"] != "OPTIONS":
            headers.append((b"access-control-expose-headers", _listed(EXPOSED_HEADERS)))
            return
        headers.append((b"access-control-allow-methods", _listed(METHODS)))
        headers.append((b"access-control-allow-headers", _listed(REQUEST_HEADERS)))
        headers.append((b"access-control-max-age", _SECONDS_TO_KEEP))
        if (b"access-control-request-private-network", b"true") in scope["headers"]:
            headers.append((b"access-control-allow-private-network", b"true"))

    async def _may_read(self, scope: Scope, origin: str) -> bool:
        """Tell whether pages of an origin may read this answer.

        A credential that names origins is for their pages alone. While nobody knows which one is
        used, as with a preflight, an origin is let in that any credential names.
        """
        principal: Principal | None = scope.get(PRINCIPAL)
        if principal is not None and principal.origins is not None:
            return origin in principal.origins
        if not self._origins.isdisjoint((origin, ANY_ORIGIN)):
            return True
        services: Services = scope["app"].state.services
        return principal is None and await services.authentication.has_origin(origin)


def _listed(names: Sequence[str]) -> bytes:
    return ", ".join(names).encode()
