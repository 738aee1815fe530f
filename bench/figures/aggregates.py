"""Sums over the whole store, beside DuckDB on Parquet files of the same columns."""

import json
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from bench.database import LARGE
from bench.http_client import Connection, RefusedError
from bench.parquet import SUMS, ParquetFiles, Sum
from bench.requests import ANALYTICS, post
from bench.rows import MILLISECONDS, Row, at_most
from bench.stage import Stage

NAME = "aggregates"
_ROUNDED = 6


async def measure(stage: Stage) -> list[Row]:
    """Export the columns, then ask the service and DuckDB in turn."""
    with (
        tempfile.TemporaryDirectory(dir=stage.databases.directory) as directory,
        closing(ParquetFiles(Path(directory))) as files,
    ):
        async with stage.databases.connection(LARGE) as database:
            await files.export(database)
        async with stage.serving() as service, service.connection() as connection:
            return [
                row
                for name, wanted in SUMS.items()
                for row in await _rows(stage, connection, files, name, wanted)
            ]


async def asked(connection: Connection, wanted: Sum) -> tuple[list[list[object]], float]:
    """Return the service's answer, and the seconds it took."""
    request = post(ANALYTICS, json.dumps(wanted.asked).encode(), "sum")
    answer = await connection.succeed(request)
    return json.loads(answer.body)["rows"], answer.seconds


async def _rows(
    stage: Stage, connection: Connection, files: ParquetFiles, name: str, wanted: Sum
) -> list[Row]:
    measured, limit = [], []
    for _ in range(stage.plan.rounds + 1):
        answer, seconds = await asked(connection, wanted)
        measured.append(seconds * MILLISECONDS)
        expected, seconds = files.timed(wanted.sql)
        limit.append(seconds * MILLISECONDS)
        _check_same(name, answer, expected)
    raw = Row(
        figure=NAME,
        label=f"{name}, raw",
        unit="ms",
        measured=measured[1:],
        limit=limit[1:],
        beside="DuckDB",
        target=at_most(10),
    )
    rollup = Row(
        figure=NAME,
        label=f"{name}, from rollups",
        unit="ms",
        measured=[],
        beside="no rollup yet",
        target=at_most(1),
    )
    return [raw, rollup]


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
