"""Names each request, says what every answer says, and answers what nobody foresaw."""

import re
from collections.abc import Awaitable, Callable, Sequence

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from lrs.api.problems import answer_error
from lrs.observability import request_id

RawHeaders = list[tuple[bytes, bytes]]
# Adds what it has to say of a request to the headers of the answer.
Saying = Callable[[Scope, RawHeaders], Awaitable[None]]

# In the scope of a request that its connection refuses: the error.
REFUSAL = "lrs.refusal"

_NAME = re.compile(rb"[A-Za-z0-9._\-]{1,100}")


class Requests:
    """Gives each request an id, its own or the caller's, and completes the headers of its answer.

    All that every answer says is added here at once: each further layer around the app would copy
    headers, and cost as much as this one.
    """

    def __init__(self, app: ASGIApp, sayings: Sequence[Saying] = ()) -> None:
        self._app = app
        self._sayings = sayings

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
                headers = [*message["headers"], (b"x-request-id", request_id.get().encode())]
                for say in self._sayings:
                    await say(scope, headers)
                message = {**message, "headers": headers}
            await send(message)
            has_begun = True

        app = _refused if REFUSAL in scope else self._app
        try:
            await app(scope, receive, send_named)
        except Exception as error:
            if has_begun:
                raise
            answer = answer_error(Request(scope), error)
            await answer(scope, receive, send_named)


async def _refused(scope: Scope, _: Receive, __: Send) -> None:
    raise scope[REFUSAL]


def _name(scope: Scope) -> str:
    sent = dict(scope["headers"]).get(b"x-request-id")
    return sent.decode() if sent and _NAME.fullmatch(sent) else str(uuid7())
