"""What is noted is recorded soon, counted, and kept while the database is away."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from conftest import Tenant
from lrs.auth.audit import Action, AuditEvent, Caller, Outcome, WhoKind
from lrs.auth.audit_chain import AuditRecord
from lrs.errors import UnavailableError
from lrs.services.audit import AuditService
from lrs.services.audit_log import AuditLogService
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.storage.migrations import upgrade

ADA = Caller(WhoKind.USER, "ada", "192.0.2.1", "request-1")


class Clock:
    """A time that the test sets."""

    def __init__(self) -> None:
        self.now = 1_767_323_045.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def audit(database: Database, clock: Clock) -> AuditService:
    return AuditService(database, clock, most=3)


def refusal(target: str = "GET /somewhere", caller: Caller = ADA) -> AuditEvent:
    return AuditEvent(caller, Action.ACCESS_REFUSED, target, Outcome.REFUSED, {"error": "E"})


async def records_of(database: Database, tenant: Tenant) -> list[AuditRecord]:
    log = AuditLogService(database)
    assert (await log.verify(tenant.principal.store)).broken is None
    return [record async for record in log.records(tenant.principal.store)]


async def until(look: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(10):
        while not await look():  # noqa: ASYNC110 - the event is PostgreSQL's
            await asyncio.sleep(0.02)


async def counts_of(database: Database, tenant: Tenant) -> list[int]:
    return [
        json.loads(record.details or "")["count"] for record in await records_of(database, tenant)
    ]


async def test_what_is_noted_is_recorded_with_the_next_flush(
    audit: AuditService, database: Database, tenant: Tenant
) -> None:
    audit.note(tenant.principal.store, refusal())
    assert await records_of(database, tenant) == []

    await audit.flush()

    (record,) = await records_of(database, tenant)
    assert (record.who, record.address, record.request_id) == ("ada", "192.0.2.1", "request-1")
    assert (record.action, record.target, record.outcome) == (
        "access.refused",
        "GET /somewhere",
        "refused",
    )
    assert json.loads(record.details or "") == {
        "error": "E",
        "count": 1,
        "first": "2026-01-02T03:04:05.000000Z",
        "last": "2026-01-02T03:04:05.000000Z",
    }


async def test_the_same_within_a_minute_is_counted(
    audit: AuditService, database: Database, tenant: Tenant, clock: Clock
) -> None:
    for _ in range(59):
        audit.note(tenant.principal.store, refusal())
        await audit.flush()
        clock.now += 1
    assert await counts_of(database, tenant) == [1]

    clock.now += 1
    await audit.flush()

    assert await counts_of(database, tenant) == [1, 58]
    last = json.loads((await records_of(database, tenant))[-1].details or "")
    assert (last["first"], last["last"]) == (
        "2026-01-02T03:04:06.000000Z",
        "2026-01-02T03:05:03.000000Z",
    )


async def test_the_same_a_minute_later_is_recorded_at_once(
    audit: AuditService, database: Database, tenant: Tenant, clock: Clock
) -> None:
    for _ in range(3):
        audit.note(tenant.principal.store, refusal())
        await audit.flush()
        clock.now += 61
        await audit.flush()
    assert await counts_of(database, tenant) == [1, 1, 1]


@pytest.mark.parametrize(
    "other",
    [
        refusal("GET /elsewhere"),
        refusal(caller=Caller(WhoKind.USER, "bob", "192.0.2.1")),
        refusal(caller=Caller(WhoKind.TOKEN, "ada", "192.0.2.1")),
        refusal(caller=Caller(WhoKind.USER, "ada", "192.0.2.2")),
        AuditEvent(ADA, Action.PERSON_READ, "GET /somewhere", Outcome.REFUSED),
        AuditEvent(ADA, Action.ACCESS_REFUSED, "GET /somewhere", Outcome.DONE),
    ],
    ids=["target", "who", "kind", "address", "action", "outcome"],
)
async def test_what_differs_is_recorded_apart(
    audit: AuditService, database: Database, tenant: Tenant, other: AuditEvent
) -> None:
    audit.note(tenant.principal.store, refusal())
    audit.note(tenant.principal.store, other)
    await audit.flush()
    assert await counts_of(database, tenant) == [1, 1]


async def test_what_is_too_much_at_once_is_counted_and_the_count_recorded(
    audit: AuditService, database: Database, tenant: Tenant, stranger: Tenant
) -> None:
    for number in range(10):
        audit.note(tenant.principal.store, refusal(str(number)))
    audit.note(stranger.principal.store, refusal())

    await audit.flush()

    *kept, dropped = await records_of(database, tenant)
    assert [record.target for record in kept] == ["0", "1", "2"]
    assert (dropped.action, dropped.who_kind, dropped.details) == (
        "audit.dropped",
        "system",
        '{"count":7}',
    )
    assert len(await records_of(database, stranger)) == 1


async def test_what_was_recorded_makes_place_after_its_minute(
    audit: AuditService, database: Database, tenant: Tenant, clock: Clock
) -> None:
    for number in range(9):
        if number % 3 == 0:
            clock.now += 61
            await audit.flush()
        audit.note(tenant.principal.store, refusal(str(number)))
        await audit.flush()
    targets = [record.target for record in await records_of(database, tenant)]
    assert targets == [str(number) for number in range(9)]


def look(person: str) -> AuditEvent:
    return AuditEvent(ADA, Action.PERSON_READ, person)


async def test_who_looks_at_many_persons_is_recorded_with_each(
    audit: AuditService, database: Database, tenant: Tenant
) -> None:
    for number in range(9):
        audit.note(tenant.principal.store, look(str(number)))
        if number % 3 == 2:
            await audit.flush()
    targets = [record.target for record in await records_of(database, tenant)]
    assert targets == [str(number) for number in range(9)]


async def test_refusals_push_out_nothing_that_was_done(
    audit: AuditService, database: Database, tenant: Tenant
) -> None:
    for number in range(9):
        audit.note(tenant.principal.store, refusal(str(number)))
    audit.note(tenant.principal.store, look("bob"))
    await audit.flush()
    actions = [record.action for record in await records_of(database, tenant)]
    assert actions.count("person.read") == 1


async def test_the_end_of_the_service_waits_for_no_minute(
    audit: AuditService, database: Database, tenant: Tenant
) -> None:
    for _ in range(3):
        audit.note(tenant.principal.store, refusal())
        await audit.flush()
    await audit.close()
    assert await counts_of(database, tenant) == [1, 2]


async def test_it_is_recorded_in_the_background(
    audit: AuditService, database: Database, tenant: Tenant
) -> None:
    running = asyncio.create_task(audit.run())
    audit.note(tenant.principal.store, refusal())
    try:
        await until(lambda: records_of(database, tenant))
    finally:
        running.cancel()


@pytest.fixture
async def own(empty_database: str) -> AsyncIterator[Database]:
    await upgrade(empty_database)
    opened = await open_database(DatabaseOptions(empty_database, workers=8))
    yield opened
    await opened.close()


@pytest.fixture
async def admin(empty_database: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(empty_database.replace("+asyncpg", ""))
    yield connection
    await connection.close()


_OTHERS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'lrs %'
"""


async def test_what_is_noted_while_the_database_fails_is_recorded_later_and_once(
    own: Database, admin: Any, clock: Clock
) -> None:
    audit = AuditService(own, clock)
    audit.note(1, refusal())
    await admin.execute("BEGIN; LOCK TABLE audit_records IN ACCESS EXCLUSIVE MODE")
    flushing = asyncio.create_task(audit.flush())
    await until(lambda: admin.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))
    # Noted while the flush is under way, which is then killed.
    audit.note(1, refusal())
    assert await admin.fetchval(_OTHERS)
    with pytest.raises(UnavailableError):
        await flushing
    await admin.execute("ROLLBACK")
    audit.note(1, refusal())

    await audit.flush()

    log = AuditLogService(own)
    (record,) = [record async for record in log.records(1)]
    assert json.loads(record.details or "")["count"] == 3
    assert (await log.verify(1)).broken is None


async def test_at_the_end_without_a_database_it_is_logged_how_much_is_lost(
    own: Database, admin: Any, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    audit = AuditService(own, clock)
    audit.note(1, refusal())
    audit.note(1, refusal())
    await admin.execute("BEGIN; LOCK TABLE audit_records IN ACCESS EXCLUSIVE MODE")
    closing = asyncio.create_task(audit.close())
    await until(lambda: admin.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))
    await admin.fetchval(_OTHERS)
    await closing
    await admin.execute("ROLLBACK")
    assert "2 events were not recorded in the audit log" in caplog.text
