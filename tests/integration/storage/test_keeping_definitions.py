"""Whether one call keeps statements depends on what their sender may define."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest
from uuid_utils.compat import uuid7

from builders import a_statement
from conftest import Tenant
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.services.statements import StatementLimits, StatementsService
from lrs.storage.dictionary import sightings
from lrs.storage.driver import driver_of
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.storage.keeping import Conditions, DescribedAnewError, Kept, keep_statements
from lrs.xapi.descriptions import Description
from lrs.xapi.keys import iri_key
from lrs.xapi.records import StatementRecord
from lrs.xapi.versions import Version

LIMITS = StatementLimits(batch=10, statement_bytes=1_000_000, page=10, max_page=10)
AT_ONCE = Conditions(described_before=True)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database of one connection: all that is asked is asked on it."""
    opened = await open_database(DatabaseOptions(database_url, workers=30))
    assert opened.pool_size == 1
    yield opened
    await opened.close()


@pytest.fixture
def service(database: Database) -> StatementsService:
    return StatementsService(database, LIMITS, uuid7)


async def kept(
    database: Database, tenant: Tenant, records: list[StatementRecord], conditions: Conditions
) -> Kept:
    principal = tenant.principal
    async with database.primary() as connection:
        return await keep_statements(
            connection, principal.store, principal.credential, records, conditions
        )


async def test_another_description_takes_the_longer_way_only_if_it_counts(
    database: Database, tenant: Tenant, service: StatementsService
) -> None:
    iri = f"http://example.org/{uuid4()}"

    def called(*names: str) -> list[StatementRecord]:
        reader = service._reader(tenant.principal, Version.V1_0_3, None)
        said = [
            a_statement(object={"id": iri, "definition": {"name": {"en": name}}}) for name in names
        ]
        return [reader.read(json.dumps(each).encode(), "") for each in said]

    body = json.dumps(a_statement(object={"id": iri})).encode()
    await service.store(tenant.principal, body, Version.V1_0_3)
    for names in (["New"], ["New", "Newer"]):
        with pytest.raises(DescribedAnewError):
            await kept(database, tenant, called(*names), AT_ONCE)
        assert await kept(database, tenant, called(*names), AT_ONCE._replace(defines=False))


async def test_an_activity_that_nobody_named_takes_the_longer_way_always(
    database: Database, tenant: Tenant, service: StatementsService
) -> None:
    reader = service._reader(tenant.principal, Version.V1_0_3, None)
    unheard = a_statement(object={"id": f"http://example.org/{uuid4()}"})
    records = [reader.read(json.dumps(unheard).encode(), "")]
    for defines in (True, False):
        with pytest.raises(DescribedAnewError):
            await kept(database, tenant, records, AT_ONCE._replace(defines=defines))


async def ways(
    database: Database, service: StatementsService, principal: Principal, name: str
) -> int:
    """Return how often the database is asked to keep a statement that calls its activity so."""
    said = a_statement(
        object={"id": "http://example.org/known", "definition": {"name": {"en": name}}}
    )
    asked: list[object] = []
    async with database.primary() as connection:
        driver = driver_of(connection)
    driver.add_query_logger(asked.append)
    try:
        await service.store(principal, json.dumps(said).encode(), Version.V1_0_3)
        await asyncio.sleep(0)
    finally:
        driver.remove_query_logger(asked.append)
    return len(asked)


async def test_who_may_not_define_takes_the_short_way_whatever_is_said(
    database: Database, tenant: Tenant, service: StatementsService
) -> None:
    definer = tenant.principal
    writer = replace(definer, scopes=definer.scopes - {Scope.DEFINE})
    await ways(database, service, definer, "Known")
    shortest = await ways(database, service, definer, "Known")
    assert shortest > 0
    assert await ways(database, service, writer, "Known") == shortest
    assert await ways(database, service, writer, "Other") == shortest
    assert await ways(database, service, definer, "Other") > shortest


def test_what_does_not_count_is_seen_without_its_texts() -> None:
    described = [(Description("http://example.org/a", b"{}"),)]
    key = iri_key("http://example.org/a")
    assert sightings(described, defines=True)[key].texts == [b"{}"]
    assert sightings(described, defines=False)[key].texts == []
