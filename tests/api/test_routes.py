"""Routes that are served without FastAPI's search for parameters answer as FastAPI would."""

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from lrs.api.problems import answer_invalid, answer_lrs_error
from lrs.api.xapi.document_parameters import StatesParameters
from lrs.api.xapi.parameters import StatementsParameters, check_single
from lrs.api.xapi.routes import ResourceRoute, Resources
from lrs.api.xapi.versions import RequestVersion
from lrs.errors import LRSError

QUERIES = [
    "",
    "limit=1&ascending=true",
    "limit=&ascending=",
    "limit",
    "ascending=yes&related_agents=TRUE",
    "format=",
    "format=exact&format=ids",
    "format=canonical&unknown=1&Limit=3",
    "statementid=x&statement_id=y",
    "agent=%7B%22name%22%3A%22a+b%26c%3Dd%22%7D",
    "verb=a=b=c&&&activity=+%2B",
    "stateId=%C3%A9&activityId=%C3%A9",
    "stateId=%FF",
    "stateId=\u00e9",
    "=&=",
    "a=1&b=2&b=3&a=4",
    "%61gent=x",
    "stateId=a&activityId=b&agent=c&registration=d&since=e&more=f",
]


async def first(request: Request) -> None:
    request.scope["seen"] = ["first"]


async def then(request: Request) -> None:
    request.scope["seen"].append("then")


async def second(request: Request) -> str:
    request.scope["seen"].append("second")
    return "second"


async def statements(
    request: Request,
    seen: Annotated[str, Depends(second)],
    version: RequestVersion,
    parameters: Annotated[StatementsParameters, Query()],
) -> Response:
    return Response(f"{request.scope['seen']} {seen} {version} {parameters!r}")


async def states(
    request: Request, _: RequestVersion, parameters: Annotated[StatesParameters, Query()]
) -> Response:
    return Response(f"{request.method} {parameters!r}")


def serving(kind: type[APIRoute], *, directly: bool = False) -> httpx.AsyncClient:
    """Return a client of an app with two routes of a kind."""
    checks = [Depends(first), Depends(then), Depends(check_single)]
    router = APIRouter(route_class=kind, dependencies=checks)
    router.add_api_route("/statements", statements)
    router.add_api_route("/states", states, methods=["GET", "DELETE"])
    app = FastAPI()
    app.include_router(router)
    app.add_exception_handler(LRSError, answer_lrs_error)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    if directly:
        app.add_middleware(Resources, routers=[router])
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://lrs.test",
        headers={"X-Experience-API-Version": "2.0.0"},
    )


@pytest.mark.parametrize("path", ["/statements", "/states"])
@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
@pytest.mark.parametrize("directly", [True, False], ids=["directly", "by the router"])
async def test_a_query_is_read_as_fastapi_reads_it(path: str, query: str, directly: bool) -> None:
    async with serving(ResourceRoute, directly=directly) as ours, serving(APIRoute) as theirs:
        answer, expected = await ours.get(f"{path}?{query}"), await theirs.get(f"{path}?{query}")
    assert answer.status_code == expected.status_code
    assert answer.content == expected.content


@pytest.mark.parametrize("version", [None, "0.9", "1.0.1"])
async def test_what_refuses_first_is_told(version: str | None) -> None:
    headers = {"X-Experience-API-Version": version} if version else {}
    async with serving(ResourceRoute, directly=True) as ours, serving(APIRoute) as theirs:
        for client in (ours, theirs):
            del client.headers["X-Experience-API-Version"]
            client.headers.update(headers)
        for query in ("", "unknown=1", "limit=1&limit=2"):
            answer = await ours.get(f"/statements?{query}")
            expected = await theirs.get(f"/statements?{query}")
            assert (answer.status_code, answer.content) == (
                expected.status_code,
                expected.content,
            )


@pytest.mark.parametrize("method", ["DELETE", "POST", "HEAD"])
@pytest.mark.parametrize("path", ["/states", "/statements", "/nowhere"])
async def test_methods_and_paths_are_told_apart_as_by_fastapi(method: str, path: str) -> None:
    query = {"activityId": "a", "agent": "b"} if path == "/states" else {}
    async with serving(ResourceRoute, directly=True) as ours, serving(APIRoute) as theirs:
        answer = await ours.request(method, path, params=query)
        expected = await theirs.request(method, path, params=query)
    assert (answer.status_code, answer.content) == (expected.status_code, expected.content)


def test_the_description_is_that_of_fastapi() -> None:
    def described(kind: type[APIRoute]) -> object:
        app = FastAPI()
        router = APIRouter(route_class=kind, dependencies=[Depends(first)])
        router.add_api_route("/statements", statements)
        app.include_router(router)
        return app.openapi()

    assert described(ResourceRoute) == described(APIRoute)
