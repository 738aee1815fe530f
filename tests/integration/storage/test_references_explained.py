"""Following references costs as much as there are references, not as the store is large."""

import json
from collections.abc import Iterator
from typing import Any

import asyncpg

from lrs.storage.driver import _prepared
from lrs.storage.migrations import upgrade
from lrs.storage.references import _CONNECT

MANY = 8_000
# One in ten refers to the one before.
_FILL = """
    WITH made AS (
        SELECT number, md5(number::text)::uuid AS id, md5((number - 1)::text)::uuid AS before
        FROM generate_series(1, $1) AS number
    ),
    kept AS (
        INSERT INTO statements (store, id, position, stored, timestamp, voiding, credential,
                                verb, object_type, target)
        SELECT 1, id, number, now(), now(), false, 1, id, 'StatementRef',
               CASE WHEN number % 10 = 0 THEN before END
        FROM made
    )
    SELECT array_agg(id ORDER BY number DESC) FROM made WHERE number % 10 = 0
"""
# Statements that are followed, each with the rows that it gets.
FOLLOWED = 20
MOST_ROWS = 40 * FOLLOWED


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", []):
        yield from nodes(inner)


async def test_following_looks_each_statement_up_by_its_index(empty_database: str) -> None:
    """In a store of some thousand, where PostgreSQL would rather read the whole table."""
    await upgrade(empty_database)
    sql, names, defaults = _prepared(_CONNECT)
    connection = await asyncpg.connect(empty_database.replace("+asyncpg", ""))
    try:
        ids = await connection.fetchval(_FILL, MANY)
        await connection.execute("VACUUM ANALYZE statements")
        values = {**defaults, "store": 1, "ids": ids[:FOLLOWED]}
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}"
        plan = await connection.fetchval(explain, *(values[name] for name in names))
    finally:
        await connection.close()
    met = list(nodes(json.loads(plan)[0]["Plan"]))
    assert "Seq Scan" not in [node["Node Type"] for node in met]
    assert max(node["Actual Rows"] * node["Actual Loops"] for node in met) <= MOST_ROWS
