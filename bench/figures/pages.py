"""One statement by its id and first pages by every filter, in a small and in a large store."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from bench.database import LARGE, SMALL
from bench.filters import Moments, count_of, first_pages, is_full, moments
from bench.http_client import Connection
from bench.requests import STATEMENTS, Request, get
from bench.rows import MILLISECONDS, Row, at_most
from bench.spread import percentile
from bench.stage import Stage
from bench.statements import Lane

NAME = "pages"
_TARGET = at_most(1.5)
_BY_ID = "one by its id"
_STEP = 7_919
Question = Callable[[], Request]


@dataclass(slots=True)
class _Latencies:
    """Of one question to one store: the p50 of each round, and all of them for the p99."""

    medians: list[float] = field(default_factory=list)
    all: list[float] = field(default_factory=list)
    statements: int = 0


async def measure(stage: Stage) -> list[Row]:
    """Fill the small store, then ask both the same in turn."""
    plan = stage.plan
    await stage.databases.create(SMALL)
    async with stage.serving(SMALL) as small, stage.serving() as large:
        await stage.fill(small, plan.small, 0, plan.small)
        await stage.databases.settle(SMALL)
        small_asked = questions(stage, plan.small, await _moments(stage, SMALL))
        large_asked = questions(stage, plan.statements, await _moments(stage, LARGE))
        async with small.connection() as to_small, large.connection() as to_large:
            found = {
                name: await _alternate(
                    stage, (to_small, small_asked[name]), (to_large, large_asked[name])
                )
                for name in small_asked
            }
    rows = [row for name, pair in found.items() for row in _rows(plan.small, name, *pair)]
    return [*_worst(rows), *rows]


def questions(stage: Stage, statements: int, when: Moments) -> dict[str, Question]:
    """Return what a store of so many statements is asked, by name."""
    lane = stage.filled_by(statements)[0]
    asked = {name: _always(request) for name, request in first_pages(when).items()}
    return {_BY_ID: _ids(lane), **asked}


def _always(request: Request) -> Question:
    return lambda: request


def _ids(lane: Lane) -> Question:
    steps = count(1)

    def following() -> Request:
        # Not one that may be voided, which is not found: only plain statements are.
        while True:
            place = next(steps) * _STEP % lane.length
            if lane.refers(place):
                return get(STATEMENTS, {"statementId": lane.id(place).decode()}, _BY_ID)

    return following


async def _moments(stage: Stage, database: str) -> Moments:
    async with stage.databases.connection(database) as connection:
        return await moments(connection)


async def _alternate(
    stage: Stage, small: tuple[Connection, Question], large: tuple[Connection, Question]
) -> tuple[_Latencies, _Latencies]:
    found = _Latencies(), _Latencies()
    for number in range(stage.plan.rounds + 1):
        for latencies, (connection, question) in zip(found, (small, large), strict=True):
            taken = []
            for _ in range(stage.plan.requests):
                answer = await connection.succeed(question())
                taken.append(answer.seconds * MILLISECONDS)
                latencies.statements = count_of(answer)
            if number:  # the first round only warms up
                latencies.medians.append(percentile(taken, 0.5))
                latencies.all += taken
    return found


def _rows(size: int, name: str, small: _Latencies, large: _Latencies) -> list[Row]:
    note = ""
    if name != _BY_ID and not (is_full(name, small.statements) and is_full(name, large.statements)):
        note = f"{large.statements} statements, {small.statements} in the small store"
    label = name if name == _BY_ID else f"page: {name}"
    beside = f"at {size:,}"
    p50 = Row(
        figure=NAME,
        label=f"{label}, p50",
        unit="ms",
        measured=large.medians,
        limit=small.medians,
        beside=beside,
        target=_TARGET,
        note=note,
        is_detail=True,
    )
    p99 = Row(
        figure=NAME,
        label=f"{label}, p99",
        unit="ms",
        measured=[percentile(large.all, 0.99)],
        limit=[percentile(small.all, 0.99)],
        beside=beside,
        target=_TARGET,
        is_detail=True,
    )
    return [p50, p99]


def _worst(rows: list[Row]) -> list[Row]:
    """Sum up: the rows of which the large store is slowest in comparison."""
    return [
        max(
            (_summary(row) for row in rows if row.label.endswith(share)),
            key=lambda row: row.ratio.median if row.ratio else 0.0,
        )
        for share in ("p50", "p99")
    ]


def _summary(row: Row) -> Row:
    return Row(
        figure=row.figure,
        label=f"GET that grows most: {row.label.removeprefix('page: ')}",
        unit=row.unit,
        measured=row.measured,
        limit=row.limit,
        beside=row.beside,
        target=row.target,
        note=row.note,
    )
