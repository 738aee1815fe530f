"""Sums over the whole store, beside DuckDB on Parquet files of the same columns.

Each is asked for twice: as it is, which rollups answer, and so that statements are read.
"""

import asyncio
import json
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from bench.database import LARGE, Databases
from bench.http_client import Connection, RefusedError
from bench.parquet import SUMS, ParquetFiles, Sum
from bench.requests import ANALYTICS, post
from bench.rows import MILLISECONDS, Row, at_most
from bench.stage import Stage

NAME = "aggregates"
_ROUNDED = 6
_POLL = 0.2
# What each source is called, and how many times DuckDB's time it may take.
_TARGETS = {"raw": ("raw", 10), "rollup": ("from rollups", 1)}
_RAW = {"source": "raw"}
_UNFOLDED = """
    SELECT count(*)
    FROM statements AS s
    LEFT JOIN rollup_progress AS p ON p.store = s.store
    WHERE s.position > p.position IS NOT FALSE
"""


async def measure(stage: Stage) -> list[Row]:
    """Export the columns, then ask the service and DuckDB in turn."""
    with (
        tempfile.TemporaryDirectory(dir=stage.databases.directory) as directory,
        closing(ParquetFiles(Path(directory))) as files,
    ):
        async with stage.databases.connection(LARGE) as database:
            await files.export(database)
        async with stage.serving() as service, service.connection() as connection:
            await _folded(stage.databases)
            return [
                row
                for name, wanted in SUMS.items()
                for row in await _rows(stage, connection, files, name, wanted)
            ]


async def asked(
    connection: Connection, wanted: Sum, source: str = "rollup"
) -> tuple[list[list[object]], float]:
    """Return the service's answer, and the seconds it took.

    Raises:
        RefusedError: it comes from another source.
    """
    question = wanted.asked | (_RAW if source == "raw" else {})
    request = post(ANALYTICS, json.dumps(question).encode(), "sum")
    answer = await connection.succeed(request)
    told = json.loads(answer.body)
    if told["meta"]["source"] != source:
        raise RefusedError(f"the answer comes from {told['meta']['source']}, not {source}")
    return told["rows"], answer.seconds


async def _folded(databases: Databases) -> None:
    """Wait until all that was stored is in rollups."""
    async with databases.connection(LARGE) as database:
        while await database.fetchval(_UNFOLDED):  # noqa: ASYNC110 - the event is another process's
            await asyncio.sleep(_POLL)


async def _rows(
    stage: Stage, connection: Connection, files: ParquetFiles, name: str, wanted: Sum
) -> list[Row]:
    measured: dict[str, list[float]] = {source: [] for source in _TARGETS}
    limit = []
    for _ in range(stage.plan.rounds + 1):
        expected, seconds = files.timed(wanted.sql)
        limit.append(seconds * MILLISECONDS)
        for source, taken in measured.items():
            answer, seconds = await asked(connection, wanted, source)
            taken.append(seconds * MILLISECONDS)
            _check_same(name, answer, expected)
    return [
        Row(
            figure=NAME,
            label=f"{name}, {label}",
            unit="ms",
            measured=measured[source][1:],
            limit=limit[1:],
            beside="DuckDB",
            target=at_most(bound),
        )
        for source, (label, bound) in _TARGETS.items()
    ]


def _check_same(
    name: str, answer: Sequence[Sequence[object]], expected: Sequence[Sequence[object]]
) -> None:
    if _numbers(answer) != _numbers(expected):
        raise RefusedError(f"{name}: the service and DuckDB come to different sums")


def _numbers(rows: Iterable[Sequence[object]]) -> list[list[float]]:
    numbers = (
        [round(cell, _ROUNDED) for cell in row if isinstance(cell, int | float)] for row in rows
    )
    return sorted(numbers)
