"""Keeps which stores are pseudonymous, and, sealed, whose each pseudonym is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Integer,
    LargeBinary,
    Select,
    Uuid,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import PseudonymousStoreError, StoreNotFoundError
from lrs.storage.driver import fetch, fetch_value
from lrs.storage.privacy_tables import pseudonym_keys, pseudonyms
from lrs.storage.tables import agents, stores


@dataclass(frozen=True, slots=True)
class KeptPseudonymKey:
    """Which key a store has.

    Attributes:
        fingerprint: of the key; None if the store is no pseudonymous one.
        forgotten: when it was thrown away.
    """

    store: int
    name: str
    fingerprint: str | None
    forgotten: datetime | None


_STORE = bindparam("store", type_=Integer)
_keys: Select[Any] = select(
    stores.c.id,
    stores.c.name,
    stores.c.pseudonymous,
    pseudonym_keys.c.fingerprint,
    pseudonym_keys.c.forgotten,
).outerjoin_from(stores, pseudonym_keys, pseudonym_keys.c.store == stores.c.id)
_key = _keys.where(stores.c.id == _STORE)
_is_pseudonymous = select(stores.c.pseudonymous).where(stores.c.id == _STORE)
_sent = (
    func.unnest(
        bindparam("agents", type_=ARRAY(Uuid)), bindparam("sealed", type_=ARRAY(LargeBinary))
    )
    .table_valued("agent", "sealed")
    .render_derived("sent")
)
# Only of whom the store knows: who was erased meanwhile does not come back by this.
_sealing = (
    postgresql.insert(pseudonyms)
    .from_select(
        ["store", "agent", "sealed"],
        select(_STORE, _sent.c.agent, _sent.c.sealed).where(
            select(agents.c.key)
            .where(agents.c.store == _STORE, agents.c.key == _sent.c.agent)
            .exists()
        ),
    )
    .on_conflict_do_nothing()
)
_sealed = select(pseudonyms.c.sealed).where(
    pseudonyms.c.store == _STORE, pseudonyms.c.agent == bindparam("agent", type_=Uuid)
)


async def insert_pseudonym_key(connection: AsyncConnection, store: int, fingerprint: str) -> None:
    """Keep that a new store has this key; nothing was written to it yet."""
    await connection.execute(insert(pseudonym_keys).values(store=store, fingerprint=fingerprint))
    change = update(stores).where(stores.c.id == store)
    await connection.execute(change.values(pseudonymous=True))


async def find_pseudonym_key(connection: AsyncConnection, store: int) -> KeptPseudonymKey | None:
    """Return which key a store has; None if there is no such store."""
    rows = await fetch(connection, _key, {"store": store})
    return _kept(rows[0]) if rows else None


async def lock_pseudonym_key(connection: AsyncConnection, name: str) -> KeptPseudonymKey:
    """Return which key the store of a name has; nobody else changes that in the meantime.

    Raises:
        StoreNotFoundError: there is no such store.
        PseudonymousStoreError: it is no pseudonymous one.
    """
    locked = _keys.where(stores.c.name == name).with_for_update(of=stores)
    row = (await connection.execute(locked)).mappings().first()
    if row is None:
        raise StoreNotFoundError(f"there is no store with the name {name!r}")
    kept = _kept(row)
    if kept.fingerprint is None:
        raise PseudonymousStoreError(f"the store {name!r} is not pseudonymous, it has no key")
    return kept


# A row of SQLAlchemy or of the driver, of any types.
def _kept(row: Any) -> KeptPseudonymKey:  # noqa: ANN401 - see above
    fingerprint = (row["fingerprint"] or "") if row["pseudonymous"] else None
    return KeptPseudonymKey(row["id"], row["name"], fingerprint, row["forgotten"])


async def forget_pseudonyms(connection: AsyncConnection, store: int, forgotten_by: str) -> int:
    """Keep that the key was thrown away, delete what it has sealed, and return how much that was.

    Args:
        connection: within the transaction that has called `lock_pseudonym_key`.
        store: whose key it was.
        forgotten_by: who has done it.
    """
    change = update(pseudonym_keys).where(pseudonym_keys.c.store == store)
    await connection.execute(
        change.values(forgotten=func.clock_timestamp(), forgotten_by=forgotten_by)
    )
    gone = await connection.execute(delete(pseudonyms).where(pseudonyms.c.store == store))
    return gone.rowcount


async def keep_sealed(
    connection: AsyncConnection, store: int, sealed: Mapping[UUID, bytes]
) -> None:
    """Keep whose pseudonyms are, of those that the store knows of.

    Args:
        connection: on which each statement may stand alone.
        store: the store of all.
        sealed: by the keys of the pseudonyms.
    """
    values = {"store": store, "agents": [*sealed], "sealed": [*sealed.values()]}
    await fetch(connection, _sealing, values)


async def find_sealed(connection: AsyncConnection, store: int, agent: UUID) -> bytes | None:
    """Return what is sealed of a pseudonym; None if nothing is."""
    found: bytes | None = await fetch_value(connection, _sealed, {"store": store, "agent": agent})
    return found


async def refuse_pseudonymous(connection: AsyncConnection, store: int) -> None:
    """Refuse what would tell a pseudonymous store who somebody is.

    Raises:
        PseudonymousStoreError: the store is pseudonymous.
    """
    if await fetch_value(connection, _is_pseudonymous, {"store": store}):
        raise PseudonymousStoreError(
            "a pseudonymous store keeps nobody by name: persons, their attributes and teams belong"
            " into another store (docs/pseudonyms.md)"
        )
