"""Limits over HTTP: where a request is counted, and what its answer says of them.

`RateLimit` and `RateLimit-Policy` are those of draft-ietf-httpapi-ratelimit-headers-10. The unit
`statements` is ours.
"""

from typing import cast

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from lrs.api.requests import RawHeaders
from lrs.services.rates import Admission, RatesService, Standing

# In the scope of a request: what is counted of it.
_ADMISSION = "lrs.admission"
_UNIT_OF_THE_DRAFT = "requests"


class Rates:
    """Counts a request by its address, and gives back at its end whatever it held."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request.

        Raises:
            TooManyRequestsError: its address has sent too many, or has too many at once.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rates: RatesService = scope["app"].state.services.rates
        client = scope.get("client")
        admission = scope[_ADMISSION] = rates.admission(client[0] if client else None)
        try:
            await self._app(scope, receive, send)
        finally:
            admission.end()


def admission_of(request: Request) -> Admission:
    """Return what is counted of a request."""
    return cast("Admission", request.scope[_ADMISSION])


async def say_rates(scope: Scope, headers: RawHeaders) -> None:
    """Add the limits of who asks, and what is left of them, to the headers of an answer."""
    admission: Admission | None = scope.get(_ADMISSION)
    standings = admission.standings() if admission is not None else ()
    if standings:
        headers.append((b"ratelimit-policy", ", ".join(map(_policy, standings)).encode()))
        headers.append((b"ratelimit", ", ".join(map(_left, standings)).encode()))


def _policy(standing: Standing) -> str:
    unit = "" if standing.unit == _UNIT_OF_THE_DRAFT else f';qu="{standing.unit}"'
    window = "" if standing.window is None else f";w={standing.window}"
    return f'"{standing.name}";q={standing.quota}{unit}{window}'


def _left(standing: Standing) -> str:
    reset = "" if standing.reset is None else f";t={standing.reset}"
    return f'"{standing.name}";r={standing.left}{reset}'
