"""Routes that FastAPI describes, and that are served without its search for parameters.

FastAPI looks at the annotations of a handler and of all its dependencies anew for each request,
which takes several times as long as what the handler itself does. Here they are looked at once.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, get_args, get_type_hints

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.params import Depends
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from lrs.api.problems import answer_error, answer_invalid
from lrs.api.xapi.parameters import parameters_of
from lrs.api.xapi.pseudonyms import with_pseudonym
from lrs.errors import LRSError

_Reader = Callable[[Request], Awaitable[object]]
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ResourceRoute(APIRoute):
    """A route of a resource of the standard: its parameters come from the request alone.

    A parameter is the request, what a dependency returns (`Annotated[..., Depends(function)]`,
    where the function is async and needs the request only), or a model of the whole query
    (`Annotated[Model, Query()]`). They are read in their order, after the dependencies of the
    router and of the route; so the first one that refuses the request is the one that is told.
    """

    def get_route_handler(self) -> _Handler:
        """Return what answers a request, for FastAPI and for `Resources`."""
        endpoint = self.endpoint
        checks = [depends.dependency for depends in self.dependencies if depends.dependency]
        readers = _readers(endpoint)

        async def answer(request: Request) -> Response:
            for check in checks:
                await check(request)
            arguments = {name: await read(request) for name, read in readers}
            answered: Response = await endpoint(**arguments)
            return answered

        return answer


class Resources:
    """Serves routes by method and path, without a search through all that there are.

    What is not found here is the router's: other routes, and requests that none can serve.
    """

    def __init__(self, app: ASGIApp, routers: Sequence[APIRouter]) -> None:
        self._app = app
        self._handlers: dict[tuple[str, str], _Handler] = {
            (method, route.path): route.get_route_handler()
            for router in routers
            for route in router.routes
            if isinstance(route, ResourceRoute)
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        handle = self._handlers.get((scope.get("method", ""), scope.get("path", "")))
        if handle is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            answer = await handle(request)
        except LRSError as error:
            answer = answer_error(request, error)
        except RequestValidationError as error:
            answer = await answer_invalid(request, error)
        await answer(scope, receive, send)


def _readers(endpoint: Callable[..., object]) -> list[tuple[str, _Reader]]:
    annotations = get_type_hints(endpoint, include_extras=True)
    return [(name, _reader(it)) for name, it in annotations.items() if name != "return"]


def _reader(annotation: object) -> _Reader:
    if annotation is Request:
        return _itself
    kind, how = get_args(annotation)
    if isinstance(how, Depends) and how.dependency is not None:
        return how.dependency
    return _query_reader(kind)


async def _itself(request: Request) -> Request:
    return request


def _query_reader(model: type[BaseModel]) -> _Reader:
    async def read(request: Request) -> BaseModel:
        try:
            return model.model_validate(await with_pseudonym(request, parameters_of(request)))
        except ValidationError as error:
            parts = [{**part, "loc": ("query", *part["loc"])} for part in error.errors()]
            raise RequestValidationError(parts) from error

    return read
