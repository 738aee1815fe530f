"""What limits cost: the same requests with all of them, none of which is reached, and without."""

from statistics import median

from bench.database import LARGE
from bench.rows import Row
from bench.service import Service, lrs_serving
from bench.sources import Singles
from bench.stage import MOST_A_SECOND, Stage, Usage

NAME = "limits"
_CONNECTIONS = 32
_NEVER_REACHED = 1_000_000_000
_ONE = ("requests_per_second",)
_ALL = (
    *_ONE,
    "statements_per_minute",
    "requests_at_once",
    "requests_per_second_per_address",
    "requests_at_once_per_address",
)


async def measure(stage: Stage) -> list[Row]:
    """Let a service with limits and one without take turns, of one worker and of two."""
    return [await _beside(stage, workers, limits) for workers in (1, 2) for limits in (_ONE, _ALL)]


async def _beside(stage: Stage, workers: int, limits: tuple[str, ...]) -> Row:
    # One process of all folds statements into rollups: it would have more to do than the other.
    usual = {
        "database_url": stage.databases.url(LARGE),
        "workers": workers,
        "rollups": "off",
    }
    reached = dict.fromkeys(limits, _NEVER_REACHED)
    async with lrs_serving(**usual, **reached) as limited, lrs_serving(**usual) as free:
        label = f"single POSTs, workers: {workers}, limits: {len(limits)}"
        return await _row(stage, (limited, free), label)


async def _row(stage: Stage, services: tuple[Service, Service], label: str) -> Row:
    count = int(MOST_A_SECOND * stage.plan.seconds)
    rates: tuple[list[float], list[float]] = [], []
    times: tuple[list[float], list[float]] = [], []
    for turn in range(stage.plan.rounds + 1):
        for number in (0, 1) if turn % 2 else (1, 0):
            usage = Usage(stage, services[number])
            source = Singles(stage.fresh_lane(count), count)
            load = services[number].load(source, _CONNECTIONS, stage.plan.seconds)
            outcome = (await stage.clients.run([load])).check()
            rates[number].append(outcome.rate)
            times[number].append(usage.shares(outcome)["worker_ms_an_answer"])
    limited, free = (median(each[1:]) for each in times)
    return Row(
        figure=NAME,
        label=label,
        unit="requests/s",
        measured=rates[0][1:],
        limit=rates[1][1:],
        beside="without limits",
        note=f"processor time of an answer {limited:.3f} ms, without limits {free:.3f} ms",
        details={"worker_ms_an_answer": times[0][1:], "limit_worker_ms_an_answer": times[1][1:]},
    )
