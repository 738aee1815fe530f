"""PUT and GET of state documents over 32 connections, beside an empty route."""

from itertools import count

from bench.alternating import beside_empty
from bench.rows import Row, at_least
from bench.sources import Source, States
from bench.stage import Stage

NAME = "state"
_CONNECTIONS = 32


async def measure(stage: Stage) -> list[Row]:
    """Let the service and the empty route take turns with the same requests."""
    numbers = count()

    def sources() -> tuple[Source, Source]:
        source = States(next(numbers))
        return source, source

    rounds = await beside_empty(stage, sources, _CONNECTIONS, repeats=True)
    row = Row(
        figure=NAME,
        label=f"state document PUT + GET, {_CONNECTIONS} connections",
        unit="requests/s",
        measured=rounds.measured,
        limit=rounds.limit,
        beside="empty route",
        target=at_least(0.4),
        details=rounds.details,
    )
    return [row]
