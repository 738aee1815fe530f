"""Keeps credentials; every change is counted, so that caches can tell."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, Uuid, any_, func, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.credentials import Credential
from lrs.auth.principals import SystemKind
from lrs.auth.restrictions import EVERYTHING, Grant
from lrs.auth.scopes import DEFAULT, Scope, Scopes
from lrs.auth.terms import Terms
from lrs.errors import CredentialConflictError, CredentialNotFoundError
from lrs.storage.access_changes import count_up
from lrs.storage.stores import settings_of
from lrs.storage.tables import credentials, stores
from lrs.xapi.leniencies import Mode

_CLIENT = "client"
_is_valid = credentials.c.revoked.is_(None) & or_(
    credentials.c.expires.is_(None), credentials.c.expires > func.now()
)


_Authority = tuple[int, UUID]

_with_stores: Select[tuple[object, ...]] = (
    select(
        credentials,
        stores.c.name.label("store_name"),
        stores.c.leniency,
        stores.c.settings,
        stores.c.frozen,
    )
    .join_from(credentials, stores, stores.c.id == credentials.c.store)
    .where(credentials.c.kind == _CLIENT)
)


async def list_valid_credentials(connection: AsyncConnection) -> list[Credential]:
    """Return the credentials that are not revoked and not over, of stores that stay."""
    return await _credentials(
        connection,
        _with_stores.where(_is_valid, stores.c.deleting.is_(None)),
    )


async def list_credentials(
    connection: AsyncConnection, store: int | None = None
) -> list[Credential]:
    """Return the credentials of a store, or of all, revoked ones too, oldest first."""
    query = _with_stores if store is None else _with_stores.where(credentials.c.store == store)
    return await _credentials(connection, query.order_by(credentials.c.id))


async def find_credential(
    connection: AsyncConnection, key: str, store: int | None = None
) -> Credential:
    """Return a credential of a store, or of any, also a revoked one.

    Raises:
        CredentialNotFoundError: there is none with this key.
    """
    query = _with_stores.where(credentials.c.key == key)
    if store is not None:
        query = query.where(credentials.c.store == store)
    found = await _credentials(connection, query)
    if not found:
        raise _not_there(key)
    return found[0]


async def lock_credential(
    connection: AsyncConnection, key: str, store: int | None = None
) -> Credential:
    """Return a credential that nobody else changes until the transaction ends.

    Raises:
        CredentialNotFoundError: there is none with this key that is not revoked yet.
    """
    locked = select(credentials.c.id).where(credentials.c.key == key)
    if store is not None:
        locked = locked.where(credentials.c.store == store)
    await connection.execute(locked.with_for_update())
    found = await find_credential(connection, key, store)
    if found.revoked is not None:
        raise _not_there(key)
    return found


def _not_there(key: str) -> CredentialNotFoundError:
    return CredentialNotFoundError(f"there is no valid credential with the key {key!r}")


async def count_valid_credentials(connection: AsyncConnection, store: int) -> int:
    """Return how many credentials of a store are neither revoked nor over."""
    query = select(func.count()).where(
        credentials.c.store == store, credentials.c.kind == _CLIENT, _is_valid
    )
    return int(await connection.scalar(query) or 0)


async def is_authority_used(connection: AsyncConnection, store: int, key: UUID) -> bool:
    """Tell whether a credential of a store was given the Agent with this key as its authority."""
    query = select(credentials.c.id).where(
        credentials.c.store == store, credentials.c.authority_key == key
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def _credentials(
    connection: AsyncConnection, query: Select[tuple[object, ...]]
) -> list[Credential]:
    rows = (await connection.execute(query)).all()
    authorities = {row.authority_key for row in rows if row.authority_key is not None}
    same = await _same_authorities(connection, authorities) if authorities else {}
    return [_credential(row, same) for row in rows]


async def _same_authorities(
    connection: AsyncConnection, authorities: Collection[UUID]
) -> Mapping[_Authority, frozenset[int]]:
    """Return the numbers of the credentials of each authority of a store, found once for all."""
    authority = (credentials.c.store, credentials.c.authority_key)
    query = (
        select(*authority, func.array_agg(credentials.c.id).label("numbers"))
        .where(credentials.c.authority_key == any_(literal([*authorities], ARRAY(Uuid))))
        .group_by(*authority)
    )
    rows = await connection.execute(query)
    return {(row.store, row.authority_key): frozenset(row.numbers) for row in rows}


# The row of a query that is put together from tables has any columns.
def _credential(
    row: Row[tuple[object, ...]], same: Mapping[_Authority, frozenset[int]]
) -> Credential:
    kept = row._mapping  # noqa: SLF001 - the public way to a row as a mapping
    alone = frozenset((kept["id"],))
    return Credential(
        id=kept["id"],
        store=kept["store"],
        store_name=kept["store_name"],
        mode=Mode(kept["leniency"]),
        settings=settings_of(kept["settings"], kept["rates"]),
        frozen=frozenset(kept["frozen"]),
        key=kept["key"],
        secret_mac=kept["secret_mac"],
        label=kept["label"],
        system=kept["system"],
        system_kind=SystemKind(kept["system_kind"]),
        scopes=Scopes(map(Scope, kept["scopes"])),
        grant=Grant.of(kept["agents"], kept["activities"]),
        authority=kept["authority"],
        same_authority=same.get((kept["store"], kept["authority_key"]), alone),
        origins=None if kept["origins"] is None else frozenset(kept["origins"]),
        networks=None if kept["networks"] is None else tuple(kept["networks"]),
        rates=kept["rates"],
        created=kept["created"],
        expires=kept["expires"],
        revoked=kept["revoked"],
        previous_secret_mac=kept["previous_secret_mac"],
        previous_until=kept["previous_until"],
    )


@dataclass(frozen=True, slots=True)
class NewCredential:
    """What is to be kept of a new credential.

    Attributes:
        authority: an Agent as JSON text, and its key; None is the account named by the key.
    """

    key: str
    secret_mac: bytes
    label: str
    system: str
    system_kind: SystemKind
    scopes: Scopes = DEFAULT
    grant: Grant = EVERYTHING
    authority: str | None = None
    authority_key: UUID | None = None
    origins: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None
    rates: Mapping[str, int] = field(default_factory=dict)
    expires: datetime | None = None
    kind: str = _CLIENT


async def insert_credential(connection: AsyncConnection, store: int, new: NewCredential) -> int:
    """Keep a new credential of a store, and return its number.

    Raises:
        CredentialConflictError: the key is taken.
    """
    insertion = insert(credentials).values(
        store=store,
        key=new.key,
        secret_mac=new.secret_mac,
        authority=new.authority,
        authority_key=new.authority_key,
        kind=new.kind,
        **_kept_terms(new),
    )
    try:
        inserted = await connection.execute(insertion.returning(credentials.c.id))
    except IntegrityError as error:
        raise CredentialConflictError(f"the key {new.key!r} is taken") from error
    await count_up(connection)
    return int(inserted.scalar_one())


async def change_credential(connection: AsyncConnection, number: int, terms: Terms) -> None:
    """Keep other terms of a credential."""
    change = update(credentials).where(credentials.c.id == number).values(**_kept_terms(terms))
    await connection.execute(change)
    await count_up(connection)


async def change_secret(
    connection: AsyncConnection, number: int, secret_mac: bytes, overlap: int
) -> None:
    """Keep a new secret of a credential; the one before is good for so many seconds."""
    is_kept = overlap > 0
    change = update(credentials).values(
        secret_mac=secret_mac,
        previous_secret_mac=credentials.c.secret_mac if is_kept else None,
        previous_until=func.now() + timedelta(seconds=overlap) if is_kept else None,
    )
    await connection.execute(change.where(credentials.c.id == number))
    await count_up(connection)


def _kept_terms(terms: Terms | NewCredential) -> dict[str, object]:
    return {
        "label": terms.label,
        "system": terms.system,
        "system_kind": terms.system_kind.value,
        "scopes": sorted(terms.scopes),
        "agents": _array(terms.grant.agents),
        "activities": _array(terms.grant.activities),
        "origins": _array(terms.origins),
        "networks": _array(terms.networks),
        "rates": dict(terms.rates),
        "expires": terms.expires,
    }


def _array(texts: tuple[str, ...] | None) -> list[str] | None:
    return None if texts is None else [*texts]


async def revoke_credential(connection: AsyncConnection, key: str) -> None:
    """Revoke a credential, for good.

    Raises:
        CredentialNotFoundError: there is none with this key that is not revoked yet.
    """
    revocation = (
        update(credentials)
        .where(
            credentials.c.key == key,
            credentials.c.kind == _CLIENT,
            credentials.c.revoked.is_(None),
        )
        .values(revoked=func.now())
        .returning(credentials.c.id)
    )
    if (await connection.execute(revocation)).first() is None:
        raise _not_there(key)
    await count_up(connection)
