"""Client processes: each holds connections, sends what it is told to, and counts."""

import asyncio
import multiprocessing
from array import array
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import SpawnProcess
from time import perf_counter
from types import TracebackType
from typing import Self

import uvloop

from bench.http_client import Answer, Connection, RefusedError
from bench.requests import Exchange
from bench.sources import Source
from bench.spread import percentile

_READY = "ready"
# An answer that was on its way when the time was up may still come.
_GRACE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one client process does.

    Attributes:
        host: of the server.
        port: of the server.
        source: what it sends.
        connections: how many take turns at the source; each waits for its answer.
        seconds: when it stops, if the source has not come to its end.
        repeats: whether to begin at the first request again, after the last.
        is_prebuilt: whether all requests are made before the clock runs.
        every: seconds from one exchange of a connection to the next; 0 is at once. The time that
            an exchange has to wait for the one before it counts as its own.
    """

    host: str
    port: int
    source: Source
    connections: int
    seconds: float
    repeats: bool = False
    is_prebuilt: bool = True
    every: float = 0.0


@dataclass(slots=True)
class Tally:
    """What came of a load; moments are `perf_counter`, the same clock in all processes."""

    began: float = 0.0
    ended: float = 0.0
    latencies: dict[str, "array[float]"] = field(default_factory=dict)
    refused: int = 0
    first_refusal: str = ""

    def add(self, kind: str, answer: Answer, late: float = 0.0) -> None:
        """Count an answer to a request that was sent so many seconds after it was due."""
        if answer.is_success:
            self.latencies.setdefault(kind, array("d")).append(late + answer.seconds)
            return
        self.refused += 1
        self.first_refusal = self.first_refusal or f"{kind}: {answer.status} {answer.body[:200]!r}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the loads of all client processes together."""

    tallies: Sequence[Tally]

    @property
    def answers(self) -> int:
        """How many requests were answered with success."""
        return sum(len(seconds) for tally in self.tallies for seconds in tally.latencies.values())

    @property
    def seconds(self) -> float:
        """From the first request of any client to the last answer to any."""
        ended = max(tally.ended for tally in self.tallies)
        return ended - min(tally.began for tally in self.tallies)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    @property
    def refused(self) -> int:
        """How many requests were refused."""
        return sum(tally.refused for tally in self.tallies)

    def percentile(self, share: float, kind: str | None = None) -> float:
        """Return the seconds that this share of the answers, of a kind or of all, took at most."""
        return percentile(
            [
                seconds
                for tally in self.tallies
                for name, latencies in tally.latencies.items()
                if kind in {None, name}
                for seconds in latencies
            ],
            share,
        )

    def check(self) -> Self:
        """Return this if no request was refused.

        Raises:
            RefusedError: one was.
        """
        for tally in self.tallies:
            if tally.refused:
                raise RefusedError(f"{tally.refused} refused, the first: {tally.first_refusal}")
        return self


class Clients(AbstractContextManager["Clients"]):
    """Processes that wait for loads."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._running: list[tuple[SpawnProcess, Pipe]] = []

    def __enter__(self) -> Self:
        """Start the processes."""
        context = multiprocessing.get_context("spawn")
        for _ in range(self._count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            self._running.append((process, ours))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the processes."""
        for process, pipe in self._running:
            pipe.close()
            process.terminate()
        for process, _ in self._running:
            process.join()
        self._running.clear()

    async def run(self, loads: Sequence[Load]) -> Outcome:
        """Let as many processes as there are loads work at once.

        Raises:
            RefusedError: a client could not send.
        """
        try:
            return await asyncio.to_thread(self._run, loads)
        except BaseException:
            # The others would go on with their loads; new ones know nothing of them.
            self.__exit__(None, None, None)
            self.__enter__()
            raise

    def _run(self, loads: Sequence[Load]) -> Outcome:
        pipes = [pipe for _, pipe in self._running][: len(loads)]
        for pipe, load in zip(pipes, loads, strict=True):
            pipe.send(load)
        for pipe in pipes:
            _received(pipe)
        for pipe in pipes:
            pipe.send(_READY)
        return Outcome([_received(pipe) for pipe in pipes])


def _received(pipe: Pipe) -> Tally:
    message = pipe.recv()
    if isinstance(message, str) and message != _READY:
        raise RefusedError(message)
    return message if isinstance(message, Tally) else Tally()


def _serve(pipe: Pipe) -> None:
    """Work off one load after the other, until the other end of the pipe is closed."""
    while True:
        try:
            load = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            pipe.send(uvloop.run(_work(load, pipe)))
        except* OSError as errors:
            pipe.send(f"a client failed: {errors.exceptions[0]!r}")


async def _work(load: Load, pipe: Pipe) -> Tally:
    exchanges: Iterator[Exchange] = load.source.exchanges()
    if load.is_prebuilt:
        made = list(exchanges)
        exchanges = cycle(made) if load.repeats else iter(made)
    opened = [await Connection.open(load.host, load.port) for _ in range(load.connections)]
    pipe.send(_READY)
    pipe.recv()
    tally = Tally(began=perf_counter())
    try:
        async with asyncio.timeout(load.seconds + _GRACE), asyncio.TaskGroup() as group:
            end = tally.began + load.seconds
            for connection in opened:
                sending = _send_all if load.every == 0 else partial(_send_every, load.every)
                group.create_task(sending(connection, exchanges, end, tally))
    finally:
        tally.ended = perf_counter()
        for connection in opened:
            connection.close()
    return tally


async def _send_all(
    connection: Connection, exchanges: Iterator[Exchange], end: float, tally: Tally
) -> None:
    for exchange in exchanges:
        for request in exchange:
            tally.add(request.kind, await connection.send(request))
        if perf_counter() > end:
            return


async def _send_every(
    seconds: float,
    connection: Connection,
    exchanges: Iterator[Exchange],
    end: float,
    tally: Tally,
) -> None:
    due = perf_counter()
    for exchange in exchanges:
        late = max(0.0, perf_counter() - due)
        for request in exchange:
            tally.add(request.kind, await connection.send(request), late)
        due += seconds
        if due > end:
            return
        if (early := due - perf_counter()) > 0:
            await asyncio.sleep(early)
            # How late the event loop wakes is no delay of the server's.
            due = max(due, perf_counter())
