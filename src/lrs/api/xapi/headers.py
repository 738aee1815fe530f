"""The headers of every answer of the standard's resources (Comm. 2.1.3, 3.3)."""

from datetime import datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lrs.errors import UnavailableError, UnsupportedVersionError
from lrs.services.consistency import ConsistencyService
from lrs.xapi.timestamps import written
from lrs.xapi.versions import Version, negotiate

VERSION = "X-Experience-API-Version"
CONSISTENT_THROUGH = "X-Experience-API-Consistent-Through"
_CONSISTENT_THROUGH_OF_SCOPE = "lrs.consistent_through"


class XapiHeaders:
    """Says the version on every answer, and on those about statements how far they are sure."""

    def __init__(self, app: ASGIApp, default: Version) -> None:
        self._app = app
        self._default = default

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or not scope["path"].startswith("/xapi"):
            await self._app(scope, receive, send)
            return

        async def send_versioned(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[VERSION] = self._version(scope)
                if scope["path"] == "/xapi/statements":
                    await _say_consistency(scope, headers)
            await send(message)

        await self._app(scope, receive, send_versioned)

    def _version(self, scope: Scope) -> Version:
        try:
            return negotiate(asked_version(Headers(scope=scope)))
        except UnsupportedVersionError:
            return self._default


def asked_version(headers: Headers) -> str | None:
    """Return what the version header says; None if there is none.

    Several that differ are put together, as HTTP has it, and so name no version.
    """
    lines = dict.fromkeys(headers.getlist(VERSION))
    return ", ".join(lines) if lines else None


def set_consistent_through(scope: Scope, instant: datetime) -> None:
    """Have the answer to this request say up to where it misses nothing."""
    scope[_CONSISTENT_THROUGH_OF_SCOPE] = instant


async def _say_consistency(scope: Scope, headers: MutableHeaders) -> None:
    instant = scope.get(_CONSISTENT_THROUGH_OF_SCOPE)
    if instant is None:
        consistency: ConsistencyService = scope["app"].state.services.consistency
        try:
            instant = await consistency.recently()
        except UnavailableError:
            return
    headers[CONSISTENT_THROUGH] = written(instant)
