"""A well-behaved client beside hostile ones: the p99 of each of its requests, and alone."""

import asyncio
import resource
from contextlib import suppress
from time import perf_counter

from bench.clients import Outcome
from bench.database import LARGE
from bench.hostile import ATTACKS, KEY, SECRET, Attack, Attacking, summed
from bench.rows import MILLISECONDS, Row
from bench.service import SERVER_KEY, Service, lrs_serving
from bench.sources import Mixed
from bench.stage import Stage
from lrs.services.credentials import CredentialsService
from lrs.storage.engines import DatabaseOptions, open_database

NAME = "hostile"
_CONNECTIONS, _EVERY = 4, 0.04
# Shorter than usual, so that an attack meets its end while somebody looks.
_TIMEOUTS = {"body_timeout": 2, "answer_timeout": 2, "query_wait": 2}
_HEAD_START = 0.5
_BETWEEN_LOOKS = 0.05
_MOST_FILES = 8_000


async def measure(stage: Stage) -> list[Row]:
    """Let a client send some requests, alone and beside each sort of hostile clients in turn."""
    _allow_connections()
    url = stage.databases.url(LARGE)
    await _let_in(url)
    async with lrs_serving(database_url=url, **_TIMEOUTS) as service:
        await _behave(stage, service)  # warms up
        return [await _row(stage, service, label, attack) for label, attack in ATTACKS.items()]


def _allow_connections() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, _MOST_FILES), hard))


async def _let_in(url: str) -> None:
    database = await open_database(DatabaseOptions(url))
    try:
        await CredentialsService(database, SERVER_KEY.encode()).ensure_first(KEY, SECRET)
    finally:
        await database.close()


async def _row(stage: Stage, service: Service, label: str, attacking: Attacking) -> Row:
    alone = (await _behave(stage, service)).check()
    before = service.memory()
    attack = Attack(service, perf_counter() + _HEAD_START + _seconds(stage))
    peak = _Peak(service)
    watching = asyncio.ensure_future(peak.watch())
    going_on = asyncio.ensure_future(attacking(attack))
    await asyncio.sleep(_HEAD_START)
    try:
        beside = await _behave(stage, service)
        await going_on
    finally:
        for task in (going_on, watching):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    got = summed(attack.got.most_common())
    return _shown(label, alone, beside, got, (before, peak.highest))


async def _behave(stage: Stage, service: Service) -> Outcome:
    seconds = _seconds(stage)
    lane = stage.fresh_lane(int(_CONNECTIONS * (seconds / _EVERY + 1)))
    load = service.load(Mixed(lane), _CONNECTIONS, seconds, is_prebuilt=False, every=_EVERY)
    return await stage.clients.run([load])


def _seconds(stage: Stage) -> float:
    return max(1.0, 1.75 * stage.plan.seconds)


class _Peak:
    """The highest resident memory of a worker, in MiB."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.highest = 0.0

    async def watch(self) -> None:
        """Look at it until cancelled."""
        while True:
            self.highest = max(self.highest, self._service.memory())
            await asyncio.sleep(_BETWEEN_LOOKS)


def _shown(
    label: str, alone: Outcome, beside: Outcome, got: str, memory: tuple[float, float]
) -> Row:
    shares = {
        f"{kind} {name}": [_milliseconds(each, share, kind) for each in (beside, alone)]
        for kind in ("POST", "GET by agent")
        for name, share in (("p50", 0.5), ("p99", 0.99), ("worst", 1.0))
    }
    gets = shares["GET by agent p99"]
    return Row(
        figure=NAME,
        label=f"POST beside {label}, p99",
        unit="ms",
        measured=[shares["POST p99"][0]],
        limit=[shares["POST p99"][1]],
        beside="alone",
        note=(
            f"{beside.refused} of {beside.answers + beside.refused:,} refused; GETs"
            f" {gets[0]:.1f} ms beside {gets[1]:.1f} alone; memory {memory[0]:.0f} MiB, at most"
            f" {memory[1]:.0f}; they got {got}"
        ),
        details={"milliseconds": shares, "refused": beside.refused, "got": got, "memory": memory},
    )


def _milliseconds(outcome: Outcome, share: float, kind: str) -> float:
    return outcome.percentile(share, kind) * MILLISECONDS
