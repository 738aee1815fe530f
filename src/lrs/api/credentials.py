"""HTTP Basic: who is asking (Comm. 4.0, RFC 7617)."""

import base64
import binascii

from fastapi import Request
from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase

from lrs.api.state import services_of
from lrs.auth.audit import Caller
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import UnauthenticatedError
from lrs.observability import request_id

# In the scope of a request: who asks, as soon as that is known.
PRINCIPAL = "lrs.principal"


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
            ForbiddenError: none of the rights is theirs.
        """
        principal = await _authenticated(request)
        request.scope[PRINCIPAL] = principal
        if self.any_of:
            principal.require(*self.any_of)
        return principal


def caller_of(request: Request, principal: Principal) -> Caller:
    """Return who asks, and from where, for the audit log."""
    address = request.client.host if request.client else None
    return Caller(principal.kind, principal.key, address, request_id.get())


async def _authenticated(request: Request) -> Principal:
    key, secret = _decoded(request.headers.get("authorization"))
    return await services_of(request).authentication.authenticate(key, secret)


def _decoded(header: str | None) -> tuple[str, str]:
    if header is None:
        raise UnauthenticatedError("send the key and the secret of a credential by HTTP Basic")
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        raise UnauthenticatedError("only HTTP Basic is understood")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise UnauthenticatedError("the Authorization header cannot be decoded") from error
    key, separator, secret = decoded.partition(":")
    if not separator:
        raise UnauthenticatedError("the Authorization header holds no key and secret")
    return key, secret
