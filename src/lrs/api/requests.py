"""Names each request, and answers what nobody foresaw."""

import re

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from lrs.api.problems import answer_unexpected
from lrs.observability import request_id

_NAME = re.compile(rb"[A-Za-z0-9._\-]{1,100}")


class Requests:
    """Gives each request an id, its own or the caller's, and says it in the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, whatever happens."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id.set(_name(scope))
        has_begun = False

        async def send_named(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                name = (b"x-request-id", request_id.get().encode())
                message = {**message, "headers": [*message["headers"], name]}
            await send(message)
            has_begun = True

        try:
            await self._app(scope, receive, send_named)
        except Exception as error:
            if has_begun:
                raise
            answer = answer_unexpected(Request(scope), error)
            await answer(scope, receive, send_named)


def _name(scope: Scope) -> str:
    sent = dict(scope["headers"]).get(b"x-request-id", b"")
    return sent.decode() if _NAME.fullmatch(sent) else str(uuid7())
