"""The headers of every answer of the standard's resources (Comm. 2.1.3, 3.3)."""

from datetime import datetime

from starlette.types import Scope

from lrs.api.credentials import PRINCIPAL
from lrs.api.requests import RawHeaders
from lrs.auth.principals import Principal
from lrs.errors import UnavailableError, UnsupportedVersionError
from lrs.services.consistency import ConsistencyService
from lrs.xapi.timestamps import written
from lrs.xapi.versions import Version, negotiate

VERSION = "X-Experience-API-Version"
# As they stand in a scope.
_VERSION = VERSION.lower().encode()
_CONSISTENT_THROUGH = b"x-experience-api-consistent-through"
_CONSISTENT_THROUGH_OF_SCOPE = "lrs.consistent_through"


class XapiHeaders:
    """Says the version on every answer, and on those about statements how far they are sure."""

    def __init__(self, default: Version) -> None:
        """Make it; the default is said to who asks for a version that is not served.

        A store may have another one.
        """
        self._default = default

    async def say(self, scope: Scope, headers: RawHeaders) -> None:
        """Add them to the headers of the answer to a request."""
        path = scope["path"]
        if path.startswith("/xapi"):
            headers.append((_VERSION, self._version(scope).encode()))
        if path == "/xapi/statements":
            await _say_consistency(scope, headers)

    def _version(self, scope: Scope) -> Version:
        try:
            return negotiate(asked_version(scope))
        except UnsupportedVersionError:
            principal: Principal | None = scope.get(PRINCIPAL)
            own = principal.settings.default_version if principal else None
            return own or self._default


def asked_version(scope: Scope) -> str | None:
    """Return what the version header says; None if there is none.

    Several that differ are put together, as HTTP has it, and so name no version.
    """
    lines = dict.fromkeys(value for name, value in scope["headers"] if name == _VERSION)
    return b", ".join(lines).decode("latin-1") if lines else None


def set_consistent_through(scope: Scope, instant: datetime) -> None:
    """Have the answer to this request say up to where it misses nothing."""
    scope[_CONSISTENT_THROUGH_OF_SCOPE] = instant


async def _say_consistency(scope: Scope, headers: RawHeaders) -> None:
    instant = scope.get(_CONSISTENT_THROUGH_OF_SCOPE)
    if instant is None:
        consistency: ConsistencyService = scope["app"].state.services.consistency
        try:
            instant = await consistency.recently()
        except UnavailableError:
            return
    headers.append((_CONSISTENT_THROUGH, written(instant).encode()))
