"""Keeps credentials; every change is counted, so that caches can tell."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, Select, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.principals import SystemKind
from lrs.auth.restrictions import EVERYTHING, Grant
from lrs.auth.scopes import DEFAULT, Scope, Scopes
from lrs.auth.store_settings import StoreSettings
from lrs.errors import CredentialConflictError, CredentialNotFoundError
from lrs.storage.access_changes import count_up
from lrs.storage.stores import settings_of
from lrs.storage.tables import credentials, stores
from lrs.xapi.leniencies import Mode

_CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential as it is kept, without its secret.

    Attributes:
        settings: of its store, with the rates of its own.
        secret_mac: of the secret; `previous_secret_mac` of the one before, good for a while.
        scopes: as they were granted.
        authority: an Agent as JSON text; None is the account that is named by the key.
        same_authority: the numbers of all credentials of the store with the same authority.
        origins: of pages that may use it; None is any.
        networks: of addresses that may use it; None is any.
    """

    id: int
    store: int
    store_name: str
    mode: Mode
    settings: StoreSettings
    key: str
    secret_mac: bytes
    label: str
    system: str
    system_kind: SystemKind
    scopes: Scopes
    grant: Grant
    authority: str | None
    same_authority: frozenset[int]
    origins: frozenset[str] | None
    networks: tuple[str, ...] | None
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    previous_secret_mac: bytes | None
    previous_until: datetime | None


def _all() -> Select[tuple[object, ...]]:
    other = credentials.alias("other")
    same = (
        select(func.array_agg(other.c.id))
        .where(
            other.c.store == credentials.c.store,
            other.c.authority_key == credentials.c.authority_key,
        )
        .scalar_subquery()
    )
    return (
        select(
            credentials,
            stores.c.name.label("store_name"),
            stores.c.leniency,
            stores.c.settings,
            same.label("same_authority"),
        )
        .join_from(credentials, stores, stores.c.id == credentials.c.store)
        .where(credentials.c.kind == _CLIENT)
    )


_with_stores = _all()


async def list_valid_credentials(connection: AsyncConnection) -> list[Credential]:
    """Return the credentials that are not revoked and not over, of stores that stay."""
    return await _credentials(
        connection,
        _with_stores.where(
            credentials.c.revoked.is_(None),
            or_(credentials.c.expires.is_(None), credentials.c.expires > func.now()),
            stores.c.deleting.is_(None),
        ),
    )


async def list_credentials(connection: AsyncConnection) -> list[Credential]:
    """Return all credentials, revoked ones too, oldest first."""
    return await _credentials(connection, _with_stores.order_by(credentials.c.id))


async def _credentials(
    connection: AsyncConnection, query: Select[tuple[object, ...]]
) -> list[Credential]:
    return [_credential(row) for row in await connection.execute(query)]


# The row of a query that is put together from tables has any columns.
def _credential(row: Row[tuple[object, ...]]) -> Credential:
    kept = row._mapping  # noqa: SLF001 - the public way to a row as a mapping
    return Credential(
        id=kept["id"],
        store=kept["store"],
        store_name=kept["store_name"],
        mode=Mode(kept["leniency"]),
        settings=settings_of(kept["settings"], kept["rates"]),
        key=kept["key"],
        secret_mac=kept["secret_mac"],
        label=kept["label"],
        system=kept["system"],
        system_kind=SystemKind(kept["system_kind"]),
        scopes=Scopes(map(Scope, kept["scopes"])),
        grant=Grant.of(kept["agents"], kept["activities"]),
        authority=kept["authority"],
        same_authority=frozenset(kept["same_authority"] or [kept["id"]]),
        origins=None if kept["origins"] is None else frozenset(kept["origins"]),
        networks=None if kept["networks"] is None else tuple(kept["networks"]),
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
    rates: dict[str, int] = field(default_factory=dict)
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
        label=new.label,
        system=new.system,
        system_kind=new.system_kind.value,
        scopes=sorted(new.scopes),
        agents=_array(new.grant.agents),
        activities=_array(new.grant.activities),
        authority=new.authority,
        authority_key=new.authority_key,
        origins=_array(new.origins),
        networks=_array(new.networks),
        rates=new.rates,
        expires=new.expires,
        kind=new.kind,
    )
    try:
        inserted = await connection.execute(insertion.returning(credentials.c.id))
    except IntegrityError as error:
        raise CredentialConflictError(f"the key {new.key!r} is taken") from error
    await count_up(connection)
    return int(inserted.scalar_one())


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
        raise CredentialNotFoundError(f"there is no valid credential with the key {key!r}")
    await count_up(connection)
