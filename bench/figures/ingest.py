"""Batches over HTTP from two clients, beside `COPY` of the same rows into a twin database."""

from dataclasses import dataclass, field

from bench.copying import copy_in, last_position, rows_after
from bench.database import LARGE, MIRROR
from bench.plan import BLOCK
from bench.rows import Row, at_least
from bench.service import Service
from bench.sources import Batches, Source
from bench.stage import Stage, Usage

NAME = "ingest"
_TARGETS = {1_000: 0.5, 100: 0.4, 25: 0.25}
_CLIENTS = 2


@dataclass(slots=True)
class _Rounds:
    """What the rounds of one size of batches came to."""

    measured: list[float] = field(default_factory=list)
    limit: list[float] = field(default_factory=list)
    usage: list[dict[str, float]] = field(default_factory=list)


async def measure(stage: Stage) -> list[Row]:
    """Let sizes and the limit take turns, so that all meet the same state of the disk."""
    await stage.databases.copy(LARGE, MIRROR)
    await stage.databases.settle(LARGE)
    rounds = {size: _Rounds() for size in _TARGETS}
    try:
        async with stage.serving() as service:
            await _batches(stage, service, BLOCK, _Rounds())
            for _ in range(stage.plan.rounds):
                for size, result in rounds.items():
                    await _batches(stage, service, size, result)
    finally:
        await stage.databases.drop(MIRROR)
    stage.series[NAME] = {
        size: {"measured": result.measured, "limit": result.limit}
        for size, result in rounds.items()
    }
    return [_row(size, result) for size, result in rounds.items()]


async def _batches(stage: Stage, service: Service, size: int, result: _Rounds) -> None:
    blocks = max(1, stage.plan.chunk // BLOCK // _CLIENTS)
    sources: list[Source] = [
        Batches(stage.fresh_lane(blocks * BLOCK), 0, blocks, size) for _ in range(_CLIENTS)
    ]
    async with stage.databases.connection(LARGE) as connection:
        before = await last_position(connection)
    usage = Usage(stage, service)
    outcome = await stage.run(service, sources, connections=1)
    result.measured.append(outcome.rate * size)
    result.usage.append(usage.shares(outcome))
    await _copies(stage, before, result)


async def _copies(stage: Stage, before: int, result: _Rounds) -> None:
    async with stage.databases.connection(LARGE) as connection:
        slices = await rows_after(connection, before)
    async with stage.databases.connection(MIRROR) as connection:
        seconds = await copy_in(connection, slices)
    result.limit.append(len(slices) * BLOCK / seconds)


def _row(size: int, result: _Rounds) -> Row:
    return Row(
        figure=NAME,
        label=f"batch ingest, batches of {size:,}, {_CLIENTS} clients",
        unit="statements/s",
        measured=result.measured,
        limit=result.limit,
        beside="COPY",
        target=at_least(_TARGETS[size]),
        details={"usage": result.usage},
    )
