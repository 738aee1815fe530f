"""Fills the large store, and stops on the way to see how pages and sums grow with it."""

from collections.abc import Mapping

from bench.database import LARGE
from bench.figures.aggregates import asked
from bench.filters import count_of, first_pages, is_full, moments
from bench.parquet import SUMS
from bench.rows import MILLISECONDS, Row
from bench.service import Service
from bench.spread import percentile
from bench.stage import Stage

NAME = "growth"
_REQUESTS, _SUMS = 10, 3


async def fill(stage: Stage, *, with_series: bool) -> list[Row]:
    """Store all statements of the plan; the points for the plots cost some seconds more."""
    plan = stage.plan
    await stage.databases.create(LARGE)
    rates, points, filled = [], [], 0
    async with stage.serving() as service:
        for size in plan.checkpoints if with_series else [plan.statements]:
            outcome = await stage.fill(service, plan.statements, filled, size)
            rates.append(outcome.answers * 1_000 / outcome.seconds)
            filled = size
            if with_series:
                points.append(await _point(stage, service, size))
    await stage.databases.settle(LARGE)
    stage.series[NAME] = points
    note = f"{plan.references:.0%} StatementRefs; statements are made while they are sent"
    return [
        Row(
            figure=NAME,
            label=f"filling to {plan.statements:,}, batches of 1,000, 2 clients",
            unit="statements/s",
            measured=rates,
            note=note,
        )
    ]


async def _point(stage: Stage, service: Service, size: int) -> Mapping[str, object]:
    async with stage.databases.connection(LARGE) as database:
        await database.execute("ANALYZE")
        when = await moments(database)
    async with service.connection() as connection:
        pages = {}
        for name, request in first_pages(when).items():
            answers = [await connection.succeed(request) for _ in range(_REQUESTS)]
            # A page that is not full yet is quicker than one of a larger store for that alone.
            if is_full(name, count_of(answers[0])):
                pages[name] = percentile([each.seconds for each in answers], 0.5) * MILLISECONDS
        sums = {}
        for name, wanted in SUMS.items():
            taken = [(await asked(connection, wanted, "raw"))[1] for _ in range(_SUMS)]
            sums[name] = percentile(taken, 0.5) * MILLISECONDS
    return {"statements": size, "pages": pages, "sums": sums}
