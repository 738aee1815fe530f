"""The history of a person with a million statements over ten identifiers: pages, sums, merging."""

import json
from typing import Final
from uuid import UUID

from bench.database import HISTORY
from bench.histories import BUSY, COURSE, OF_QUIET, QUIET, RARE_VERB, fill
from bench.http_client import Connection
from bench.requests import Parameters, Request, delete, get, post
from bench.rows import MILLISECONDS, Row, Target, at_most
from bench.spread import percentile
from bench.stage import Stage

NAME = "history"
_PAGE, _DEEP, _MERGES = 50, 1_000, 10
_SUMMED: Final = "summary"
_FEW: Final = f"a person with {OF_QUIET:,} statements"
# What is measured of the largest plan; smaller ones are in proportion.
_STATEMENTS, _TIMES = 1_000_000, 5
_FILTERS: Final[dict[str, Parameters]] = {
    "a course": {"course": COURSE},
    "a verb that one in 50,000 has": {"verb": RARE_VERB},
}


async def measure(stage: Stage) -> list[Row]:
    """Fill a store of its own, walk to the deep page, then ask for both in turn."""
    statements = min(_STATEMENTS, _TIMES * stage.plan.statements)
    await stage.databases.create(HISTORY)
    try:
        async with stage.serving(HISTORY) as service, service.connection() as connection:
            async with stage.databases.connection(HISTORY) as plain:
                await fill(plain, statements)
            await stage.databases.settle(HISTORY)
            rows = await _pages(stage, connection, statements)
            of_both = _summary(BUSY), _summary(QUIET)
            rows.append(await _row(stage, connection, _SUMMED, of_both, beside=_FEW))
            return [*rows, await _merging(stage, connection)]
    finally:
        await stage.databases.drop(HISTORY)


def _history(person: UUID, parameters: Parameters) -> Request:
    return get(f"/api/v1/people/{person}/history", {"limit": _PAGE, **parameters})


def _summary(person: UUID) -> Request:
    return get(f"/api/v1/people/{person}/summary", {})


async def _pages(stage: Stage, connection: Connection, statements: int) -> list[Row]:
    first, quiet = _history(BUSY, {}), _history(QUIET, {})
    deep, number = await _walk(connection, min(_DEEP, statements // _PAGE - 1))
    of_many, far = f"first page of {statements:,} statements", f"page {number:,} of them"
    rows = [
        await _row(stage, connection, of_many, (first, quiet), at_most(1.5), beside=_FEW),
        await _row(stage, connection, far, (deep, first), at_most(1.2)),
    ]
    for name, asked in _FILTERS.items():
        pair = _history(BUSY, asked), first
        rows.append(await _row(stage, connection, f"first page by {name}", pair))
    return rows


async def _walk(connection: Connection, pages: int) -> tuple[Request, int]:
    """Return the request of a page far down, and its number."""
    request = _history(BUSY, {})
    for _ in range(1, pages):
        cursor = json.loads((await connection.succeed(request)).body)["cursor"]
        request = _history(BUSY, {"cursor": cursor})
    return request, pages


async def _row(
    stage: Stage,
    connection: Connection,
    label: str,
    pair: tuple[Request, Request],
    target: Target | None = None,
    beside: str = "first page",
) -> Row:
    """Ask for both in turn; the first round only warms up."""
    measured: list[float] = []
    limit: list[float] = []
    for _ in range(stage.plan.rounds + 1):
        for request, taken in zip(pair, (measured, limit), strict=True):
            answers = [await connection.succeed(request) for _ in range(_times(stage, label))]
            seconds = percentile([answer.seconds for answer in answers], 0.5)
            taken.append(seconds * MILLISECONDS)
    return Row(
        figure=NAME,
        label=f"history: {label}, p50",
        unit="ms",
        measured=measured[1:],
        limit=limit[1:],
        beside=beside,
        target=target,
    )


def _times(stage: Stage, label: str) -> int:
    """Return how often something is asked for in a round: a sum over all is asked for once."""
    return 1 if label == _SUMMED else stage.plan.requests


async def _merging(stage: Stage, connection: Connection) -> Row:
    """Merge the busy person into the quiet one, and undo it, again and again."""
    merges = f"/api/v1/people/{QUIET}/merges"
    merge = post(merges, json.dumps({"other": str(BUSY)}).encode())
    merged, undone = [], []
    for _ in range(stage.plan.rounds + 1):
        taken: tuple[list[float], list[float]] = [], []
        for _ in range(_MERGES):
            made = await connection.succeed(merge)
            undo = delete(f"{merges}/{json.loads(made.body)['id']}")
            taken[0].append(made.seconds)
            taken[1].append((await connection.succeed(undo)).seconds)
        merged.append(percentile(taken[0], 0.5) * MILLISECONDS)
        undone.append(percentile(taken[1], 0.5) * MILLISECONDS)
    return Row(
        figure=NAME,
        label="history: merging two persons, p50",
        unit="ms",
        measured=merged[1:],
        limit=undone[1:],
        beside="undoing it",
    )
