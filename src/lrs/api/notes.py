"""What the audit log is told of requests: who was refused what, and who looked at which person."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import Request

from lrs.api.callers import PRINCIPAL, SESSION_COOKIE, address_of, caller_of
from lrs.api.cookies import read_cookie
from lrs.api.state import services_of
from lrs.auth.audit import Action, AuditEvent, Caller, Outcome, WhoKind
from lrs.auth.principals import Principal
from lrs.errors import (
    ForbiddenError,
    ForgedRequestError,
    LRSError,
    QuotaExceededError,
    TooManyRequestsError,
    UnauthenticatedError,
)
from lrs.observability import request_id
from lrs.xapi.documents import DocumentContext

_RECORDED = (
    ForbiddenError,
    ForgedRequestError,
    QuotaExceededError,
    TooManyRequestsError,
    UnauthenticatedError,
)
# The addresses of the standard's resources are served past the router, which names the others.
ROUTED_BY_OURSELVES = frozenset(
    {
        "/xapi/statements",
        "/xapi/activities",
        "/xapi/activities/state",
        "/xapi/activities/profile",
        "/xapi/agents",
        "/xapi/agents/profile",
    }
)


# Content players read what belongs to their learner all the time; people do not.
_PEOPLE = (WhoKind.USER, WhoKind.TOKEN)


def note_person_read(
    request: Request,
    principal: Principal,
    person: UUID | None,
    details: Mapping[str, object] | None = None,
) -> None:
    """Note that somebody has looked at a single person.

    Args:
        request: by which it was done.
        principal: who did it.
        person: the key of the Agent; None if several were looked at, each by itself.
        details: what else there is to say, nothing personal.
    """
    target = None if person is None else str(person)
    caller = caller_of(request, principal)
    event = AuditEvent(caller, Action.PERSON_READ, target, details=details or {})
    services_of(request).audit.note(principal.store, event)


def note_document_read(request: Request, principal: Principal, context: DocumentContext) -> None:
    """Note that a person, not a tool, has looked at what is kept about another."""
    person = context.agent_key
    if person is not None and principal.kind in _PEOPLE:
        note_person_read(request, principal, person, {"documents": context.kind.value})


def note_refusal(request: Request, error: LRSError) -> None:
    """Note that a request is refused with 401, 403 or 429.

    One with 401 that has shown nothing was no attempt at anything: most clients begin with it.
    """
    if not isinstance(error, _RECORDED) or "app" not in request.scope:
        return
    if isinstance(error, UnauthenticatedError) and not _shows_something(request):
        return
    store, caller = _who(request, error)
    event = AuditEvent(
        caller, Action.ACCESS_REFUSED, routed(request), Outcome.REFUSED, _details(error)
    )
    services_of(request).audit.note(store, event)


def _shows_something(request: Request) -> bool:
    is_cookie = read_cookie(request, SESSION_COOKIE) is not None
    return is_cookie or "authorization" in request.headers


def _who(request: Request, error: LRSError) -> tuple[int | None, Caller]:
    principal: Principal | None = request.scope.get(PRINCIPAL)
    if principal is not None:
        return principal.store, caller_of(request, principal)
    address = address_of(request)
    if isinstance(error, UnauthenticatedError) and error.store is not None:
        return error.store, Caller(WhoKind.CREDENTIAL, error.key, address, request_id.get())
    return None, Caller(WhoKind.NOBODY, "-", address, request_id.get())


def routed(request: Request) -> str:
    """Return the method and the address as it is routed: values in it may be personal."""
    route = request.scope.get("route")
    path = request.scope["path"]
    if route is not None:
        path = route.path
    elif path not in ROUTED_BY_OURSELVES:
        path = "…"
    return f"{request.method} {path}"


def _details(error: LRSError) -> Mapping[str, object]:
    details: dict[str, object] = {"error": type(error).__name__}
    if isinstance(error, ForbiddenError) and error.missing:
        details["missing"] = list(error.missing)
    return details
