"""Writes many rows by one statement of SQL: each column travels as one array."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    JSON,
    ClauseElement,
    Integer,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeEngine

from lrs.storage.driver import fetch

Columns = Mapping[str, Sequence[object]]


async def insert_rows(
    connection: AsyncConnection, table: Table, store: int, columns: Columns
) -> None:
    """Insert rows into a table of a store; rows whose primary key is taken are left out.

    Args:
        connection: within a writing transaction.
        table: a table with a `store` column.
        store: the store of all rows.
        columns: values by column name, one for each row, in the same order.
    """
    await fetch(connection, _insertion(table, tuple(columns)), {"store": store, **columns})


async def insert_new_rows(
    connection: AsyncConnection,
    table: Table,
    store: int,
    columns: Columns,
    *,
    key: str = "id",
) -> set[Any]:
    """Insert rows as `insert_rows` does, and return the keys of those that were not there yet."""
    insertion = _insertion(table, tuple(columns), key)
    rows = await fetch(connection, insertion, {"store": store, **columns})
    return {row[0] for row in rows}


def array_text(keys: Iterable[UUID]) -> str | None:
    """Write an array as PostgreSQL's text for it; None if it is empty."""
    texts = [f"{key.int:032x}" for key in keys]
    return "{" + ",".join(texts) + "}" if texts else None


@lru_cache(maxsize=64)
def _insertion(table: Table, names: tuple[str, ...], key: str = "") -> ClauseElement:
    insertion = new_rows(table, names)
    return insertion.returning(table.c[key]) if key else insertion


def new_rows(table: Table, names: Sequence[str]) -> Insert:
    """Write what inserts rows into a table of a store, but for those whose key is taken.

    Its parameters are `store` and, for each of these columns, one array.
    """
    kinds = {name: _sent_as(table.c[name].type) for name in names}
    arrays = [bindparam(name, type_=ARRAY(kind)) for name, kind in kinds.items()]
    sent = (
        func.unnest(*arrays)
        .table_valued(*(column(name, kind) for name, kind in kinds.items()))
        .render_derived("sent")
    )
    values: list[ColumnElement[object]] = [bindparam("store", type_=Integer)]
    values += [
        sent.c[name]
        if kinds[name] is table.c[name].type
        else cast(sent.c[name], table.c[name].type)
        for name in names
    ]
    return (
        insert(table)
        .from_select(["store", *names], select(*values))
        .on_conflict_do_nothing(index_elements=list(table.primary_key.columns))
    )


def _sent_as(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Tell the type that a column travels as.

    Arrays of JSON or of arrays travel as text: the first keeps its spelling, the second may be
    ragged, which an array of arrays may not.
    """
    if isinstance(kind, (ARRAY, JSON)):
        return Text()
    return kind
