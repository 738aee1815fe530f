"""The meaning of a query in plain Python, over facts in memory.

PostgreSQL computes the answers (`storage/analytics.py`); tests hold it to what stands here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import cast

from lrs.analytics.answers import Row, Table
from lrs.analytics.facts import Fact
from lrs.analytics.queries import Query, SortKey


def evaluate(query: Query, facts: Iterable[Fact]) -> Table:
    """Compute the answer to a query."""
    if query.is_by_team:
        facts = _under_each_team(facts)
    counted = [fact for fact in facts if all(f.accepts(fact) for f in query.filters)]
    rows: list[Row] = [
        (*key, *(measure.evaluate(group) for measure in query.measures))
        for key, group in _groups(query, counted).items()
    ]
    for key in reversed(query.order):
        rows = _sorted(rows, key)
    return Table(rows[: query.limit], truncated=len(rows) > query.limit)


def _under_each_team(facts: Iterable[Fact]) -> Iterator[Fact]:
    """Put a statement under each team of its person, once; filters then ask that team."""
    for fact in facts:
        if not fact.teams:
            yield fact
        for team in fact.teams:
            yield replace(fact, teams=(team,))


def _groups(query: Query, facts: Iterable[Fact]) -> dict[Row, list[Fact]]:
    """Return the groups that exist; without anything to group by, the one of everything."""
    groups: defaultdict[Row, list[Fact]] = defaultdict(list)
    if not query.dimensions and query.buckets is None:
        groups[()] = []
    for fact in facts:
        groups[_key(query, fact)].append(fact)
    return groups


def _key(query: Query, fact: Fact) -> Row:
    key: Row = tuple(dimension.value(fact) for dimension in query.dimensions)
    if query.buckets is None:
        return key
    return (query.buckets.start(query.buckets.dimension.value(fact)), *key)


def _sorted(rows: Sequence[Row], key: SortKey) -> list[Row]:
    present = [row for row in rows if row[key.column] is not None]
    missing = [row for row in rows if row[key.column] is None]
    # The cells of one column are all texts, all moments or all numbers.
    present.sort(key=lambda row: cast("float", row[key.column]), reverse=key.descending)
    return present + missing
