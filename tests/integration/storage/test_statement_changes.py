"""A store in which statements were changed is as if they had come so; deleted, as if never."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from builders import VOIDED, Json, a_statement, a_substatement, activity, agent, group, reference
from conftest import Tenant, make_tenant, revoke
from lrs.analytics.queries import resolve
from lrs.analytics.requests import QueryRequest
from lrs.services.statements import StatementLimits, StatementsService
from lrs.storage import rollups
from lrs.storage.analytics import aggregate
from lrs.storage.engines import Database
from lrs.storage.rollup_sums import aggregate_folded
from lrs.storage.rollups import fold
from lrs.storage.statement_changes import delete_statements, hold_alone, rewrite_statements
from lrs.storage.statements import find_statements
from lrs.xapi.keys import Ifi
from lrs.xapi.personal_texts import texts_of
from lrs.xapi.replacing import Replacing, replace_in_json
from lrs.xapi.rewriting import rederived
from lrs.xapi.versions import Version

LIMITS = StatementLimits(batch=2_000, statement_bytes=1_000_000, page=100, max_page=1_000)
ADA = Ifi("mbox", "mailto:ada@example.org")
NOBODY = Ifi("account", "https://lrs.example/anonymous 1")
INSTEAD = Replacing({ADA: NOBODY}, texts_of([ADA], ["Ada Lovelace"]))
EXTENSION = "http://example.org/extension"
# Rows that tell what a statement is found by and what is summed up, by the order of statements.
TABLES = {
    "statements": "id, voided, voiding, target, verb, actor, object, object_type, registration,"
    " direct_agents, other_agents, activities, score_scaled, success, completion, duration,"
    " platform, language, signature",
    "statement_references": "id, via, verb, actor, object, registration",
    "statement_agents": "id, via, direct, agent",
    "statement_activities": "id, via, activity",
    "statement_attachments": "id, sha2, content_type",
}
MEASURES = ["statements.count", "actors.unique", "activities.unique", "completions.count",
            "score.scaled.avg", "duration.sum"]  # fmt: skip
QUESTIONS = [
    resolve(QueryRequest.model_validate({"measures": MEASURES} | more))
    for more in (
        {},
        {"dimensions": ["verb.id"]},
        {"time": {"granularity": "day", "timezone": "UTC"}},
    )
] + [
    resolve(
        QueryRequest.model_validate(
            {"measures": ["statements.count", "actors.unique"], "dimensions": ["activity.id"]}
        )
    )
]


def many_statements() -> list[Json]:
    """Statements that name Ada in all places, refer to each other in chains, and are voided."""
    ids = [str(uuid4()) for _ in range(12)]
    ada, bob, eve = agent(), agent("bob"), agent("eve")
    result = {"score": {"scaled": 0.5}, "completion": True, "duration": "PT1M"}
    bodies = [
        a_statement(actor=ada | {"name": "Ada Lovelace"}, result=result),
        a_statement(actor=bob, object=ada, context={"instructor": ada, "team": group(ada, eve)}),
        a_statement(actor=bob, object=reference(ids[0])),
        a_statement(actor=eve, object=reference(ids[2])),
        a_statement(actor=ada, object=reference(ids[3])),
        a_statement(actor=eve, object=reference(ids[4])),
        a_statement(actor=eve, object=a_substatement(actor=ada, context={"instructor": bob})),
        a_statement(actor=group(bob, ada), object=activity("of/ada@example.org")),
        a_statement(actor=ada, verb={"id": VOIDED}, object=reference(ids[9])),
        a_statement(actor=bob, context={"platform": "of Ada Lovelace"}, result=result),
        a_statement(actor=eve, verb={"id": VOIDED}, object=reference(ids[11])),
        a_statement(actor=ada, result={"extensions": {EXTENSION: "Ada Lovelace"}} | result),
    ]
    moments = (f"2026-03-{number + 10}T10:00:00Z" for number in range(len(ids)))
    return [
        {"id": each, "timestamp": moment} | body
        for each, moment, body in zip(ids, moments, bodies, strict=True)
    ]


def without_ada(statement: Json) -> bytes:
    return replace_in_json(json.dumps(statement).encode(), INSTEAD)


async def send(database: Database, tenant: Tenant, statements: Sequence[Json | bytes]) -> None:
    """Store each by itself, so that what is awaited comes to be there too."""
    service = StatementsService(database, LIMITS, uuid7)
    for each in statements:
        body = each if isinstance(each, bytes) else json.dumps(each).encode()
        await service.store(tenant.principal, body, Version.V1_0_3)


async def rows_of(database: Database, store: int) -> dict[str, list[str]]:
    """Return what stands in a store, without its number and without moments."""
    found: dict[str, list[str]] = {}
    async with database.primary() as connection:
        for table, columns in TABLES.items():
            rows = await connection.execute(
                text(f"SELECT {columns} FROM {table} WHERE store = :store"),  # noqa: S608 - our own names
                {"store": store},
            )
            found[table] = sorted(str(dict(row._mapping)) for row in rows)
        usage = text(
            "SELECT sum(statements)::int, sum(bytes)::int FROM (SELECT * FROM store_usage UNION ALL"
            " SELECT * FROM store_usage_changes) AS held WHERE store = :store"
        )
        counts = text(
            "SELECT count(*)::int, sum(octet_length(payload::text))::int FROM statement_payloads"
            " WHERE store = :store"
        )
        for name, query in (("usage", usage), ("counted", counts)):
            found[name] = [str(row) for row in await connection.execute(query, {"store": store})]
    return found


async def fold_store(database: Database, store: int) -> None:
    """Fold all that is there."""
    newest = text("SELECT coalesce(max(position), 0) FROM statements WHERE store = :store")
    async with database.writing() as connection:
        lock = text("SELECT pg_advisory_xact_lock(:lock_class, 0)")
        await connection.execute(lock, {"lock_class": rollups.LOCK_CLASS})
        until = (await connection.scalars(newest, {"store": store})).one()
        while await fold(connection, store, until, "UTC"):
            pass


async def check_sums(database: Database, store: int) -> None:
    """Compare what comes from rollups and the tail with what comes from the statements."""
    for asked in QUESTIONS:
        async with database.reading() as connection:
            folded = await aggregate_folded(connection, asked, store=store, until_position=2**62)
            raw = await aggregate(connection, asked, store=store, until_position=2**62)
        assert folded is not None
        assert folded.table == raw


async def rewrite(database: Database, store: int, ids: Sequence[UUID]) -> None:
    async with database.writing() as connection:
        await hold_alone(connection, store)
        kept = await find_statements(connection, store, ids)
        records = [rederived(replace_in_json(each.payload, INSTEAD)) for each in kept.values()]
        await rewrite_statements(connection, store, records)


async def delete(database: Database, store: int, ids: Sequence[UUID]) -> int:
    async with database.writing() as connection:
        await hold_alone(connection, store)
        return await delete_statements(connection, store, ids)


@pytest.fixture
async def expected(database: Database, tenant: Tenant) -> Any:
    """A store whose statements come as those of the test's own should be, by one authority."""
    other = await make_tenant(database, authority=tenant.principal.authority.text.decode())
    yield other
    await revoke(database, other)


@pytest.mark.parametrize("folded", [0, 6, 12])
async def test_rewritten_is_as_if_it_had_come_so(
    database: Database, tenant: Tenant, expected: Tenant, folded: int
) -> None:
    store, statements = tenant.principal.store, many_statements()
    await send(database, tenant, statements[:folded])
    await fold_store(database, store)
    await send(database, tenant, statements[folded:])
    await send(database, expected, [without_ada(each) for each in statements])
    ids = [UUID(each["id"]) for each in statements]
    for some in (ids[:5], ids[5:]):
        await rewrite(database, store, some)
        if folded:
            await check_sums(database, store)
    rows = await rows_of(database, store)
    assert rows == await rows_of(database, expected.principal.store)
    assert rows["usage"] == rows["counted"]
    await fold_store(database, store)
    await check_sums(database, store)


@pytest.mark.parametrize("folded", [0, 6, 12])
async def test_deleted_is_as_if_it_had_never_come(
    database: Database, tenant: Tenant, expected: Tenant, folded: int
) -> None:
    store, statements = tenant.principal.store, many_statements()
    await send(database, tenant, statements[:folded])
    await fold_store(database, store)
    await send(database, tenant, statements[folded:])
    gone = [statements[number] for number in (0, 1, 3, 6, 9, 11)]
    await send(database, expected, [each for each in statements if each not in gone])
    assert await delete(database, store, [UUID(each["id"]) for each in gone]) == len(gone)
    if folded:
        await check_sums(database, store)
    rows = await rows_of(database, store)
    assert rows == await rows_of(database, expected.principal.store)
    assert rows["usage"] == rows["counted"]
    await fold_store(database, store)
    await check_sums(database, store)
    # Who comes again is connected as if for the first time.
    await send(database, tenant, gone)
    await send(database, expected, gone)
    assert await rows_of(database, store) == await rows_of(database, expected.principal.store)
    await check_sums(database, store)


async def test_what_is_changed_twice_or_not_there_is_no_trouble(
    database: Database, tenant: Tenant
) -> None:
    store, statements = tenant.principal.store, many_statements()
    await send(database, tenant, statements)
    ids = [UUID(each["id"]) for each in statements]
    await rewrite(database, store, ids)
    before = await rows_of(database, store)
    await rewrite(database, store, ids)
    assert await rows_of(database, store) == before
    assert await delete(database, store, [*ids[:2], uuid4()]) == 2
    assert await delete(database, store, ids[:2]) == 0
