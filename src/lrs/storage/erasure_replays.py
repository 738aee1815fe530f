"""Finds in a restored database who was erased since: by what the ledger keeps of them."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import LargeBinary
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.driver import fetch
from lrs.storage.erasure_ledger import LedgerEntry, LedgerIdentifier
from lrs.storage.sql_texts import sql
from lrs.xapi.keys import Ifi

_AT_A_TIME: Final = 20_000
_IDENTIFIERS = {
    table: sql(
        f"""
        SELECT {key} AS key, ifi_type, ifi FROM {table}
        WHERE store = :store AND {key} > :id
        ORDER BY {key} LIMIT :most
        """  # noqa: S608 - our own names
    )
    for table, key in (("agents", "key"), ("person_identifiers", "agent"))
}
_KEPT = sql(
    """
    SELECT stores.name AS store, erasures.id, erasures.mode, erasures.on_return,
           coalesce(erasures.confirmed, erasures.requested) AS at,
           array_agg(tombstones.mac ORDER BY tombstones.mac) AS macs,
           array_agg(tombstones.replacement ORDER BY tombstones.mac) AS instead
    FROM erasures
    JOIN stores ON stores.id = erasures.store
    JOIN tombstones ON tombstones.store = erasures.store AND tombstones.erasure = erasures.id
    GROUP BY stores.name, erasures.store, erasures.id
    ORDER BY at, erasures.id
    """,
    {"mac": LargeBinary()},
)


async def all_identifiers(
    connection: AsyncConnection, store: int
) -> AsyncIterator[Mapping[UUID, Ifi]]:
    """Give all identifiers that a store knows, some at a time, by their keys.

    Args:
        connection: on which each statement stands alone.
        store: which one.
    """
    for statement in _IDENTIFIERS.values():
        last = UUID(int=0)
        while True:
            values: dict[str, Any] = {"store": store, "id": last, "most": _AT_A_TIME}
            rows = await fetch(connection, statement, values)
            if not rows:
                break
            yield {row["key"]: Ifi(row["ifi_type"], row["ifi"]) for row in rows}
            last = rows[-1]["key"]


async def kept_entries(connection: AsyncConnection) -> list[LedgerEntry]:
    """Return what the ledger has, as far as the database knows it: for one that was lost."""
    return [
        LedgerEntry(
            at=row["at"],
            store=row["store"],
            erasure=row["id"],
            mode=row["mode"],
            on_return=row["on_return"],
            identifiers=tuple(
                LedgerIdentifier(mac.hex(), instead)
                for mac, instead in zip(row["macs"], row["instead"], strict=True)
            ),
        )
        for row in await fetch(connection, _KEPT, {})
    ]
