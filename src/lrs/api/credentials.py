"""HTTP Basic: who is asking (Comm. 4.0, RFC 7617)."""

import base64
import binascii
from typing import Annotated

from fastapi import Request, Security
from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase

from lrs.api.state import services_of
from lrs.auth.principals import Principal
from lrs.errors import UnauthenticatedError


class BasicCredentials(SecurityBase):
    """The scheme as the OpenAPI document names it, and its check."""

    def __init__(self) -> None:
        self.model = HTTPBase(scheme="basic", description="key and secret of a credential")
        self.scheme_name = "Basic"

    async def __call__(self, request: Request) -> Principal:
        """Return the principal of a request.

        Raises:
            UnauthenticatedError: there are no credentials, or they are not good.
        """
        key, secret = _decoded(request.headers.get("authorization"))
        return await services_of(request).authentication.authenticate(key, secret)


Authenticated = Annotated[Principal, Security(BasicCredentials())]


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
