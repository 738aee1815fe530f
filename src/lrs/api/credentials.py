"""Who is asking: by HTTP Basic (Comm. 4.0, RFC 7617), by a bearer token, or by a cookie of ours."""

import base64
import binascii

from fastapi import Request
from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase

from lrs.api.callers import PRINCIPAL, SESSION_COOKIE, address_of, caller_of
from lrs.api.cookies import SAFE_METHODS, SIGNED_IN, read_cookie, require_own_page
from lrs.api.cors import origin_of
from lrs.api.rates import admission_of
from lrs.api.state import services_of
from lrs.auth.api_tokens import PREFIX as API_PREFIX
from lrs.auth.launch_tokens import PREFIX as LAUNCH_PREFIX
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import UnauthenticatedError

# What others ask this module for, too.
__all__ = ["PRINCIPAL", "SESSION_COOKIE", "May", "caller_of"]


class May(SecurityBase):
    """What a route asks of who comes: to be known, and to have one of these rights."""

    def __init__(self, *any_of: Scope) -> None:
        self.any_of = any_of
        # As the OpenAPI document names it.
        self.model = HTTPBase(scheme="basic", description="key and secret of a credential")
        self.scheme_name = "Basic"

    async def __call__(self, request: Request) -> Principal:
        """Return the principal of a request.

        Raises:
            UnauthenticatedError: there are no credentials, or they are not good.
            ForbiddenError: none of the rights is theirs, or not from where the request comes.
            TooManyRequestsError: they ask too often, or their address shows wrong credentials so.
        """
        admission = admission_of(request)
        try:
            principal = await _authenticated(request)
        except UnauthenticatedError:
            if "authorization" in request.headers:
                admission.fail()
            raise
        request.scope[PRINCIPAL] = principal
        admission.admit(principal)
        principal.require_place(address_of(request), origin_of(request.scope))
        if self.any_of:
            principal.require(*self.any_of)
        return principal


async def _authenticated(request: Request) -> Principal:
    header = request.headers.get("authorization")
    if header is None:
        return await _by_cookie(request)
    scheme, _, shown = header.strip().partition(" ")
    match scheme.lower():
        case "basic":
            return await _by_basic(request, shown.strip())
        case "bearer":
            return await _by_bearer(request, shown.strip())
    raise UnauthenticatedError("only HTTP Basic and Bearer are understood")


async def _by_basic(request: Request, encoded: str) -> Principal:
    key, secret = _decoded(encoded)
    if secret.startswith(LAUNCH_PREFIX):
        return await _by_launch_token(request, secret)
    return await services_of(request).authentication.authenticate(key, secret)


async def _by_bearer(request: Request, token: str) -> Principal:
    if token.startswith(LAUNCH_PREFIX):
        return await _by_launch_token(request, token)
    if token.startswith(API_PREFIX):
        return await _by_api_token(request, token)
    return await _by_issued_token(request, token)


async def _by_cookie(request: Request) -> Principal:
    shown = read_cookie(request, SESSION_COOKIE)
    if shown is None:
        raise UnauthenticatedError("send the key and the secret of a credential by HTTP Basic")
    return await _by_session(request, shown)


async def _by_launch_token(request: Request, token: str) -> Principal:
    return await services_of(request).launch_tokens.authenticate(token)


async def _by_api_token(request: Request, token: str) -> Principal:
    return await services_of(request).api_tokens.authenticate(token)


async def _by_issued_token(request: Request, token: str) -> Principal:
    """Return who shows a token of an issuer (a JWT)."""
    bearer_tokens = services_of(request).bearer_tokens
    if bearer_tokens is None:
        raise UnauthenticatedError("no issuer is set whose tokens are taken (LRS_OAUTH_ISSUER)")
    return await bearer_tokens.authenticate(token)


async def _by_session(request: Request, cookie: str) -> Principal:
    """Return who is signed in, if the request comes from a page of ours (docs/sign-on.md)."""
    require_own_page(request)
    sessions = services_of(request).sessions
    signed_in = await sessions.find(cookie)
    if request.method not in SAFE_METHODS:
        sessions.check_csrf_token(cookie, request.headers.get("x-csrf-token", ""))
    request.scope[SIGNED_IN] = signed_in
    return signed_in.principal


def _decoded(encoded: str) -> tuple[str, str]:
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise UnauthenticatedError("the Authorization header cannot be decoded") from error
    key, separator, secret = decoded.partition(":")
    if not separator:
        raise UnauthenticatedError("the Authorization header holds no key and secret")
    return key, secret
