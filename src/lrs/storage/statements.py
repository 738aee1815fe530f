"""Keeps statements and finds them by id: each exactly once (design truths 1 to 3)."""

from collections.abc import Collection
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Select,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.restrictions import NOTHING_HIDDEN, Restriction
from lrs.storage.driver import fetch
from lrs.storage.restrictions import held, names_of, restriction_values
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
    connection: AsyncConnection,
    store: int,
    ids: Collection[UUID],
    restriction: Restriction = NOTHING_HIDDEN,
) -> dict[UUID, KeptStatement]:
    """Return those of the statements that are there to be seen, voided ones included, by id."""
    if not ids:
        return {}
    values = {"store": store, "ids": [*ids], **restriction_values(restriction)}
    rows = await fetch(connection, _found(names_of(restriction)), values)
    return {
        row["id"]: KeptStatement(row["id"], row["payload"].encode(), row["position"], row["voided"])
        for row in rows
    }


@cache
def _found(restricted: tuple[str, ...]) -> Select[Any]:
    return _FOUND.where(*held(restricted))
