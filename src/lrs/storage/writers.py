"""Finds what statements are kept as brought by, if not by a credential that somebody can show."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.store_settings import StoreSettings
from lrs.storage.stores import settings_of
from lrs.storage.tables import credentials, stores
from lrs.xapi.leniencies import Mode


@dataclass(frozen=True, slots=True)
class Writer:
    """A row of credentials that stands for a client of an issuer, or for a person.

    Attributes:
        number: of the row.
        same_authority: the numbers of all credentials of the store with the same authority.
        is_revoked: whether it was taken back.
    """

    number: int
    same_authority: frozenset[int]
    is_revoked: bool


@dataclass(frozen=True, slots=True)
class OpenStore:
    """A store that is not being deleted, and how it judges statements.

    Attributes:
        frozen: the keys of those whose data it may only keep.
    """

    id: int
    name: str
    mode: Mode
    settings: StoreSettings
    frozen: frozenset[UUID] = frozenset()


async def find_writer(connection: AsyncConnection, key: str) -> Writer | None:
    """Return the row with this key, if it is there."""
    other = credentials.alias("other")
    same = (
        select(func.array_agg(other.c.id))
        .where(
            other.c.store == credentials.c.store,
            other.c.authority_key == credentials.c.authority_key,
        )
        .scalar_subquery()
    )
    query = select(credentials.c.id, credentials.c.revoked, same.label("same_authority"))
    row = (await connection.execute(query.where(credentials.c.key == key))).first()
    if row is None:
        return None
    return Writer(row.id, frozenset(row.same_authority or [row.id]), row.revoked is not None)


async def find_open_store(connection: AsyncConnection, name: str) -> OpenStore | None:
    """Return the store with this name, unless it is being deleted."""
    query = select(stores).where(stores.c.name == name, stores.c.deleting.is_(None))
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    return open_store(row)


# The row of a query over all columns of a table has any columns.
def open_store(row: Row[Any]) -> OpenStore:
    """Return a store as it is kept."""
    settings = settings_of(row.settings)
    return OpenStore(row.id, row.name, Mode(row.leniency), settings, frozenset(row.frozen))
