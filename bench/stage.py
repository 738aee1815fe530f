"""What the figures work with: the stores, the servers, the clients, and fresh statements."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from itertools import count

import psutil

from bench.clients import Clients, Outcome
from bench.database import LARGE, Databases
from bench.plan import BLOCK, Plan
from bench.service import Service, empty_serving, lrs_serving
from bench.sources import Batches, Source
from bench.statements import Lane

# Lanes that a store is filled with; what figures write is in lanes after these.
FILLED_BY = 2
_FIRST_FRESH = 10
_UNTIL_DONE = 86_400.0
# More single requests than one process answers in a second.
MOST_A_SECOND = 12_000


@dataclass(slots=True)
class Stage:
    """One run.

    Attributes:
        series: points for the plots, by the name of the plot.
    """

    plan: Plan
    databases: Databases
    clients: Clients
    series: dict[str, object] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(_FIRST_FRESH))

    def serving(
        self, database: str = LARGE, *, workers: int = 1
    ) -> AbstractAsyncContextManager[Service]:
        """Run `lrs serve` on a database."""
        return lrs_serving(database_url=self.databases.url(database), workers=workers)

    def empty(self) -> AbstractAsyncContextManager[Service]:
        """Run the empty route."""
        return empty_serving()

    def fresh_lane(self, length: int) -> Lane:
        """Return a lane that nothing was written of yet."""
        return Lane(next(self._numbers), length, self.plan.written_references)

    async def run(self, service: Service, sources: list[Source], connections: int) -> Outcome:
        """Send all of some sources, each from a process of its own."""
        loads = [service.load(source, connections, _UNTIL_DONE) for source in sources]
        return (await self.clients.run(loads)).check()

    async def fill(self, service: Service, statements: int, first: int, end: int) -> Outcome:
        """Store statements from one place to another of a store that is to hold so many.

        They come in batches of 1,000 from two clients; places are multiples of 2,000.
        """
        begin, stop = first // BLOCK // FILLED_BY, end // BLOCK // FILLED_BY
        sources = [Batches(lane, begin, stop, BLOCK) for lane in self.filled_by(statements)]
        loads = [service.load(source, 1, _UNTIL_DONE, is_prebuilt=False) for source in sources]
        return (await self.clients.run(loads)).check()

    def filled_by(self, statements: int) -> list[Lane]:
        """Return the lanes of a store that is filled with so many statements."""
        length, share = statements // FILLED_BY, self.plan.references
        return [Lane(number, length, share, is_planted=True) for number in range(FILLED_BY)]

    def postgres_seconds(self) -> float:
        """Return the seconds of processor time of the processes of PostgreSQL that live."""
        master = psutil.Process(self.databases.cluster.postmaster_pid)
        return sum(_seconds(each) for each in master.children())


def _seconds(process: psutil.Process) -> float:
    """Return the processor time of a process; none of one that ended since it was listed."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


class Usage:
    """The processor time that the worker and PostgreSQL use between two moments."""

    def __init__(self, stage: Stage, service: Service) -> None:
        self._stage, self._service = stage, service
        self._before = self._now()

    def shares(self, outcome: Outcome) -> dict[str, float]:
        """Return the processors that each kept busy on average, and the time for an answer."""
        used = [now - before for now, before in zip(self._now(), self._before, strict=True)]
        return {
            "worker_processors": round(used[0] / outcome.seconds, 2),
            "postgres_processors": round(used[1] / outcome.seconds, 2),
            "worker_ms_an_answer": round(1_000 * used[0] / outcome.answers, 3),
            "postgres_ms_an_answer": round(1_000 * used[1] / outcome.answers, 3),
        }

    def _now(self) -> tuple[float, float]:
        return self._service.processor_seconds(), self._stage.postgres_seconds()
