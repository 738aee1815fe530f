"""A step of a deletion costs as much as it deletes, however much other stores hold."""

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from lrs.storage.engines import Database
from lrs.storage.store_deletion import _BY_INDEX, Place, _deletion_at, _places, tenant_tables

# Few rows in all: of people, of credentials, and of the last seconds.
SMALL = {
    "api_tokens",
    "credentials",
    "sessions",
    "store_logins",
    "store_usage_changes",
    "user_grants",
}
PLACES = [each for each in _places() if each.table.name not in SMALL]


def name_of(place: Place) -> str:
    return place.table.name if place.condition is None else f"{place.table.name} {place.condition}"


@pytest.mark.parametrize("place", PLACES, ids=name_of)
async def test_rows_of_a_store_are_found_by_an_index(
    database: Database, large_store: int, place: Place
) -> None:
    statement = _deletion_at(place).params(of_store=large_store, most=5_000)
    compiled = statement.compile(
        dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]  # it has no types
        compile_kwargs={"literal_binds": True},
    )
    explain = text("EXPLAIN " + str(compiled))
    async with database.writing() as connection:
        await connection.execute(_BY_INDEX)
        plan = "\n".join((await connection.scalars(explain)).all())
    assert "Seq Scan" not in plan
    assert "Index" in plan


def test_the_small_tables_are_there() -> None:
    assert {table.name for table in tenant_tables()} >= SMALL
