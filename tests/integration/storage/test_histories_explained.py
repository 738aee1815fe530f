"""A page of a history is a walk over each identifier, wherever it lies in a large store."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from integration.storage.test_statement_lists_explained import LAST, LIMIT, _nodes, key
from lrs.auth.restrictions import NOTHING_HIDDEN, Restriction
from lrs.people.histories import HistoryFilter
from lrs.storage import history_walks
from lrs.storage.driver import _prepared, driver_of
from lrs.storage.engines import Database
from lrs.storage.histories import _TRIED, Walked, _of_each, list_deeds
from lrs.storage.history_walks import shape_of, walk_query, walk_values
from lrs.xapi.queries import Cursor

# Agent 0 is met in every eighth statement, and others less and less often.
KEYS = sorted(key("agent", number) for number in range(10))
MIDDLE = Cursor((1_700_000_000_000_000 + 40_000 * 1000) * 1024, key("id", 40_000))
FILTERS = {
    "none": HistoryFilter(),
    "verbs": HistoryFilter(verbs=("http://example.org/verbs/1",)),
    "course": HistoryFilter(course="http://example.org/course"),
    "type": HistoryFilter(activity_type="http://example.org/type"),
    "system": HistoryFilter(systems=("Moodle",)),
    "time": HistoryFilter(since=datetime(2020, 1, 1, tzinfo=UTC), until=datetime.now(UTC)),
    "result": HistoryFilter(success=True, completion=False),
}


async def plan_of(
    database: Database, store: int, wanted: HistoryFilter, after: Cursor | None, each: int
) -> list[dict[str, Any]]:
    values = walk_values(store, KEYS, wanted, NOTHING_HIDDEN)
    sql, names, defaults = _prepared(walk_query(shape_of(wanted, NOTHING_HIDDEN, after, each)))
    place = {"after": after and after.position, "after_id": after and after.id}
    given = {**defaults, **values, **place, "last": LAST, "count": LIMIT + 1}
    async with database.reading() as connection:
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}"
        plan = await driver_of(connection).fetchval(explain, *(given[name] for name in names))
    return list(_nodes(plan[0]["Plan"]))


@pytest.mark.parametrize("after", [None, MIDDLE], ids=["first page", "in the middle"])
@pytest.mark.parametrize("name", FILTERS)
async def test_a_page_of_a_history_is_a_walk_over_the_index_of_actors(
    database: Database, large_store: int, name: str, after: Cursor | None
) -> None:
    each = _of_each(_TRIED if name != "none" else LIMIT, len(KEYS), 1)
    nodes = await plan_of(database, large_store, FILTERS[name], after, each)

    scans = {node["Relation Name"]: node["Node Type"] for node in nodes if "Relation Name" in node}
    assert scans["statements"] == "Index Scan"
    assert "statements_actor_walk" in {node.get("Index Name") for node in nodes}
    # The dictionary of activities may be so small that it is read as a whole, and credentials are.
    small = ("activities", "credentials")
    nodes = [node for node in nodes if node.get("Relation Name") not in small]
    met = [node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in nodes]
    walked = [rows * node["Actual Loops"] for rows, node in zip(met, nodes, strict=True)]
    assert max(walked) <= 2 * each * len(KEYS)


_PLAIN = text(
    """
    SELECT id FROM statements
    WHERE store = :store AND NOT voided AND actor = ANY (:keys)
      AND (CAST(:course AS uuid) IS NULL OR object = :course OR :course = ANY (activities))
    ORDER BY position DESC
    """
)


@pytest.mark.parametrize("course", [None, key("course", 3)], ids=["all", "a course"])
async def test_the_pages_of_a_history_hold_all_that_there_is(
    database: Database, large_store: int, course: UUID | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where some identifiers are used much more often than others, and walks take several steps."""
    monkeypatch.setattr(history_walks, "iri_key", lambda _: course)
    wanted = HistoryFilter(course="http://example.org/course" if course else None)
    walked = Walked(large_store, KEYS, LAST, Restriction())
    values = {"store": large_store, "keys": KEYS, "course": course}
    async with database.reading() as connection:
        expected = [*(await connection.execute(_PLAIN, values)).scalars()]
        found: list[UUID] = []
        after: Cursor | None = None
        while True:
            page = await list_deeds(connection, walked, wanted, after, 700)
            found += [deed.id for deed in page.deeds]
            after = page.cursor
            if after is None:
                break
    assert found == expected
    assert len(found) > 700
