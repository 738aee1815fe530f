"""Cookies of ours, and the check that a request by one comes from a page of ours."""

from typing import Literal

from fastapi import Request, Response

from lrs.api.state import options_of
from lrs.errors import ForgedRequestError

# In the scope of a request by cookie: the session, and as what its user acts.
SIGNED_IN = "lrs.signed_in"
# Requests that change nothing (RFC 9110 9.2.1).
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
_OURS = frozenset(("same-origin", "none"))


def public_origin(request: Request) -> str:
    """Return the origin under which browsers reach us, such as `https://lrs.example.org`."""
    return options_of(request).public_url or f"{request.url.scheme}://{request.url.netloc}"


def read_cookie(request: Request, name: str) -> str | None:
    """Return what a cookie of ours holds."""
    return request.cookies.get(_full_name(request, name))


def write_cookie(
    request: Request,
    answer: Response,
    name: str,
    value: str,
    seconds: int | None = None,
    same_site: Literal["lax", "strict"] = "lax",
) -> None:
    """Have the browser keep a cookie that no script and no other host can see.

    Args:
        request: that is answered.
        answer: that carries it.
        name: by which `read_cookie` finds it.
        value: what it holds.
        seconds: for how long; None is until the browser is closed.
        same_site: which requests from other sites carry it.
    """
    answer.set_cookie(
        _full_name(request, name),
        value,
        max_age=seconds,
        secure=_is_secure(request),
        httponly=True,
        samesite=same_site,
    )


def drop_cookie(request: Request, answer: Response, name: str) -> None:
    """Have the browser forget a cookie."""
    secure = _is_secure(request)
    answer.delete_cookie(_full_name(request, name), secure=secure, httponly=True, samesite="lax")


def require_own_page(request: Request) -> None:
    """Refuse what a page of another origin asks for in the name of who is signed in here.

    A link from elsewhere may be followed, since a page cannot read what it leads to.

    Raises:
        ForgedRequestError: the browser says that another origin has made the request.
    """
    site = request.headers.get("sec-fetch-site")
    is_link = request.headers.get("sec-fetch-mode") == "navigate"
    if is_link and request.method in SAFE_METHODS:
        return
    if site is not None and site not in _OURS:
        raise ForgedRequestError("a page of another origin has made this request")
    origin = request.headers.get("origin")
    if origin is not None and origin != public_origin(request):
        raise ForgedRequestError("a page of another origin has made this request")


def _is_secure(request: Request) -> bool:
    return public_origin(request).startswith("https:")


def _full_name(request: Request, name: str) -> str:
    # With this prefix browsers take a cookie from nobody but this host, by TLS.
    return f"__Host-{name}" if _is_secure(request) else name
