"""Keeps stores, and what they set for themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.store_settings import StoreSettings
from lrs.errors import StoreNotFoundError
from lrs.storage.access_changes import count_up
from lrs.storage.tables import stores
from lrs.xapi.leniencies import Mode


@dataclass(frozen=True, slots=True)
class Store:
    """A tenant as it is kept."""

    id: int
    name: str
    mode: Mode
    settings: StoreSettings
    created: datetime
    deleting: datetime | None


async def ensure_store(connection: AsyncConnection, name: str) -> int:
    """Return the number of a store, which is made if it is not there."""
    insertion = postgresql.insert(stores).values(name=name).on_conflict_do_nothing()
    await connection.execute(insertion)
    return int(
        (await connection.execute(select(stores.c.id).where(stores.c.name == name))).scalar_one()
    )


async def list_stores(connection: AsyncConnection) -> list[Store]:
    """Return all stores, oldest first."""
    rows = await connection.execute(select(stores).order_by(stores.c.id))
    return [
        Store(
            row.id,
            row.name,
            Mode(row.leniency),
            settings_of(row.settings),
            row.created,
            row.deleting,
        )
        for row in rows
    ]


async def set_mode(connection: AsyncConnection, name: str, mode: Mode) -> None:
    """Set how strictly a store judges the statements that come from now on.

    Raises:
        StoreNotFoundError: there is none with this name.
    """
    change = (
        update(stores)
        .where(stores.c.name == name)
        .values(leniency=mode.value)
        .returning(stores.c.id)
    )
    if (await connection.execute(change)).first() is None:
        raise StoreNotFoundError(f"there is no store with the name {name!r}")
    await count_up(connection)


def settings_of(*kept: Mapping[str, Any]) -> StoreSettings:
    """Return settings as they were kept; the later of two that name the same one holds."""
    named = {name: value for each in kept for name, value in each.items()}
    return msgspec.convert(named, StoreSettings)
