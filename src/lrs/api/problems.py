"""The one table from our errors to status codes, and the one writer of error answers (RFC 9457)."""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import Request, Response, status
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from uuid_utils.compat import uuid7

from lrs import errors
from lrs.api.notes import note_refusal, routed
from lrs.api.scim_problems import SCIM_JSON, is_scim, scim_error
from lrs.errors import LRSError
from lrs.observability import request_id

_log = logging.getLogger(__name__)


class Kind(NamedTuple):
    """How a class of errors is told to a client."""

    status: int
    code: str
    title: str


KINDS: Mapping[type[LRSError], Kind] = {
    errors.InvalidRequestError: Kind(400, "invalid-request", "The request cannot be understood"),
    errors.InvalidStatementError: Kind(400, "invalid-statement", "A statement is not valid"),
    errors.InvalidScimError: Kind(400, "invalid-scim", "The request of SCIM cannot be done"),
    errors.UnsupportedVersionError: Kind(400, "unsupported-version", "Unknown version of xAPI"),
    errors.UnknownMemberError: Kind(400, "unknown-member", "Something unknown is named"),
    errors.InvalidQueryError: Kind(400, "invalid-query", "The query does not make sense"),
    errors.UnauthenticatedError: Kind(401, "unauthenticated", "Valid credentials are needed"),
    errors.SignInError: Kind(401, "sign-in-failed", "Signing in has failed"),
    errors.ForbiddenError: Kind(403, "forbidden", "This is not allowed"),
    errors.ForgedRequestError: Kind(403, "forged-request", "The request may be forged"),
    errors.QuotaExceededError: Kind(403, "quota-exceeded", "The store is full"),
    errors.ErasedPersonError: Kind(403, "erased-person", "Somebody in it was erased"),
    errors.StatementNotFoundError: Kind(404, "statement-not-found", "No such statement"),
    errors.AttachmentNotFoundError: Kind(404, "attachment-not-found", "No such attachment"),
    errors.DocumentNotFoundError: Kind(404, "document-not-found", "No such document"),
    errors.StoreNotFoundError: Kind(404, "store-not-found", "No such store"),
    errors.CredentialNotFoundError: Kind(404, "credential-not-found", "No such credential"),
    errors.LaunchTokenNotFoundError: Kind(404, "launch-token-not-found", "No such launch token"),
    errors.ApiTokenNotFoundError: Kind(404, "api-token-not-found", "No such token"),
    errors.UserNotFoundError: Kind(404, "user-not-found", "No such user"),
    errors.PersonNotFoundError: Kind(404, "person-not-found", "No such person or team"),
    errors.ReidentificationNotFoundError: Kind(
        404, "reidentification-not-found", "Nobody has asked for this"
    ),
    errors.ArchiveNotFoundError: Kind(404, "archive-not-found", "No such archive"),
    errors.RetentionNotFoundError: Kind(404, "retention-not-found", "No such rule, run or hold"),
    errors.SlowBodyError: Kind(408, "slow-body", "The body comes too slowly"),
    errors.SlowHeadError: Kind(408, "slow-head", "The request line or a header does not end"),
    errors.StatementConflictError: Kind(409, "statement-conflict", "The id is taken"),
    errors.DocumentConflictError: Kind(409, "document-conflict", "The document is there already"),
    errors.CredentialConflictError: Kind(409, "credential-conflict", "The key is taken"),
    errors.StoreConflictError: Kind(409, "store-conflict", "The store cannot be had"),
    errors.UserConflictError: Kind(409, "user-conflict", "There is such a user already"),
    errors.PseudonymousStoreError: Kind(409, "pseudonymous-store", "The store keeps pseudonyms"),
    errors.ReidentificationConflictError: Kind(
        409, "reidentification-conflict", "This cannot be agreed to any more"
    ),
    errors.PseudonymKeyForgottenError: Kind(
        409, "pseudonym-key-forgotten", "The key of the pseudonyms is gone for good"
    ),
    errors.ErasureNotFoundError: Kind(404, "erasure-not-found", "No such erasure"),
    errors.ErasureConflictError: Kind(409, "erasure-conflict", "This cannot be erased now"),
    errors.PersonConflictError: Kind(409, "person-conflict", "This contradicts what is known"),
    errors.ArchiveConflictError: Kind(409, "archive-conflict", "The archive cannot be had now"),
    errors.RetentionConflictError: Kind(409, "retention-conflict", "This must not be done now"),
    errors.PreconditionFailedError: Kind(412, "precondition-failed", "A precondition is not met"),
    errors.TooLargeError: Kind(413, "too-large", "The request is over a limit"),
    errors.UnsatisfiableRangeError: Kind(416, "unsatisfiable-range", "There is no such part"),
    errors.TooManyRequestsError: Kind(429, "too-many-requests", "Too much is asked for at once"),
    errors.LargeHeadError: Kind(431, "large-head", "The request line and headers are over a limit"),
    errors.BusyError: Kind(503, "busy", "The service has too much to do now"),
    errors.UnavailableError: Kind(503, "unavailable", "The service cannot answer now"),
}
_UNEXPECTED = Kind(500, "unexpected", "Something unexpected went wrong")
_OF_HTTP = {
    404: Kind(404, "no-such-resource", "There is nothing at this address"),
    405: Kind(405, "no-such-method", "The resource does not offer this method"),
}
_BASIC = 'Basic realm="LRS", charset="UTF-8"'
_BEARER = 'Bearer realm="LRS"'
_HEADERS = {
    # What is left of the body cannot be told from the next request.
    408: {"Connection": "close"},
    429: {"Retry-After": "1"},
    503: {"Retry-After": "1"},
}


class ViolationBody(BaseModel):
    """One rule that a statement breaks."""

    path: str = Field(examples=["statements[3].result.score.max"])
    message: str = Field(examples=["must be greater than min"])
    section: str = Field(description="of the xAPI specification", examples=["Data 2.4.5.1"])


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(examples=["urn:lrs:error:invalid-statement"])
    title: str = Field(examples=["A statement is not valid"])
    status: int = Field(examples=[400])
    detail: str = Field(description="for a person")
    request_id: str = Field(description="names the request in the service's log")
    violations: list[ViolationBody] | None = Field(
        default=None, description="each rule that a statement breaks, with its place"
    )
    known: list[str] | None = Field(
        default=None, description="the names that would have been understood"
    )
    missing: list[str] | None = Field(
        default=None, description="the scopes of which one would have been enough"
    )


def responses(*kinds: type[LRSError]) -> dict[int | str, dict[str, Any]]:
    """Describe in the OpenAPI document what these errors look like to a client."""
    statuses = {KINDS[kind].status: KINDS[kind].title for kind in reversed(kinds)}
    return {
        status: {
            "description": title,
            "content": {"application/problem+json": {"schema": {"$ref": _PROBLEM}}},
        }
        for status, title in sorted(statuses.items())
    }


_PROBLEM = "#/components/schemas/Problem"


async def answer_lrs_error(request: Request, error: Exception) -> Response:
    """Answer with one of our errors, without a thread, which one that is not async would get."""
    return answer_error(request, error)


def answer_error(request: Request, error: Exception) -> Response:
    """Answer with one of our errors."""
    if not isinstance(error, LRSError):
        return answer_unexpected(request, error)
    note_refusal(request, error)
    kind = KINDS[type(error)]
    # From 500 on it is our fault, by HTTP. Who refuses because of the load counts, and logs a sum.
    if kind.status >= 500 and not isinstance(error, errors.BusyError):  # noqa: PLR2004 - see above
        _log.warning("%s", error, exc_info=error)
    members: dict[str, object] = {}
    if isinstance(error, errors.InvalidStatementError):
        members["violations"] = [
            {"path": each.path, "message": each.message, "section": each.section}
            for each in error.violations
        ]
    if isinstance(error, errors.UnknownMemberError):
        members["known"] = list(error.known)
    if isinstance(error, errors.ForbiddenError) and error.missing:
        members["missing"] = list(error.missing)
    answer = _answer(request, kind, error.detail, members, error)
    if isinstance(error, errors.TooManyRequestsError):
        answer.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.UnsatisfiableRangeError):
        answer.headers["Content-Range"] = f"bytes */{error.size}"
    return answer


def answer_to_none(error: LRSError) -> Response:
    """Answer what is no whole request, of which no header is known."""
    request_id.set(str(uuid7()))
    answer = answer_error(Request({"type": "http", "headers": []}), error)
    answer.headers["X-Request-ID"] = request_id.get()
    return answer


async def answer_http(request: Request, error: Exception) -> Response:
    """Answer what the framework itself refuses: an unknown path or method."""
    if not isinstance(error, HTTPException):
        return answer_unexpected(request, error)
    kind = _OF_HTTP.get(error.status_code) or Kind(error.status_code, "http", str(error.detail))
    answer = _answer(request, kind, f"{request.method} {request.url.path}: {kind.title}", {})
    answer.headers.update(error.headers or {})
    if error.status_code == status.HTTP_405_METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = ", ".join(sorted(methods_at(request)))
    return answer


def methods_at(request: Request) -> set[str]:
    """Return what can be done at an address; Starlette names only what its first route does."""
    routes = iter_route_contexts(request.app.routes)
    here = (route.methods or () for route in routes if route.path == request.url.path)
    methods = {name for names in here for name in names}
    return methods | {"HEAD"} if "GET" in methods else methods


async def answer_invalid(request: Request, error: Exception) -> Response:
    """Answer parameters or bodies of a wrong shape: with 400, since xAPI knows no 422."""
    if not isinstance(error, RequestValidationError):
        return answer_unexpected(request, error)
    kind = KINDS[errors.InvalidRequestError]
    return _answer(request, kind, "; ".join(_wrong_parts(error.errors())), {})


def answer_unexpected(request: Request, error: Exception) -> Response:
    """Answer what nobody foresaw: the log has the cause, the client only the request's id."""
    _log.error("unexpected failure of %s", routed(request), exc_info=error)
    return _answer(request, _UNEXPECTED, f"see the log for request {request_id.get()}", {})


def _wrong_parts(parts: Sequence[Mapping[str, object]]) -> list[str]:
    return [f"{_place(part['loc'])}: {part['msg']}" for part in parts]


def _place(location: object) -> str:
    steps = location if isinstance(location, tuple) else (location,)
    return ".".join(str(step) for step in steps)


def _answer(
    request: Request,
    kind: Kind,
    detail: str,
    members: Mapping[str, object],
    error: LRSError | None = None,
) -> Response:
    headers = _headers(request, kind.status)
    if is_scim(request):
        told = scim_error(kind.status, kind.code, detail, error)
        return Response(told, kind.status, headers, media_type=SCIM_JSON)
    if _wants_text(request):
        text = f"{kind.title}: {detail}\n"
        return Response(text, kind.status, headers, media_type="text/plain")
    problem = {
        "type": f"urn:lrs:error:{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "request_id": request_id.get(),
        **members,
    }
    content = json.dumps(problem, ensure_ascii=False).encode(errors="replace")
    return Response(content, kind.status, headers, media_type="application/problem+json")


def _headers(request: Request, status: int) -> Mapping[str, str] | None:
    if status != KINDS[errors.UnauthenticatedError].status:
        return _HEADERS.get(status)
    # A browser that is offered Basic asks for a password in a window of its own: never in a page
    # of ours, which is who sends cookies.
    is_page = "cookie" in request.headers and "authorization" not in request.headers
    return {"WWW-Authenticate": _BEARER if is_page else f"{_BASIC}, {_BEARER}"}


def _wants_text(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return accepted.startswith("text/plain") and "json" not in accepted
