"""The service and the empty route in turn, under the same load."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bench.clients import Outcome
from bench.service import Service
from bench.sources import Source
from bench.stage import Stage, Usage

Shares = dict[str, float]
# Makes what the service and the empty route are sent in a round.
Sources = Callable[[], tuple[Source, Source]]


@dataclass(slots=True)
class Rounds:
    """Answers a second of each round, and the processor time that they took."""

    measured: list[float] = field(default_factory=list)
    limit: list[float] = field(default_factory=list)
    usage: list[Shares] = field(default_factory=list)
    limit_usage: list[Shares] = field(default_factory=list)

    @property
    def details(self) -> dict[str, object]:
        """What goes into the JSON beside the rates."""
        return {"usage": self.usage, "limit_usage": self.limit_usage}


async def beside_empty(
    stage: Stage, sources: Sources, connections: int, *, repeats: bool
) -> Rounds:
    """Measure the rounds of the plan, after one that only warms up.

    Args:
        stage: the run.
        sources: what is sent, made anew for each round.
        connections: of one client process.
        repeats: whether a source begins again when it has come to its end.
    """
    rounds = Rounds()
    async with stage.serving() as service, stage.empty() as empty:
        for number in range(stage.plan.rounds + 1):
            measured = Rounds() if number == 0 else rounds
            ours, theirs = sources()
            outcome, shares = await _watched(stage, service, ours, connections, repeats=repeats)
            measured.measured.append(outcome.rate)
            measured.usage.append(shares)
            outcome, shares = await _watched(stage, empty, theirs, connections, repeats=repeats)
            measured.limit.append(outcome.rate)
            measured.limit_usage.append(shares)
    return rounds


async def _watched(
    stage: Stage, service: Service, source: Source, connections: int, *, repeats: bool
) -> tuple[Outcome, Shares]:
    load = service.load(source, connections, stage.plan.seconds, repeats=repeats)
    usage = Usage(stage, service)
    outcome = (await stage.clients.run([load])).check()
    return outcome, usage.shares(outcome)
