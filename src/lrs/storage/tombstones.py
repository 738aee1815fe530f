"""Keeps what stays of who was erased; `keep_statements.sql` looks at it too."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Integer, LargeBinary, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.people.tombstones import OnReturn, Tombstone
from lrs.storage.driver import fetch
from lrs.storage.privacy_tables import tombstones
from lrs.storage.rows import Columns, insert_rows
from lrs.xapi.keys import Ifi

_FOUND = select(tombstones.c.mac, tombstones.c.action, tombstones.c.replacement).where(
    tombstones.c.store == bindparam("store", type_=Integer),
    tombstones.c.mac == any_(bindparam("macs", type_=ARRAY(LargeBinary))),
)


async def find_tombstones(
    connection: AsyncConnection, store: int, macs: Collection[bytes]
) -> dict[bytes, Tombstone]:
    """Return those of the tombstones that a store has, by what stands for the identifiers."""
    rows = await fetch(connection, _FOUND, {"store": store, "macs": [*macs]})
    return {
        row["mac"]: Tombstone(
            row["mac"], OnReturn(row["action"]), Ifi("account", row["replacement"])
        )
        for row in rows
    }


async def insert_tombstones(
    connection: AsyncConnection, store: int, erasure: UUID, made: Sequence[Tombstone]
) -> None:
    """Keep tombstones; one that is there stays as it is.

    Args:
        connection: within a transaction that keeps out who writes statements and documents.
        store: whose they are.
        erasure: that they are made by.
        made: with distinct identifiers.
    """
    columns: Columns = {
        "mac": [each.mac for each in made],
        "erasure": [erasure] * len(made),
        "action": [each.on_return.value for each in made],
        "replacement": [each.replacement.value for each in made],
    }
    await insert_rows(connection, tombstones, store, columns)
