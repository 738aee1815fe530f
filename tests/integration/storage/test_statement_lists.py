"""Pages go on where the last one ended, also among statements of one moment."""

import itertools
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from conftest import Tenant
from lrs.storage.engines import Database
from lrs.storage.statement_lists import MOST_BYTES, list_statements
from lrs.storage.statement_selections import Selection
from lrs.xapi.formats import ids_of
from lrs.xapi.queries import Cursor, StatementFilter

# Two transactions may store in the same microsecond; only their ids then tell the order.
_INSERT = text(
    """
    INSERT INTO statements (store, id, position, stored, timestamp, voiding, credential, verb,
                            object_type)
    SELECT :store, id, 7, now(), now(), false, 1, id, 'Activity'
    FROM unnest(CAST(:ids AS uuid[])) AS id
    """
)
_INSERT_PAYLOADS = text(
    "INSERT INTO statement_payloads (position, store, id, payload)"
    " SELECT 7, :store, id, json_build_object('id', id) FROM unnest(CAST(:ids AS uuid[])) AS id"
)


async def _walk(
    database: Database, store: int, wanted: StatementFilter, until: int = 10
) -> list[UUID]:
    seen: list[UUID] = []
    after: Cursor | None = None
    for _ in itertools.count():
        async with database.reading() as connection:
            page = await list_statements(connection, store, Selection(wanted), until, after, 2)
        seen += ids_of(page.texts)
        after = page.cursor
        if after is None:
            break
    return seen


@pytest.mark.parametrize("ascending", [True, False])
async def test_statements_of_one_position_are_each_seen_once(
    database: Database, tenant: Tenant, ascending: bool
) -> None:
    ids = sorted(uuid4() for _ in range(7))
    values = {"store": tenant.principal.store, "ids": ids}
    async with database.writing() as connection:
        await connection.execute(_INSERT, values)
        await connection.execute(_INSERT_PAYLOADS, values)

    seen = await _walk(database, tenant.principal.store, StatementFilter(ascending=ascending))

    assert seen == (ids if ascending else ids[::-1])


# Of two that speak in turn each says one verb, for longer than a walk goes on without a result;
# before, the first one said what the second one says later.
_INSERT_IN_TURN = text(
    """
    WITH made AS (
        SELECT number, CAST(md5(concat(CAST(:store AS int), number)) AS uuid) AS id
        FROM generate_series(1, 5000) AS number
    ),
    said AS (
        INSERT INTO statements (store, id, position, stored, timestamp, voiding, credential,
                                actor, verb, object_type)
        SELECT :store, id, number, now(), now(), false, 1,
               CASE number % 2 WHEN 0 THEN CAST(:ada AS uuid) ELSE CAST(:bob AS uuid) END,
               CASE WHEN number <= 20 OR number % 2 = 1 THEN CAST(:read AS uuid)
                    ELSE CAST(:wrote AS uuid) END,
               'Activity'
        FROM made
    ),
    kept AS (
        INSERT INTO statement_payloads (position, store, id, payload)
        SELECT number, :store, id, json_build_object('id', id) FROM made
    )
    SELECT id FROM made WHERE number <= 20 AND number % 2 = 0 ORDER BY number
    """
)


@pytest.mark.parametrize("ascending", [True, False])
async def test_what_seldom_meets_is_found_after_much_that_does_not_fit(
    database: Database, tenant: Tenant, ascending: bool
) -> None:
    ada, bob, read, wrote = (UUID(int=number) for number in range(1, 5))
    values = {"store": tenant.principal.store, "ada": ada, "bob": bob, "read": read, "wrote": wrote}
    async with database.writing() as connection:
        expected = list((await connection.execute(_INSERT_IN_TURN, values)).scalars())

    wanted = StatementFilter(agent=ada, verb=read, ascending=ascending)
    seen = await _walk(database, tenant.principal.store, wanted, until=5000)

    assert seen == (expected if ascending else expected[::-1])


_INSERT_LARGE = text(
    """
    WITH made AS (
        INSERT INTO statements (store, id, position, stored, timestamp, voiding, credential, verb,
                                object_type)
        SELECT :store, CAST(md5(CAST(number AS text)) AS uuid), number, now(), now(), false, 1,
               CAST(md5('verb') AS uuid), 'Activity'
        FROM generate_series(1, :count) AS number
        RETURNING position, store, id
    )
    INSERT INTO statement_payloads (position, store, id, payload)
    SELECT position, store, id, json_build_object('id', id, 'text', repeat('x', :size)) FROM made
    """
)


async def test_a_page_of_large_statements_is_shorter_and_none_is_left_out(
    database: Database, tenant: Tenant
) -> None:
    store, count, size = tenant.principal.store, 20, MOST_BYTES // 5
    async with database.writing() as connection:
        await connection.execute(_INSERT_LARGE, {"store": store, "count": count, "size": size})

    everything = Selection(StatementFilter())
    sizes: list[int] = []
    seen: list[UUID] = []
    after: Cursor | None = None
    while not sizes or after is not None:
        async with database.reading() as connection:
            page = await list_statements(connection, store, everything, 100, after, 20)
        sizes.append(len(page.texts))
        seen += ids_of(page.texts)
        after = page.cursor

    assert len(seen) == len(set(seen)) == count
    assert size < max(sizes) <= MOST_BYTES


async def test_a_statement_that_is_larger_than_a_page_may_be_is_shown(
    database: Database, tenant: Tenant
) -> None:
    store = tenant.principal.store
    values = {"store": store, "count": 2, "size": MOST_BYTES + 1}
    async with database.writing() as connection:
        await connection.execute(_INSERT_LARGE, values)

    seen = await _walk(database, store, StatementFilter(), until=100)

    assert len(set(seen)) == 2
