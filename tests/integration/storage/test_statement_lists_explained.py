"""Every filter is a walk over an index that ends at the limit, in a large store too."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.base import PGDialect

from lrs.storage.engines import Database
from lrs.storage.statement_lists import page_query, page_values, shape_of
from lrs.xapi.queries import Cursor, StatementFilter

LAST = 2**62
LIMIT = 50
# Rows that a walk may meet for a page of 50: those it returns, doubles, and what it passes over.
MOST_ROWS = 40 * LIMIT


def key(kind: str, number: int) -> UUID:
    return UUID(hashlib.md5(f"{kind}{number}".encode(), usedforsecurity=False).hexdigest())


AGENT, VERB, ACTIVITY = (key(kind, 0) for kind in ("agent", "verb", "activity"))
RARE_AGENT, RARE_VERB, RARE_ACTIVITY = key("agent", 497), key("verb", 29), key("activity", 298)
MOMENT = datetime(2023, 11, 14, 22, 13, 50, tzinfo=UTC)

FILTERS = {
    "none": StatementFilter(),
    "hot agent": StatementFilter(agent=AGENT),
    "rare agent": StatementFilter(agent=RARE_AGENT),
    "hot verb": StatementFilter(verb=VERB),
    "rare verb": StatementFilter(verb=RARE_VERB),
    "hot activity": StatementFilter(activity=ACTIVITY),
    "rare activity": StatementFilter(activity=RARE_ACTIVITY),
    "registration": StatementFilter(registration=key("registration", 7)),
    "agent and verb": StatementFilter(agent=AGENT, verb=VERB),
    "hot agent and rare verb": StatementFilter(agent=AGENT, verb=RARE_VERB),
    "verb and activity": StatementFilter(verb=VERB, activity=ACTIVITY),
    "hot verb and rare activity": StatementFilter(verb=VERB, activity=RARE_ACTIVITY),
    "related agent": StatementFilter(agent=key("instructor", 1), related_agents=True),
    "related activity": StatementFilter(activity=key("course", 3), related_activities=True),
    "since": StatementFilter(since=MOMENT),
    "verb until": StatementFilter(verb=VERB, until=MOMENT),
    "agent since until": StatementFilter(agent=AGENT, since=MOMENT, until=datetime.now(UTC)),
}


async def plan_of(database: Database, store: int, wanted: StatementFilter) -> list[dict[str, Any]]:
    """The nodes of the plan that PostgreSQL takes for a page in the middle of the answer."""
    after = Cursor((1_700_000_000_000_000 + 40_000 * 1000) * 1024, key("id", 40_000))
    cursor = None if wanted.ascending else after
    values = page_values(store, wanted, LAST, cursor, LIMIT)
    query = page_query(shape_of(wanted, cursor)).params(**values)
    dialect = PGDialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
    sql = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    async with database.reading() as connection:
        explain = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}".replace(":", r"\:"))
        plan = (await connection.execute(explain)).scalar_one()
    return list(_nodes(plan[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(inner for child in node.get("Plans", []) for inner in _nodes(child))]


@pytest.mark.parametrize("ascending", [False, True], ids=["newest first", "oldest first"])
@pytest.mark.parametrize("name", FILTERS)
async def test_a_page_is_a_walk_over_an_index(
    database: Database, large_store: int, name: str, ascending: bool
) -> None:
    nodes = await plan_of(database, large_store, replace(FILTERS[name], ascending=ascending))

    kinds = [node["Node Type"] for node in nodes]
    assert "Seq Scan" not in kinds
    walked = [node["Actual Rows"] * node["Actual Loops"] for node in nodes]
    assert max(walked) <= MOST_ROWS
    sorted_rows = [n["Actual Rows"] for n in nodes if n["Node Type"] == "Sort"]
    assert not sorted_rows or max(sorted_rows) <= MOST_ROWS
