"""Routes of our own API, which take JSON bodies of a limited size."""

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.routing import APIRoute

from lrs.api.bodies import json_body, replayed

_WITH_BODY = frozenset(("POST", "PUT", "PATCH", "DELETE"))


class JsonRoute(APIRoute):
    """Reads no more of a body than the limit before FastAPI, which knows none, parses it."""

    most_bytes: ClassVar[int] = 256 * 1024

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        handle = super().get_route_handler()
        if self.body_field is None or _WITH_BODY.isdisjoint(self.methods or ()):
            return handle

        async def handle_limited(request: Request) -> Response:
            body = await json_body(request, self.most_bytes)
            return await handle(Request(request.scope, replayed(body, request.receive)))

        return handle_limited
