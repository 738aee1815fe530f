"""What pages and the API do alike when somebody signs in."""

from fastapi import Request, Response
from starlette.types import Scope

from lrs.api.callers import SESSION_COOKIE
from lrs.api.cookies import SIGNED_IN, read_cookie, write_cookie
from lrs.api.rates import admission_of
from lrs.api.requests import RawHeaders
from lrs.api.state import services_of
from lrs.auth.audit import Caller, WhoKind
from lrs.errors import SignInError
from lrs.observability import request_id
from lrs.services.sessions import BegunSession


def somebody(request: Request) -> Caller:
    """Return who asks before it is known who it is, for the audit log."""
    address = request.client.host if request.client else None
    return Caller(WhoKind.NOBODY, "-", address, request_id.get())


async def sign_in_locally(request: Request, email: str, password: str) -> BegunSession:
    """Begin a session for whose address and password these are.

    Raises:
        SignInError: they are not good, or the account must wait.
        TooManyRequestsError: too many wrong ones came from the same address.
        BusyError: too many sign in at once.
        UnavailableError: the database cannot be reached.
    """
    services, caller = services_of(request), somebody(request)
    try:
        user = await services.local_accounts.check(email, password, caller)
    except SignInError:
        admission_of(request).fail()
        raise
    replaced = read_cookie(request, SESSION_COOKIE)
    return await services.sessions.begin(user, caller, replaced)


def begin_session(request: Request, answer: Response, begun: BegunSession) -> None:
    """Have the browser keep a new session in place of the one it had."""
    write_cookie(request, answer, SESSION_COOKIE, begun.cookie)


async def say_private(scope: Scope, headers: RawHeaders) -> None:
    """Keep what is told to somebody who is signed in out of caches that others ask too.

    Caches know of themselves that an answer to `Authorization` is for one, but not one to a cookie.
    """
    if SIGNED_IN not in scope:
        return
    headers.append((b"vary", b"Cookie"))
    if not any(name == b"cache-control" for name, _ in headers):
        headers.append((b"cache-control", b"private, no-cache"))
