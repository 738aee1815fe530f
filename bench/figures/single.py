"""Single POSTs over 32 connections, beside an empty route that reads the same bodies."""

from bench.alternating import beside_empty
from bench.rows import Row, at_least
from bench.sources import Singles, Source
from bench.stage import MOST_A_SECOND, Stage

NAME = "single"
_CONNECTIONS = 32


async def measure(stage: Stage) -> list[Row]:
    """Let the service and the empty route take turns with the same requests."""
    count = int(MOST_A_SECOND * stage.plan.seconds)

    def sources() -> tuple[Source, Source]:
        source = Singles(stage.fresh_lane(count), count)
        return source, source

    rounds = await beside_empty(stage, sources, _CONNECTIONS, repeats=False)
    row = Row(
        figure=NAME,
        label=f"single POSTs, {_CONNECTIONS} connections",
        unit="requests/s",
        measured=rounds.measured,
        limit=rounds.limit,
        beside="empty route",
        target=at_least(0.4),
        details=rounds.details,
    )
    return [row]
