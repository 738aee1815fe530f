"""The programs that are measured, each in processes of its own: `lrs serve` and the empty route."""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil

from bench.clients import Load
from bench.http_client import Connection, RefusedError
from bench.requests import KEY, SECRET, get_target
from bench.sources import Source

_LRS = ("-c", "from lrs.cli import app; app(['serve'])")
_EMPTY = ("-m", "bench.empty_app")
_ADDRESS = re.compile(r"(http://[0-9.]+:[0-9]+)")
_LONGEST_START, _LONGEST_STOP = 120.0, 60.0
_POLL = 0.01
SERVER_KEY = "the server key of the bench, long enough"
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Service:
    """A server that answers.

    Attributes:
        seconds_to_answer: from the start of the process to the first answer.
    """

    process: psutil.Process
    host: str
    port: int
    seconds_to_answer: float

    def load(
        self,
        source: Source,
        connections: int,
        seconds: float,
        *,
        repeats: bool = False,
        is_prebuilt: bool = True,
        every: float = 0.0,
    ) -> Load:
        """Return a load upon this server."""
        return Load(
            host=self.host,
            port=self.port,
            source=source,
            connections=connections,
            seconds=seconds,
            repeats=repeats,
            is_prebuilt=is_prebuilt,
            every=every,
        )

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Hold a connection for the length of the block."""
        connection = await Connection.open(self.host, self.port)
        try:
            yield connection
        finally:
            connection.close()

    def workers(self) -> list[psutil.Process]:
        """Return the processes that serve: the children of a supervisor, or the one process."""
        children = self.process.children()
        found = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        return found or [self.process]

    def memory(self) -> float:
        """Return the resident memory of the largest worker, in MiB."""
        return max(worker.memory_info().rss for worker in self.workers()) / _MEBIBYTE

    def processor_seconds(self) -> float:
        """Return the seconds of processor time that the workers have used."""
        times = [worker.cpu_times() for worker in self.workers()]
        return sum(each.user + each.system for each in times)


@asynccontextmanager
async def lrs_serving(**settings: object) -> AsyncIterator[Service]:
    """Run `lrs serve` with these settings, named as in `lrs.settings`, for the block.

    Raises:
        RefusedError: it does not start.
    """
    made = {
        "LRS_PORT": "0",
        "LRS_INITIAL_KEY": KEY,
        "LRS_INITIAL_SECRET": SECRET,
        "LRS_SERVER_KEY": SERVER_KEY,
        **{f"LRS_{name.upper()}": str(value) for name, value in settings.items()},
    }
    async with _running(_LRS, made, "/xapi/statements?limit=1") as service:
        yield service


@asynccontextmanager
async def empty_serving() -> AsyncIterator[Service]:
    """Run the empty route for the block.

    Raises:
        RefusedError: it does not start.
    """
    async with _running(_EMPTY, {}, "/empty") as service:
        yield service


@asynccontextmanager
async def _running(
    words: Sequence[str], settings: Mapping[str, str], first: str
) -> AsyncIterator[Service]:
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("LRS_")}
    with tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603, ASYNC220 - our own program; it returns at once
            [sys.executable, *words],
            env={**inherited, **settings},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            host, port = await _address(process, log.fileno())
            try:
                await _answer(host, port, first)
            except (OSError, RefusedError) as error:
                printed = _printed(log.fileno())[-2000:]
                raise RefusedError(f"no first answer: {error!r}\n{printed}") from error
            taken = time.perf_counter() - began
            yield Service(psutil.Process(process.pid), host, port, taken)
        finally:
            _stop(process)


async def _address(process: subprocess.Popen[bytes], log: int) -> tuple[str, int]:
    """Read what the program prints until it tells where it listens."""
    end = time.monotonic() + _LONGEST_START
    while True:
        printed = _printed(log)
        found = _ADDRESS.search(printed)
        if found is not None:
            parts = urlsplit(found[1])
            return str(parts.hostname), int(parts.port or 0)
        if process.poll() is not None or time.monotonic() > end:
            raise RefusedError(f"it did not start: {printed[-2000:]}")
        await asyncio.sleep(_POLL)


def _printed(log: int) -> str:
    return os.pread(log, 100_000, 0).decode(errors="replace")


async def _answer(host: str, port: int, first: str) -> None:
    connection = await Connection.open(host, port)
    try:
        await connection.succeed(get_target(first))
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_LONGEST_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
