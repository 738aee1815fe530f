"""The audit log in PostgreSQL: one unbroken chain, whoever writes, and every change of it told."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from conftest import Tenant
from lrs.auth.audit import Action, AuditEvent, Caller, WhoKind
from lrs.auth.audit_chain import AuditRecord
from lrs.errors import StoreConflictError
from lrs.services.audit_log import AuditLogService
from lrs.storage.audit import NO_STORE, all_records, append_record, append_records
from lrs.storage.engines import Database, DatabaseOptions, open_database

ADA = Caller(WhoKind.USER, "ada", "192.0.2.1", "request-1")
LENGTH = 5


def event(target: str | None = "moodle", action: Action = Action.CREDENTIAL_MADE) -> AuditEvent:
    return AuditEvent(ADA, action, target, details={"label": "Für Ümläute"})


async def append(database: Database, store: int, *events: AuditEvent) -> None:
    async with database.writing() as connection:
        await append_records(connection, [(store, each) for each in events])


async def records_of(database: Database, store: int) -> list[AuditRecord]:
    async with database.primary() as connection:
        return [record async for record in all_records(connection, store)]


async def broken_link(database: Database, store: int) -> tuple[int, str] | None:
    broken = (await AuditLogService(database).verify(store)).broken
    return None if broken is None else (broken.number, broken.what)


@pytest.fixture
async def store(database: Database, tenant: Tenant) -> int:
    """A store whose log holds some records."""
    store = tenant.principal.store
    for number in range(LENGTH):
        await append(database, store, event(f"key {number}"))
    return store


@pytest.fixture
async def intruder(database_url: str) -> AsyncIterator[Any]:
    """Somebody with all power over the database, whom triggers do not stop."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    await connection.execute("SET session_replication_role = replica")
    yield connection
    await connection.close()


async def test_records_are_numbered_from_one_and_say_what_was_said(
    database: Database, store: int
) -> None:
    before = datetime.now(UTC)
    await append(database, store, event(None), event("other", Action.CREDENTIAL_REVOKED))

    *_, first, second = await records_of(database, store)

    assert [first.number, second.number] == [LENGTH + 1, LENGTH + 2]
    assert (first.who_kind, first.who, first.address) == ("user", "ada", "192.0.2.1")
    assert (second.action, second.target, second.outcome) == ("credential.revoked", "other", "done")
    assert (first.target, first.request_id) == (None, "request-1")
    assert first.details == '{"label":"F\\u00fcr \\u00dcml\\u00e4ute"}'
    assert abs(first.at - before) < timedelta(minutes=1)
    assert await broken_link(database, store) is None


async def test_nothing_stands_in_the_log_of_a_transaction_that_is_rolled_back(
    database: Database, store: int
) -> None:
    async def fail() -> None:
        async with database.writing() as connection:
            await append_record(connection, store, event())
            raise StoreConflictError("for the test")

    with pytest.raises(StoreConflictError):
        await fail()
    assert len(await records_of(database, store)) == LENGTH
    assert await broken_link(database, store) is None


async def test_events_of_several_stores_are_added_at_once(
    database: Database, store: int, stranger: Tenant
) -> None:
    other = stranger.principal.store
    async with database.writing() as connection:
        pairs = [(other, event("1")), (store, event("2")), (other, event("3"))]
        await append_records(connection, pairs)
    assert [record.target for record in await records_of(database, other)] == ["1", "3"]
    assert [record.target for record in await records_of(database, store)][-1] == "2"
    assert await broken_link(database, other) is None


async def test_those_who_add_to_the_same_stores_in_another_order_wait_for_nobody_in_a_ring(
    database: Database, tenant: Tenant, stranger: Tenant
) -> None:
    stores = [tenant.principal.store, stranger.principal.store, NO_STORE]

    async def add(order: list[int]) -> None:
        async with database.writing() as connection:
            await append_records(connection, [(each, event()) for each in order])

    await asyncio.gather(*(add(stores if turn % 2 else stores[::-1]) for turn in range(40)))

    assert len(await records_of(database, stores[0])) == 40
    for each in stores[:2]:
        assert await broken_link(database, each) is None


async def test_fifty_writers_of_two_processes_make_one_unbroken_chain(
    database: Database, database_url: str, tenant: Tenant
) -> None:
    store = tenant.principal.store
    other = await open_database(DatabaseOptions(database_url, workers=4))
    try:
        databases = [database, other] * 25
        await asyncio.gather(
            *(append(each, store, event(str(turn)), event()) for turn, each in enumerate(databases))
        )
    finally:
        await other.close()
    records = await records_of(database, store)
    assert [record.number for record in records] == list(range(1, 101))
    assert {record.target for record in records} >= {str(turn) for turn in range(50)}
    assert await broken_link(database, store) is None


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "who_kind = 'system'",
        "who = 'eve'",
        "who = NULL",
        "address = '192.0.2.2'",
        "address = NULL",
        "action = 'credential.revoked'",
        "target = 'other'",
        "target = NULL",
        "outcome = 'refused'",
        "request_id = '-'",
        "details = '{}'",
        "seals[2] = sha256('')",
        "hash = sha256(hash)",
        "store = -store",
    ],
)
async def test_a_record_that_was_altered_is_told(
    database: Database, store: int, intruder: Any, change: str
) -> None:
    await intruder.execute(
        f"UPDATE audit_records SET {change} WHERE store = $1 AND number = 3",  # noqa: S608 - our own words
        store,
    )
    broken = await broken_link(database, store)
    assert broken is not None
    assert broken[0] == 3


@pytest.mark.parametrize(
    ("change", "number", "what"),
    [
        ("DELETE FROM audit_records WHERE store = $1 AND number = 2", 2, "missing"),
        ("DELETE FROM audit_records WHERE store = $1 AND number > 3", 4, "to the end are missing"),
        ("DELETE FROM audit_records WHERE store = $1", 1, "to the end are missing"),
        ("DELETE FROM audit_heads WHERE store = $1", 1, "past the end"),
        (
            """
            INSERT INTO audit_records SELECT store, 6, at, who_kind, who, address, action, target,
                outcome, request_id, details, seals, hash
            FROM audit_records WHERE store = $1 AND number = 5
            """,
            6,
            "not what was recorded",
        ),
        (
            """
            INSERT INTO audit_records SELECT store, 0, at, who_kind, who, address, action, target,
                outcome, request_id, details, seals, hash
            FROM audit_records WHERE store = $1 AND number = 5
            """,
            0,
            "never recorded",
        ),
        (
            """
            UPDATE audit_heads SET number = 4, hash = (
                SELECT hash FROM audit_records WHERE store = $1 AND number = 4
            ) WHERE store = $1
            """,
            5,
            "past the end",
        ),
        ("UPDATE audit_heads SET hash = sha256(hash) WHERE store = $1", 5, "kept apart"),
    ],
)
async def test_records_that_were_taken_away_or_put_in_are_told(
    database: Database, store: int, intruder: Any, change: str, number: int, what: str
) -> None:
    await intruder.execute(change, store)
    broken = await broken_link(database, store)
    assert broken is not None
    assert broken[0] == number
    assert what in broken[1]


async def test_a_record_that_was_put_between_others_is_told(
    database: Database, store: int, intruder: Any
) -> None:
    shift = "UPDATE audit_records SET number = {} WHERE store = $1 AND number {} 3"
    await intruder.execute(shift.format("-number - 1", ">="), store)
    await intruder.execute(shift.format("-number", "<"), store)
    await intruder.execute(
        """
        UPDATE audit_records SET number = abs(number) WHERE store = $1
        """,
        store,
    )
    await intruder.execute(
        """
        INSERT INTO audit_records SELECT store, 3, at, who_kind, who, address, action, target,
            outcome, request_id, details, seals, hash
        FROM audit_records WHERE store = $1 AND number = 2
        """,
        store,
    )
    broken = await broken_link(database, store)
    assert broken is not None
    assert broken[0] == 3


async def test_two_records_that_changed_places_are_told(
    database: Database, store: int, intruder: Any
) -> None:
    await intruder.execute(
        "UPDATE audit_records SET number = -number WHERE store = $1 AND number IN (2, 4)", store
    )
    await intruder.execute(
        "UPDATE audit_records SET number = 6 + number WHERE store = $1 AND number < 0", store
    )
    broken = await broken_link(database, store)
    assert broken is not None
    assert broken[0] == 2


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_records SET who = 'eve' WHERE store = :store",
        "UPDATE audit_records SET who = NULL WHERE store = :store",
        "DELETE FROM audit_records WHERE store = :store",
        "TRUNCATE audit_records",
        "UPDATE audit_heads SET number = number - 1 WHERE store = :store",
        "UPDATE audit_heads SET hash = sha256(hash) WHERE store = :store",
        "DELETE FROM audit_heads WHERE store = :store",
        "TRUNCATE audit_heads",
    ],
)
async def test_postgresql_refuses_to_change_the_log(
    database: Database, store: int, change: str
) -> None:
    given = {"store": store} if ":store" in change else {}
    with pytest.raises(DBAPIError, match="audit log"):
        async with database.writing() as connection:
            await connection.execute(text(change), given)
    assert len(await records_of(database, store)) == LENGTH
    assert await broken_link(database, store) is None


@pytest.mark.parametrize("change", ["who = 'eve'", "action = 'x'", "number = 99", "store = 99"])
async def test_where_a_person_may_be_erased_nothing_else_can_be_changed(
    database: Database, store: int, change: str
) -> None:
    async def alter() -> None:
        async with database.writing() as connection:
            await connection.execute(opening, {"store": str(store)})
            await connection.execute(update, {"store": store})

    opening = text("SELECT set_config('lrs.audit_erasure', :store, true)")
    update = text(f"UPDATE audit_records SET {change} WHERE store = :store")  # noqa: S608 - our own words
    with pytest.raises(DBAPIError, match="audit log"):
        await alter()


async def test_a_person_is_erased_and_the_chain_holds(database: Database, store: int) -> None:
    log = AuditLogService(database)
    bob = Caller(WhoKind.USER, "bob", "192.0.2.9")
    await append(database, store, AuditEvent(bob, Action.PERSON_READ, "ada"))

    erased = await log.erase_person(Caller(WhoKind.SYSTEM, "lrs audit erase"), store, "ada")

    assert erased == (LENGTH + 1, 2 * (LENGTH + 1))
    *others, read, said = await records_of(database, store)
    assert {(record.who, record.address) for record in others} == {(None, None)}
    assert [record.target for record in others] == [f"key {number}" for number in range(LENGTH)]
    assert {record.erased for record in others} == {("who", "address")}
    assert (read.who, read.target, read.details) == ("bob", None, None)
    assert (said.action, said.target) == ("audit.erased", None)
    assert "ada" not in (said.details or "")
    assert await broken_link(database, store) is None


async def test_a_person_who_is_erased_twice_at_once_is_counted_once(
    database: Database, store: int
) -> None:
    log, caller = AuditLogService(database), Caller(WhoKind.SYSTEM, "lrs audit erase")
    erased = await asyncio.gather(*(log.erase_person(caller, store, "ada") for _ in range(4)))
    assert sorted(each.fields for each in erased) == [0, 0, 0, 2 * LENGTH]
    assert await broken_link(database, store) is None


async def test_what_an_intruder_blanks_is_told_though_the_chain_holds(
    database: Database, store: int, intruder: Any
) -> None:
    await intruder.execute(
        """
        UPDATE audit_records
        SET target = NULL, seals[3] = sha256(seals[3] || '\\x01' || convert_to(target, 'UTF8'))
        WHERE store = $1 AND number = 2
        """,
        store,
    )
    assert await broken_link(database, store) == (
        LENGTH,
        "1 fields are erased, 0 by what is recorded",
    )
