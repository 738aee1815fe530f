"""Answers HEAD as GET, without the body, on every resource (Comm. 2.0)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# In the scope of a request whose answer will be sent without its body.
WITHOUT_BODY = "lrs.without_body"


class Head:
    """Turns HEAD into GET for the routes, and leaves the body out of the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_headers(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET", WITHOUT_BODY: True}, receive, send_headers)
