"""Keeps who asked whose a pseudonym is, and who else agreed; the answer itself is kept nowhere."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import ReidentificationNotFoundError
from lrs.people.reidentifications import Reidentification
from lrs.storage.privacy_tables import reidentifications


@dataclass(frozen=True, slots=True)
class NewReidentification:
    """What is to be kept of somebody's wish."""

    id: UUID
    agent: UUID
    reason: str
    asked_by: UUID


_columns = tuple(each for each in reidentifications.c if each.name != "store")
_all: Select[Any] = select(*_columns, func.clock_timestamp().label("now"))


async def insert_reidentification(
    connection: AsyncConnection, store: int, new: NewReidentification
) -> None:
    """Keep that somebody has asked."""
    values = {name: getattr(new, name) for name in new.__slots__}
    await connection.execute(insert(reidentifications).values(store=store, **values))


async def get_reidentification(
    connection: AsyncConnection, store: int, identifier: UUID, *, locked: bool = False
) -> Reidentification:
    """Return one of a store.

    Args:
        connection: if it is to be locked, within a transaction.
        store: where it was asked.
        identifier: of it.
        locked: nobody else agrees to it until the transaction ends.

    Raises:
        ReidentificationNotFoundError: there is none.
    """
    query = _all.where(reidentifications.c.store == store, reidentifications.c.id == identifier)
    row = (await connection.execute(query.with_for_update() if locked else query)).first()
    if row is None:
        raise ReidentificationNotFoundError(f"there is no re-identification {identifier}")
    return _read(row)


async def list_reidentifications(
    connection: AsyncConnection, store: int, limit: int, before: UUID | None
) -> list[Reidentification]:
    """Return those of a store, newest first; `before` is the last one of the page before."""
    query = _all.where(reidentifications.c.store == store)
    if before is not None:
        query = query.where(reidentifications.c.id < before)
    rows = await connection.execute(query.order_by(reidentifications.c.id.desc()).limit(limit))
    return [_read(row) for row in rows]


async def approve(connection: AsyncConnection, store: int, identifier: UUID, user: UUID) -> None:
    """Keep that somebody has agreed, within the transaction that has locked it."""
    change = update(reidentifications).where(
        reidentifications.c.store == store, reidentifications.c.id == identifier
    )
    await connection.execute(change.values(approved_by=user, approved=func.clock_timestamp()))


# The row of a list of columns has any types.
def _read(row: Row[Any]) -> Reidentification:
    return Reidentification(**row._mapping)  # noqa: SLF001 - the public way to a row as a mapping
