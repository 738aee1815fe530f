"""Requests that come at the same time share a transaction, and none feels the others."""

import asyncio
import json
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from builders import Json, a_statement, activity, referring
from conftest import Tenant
from lrs.errors import StatementConflictError
from lrs.services.statements import StatementLimits, StatementsService, Stored
from lrs.storage.engines import Database
from lrs.xapi.versions import Version

LIMITS = StatementLimits(batch=2_000, statement_bytes=1_000_000, page=100, max_page=1_000)


@pytest.fixture
def service(database: Database) -> StatementsService:
    return StatementsService(database, LIMITS, uuid7)


def store(service: StatementsService, tenant: Tenant, *statements: Json) -> "asyncio.Task[Stored]":
    body = json.dumps(statements[0] if len(statements) == 1 else statements).encode()
    return asyncio.create_task(service.store(tenant.principal, body, Version.V1_0_3))


async def transactions(database: Database, tenant: Tenant) -> list[int]:
    """Return how many statements each of the transactions has brought."""
    query = text("SELECT count(*) FROM statements WHERE store = :store GROUP BY xmin")
    async with database.primary() as connection:
        return list(await connection.scalars(query, {"store": tenant.principal.store}))


async def kept(database: Database, tenant: Tenant) -> set[str]:
    query = text("SELECT id FROM statements WHERE store = :store")
    async with database.primary() as connection:
        found = await connection.scalars(query, {"store": tenant.principal.store})
        return {str(each) for each in found}


async def test_requests_that_wait_share_transactions(
    service: StatementsService, tenant: Tenant, database: Database
) -> None:
    stored = await asyncio.gather(*(store(service, tenant, a_statement()) for _ in range(40)))
    assert [each.new for each in stored] == [1] * 40
    counts = await transactions(database, tenant)
    assert sum(counts) == 40
    assert len(counts) < 10


async def test_requests_one_after_the_other_have_transactions_of_their_own(
    service: StatementsService, tenant: Tenant, database: Database
) -> None:
    for _ in range(3):
        await store(service, tenant, a_statement())
    assert await transactions(database, tenant) == [1, 1, 1]


async def test_each_request_is_answered_with_its_own_ids(
    service: StatementsService, tenant: Tenant
) -> None:
    batches = [[str(uuid4()) for _ in range(size)] for size in (1, 3, 1, 7, 2)]
    stored = await asyncio.gather(
        *(store(service, tenant, *(a_statement(id=each) for each in ids)) for ids in batches)
    )
    assert [[str(each) for each in one.ids] for one in stored] == batches
    assert [one.new for one in stored] == [1, 3, 1, 7, 2]


async def test_a_conflict_is_that_of_its_request_alone(
    service: StatementsService, tenant: Tenant, database: Database
) -> None:
    taken, others = str(uuid4()), [str(uuid4()) for _ in range(20)]
    await store(service, tenant, a_statement(id=taken))
    tasks = [store(service, tenant, a_statement(id=each)) for each in others]
    tasks.insert(10, store(service, tenant, a_statement(id=taken, object=activity("other"))))
    tasks.insert(15, store(service, tenant, a_statement(id=taken)))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(outcomes.pop(10), StatementConflictError)
    news = [outcome.new for outcome in outcomes if isinstance(outcome, Stored)]
    assert sorted(news) == [0] + [1] * 20
    assert await kept(database, tenant) == {taken, *others}


async def test_a_batch_with_a_conflict_is_refused_whole_and_takes_nobody_along(
    service: StatementsService, tenant: Tenant, database: Database
) -> None:
    taken, of_batch, others = str(uuid4()), str(uuid4()), [str(uuid4()) for _ in range(20)]
    await store(service, tenant, a_statement(id=taken))
    tasks = [store(service, tenant, a_statement(id=each)) for each in others]
    bad = a_statement(id=taken, object=activity("other"))
    tasks.insert(10, store(service, tenant, a_statement(id=of_batch), bad))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(outcomes.pop(10), StatementConflictError)
    assert all(isinstance(each, Stored) and each.new == 1 for each in outcomes)
    assert await kept(database, tenant) == {taken, *others}


async def test_the_same_id_at_once_is_stored_by_one_and_known_to_the_others(
    service: StatementsService, tenant: Tenant
) -> None:
    statement = a_statement(id=str(uuid4()))
    stored = await asyncio.gather(*(store(service, tenant, statement) for _ in range(20)))
    assert sorted(each.new for each in stored) == [0] * 19 + [1]


async def test_other_content_under_one_id_at_once_is_refused_but_for_one(
    service: StatementsService, tenant: Tenant
) -> None:
    identifier = str(uuid4())
    statements = [a_statement(id=identifier, object=activity(f"a{n}")) for n in range(20)]
    outcomes = await asyncio.gather(
        *(store(service, tenant, each) for each in statements), return_exceptions=True
    )
    assert sum(isinstance(each, Stored) for each in outcomes) == 1
    assert sum(isinstance(each, StatementConflictError) for each in outcomes) == 19


async def test_who_goes_away_changes_nothing_for_the_others(
    service: StatementsService, tenant: Tenant, database: Database
) -> None:
    others = [str(uuid4()) for _ in range(20)]
    tasks = [store(service, tenant, a_statement(id=each)) for each in others]
    impatient = [store(service, tenant, a_statement()) for _ in range(5)]
    await asyncio.sleep(0)
    for task in impatient:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, *impatient, return_exceptions=True)
    assert [isinstance(each, Stored) for each in outcomes[:20]] == [True] * 20
    assert [isinstance(each, asyncio.CancelledError) for each in outcomes[20:]] == [True] * 5
    assert set(others) <= await kept(database, tenant)


async def test_references_are_followed_between_requests_that_come_at_once(
    service: StatementsService, tenant: Tenant
) -> None:
    targets = [str(uuid4()) for _ in range(10)]
    tasks = [store(service, tenant, referring(each)) for each in targets]
    tasks += [store(service, tenant, a_statement(id=each)) for each in targets]
    stored = await asyncio.gather(*tasks)
    assert [each.new for each in stored] == [1] * 20


async def test_what_cannot_be_written_fails_alone(
    service: StatementsService, tenant: Tenant, database: Database
) -> None:
    """A constraint that only one of the statements breaks stands for whatever nobody foresaw."""
    unlucky = UUID(int=uuid4().int)
    constraint = f"unlucky_{unlucky.hex}"
    async with database.primary() as connection:
        await connection.execute(
            text(
                f"ALTER TABLE statement_payloads ADD CONSTRAINT {constraint}"
                f" CHECK (id <> '{unlucky}') NOT VALID"
            )
        )
    try:
        tasks = [store(service, tenant, a_statement()) for _ in range(20)]
        tasks.insert(10, store(service, tenant, a_statement(id=str(unlucky))))
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        async with database.primary() as connection:
            await connection.execute(
                text(f"ALTER TABLE statement_payloads DROP CONSTRAINT {constraint}")
            )
    assert isinstance(outcomes.pop(10), Exception)
    assert [isinstance(each, Stored) for each in outcomes] == [True] * 20
    assert len(await kept(database, tenant)) == 20


async def test_a_batch_that_is_too_large_for_one_call_is_kept_as_any_other(
    service: StatementsService, tenant: Tenant
) -> None:
    log = {"https://lms.example.org/log": "x" * 900_000}
    batch = [a_statement(id=str(uuid4()), result={"extensions": log}) for _ in range(12)]
    del batch[3]["result"]
    taken = {**batch[5], "context": {"platform": "Moodle"}}

    assert (await store(service, tenant, batch[7])).new == 1
    assert (await store(service, tenant, *batch)).new == 11
    assert (await store(service, tenant, *batch)).new == 0
    with pytest.raises(StatementConflictError):
        await store(service, tenant, *batch[:5], taken, *batch[6:])

    for sent in batch:
        kept = await service.get(tenant.principal, UUID(sent["id"]))
        read = json.loads(kept.payload)
        assert {name: read[name] for name in sent} == sent
        assert datetime.fromisoformat(read["stored"]) == kept.stored
    stored = [(await service.get(tenant.principal, UUID(it["id"]))).stored for it in batch[:7]]
    assert stored == sorted(stored)
