"""What every answer tells a browser, so that it does no more with it than was meant."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from starlette.types import Scope

from lrs.api.requests import RawHeaders

Headers = tuple[tuple[bytes, bytes], ...]

_POLICY: Final = b"content-security-policy"
# No answer is a page, unless it says so by a policy of its own.
USUAL: Final[Headers] = (
    (b"x-content-type-options", b"nosniff"),
    (_POLICY, b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
# Courses lie on other hosts, and may show what they have stored here.
_OF_XAPI: Final = (*USUAL, (b"cross-origin-resource-policy", b"cross-origin"))
_OF_OTHERS: Final = (*USUAL, (b"cross-origin-resource-policy", b"same-origin"))
# Secrets that are shown once, sessions, and sums about people: not to be left in caches.
_OF_API: Final = (*_OF_OTHERS, (b"cache-control", b"no-store"))
# The pages of FastAPI that show the OpenAPI document load what they are made of from elsewhere.
_DOCS: Final = (
    b"default-src 'none'; connect-src 'self'; img-src data: https://fastapi.tiangolo.com;"
    b" script-src 'unsafe-inline' https://cdn.jsdelivr.net;"
    b" style-src 'unsafe-inline' https://cdn.jsdelivr.net;"
    b" base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_REDOC: Final = (
    b"default-src 'none'; connect-src 'self'; img-src data: https:; worker-src blob:;"
    b" script-src https://cdn.jsdelivr.net; font-src https://fonts.gstatic.com;"
    b" style-src 'unsafe-inline' https://fonts.googleapis.com;"
    b" base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def _page(policy: bytes) -> Headers:
    return (*(header for header in _OF_OTHERS if header[0] != _POLICY), (_POLICY, policy))


_PAGES: Final[Mapping[str, Headers]] = MappingProxyType(
    {"/docs": _page(_DOCS), "/redoc": _page(_REDOC)}
)
# For a year: who has come by TLS once does not come without.
_BY_TLS: Final = (b"strict-transport-security", b"max-age=31536000")


async def say_safeguards(scope: Scope, headers: RawHeaders) -> None:
    """Add them to the headers of an answer, but for those that it says itself."""
    said = {name for name, _ in headers}
    headers += [header for header in _of(scope["path"]) if header[0] not in said]
    if scope["scheme"] == "https":
        headers.append(_BY_TLS)


def _of(path: str) -> Headers:
    if path.startswith("/xapi"):
        return _OF_XAPI
    return _OF_API if path.startswith("/api/") else _PAGES.get(path, _OF_OTHERS)
