"""Keeps statements and finds them by id: each exactly once (design truths 1 to 3)."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.driver import fetch
from lrs.storage.tables import (
    statement_payloads,
    statements,
)
from lrs.xapi.records import KeptStatement

_IDS = ARRAY(Uuid)
_same_statement = (
    (statement_payloads.c.store == statements.c.store)
    & (statement_payloads.c.position == statements.c.position)
    & (statement_payloads.c.id == statements.c.id)
)
_FOUND = (
    select(
        statements.c.id,
        statements.c.position,
        statements.c.voided,
        cast(statement_payloads.c.payload, Text).label("payload"),
    )
    .join_from(statements, statement_payloads, _same_statement)
    .where(
        statements.c.store == bindparam("store"),
        statements.c.id == func.any(bindparam("ids", type_=_IDS)),
    )
)


async def find_statements(
    connection: AsyncConnection, store: int, ids: Collection[UUID]
) -> dict[UUID, KeptStatement]:
    """Return those of the statements that are there, voided ones included, by id."""
    rows = await fetch(connection, _FOUND, {"store": store, "ids": [*ids]}) if ids else []
    return {
        row["id"]: KeptStatement(row["id"], row["payload"].encode(), row["position"], row["voided"])
        for row in rows
    }
