"""A page far down the walk through `more`, beside the first page."""

import json

from bench.filters import PAGE
from bench.http_client import Connection
from bench.population import population
from bench.requests import STATEMENTS, Parameters, Request, get, get_target
from bench.rows import MILLISECONDS, Row, at_most
from bench.spread import percentile
from bench.stage import Stage

NAME = "more"
# A store that is too small for the walk is walked to nine tenths of its length.
_SHARE_OF_THE_WALK = 0.9


async def measure(stage: Stage) -> list[Row]:
    """Walk to the page, then get it and the first one in turn."""
    verb = {"verb": population().verbs[0].iri}
    async with stage.serving() as service, service.connection() as connection:
        return [
            await _row(stage, connection, "no filter", {}, 1.0),
            await _row(stage, connection, "hot verb", verb, 0.1),
        ]


async def _row(
    stage: Stage, connection: Connection, name: str, parameters: Parameters, share: float
) -> Row:
    first = get(STATEMENTS, {"limit": PAGE, **parameters})
    most = int(_SHARE_OF_THE_WALK * share * stage.plan.statements / PAGE)
    deep, number = await _walk(connection, first, min(stage.plan.pages, most))
    measured, limit = [], []
    for _ in range(stage.plan.rounds + 1):
        measured.append(await _median(stage, connection, deep))
        limit.append(await _median(stage, connection, first))
    return Row(
        figure=NAME,
        label=f"page {number:,} through `more`, {name}, p50",
        unit="ms",
        measured=measured[1:],
        limit=limit[1:],
        beside="first page",
        target=at_most(1.2),
    )


async def _walk(connection: Connection, first: Request, pages: int) -> tuple[Request, int]:
    """Return the request of the last page that has another one after it, and its number."""
    request = first
    for number in range(1, pages):
        answer = await connection.succeed(request)
        more = json.loads(answer.body)["more"]
        if not more:
            return request, number
        request = get_target(more)
    return request, pages


async def _median(stage: Stage, connection: Connection, request: Request) -> float:
    answers = [await connection.succeed(request) for _ in range(stage.plan.requests)]
    return percentile([answer.seconds for answer in answers], 0.5) * MILLISECONDS
