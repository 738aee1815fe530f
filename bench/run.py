"""`python -m bench.run`: measures the figures and prints them as a table."""

import argparse
import asyncio
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import psutil
import uvloop

from bench.clients import Clients
from bench.database import Databases
from bench.figures import ALL, FIGURES, growth, ingest
from bench.http_client import RefusedError
from bench.plan import BLOCK, Plan, long, quick, usual
from bench.report import markdown, write
from bench.rows import Row
from bench.stage import FILLED_BY, Stage
from lrs.errors import LRSError

_RESULTS = Path(__file__).parent / "results"
_CLIENTS, _QUICK = 4, 20_000
_GIB = 1024**3
# What a statement takes on the disk, and the log of PostgreSQL with all that figures write.
_BYTES_A_STATEMENT, _BYTES_OF_LOG = 4_500, 8 * _GIB
_FAILURES = (RefusedError, LRSError, OSError, TimeoutError, asyncpg.PostgresError)


def main() -> None:
    """Run what the command line asks for; Ctrl-C and SIGTERM end it in order."""
    arguments = _arguments()
    try:
        code = uvloop.run(_run(arguments))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("ended before its end")
    except _FAILURES as error:
        sys.exit(f"the store could not be filled: {error}")
    sys.exit(code)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--figures", default=",".join(ALL), help=f"some of {','.join(ALL)}")
    parser.add_argument("--statements", type=int, default=200_000, help="in the large store")
    parser.add_argument("--references", type=float, default=0.4, help="share of StatementRefs")
    parser.add_argument("--rounds", type=int, help="how often each figure and its limit take turns")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="20,000 statements, short rounds")
    length.add_argument("--long", action="store_true", help="loads of five and ten minutes")
    parser.add_argument("--directory", type=Path, help="where the data lie meanwhile")
    parser.add_argument("--results", type=Path, default=_RESULTS, help="where the result goes")
    arguments = parser.parse_args()
    unknown = set(arguments.figures.split(",")) - set(ALL)
    if unknown:
        parser.error(f"there is no figure {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    if arguments.statements % (FILLED_BY * BLOCK):
        parser.error(f"the statements must be a multiple of {FILLED_BY * BLOCK:,}")
    return arguments


def _plan(arguments: argparse.Namespace) -> Plan:
    make = quick if arguments.quick else long if arguments.long else usual
    statements = min(arguments.statements, _QUICK) if arguments.quick else arguments.statements
    plan = replace(make(statements), references=arguments.references)
    plan = replace(plan, small=min(plan.small, statements))
    return replace(plan, rounds=arguments.rounds) if arguments.rounds else plan


async def _run(arguments: argparse.Namespace) -> int:
    _end_by_sigterm()
    plan, chosen = _plan(arguments), arguments.figures.split(",")
    with tempfile.TemporaryDirectory(
        prefix="lrs-bench-", dir=arguments.directory, ignore_cleanup_errors=True
    ) as directory:
        _check_disk(Path(directory), plan, chosen)
        databases = Databases(Path(directory))
        with databases.cluster, Clients(_CLIENTS) as clients:
            stage = Stage(plan, databases, clients)
            about = {**_about(plan), "postgresql": await databases.settings()}
            rows, failures = await _measure(stage, chosen)
    about["load average at the end"] = _load_average()
    name = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")
    place = write(arguments.results, name, rows, about, stage.series)
    print(f"\n{markdown(rows, about)}\nWritten to {place}")
    return 1 if failures else 0


async def _measure(stage: Stage, chosen: Sequence[str]) -> tuple[list[Row], int]:
    """Measure the figures; one that fails is told, and the others go on."""
    rows = await growth.fill(stage, with_series=growth.NAME in chosen)
    failures = 0
    for name, measure in FIGURES.items():
        if name not in chosen:
            continue
        began = time.monotonic()
        try:
            rows += await measure(stage)
        except* _FAILURES as errors:
            failures += 1
            reason = f"could not be measured: {errors.exceptions[0]}"
            rows.append(Row(figure=name, label=name, unit="s", measured=[], note=reason))
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return rows, failures


def _end_by_sigterm() -> None:
    """Let SIGTERM end the run in order, so that no server is left behind."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def _check_disk(directory: Path, plan: Plan, chosen: Sequence[str]) -> None:
    stores = 2 if ingest.NAME in chosen else 1  # ingest is measured beside a twin of the store
    needed = plan.statements * _BYTES_A_STATEMENT * stores + _BYTES_OF_LOG
    free = shutil.disk_usage(directory).free
    if free < needed:
        sys.exit(f"{needed / _GIB:.0f} GiB of disk are needed, {free / _GIB:.0f} are free there")


def _about(plan: Plan) -> dict[str, object]:
    memory = psutil.virtual_memory().total / _GIB
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} processors, {memory:.0f} GiB, shared by servers and clients",
        "python": platform.python_version(),
        "plan": asdict(plan),
        "load average before": _load_average(),
    }


def _load_average() -> str:
    return ", ".join(f"{value:.1f}" for value in os.getloadavg())


if __name__ == "__main__":
    main()
