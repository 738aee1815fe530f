"""Forms of our pages: sent by a page that we gave to the same browser, or else refused."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import Request, Response

from lrs.api.bodies import media_type, read_body
from lrs.api.cookies import read_cookie, require_own_page, write_cookie
from lrs.api.pages.html import hidden
from lrs.api.state import services_of
from lrs.auth.secrets import new_secret
from lrs.errors import InvalidRequestError

# Binds forms to a browser that nobody is signed in at yet.
_COOKIE = "lrs_form"
_TOKEN = "csrf_token"  # noqa: S105 - the name of a field
_SECONDS = 3_600
_MOST_BYTES = 16 * 1024
_MOST_FIELDS = 20


def form_cookie(request: Request) -> str:
    """Return what binds the forms of a page to this browser: what it has, or a new one."""
    return read_cookie(request, _COOKIE) or new_secret()


def form_token(request: Request, cookie: str) -> str:
    """Make the field that shows that a form is ours, for a browser with this cookie."""
    return hidden(_TOKEN, services_of(request).sessions.csrf_token(cookie))


def keep_form_cookie(request: Request, answer: Response, cookie: str) -> None:
    """Have the browser keep what its forms are bound to."""
    write_cookie(request, answer, _COOKIE, cookie, _SECONDS, "strict")


async def read_form(request: Request, cookie: str | None = None) -> Mapping[str, str]:
    """Return the fields of a form.

    Args:
        request: that brings it.
        cookie: that its token was made for; None is the one of browsers not signed in.

    Raises:
        ForgedRequestError: it comes from a page that is not ours, or from another browser.
        InvalidRequestError: it is no form.
        TooLargeError: it is larger than any of ours.
        SlowBodyError: it comes too slowly.
    """
    require_own_page(request)
    if media_type(request) != "application/x-www-form-urlencoded":
        raise InvalidRequestError("this takes the form of a page")
    body = await read_body(request, _MOST_BYTES)
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except ValueError as error:
        raise InvalidRequestError("the form cannot be read") from error
    fields = dict(pairs)
    if any("\0" in value for value in fields.values()):
        raise InvalidRequestError("a field of the form holds NUL")
    bound_to = cookie or read_cookie(request, _COOKIE) or ""
    services_of(request).sessions.check_csrf_token(bound_to, fields.get(_TOKEN, ""))
    return fields
