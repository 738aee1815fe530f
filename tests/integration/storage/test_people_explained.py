"""A page of persons is a walk over an index, wherever it lies and however many there are."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import dialect

from conftest import make_tenant, revoke
from integration.storage.test_statement_lists_explained import _nodes
from lrs.storage.engines import Database
from lrs.storage.person_lists import PeopleFilter, Place, people_query

MANY, LIMIT = 20_000, 50
MIDDLE = Place(UUID(int=MANY // 2), f"person {MANY // 2}")
_FILL = (
    """
    INSERT INTO people (store, id, name, active)
    SELECT :store, CAST(lpad(to_hex(n), 32, '0') AS uuid), 'Person ' || n, n % 5000 <> 0
    FROM generate_series(1, :many) AS n
    """,
    """
    INSERT INTO person_attributes (store, own, person, name, value)
    SELECT store, id, id, 'department', 'D' || right(name, 1) FROM people WHERE store = :store
    """,
)
_TABLES = ("people", "person_attributes")
FILTERS = {
    "all": PeopleFilter(),
    "name": PeopleFilter(name="Person 1"),
    "attribute": PeopleFilter(attribute=("department", "D7")),
    "inactive": PeopleFilter(is_active=False),
    "active with attribute": PeopleFilter(attribute=("department", "D7"), is_active=True),
}


@pytest.fixture(scope="module")
async def many_people(database: Database) -> AsyncIterator[int]:
    tenant = await make_tenant(database)
    store = tenant.principal.store
    async with database.writing() as connection:
        for filling in _FILL:
            values = {"store": store, "many": MANY} if ":many" in filling else {"store": store}
            await connection.execute(text(filling), values)
    async with database.primary() as connection:
        for table in _TABLES:
            await connection.execute(text(f"ANALYZE {table}"))
    yield store
    await revoke(database, tenant)


@pytest.mark.parametrize("after", [None, MIDDLE], ids=["first page", "in the middle"])
@pytest.mark.parametrize("name", FILTERS)
async def test_a_page_of_persons_is_a_walk_over_an_index(
    database: Database, many_people: int, name: str, after: Place | None
) -> None:
    query = people_query(many_people, FILTERS[name], after, LIMIT)
    kind = dialect()  # type: ignore[no-untyped-call]  # it has no types
    sql = query.compile(dialect=kind, compile_kwargs={"literal_binds": True})
    explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}"
    async with database.primary() as connection:
        plan = (await connection.exec_driver_sql(explain)).scalar_one()
    nodes = list(_nodes(plan[0]["Plan"]))
    assert {node["Node Type"] for node in nodes}.isdisjoint({"Seq Scan", "Sort"})
    met = [
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes
    ]
    # One in ten has the attribute; both indexes may be walked side by side.
    assert max(met) <= 11 * LIMIT
