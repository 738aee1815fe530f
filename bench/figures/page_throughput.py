"""First pages over 16 connections, beside an empty route that returns as many bytes."""

from bench.alternating import beside_empty
from bench.database import LARGE
from bench.filters import first_pages, moments
from bench.requests import Exchange, get_target
from bench.rows import Row, at_least
from bench.sources import Fixed, Source
from bench.stage import Stage

NAME = "throughput"
_CONNECTIONS = 16
_ASKED = ("agent, hot", "verb, hot", "activity, hot", "registration", "no filter")


async def measure(stage: Stage) -> list[Row]:
    """Let the service and the empty route take turns."""
    async with stage.databases.connection(LARGE) as database:
        pages = first_pages(await moments(database))
    asked: tuple[Exchange, ...] = tuple((pages[name],) for name in _ASKED)
    same = await _of_same_size(stage, asked)

    def sources() -> tuple[Source, Source]:
        return Fixed(asked), Fixed(same)

    rounds = await beside_empty(stage, sources, _CONNECTIONS, repeats=True)
    row = Row(
        figure=NAME,
        label=f"first pages of 50, {_CONNECTIONS} connections",
        unit="requests/s",
        measured=rounds.measured,
        limit=rounds.limit,
        beside="empty route, same bytes",
        target=at_least(0.3),
        details=rounds.details,
    )
    return [row]


async def _of_same_size(stage: Stage, asked: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    async with stage.serving() as service, service.connection() as connection:
        answers = [await connection.succeed(request) for (request,) in asked]
    return tuple((get_target(f"/bytes/{len(answer.body)}"),) for answer in answers)
