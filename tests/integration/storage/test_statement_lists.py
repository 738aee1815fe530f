"""Pages go on where the last one ended, also among statements of one moment."""

import itertools
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from conftest import Tenant
from lrs.storage.engines import Database
from lrs.storage.statement_lists import list_statements
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
    "INSERT INTO statement_payloads (store, id, payload)"
    " SELECT :store, id, '{}' FROM unnest(CAST(:ids AS uuid[])) AS id"
)


async def _walk(database: Database, store: int, wanted: StatementFilter) -> list[UUID]:
    seen: list[UUID] = []
    after: Cursor | None = None
    for _ in itertools.count():
        async with database.reading() as connection:
            page = await list_statements(connection, store, wanted, 10, after, 2)
        seen += [statement.id for statement in page.statements]
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
