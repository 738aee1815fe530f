"""Every filter is a walk over an index that ends at the limit, in a large store too."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from lrs.auth.restrictions import NOTHING_HIDDEN, Restriction
from lrs.storage.driver import _prepared, driver_of
from lrs.storage.engines import Database
from lrs.storage.statement_lists import MOST_BYTES, choose_walk
from lrs.storage.statement_selections import Selection, page_values, shape_of
from lrs.storage.statement_walks import page_query
from lrs.xapi.queries import Cursor, StatementFilter

LAST = 2**62
LIMIT = 50
# Rows that a walk may meet for a page of 50: those it returns, doubles, and what it passes over.
MOST_ROWS = 40 * LIMIT


def key(kind: str, number: int) -> UUID:
    return UUID(hashlib.md5(f"{kind}{number}".encode(), usedforsecurity=False).hexdigest())


AGENT, VERB, ACTIVITY = (key(kind, 0) for kind in ("agent", "verb", "activity"))
INSTRUCTOR, COURSE = key("instructor", 1), key("course", 3)
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
    "hot agent and rare activity": StatementFilter(agent=AGENT, activity=RARE_ACTIVITY),
    "rare agent and hot activity": StatementFilter(agent=RARE_AGENT, activity=ACTIVITY),
    "agent, verb and activity": StatementFilter(agent=AGENT, verb=VERB, activity=ACTIVITY),
    "registration and verb": StatementFilter(registration=key("registration", 7), verb=VERB),
    "related agent": StatementFilter(agent=INSTRUCTOR, related_agents=True),
    "related agent and rare verb": StatementFilter(
        agent=INSTRUCTOR, verb=RARE_VERB, related_agents=True
    ),
    "related activity": StatementFilter(activity=COURSE, related_activities=True),
    "related activity and hot verb": StatementFilter(
        activity=COURSE, verb=VERB, related_activities=True
    ),
    "related activity and rare verb": StatementFilter(
        activity=COURSE, verb=RARE_VERB, related_activities=True
    ),
    "rare related activity and hot agent": StatementFilter(
        activity=RARE_ACTIVITY, agent=AGENT, related_activities=True
    ),
    "an agent that is only related": StatementFilter(agent=INSTRUCTOR),
    "since": StatementFilter(since=MOMENT),
    "verb until": StatementFilter(verb=VERB, until=MOMENT),
    "agent since until": StatementFilter(agent=AGENT, since=MOMENT, until=datetime.now(UTC)),
}


async def plan_of(
    database: Database,
    store: int,
    wanted: StatementFilter,
    restriction: Restriction = NOTHING_HIDDEN,
) -> list[dict[str, Any]]:
    """The nodes of the plan that PostgreSQL takes for a page in the middle of the answer."""
    after = Cursor((1_700_000_000_000_000 + 40_000 * 1000) * 1024, key("id", 40_000))
    cursor = None if wanted.ascending else after
    selection = Selection(wanted, restriction)
    values = page_values(store, selection, LAST, cursor, LIMIT)
    shape = shape_of(selection, cursor)
    async with database.reading() as connection:
        walk = await choose_walk(connection, shape, values)
        sql, names, defaults = _prepared(page_query(shape, walk))
        given = {**defaults, **values, "most_bytes": MOST_BYTES}
        driver = driver_of(connection)
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}"
        plan = await driver.fetchval(explain, *(given[name] for name in names))
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
    met = [node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in nodes]
    walked = [rows * node["Actual Loops"] for rows, node in zip(met, nodes, strict=True)]
    assert max(walked) <= MOST_ROWS
    sorted_rows = [n["Actual Rows"] for n in nodes if n["Node Type"] == "Sort"]
    assert not sorted_rows or max(sorted_rows) <= MOST_ROWS


@pytest.mark.parametrize("ascending", [False, True], ids=["newest first", "oldest first"])
@pytest.mark.parametrize(
    ("wanted", "walked"),
    [
        (StatementFilter(agent=AGENT, activity=RARE_ACTIVITY), "activity"),
        (StatementFilter(agent=RARE_AGENT, activity=ACTIVITY), "agent"),
        (StatementFilter(agent=AGENT, verb=RARE_VERB), "verb"),
        (StatementFilter(agent=RARE_AGENT, verb=VERB), "agent"),
        (StatementFilter(registration=key("registration", 7), agent=AGENT), "registration"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_the_filter_that_is_met_least_often_is_walked(
    database: Database, large_store: int, wanted: StatementFilter, walked: str, ascending: bool
) -> None:
    wanted = replace(wanted, ascending=ascending)
    selection = Selection(wanted)
    values = page_values(large_store, selection, LAST, None, LIMIT)
    async with database.reading() as connection:
        walk = await choose_walk(connection, shape_of(selection, None), values)
    assert walk.filter == walked
