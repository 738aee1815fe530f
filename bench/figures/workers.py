"""Two workers beside one: batches of 1,000 from four clients, single POSTs over 32 connections."""

import os

from bench.plan import BLOCK
from bench.rows import Row, Unit, at_least
from bench.service import Service
from bench.sources import Batches, Singles, Source
from bench.stage import MOST_A_SECOND, Stage

NAME = "workers"
_CLIENTS = 4
_CONNECTIONS = 32


async def measure(stage: Stage) -> list[Row]:
    """Let one worker and two take turns on the same database."""
    batches: tuple[list[float], list[float]] = [], []
    singles: tuple[list[float], list[float]] = [], []
    async with stage.serving() as one, stage.serving(workers=2) as two:
        for _ in range(stage.plan.rounds + 1):
            for number, service in enumerate((two, one)):
                batches[number].append(await _batches(stage, service))
                singles[number].append(await _singles(stage, service))
    return [
        _row("batches of 1,000", "statements/s", *batches),
        _row("single POSTs", "requests/s", *singles),
    ]


async def _batches(stage: Stage, service: Service) -> float:
    blocks = max(1, stage.plan.chunk // BLOCK // _CLIENTS)
    sources: list[Source] = [
        Batches(stage.fresh_lane(blocks * BLOCK), 0, blocks, BLOCK) for _ in range(_CLIENTS)
    ]
    return (await stage.run(service, sources, connections=1)).rate * BLOCK


async def _singles(stage: Stage, service: Service) -> float:
    count = int(MOST_A_SECOND * stage.plan.seconds)
    source = Singles(stage.fresh_lane(count), count)
    load = service.load(source, _CONNECTIONS, stage.plan.seconds)
    return (await stage.clients.run([load])).check().rate


def _row(name: str, unit: Unit, two: list[float], one: list[float]) -> Row:
    return Row(
        figure=NAME,
        label=f"two workers, {name}",
        unit=unit,
        measured=two[1:],
        limit=one[1:],
        beside="one worker",
        target=at_least(1.6),
        note=f"{os.cpu_count()} processors, shared with PostgreSQL and the clients",
    )
