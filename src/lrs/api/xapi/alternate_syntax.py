"""The alternate request syntax of 1.0.x: a POST that stands for another request (Comm. 1.3).

`POST <resource>?method=PUT` with a form body, whose fields are the headers, the query parameters
and the content of the request that is meant. Browsers that cannot set headers, and clients whose
addresses would be too long, send it. It is read before version and credentials are looked at,
since both may stand in the form alone.
"""

import asyncio
import re
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lrs.api.bodies import media_type, read_body, replayed
from lrs.api.paths import without_ignored
from lrs.api.problems import answer_error
from lrs.api.state import options_of
from lrs.api.xapi.headers import VERSION
from lrs.errors import InvalidRequestError, LRSError, TooLargeError, UnsupportedVersionError
from lrs.xapi.versions import Version, negotiate

_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
_WITH_CONTENT = frozenset(("POST", "PUT"))
# Authoring tools send text/plain, and browsers that cannot set a type send none: both avoid the
# preflight of CORS.
_FORM_TYPES = frozenset(("application/x-www-form-urlencoded", "text/plain", ""))
_CONTENT = b"content="
# The fields that are headers. What is said of the length is not needed: it is that of the content.
_LENGTH = "content-length"
_HEADERS = frozenset(
    (
        "authorization",
        "content-type",
        _LENGTH,
        "if-match",
        "if-none-match",
        "x-experience-api-version",
    )
)
# The headers of HTTP that describe the form and not what is in it.
_OF_THE_FORM = (_LENGTH, "content-type", "content-encoding", "transfer-encoding")
# A value becomes a header of ours, and may come back in an answer: it must not begin another one.
_HEADER_VALUE = re.compile(r"[\t -~\u00a0-\U0010ffff]*")

# A percent-encoded character is three.
_GROWTH = 3
_MOST_FIELDS = 100
# A form is read before its sender is known, so it may not be as large as a body.
_LONGEST_CONTENT = 16 * 1024 * 1024
# What is in the form beside the content: parameters and headers.
_LONGEST_REST = 64 * 1024
# What is decoded at once: small, so that other requests get their turn.
_PIECE = 64 * 1024
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class AlternateSyntax:
    """Turns a request in the alternate syntax into the one that is meant."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; all but those that have `method` in their query as they are."""
        if not _is_alternate(scope):
            await self._app(scope, receive, send)
            return
        try:
            content = await _become_meant(scope, receive)
        except LRSError as error:
            answer = answer_error(Request(scope), error)
            await answer(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            # The client reads the answer to a POST: it must not wait for the length it is told.
            scope["method"] = "GET"
            send = _without_body(send)
        await self._app(scope, replayed(content, receive), send)


class _Form(NamedTuple):
    """The fields of a form, but for the method.

    Attributes:
        content: as it is encoded; none if there is no such field.
        headers: by their names in lower case.
        query: the parameters, encoded.
    """

    content: bytes | None
    headers: dict[str, str]
    query: bytes


def _is_alternate(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and b"method=" in scope["query_string"]
        and scope["path"].startswith("/xapi/")
        and any(part.startswith(b"method=") for part in scope["query_string"].split(b"&"))
    )


async def _become_meant(scope: Scope, receive: Receive) -> bytes:
    """Make the request the one that is meant, and return its content.

    The scope is changed in place, so that whoever answers sees the version in the form.

    Raises:
        InvalidRequestError: it is no request in this syntax, or not one of 1.0.x.
        TooLargeError: the form or the content is over its limit.
    """
    request = Request(scope, receive)
    method = _method(request)
    limit = options_of(request).max_body_bytes
    form = _read(await read_body(request, min(_GROWTH * limit, _LONGEST_CONTENT) + _LONGEST_REST))
    headers = MutableHeaders(scope=scope)
    _set_headers(headers, form.headers, scope["path"])
    _check_version(headers)
    if form.content is None and method in _WITH_CONTENT:
        raise _refusal(f"the form needs a field `content` for {method}")
    content = await _decoded(form.content or b"", limit)
    headers["Content-Length"] = str(len(content))
    scope["query_string"] = form.query
    scope["method"] = method
    return content


def _refusal(reason: str) -> InvalidRequestError:
    return InvalidRequestError(f"alternate request syntax: {reason} (Comm. 1.3)")


def _method(request: Request) -> str:
    query: str = request.scope["query_string"].decode("latin-1")
    method = query.removeprefix("method=")
    if "&" in query:
        raise _refusal("nothing but `method` may stand in the query; parameters go into the form")
    if method not in _METHODS:
        raise _refusal(f"`method` must be one of {', '.join(_METHODS)}")
    if request.method != "POST":
        raise _refusal(f"`method` goes with POST only, this is {request.method}")
    if media_type(request) not in _FORM_TYPES:
        raise _refusal("the body must be a form: application/x-www-form-urlencoded")
    return method


def _read(form: bytes) -> _Form:
    content, rest = _parted(form)
    headers: dict[str, str] = {}
    parameters: list[tuple[str, str]] = []
    for name, value in _fields(rest):
        header = name.lower()
        if header not in _HEADERS:
            parameters.append((name, value))
        elif header in headers:
            raise _refusal(f"the form has {name} twice")
        elif not _HEADER_VALUE.fullmatch(value):
            raise _refusal(f"{name} holds a character that no header may hold")
        else:
            headers[header] = value.strip()
    return _Form(content, headers, without_ignored(urlencode(parameters).encode()))


def _parted(form: bytes) -> tuple[bytes | None, bytes]:
    """Return the content, which may be large, and all other fields, which must not be."""
    if not form.isascii():
        raise _refusal("the body is no form: it holds characters that are not percent-encoded")
    if form.count(b"&") >= _MOST_FIELDS:
        raise _refusal(f"the form has more than {_MOST_FIELDS} fields")
    content: bytes | None = None
    rest = []
    for field in form.split(b"&"):
        if not field.startswith(_CONTENT):
            rest.append(field)
        elif content is None:
            content = field.removeprefix(_CONTENT)
        else:
            raise _refusal("the form has `content` twice")
    joined = b"&".join(filter(None, rest))
    if len(joined) > _LONGEST_REST:
        raise TooLargeError(f"the form has over {_LONGEST_REST} bytes beside its content")
    return content, joined


def _fields(rest: bytes) -> list[tuple[str, str]]:
    if not rest:
        return []
    if _BAD_ESCAPE.search(rest):
        raise _refusal("the body is no form: a % is not followed by two hexadecimal digits")
    try:
        return parse_qsl(
            rest.decode(),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except UnicodeDecodeError as error:
        raise _refusal("a field of the form is not in UTF-8") from error
    except ValueError as error:
        raise _refusal("the body is no form: a field has no equals sign") from error


async def _decoded(encoded: bytes, limit: int) -> bytes:
    """Return the content, decoded piece by piece: the decoder of Python takes much memory."""
    pieces = []
    size = start = 0
    while start < len(encoded):
        end = start + _PIECE
        cut = encoded.rfind(b"%", end - 2, end)
        end = end if cut < 0 else cut
        piece = encoded[start:end]
        if _BAD_ESCAPE.search(piece):
            raise _refusal("`content` has a % that is not followed by two hexadecimal digits")
        pieces.append(unquote_to_bytes(piece.replace(b"+", b" ")))
        size += len(pieces[-1])
        if size > limit:
            raise TooLargeError(f"the content is over the {limit} bytes that are allowed")
        start = end
        await asyncio.sleep(0)
    return b"".join(pieces)


def _set_headers(headers: MutableHeaders, fields: dict[str, str], path: str) -> None:
    """Make the headers those of the meant request; where both say something, the form wins."""
    for name in _OF_THE_FORM:
        del headers[name]
    if path == "/xapi/statements":
        headers["content-type"] = "application/json"
    for name, value in fields.items():
        del headers[name]
        headers.raw.append((name.encode(), value.encode()))


def _check_version(headers: Headers) -> None:
    # Versions that are not served are refused where those of all requests are.
    with suppress(UnsupportedVersionError):
        if negotiate(headers.get(VERSION)) is not Version.V1_0_3:
            raise _refusal("it is a part of xAPI 1.0.x only; send the request itself")


def _without_body(send: Send) -> Send:
    async def send_empty(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Content-Length"] = "0"
        elif message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_empty
