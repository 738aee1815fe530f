"""One module for each figure; each measures it beside its limit and returns the rows."""

from collections.abc import Awaitable, Callable, Mapping

from bench.figures import (
    aggregates,
    authentication,
    deep_pages,
    disk,
    growth,
    history,
    hostile,
    ingest,
    limits,
    lone,
    memory,
    mixed,
    page_throughput,
    pages,
    restricted,
    single,
    start,
    state,
    workers,
)
from bench.rows import Row
from bench.stage import Stage

Measure = Callable[[Stage], Awaitable[list[Row]]]

# In the order in which they are measured: what reads the store as it was filled comes first, and
# the start, which stops PostgreSQL, last.
FIGURES: Mapping[str, Measure] = {
    disk.NAME: disk.measure,
    pages.NAME: pages.measure,
    deep_pages.NAME: deep_pages.measure,
    page_throughput.NAME: page_throughput.measure,
    restricted.NAME: restricted.measure,
    history.NAME: history.measure,
    aggregates.NAME: aggregates.measure,
    ingest.NAME: ingest.measure,
    single.NAME: single.measure,
    lone.NAME: lone.measure,
    state.NAME: state.measure,
    mixed.NAME: mixed.measure,
    memory.NAME: memory.measure,
    limits.NAME: limits.measure,
    authentication.NAME: authentication.measure,
    hostile.NAME: hostile.measure,
    workers.NAME: workers.measure,
    start.NAME: start.measure,
}
ALL = (growth.NAME, *FIGURES)
