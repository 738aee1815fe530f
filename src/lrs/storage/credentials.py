"""Keeps stores and credentials; every change counts one number up, so that caches can tell."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.principals import Principal, SystemKind
from lrs.errors import CredentialConflictError, CredentialNotFoundError, StoreNotFoundError
from lrs.storage.tables import credential_changes, credentials, stores
from lrs.xapi.leniencies import Mode

_with_stores = select(credentials, stores.c.name.label("store_name"), stores.c.leniency).join_from(
    credentials, stores, stores.c.id == credentials.c.store
)


@dataclass(frozen=True, slots=True)
class Store:
    """A tenant as it is kept."""

    name: str
    mode: Mode
    created: datetime


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential as it is kept, without its secret."""

    principal: Principal
    secret_mac: bytes
    created: datetime
    revoked: datetime | None


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
    return [Store(row.name, Mode(row.leniency), row.created) for row in rows]


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
    await _count_up(connection)


async def count_changes(connection: AsyncConnection) -> int:
    """Return a number that grows with every change of a credential or a store."""
    return int(await connection.scalar(select(credential_changes.c.count)) or 0)


async def list_valid_credentials(connection: AsyncConnection) -> list[Credential]:
    """Return the credentials that are not revoked."""
    return await _credentials(connection, _with_stores.where(credentials.c.revoked.is_(None)))


async def list_credentials(connection: AsyncConnection) -> list[Credential]:
    """Return all credentials, revoked ones too, oldest first."""
    return await _credentials(connection, _with_stores.order_by(credentials.c.id))


async def _credentials(
    connection: AsyncConnection, query: Select[tuple[object, ...]]
) -> list[Credential]:
    rows = await connection.execute(query)
    return [
        Credential(
            Principal(
                store=row.store,
                store_name=row.store_name,
                mode=Mode(row.leniency),
                credential=row.id,
                key=row.key,
                label=row.label,
                system=row.system,
                system_kind=SystemKind(row.system_kind),
            ),
            row.secret_mac,
            row.created,
            row.revoked,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class NewCredential:
    """What is to be kept of a new credential."""

    key: str
    secret_mac: bytes
    label: str
    system: str
    system_kind: SystemKind


async def insert_credential(connection: AsyncConnection, store: int, new: NewCredential) -> None:
    """Keep a new credential of a store.

    Raises:
        CredentialConflictError: the key is taken.
    """
    insertion = insert(credentials).values(
        store=store,
        key=new.key,
        secret_mac=new.secret_mac,
        label=new.label,
        system=new.system,
        system_kind=new.system_kind.value,
    )
    try:
        await connection.execute(insertion)
    except IntegrityError as error:
        raise CredentialConflictError(f"the key {new.key!r} is taken") from error
    await _count_up(connection)


async def revoke_credential(connection: AsyncConnection, key: str) -> None:
    """Revoke a credential, for good.

    Raises:
        CredentialNotFoundError: there is none with this key that is not revoked yet.
    """
    revocation = (
        update(credentials)
        .where(credentials.c.key == key, credentials.c.revoked.is_(None))
        .values(revoked=func.now())
        .returning(credentials.c.id)
    )
    if (await connection.execute(revocation)).first() is None:
        raise CredentialNotFoundError(f"there is no valid credential with the key {key!r}")
    await _count_up(connection)


async def _count_up(connection: AsyncConnection) -> None:
    count = credential_changes.c.count
    insertion = postgresql.insert(credential_changes).values(count=1)
    await connection.execute(
        insertion.on_conflict_do_update(
            index_elements=[credential_changes.c.only], set_={"count": count + 1}
        )
    )
