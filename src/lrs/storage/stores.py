"""Keeps stores, and what they set for themselves."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.store_settings import AS_THE_SERVICE, StoreSettings
from lrs.errors import StoreConflictError, StoreNotFoundError, UnauthenticatedError
from lrs.storage.access_changes import count_up
from lrs.storage.tables import stores
from lrs.xapi.leniencies import Mode


@dataclass(frozen=True, slots=True)
class Store:
    """A tenant as it is kept.

    Attributes:
        deleting: since when it is being deleted; None if it stays.
        pseudonymous: its actors are kept by pseudonyms alone.
    """

    id: int
    name: str
    mode: Mode
    settings: StoreSettings
    created: datetime
    deleting: datetime | None
    pseudonymous: bool = False


async def ensure_store(connection: AsyncConnection, name: str) -> int:
    """Return the number of a store, which is made if it is not there.

    Until the transaction ends it cannot begin to be deleted.

    Raises:
        StoreConflictError: it is being deleted.
    """
    insertion = postgresql.insert(stores).values(name=name).on_conflict_do_nothing()
    await connection.execute(insertion)
    locked = select(stores).where(stores.c.name == name).with_for_update(read=True)
    kept = (await connection.execute(locked)).one()
    if kept.deleting is not None:
        raise _going(name)
    return int(kept.id)


async def insert_store(
    connection: AsyncConnection, name: str, mode: Mode, settings: StoreSettings
) -> Store:
    """Keep a new store.

    Raises:
        StoreConflictError: the name is taken.
    """
    insertion = insert(stores).values(
        name=name, leniency=mode.value, settings=_kept_settings(settings)
    )
    try:
        inserted = await connection.execute(insertion.returning(stores))
    except IntegrityError as error:
        raise StoreConflictError(f"there is a store with the name {name!r} already") from error
    return _store(inserted.one())


async def list_stores(connection: AsyncConnection) -> list[Store]:
    """Return all stores, oldest first."""
    return [_store(row) for row in await connection.execute(select(stores).order_by(stores.c.id))]


async def find_store(connection: AsyncConnection, name: str) -> Store:
    """Return a store.

    Raises:
        StoreNotFoundError: there is none with this name.
    """
    row = (await connection.execute(select(stores).where(stores.c.name == name))).first()
    if row is None:
        raise _not_there(name)
    return _store(row)


async def name_of_store(connection: AsyncConnection, store: int) -> str:
    """Return the name of a store that is there."""
    return str(await connection.scalar(select(stores.c.name).where(stores.c.id == store)))


async def lock_store(connection: AsyncConnection, name: str) -> Store:
    """Return a store that nobody else changes until the transaction ends.

    Raises:
        StoreNotFoundError: there is none with this name.
        StoreConflictError: it is being deleted.
    """
    locked = select(stores).where(stores.c.name == name).with_for_update()
    row = (await connection.execute(locked)).first()
    if row is None:
        raise _not_there(name)
    if row.deleting is not None:
        raise _going(name)
    return _store(row)


async def update_store(
    connection: AsyncConnection, store: int, mode: Mode, settings: StoreSettings
) -> None:
    """Have a store judge and be limited otherwise from now on; all processes are told."""
    change = update(stores).where(stores.c.id == store)
    await connection.execute(change.values(leniency=mode.value, settings=_kept_settings(settings)))
    await count_up(connection)


def being_deleted() -> UnauthenticatedError:
    """Return what is told to who was let in just before the store began to be deleted."""
    return UnauthenticatedError("the store of these credentials is being deleted")


def settings_of(*kept: Mapping[str, Any]) -> StoreSettings:
    """Return settings as they were kept; the later of two that name the same one holds."""
    named = {name: value for each in kept for name, value in each.items()}
    return msgspec.convert(named, StoreSettings) if named else AS_THE_SERVICE


def _kept_settings(settings: StoreSettings) -> dict[str, object]:
    return {name: value for name, value in asdict(settings).items() if value is not None}


# The row of a query over all columns of a table has any columns.
def _store(row: Row[Any]) -> Store:
    return Store(
        row.id,
        row.name,
        Mode(row.leniency),
        settings_of(row.settings),
        row.created,
        row.deleting,
        row.pseudonymous,
    )


def _not_there(name: str) -> StoreNotFoundError:
    return StoreNotFoundError(f"there is no store with the name {name!r}")


def _going(name: str) -> StoreConflictError:
    return StoreConflictError(f"the store {name!r} is being deleted")
