"""Writers and readers at once: the p99 of each, beside the same requests alone."""

from bench.clients import Outcome
from bench.rows import MILLISECONDS, Row, at_most
from bench.service import Service
from bench.sources import AgentPages, Fixed, Mixed, Singles, Source, States, first_of
from bench.stage import MOST_A_SECOND, Stage

NAME = "mixed"
_CONNECTIONS = 32
_KINDS = ("POST", "GET by agent", "state")


async def measure(stage: Stage) -> list[Row]:
    """Send each kind alone over 32 connections, then all of them mixed over as many."""
    async with stage.serving() as service:
        alone = {kind: await _alone(stage, service, kind) for kind in _KINDS}
        outcome = await mixed_load(stage, service, stage.plan.mixed)
    note = (
        f"{outcome.answers:,} answers in {outcome.seconds:.0f} s, {outcome.refused} refused;"
        f" {outcome.rate:,.0f} requests/s"
    )
    notes = dict.fromkeys(_KINDS, "") | {_KINDS[0]: note}
    return [_row(kind, outcome, alone[kind], notes[kind]) for kind in _KINDS]


async def mixed_load(stage: Stage, service: Service, seconds: float) -> Outcome:
    """Send 80 % single POSTs, 15 % GETs by agent and 5 % state documents for so long."""
    lane = stage.fresh_lane(int(MOST_A_SECOND * seconds))
    load = service.load(Mixed(lane), _CONNECTIONS, seconds, is_prebuilt=False)
    return await stage.clients.run([load])


async def _alone(stage: Stage, service: Service, kind: str) -> Outcome:
    seconds = max(stage.plan.seconds, stage.plan.mixed / 10)
    count = int(MOST_A_SECOND * seconds)
    sources: dict[str, Source] = {
        "POST": Singles(stage.fresh_lane(count), count),
        "GET by agent": Fixed(first_of(AgentPages(), 1_000)),
        "state": States(),
    }
    repeats = kind != "POST"
    load = service.load(sources[kind], _CONNECTIONS, seconds, repeats=repeats)
    return (await stage.clients.run([load])).check()


def _row(kind: str, mixed: Outcome, alone: Outcome, note: str) -> Row:
    return Row(
        figure=NAME,
        label=f"mixed load, {kind}, p99",
        unit="ms",
        measured=[mixed.percentile(0.99, kind) * MILLISECONDS],
        limit=[alone.percentile(0.99, kind) * MILLISECONDS],
        beside="alone",
        target=at_most(4),
        note=note,
        details={
            "refused": mixed.refused,
            "p50": [each.percentile(0.5, kind) * MILLISECONDS for each in (mixed, alone)],
            "worst": [each.percentile(1, kind) * MILLISECONDS for each in (mixed, alone)],
        },
    )
