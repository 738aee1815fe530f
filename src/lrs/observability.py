"""What a request is called in the log, and what is counted for operators.

A single process counts in memory. Several count in files of one directory, which `lrs serve` names
to the workers in the environment variable that prometheus_client looks at when it is imported.
"""

import os
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Metric, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

DIRECTORY_OF_COUNTS: Final = "PROMETHEUS_MULTIPROC_DIR"

request_id: ContextVar[str] = ContextVar("request_id", default="-")

_registry = CollectorRegistry()
_leniencies_used = Counter(
    "lrs_leniencies_used",
    "Statements that were accepted, and that a strict store would have refused by this rule",
    ("store", "rule"),
    registry=_registry,
)


def count_leniencies(store: str, uses: Mapping[str, int]) -> None:
    """Count how many statements a store has accepted by which leniency."""
    for rule, statements in uses.items():
        _leniencies_used.labels(store, rule).inc(statements)


def counts_of(store: str) -> bytes:
    """Return what all processes have counted for one store, in Prometheus's text format 0.0.4."""
    return generate_latest(_CountsOfStore(store))


class _CountsOfStore(Collector):
    def __init__(self, store: str) -> None:
        self._store = store

    def collect(self) -> Iterable[Metric]:
        for counted in _collector().collect():
            own = Metric(counted.name, counted.documentation, counted.type)
            own.samples = [
                sample
                for sample in counted.samples
                if sample.labels.get("store") == self._store and sample.name.endswith("_total")
            ]
            yield own


def _collector() -> Collector:
    if directory := os.environ.get(DIRECTORY_OF_COUNTS):
        collector: Collector = MultiProcessCollector(None, directory)  # type: ignore[no-untyped-call]  # it has no types
        return collector
    return _registry
