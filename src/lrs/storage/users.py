"""Keeps people, and what each of them has been granted."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.restrictions import Grant
from lrs.auth.roles import ALL_STORES, Role, RoleGrant
from lrs.errors import UserConflictError, UserNotFoundError
from lrs.storage.access_changes import count_up
from lrs.storage.access_tables import user_grants, users

# The parts of a grant, as the table and the class name them.
_LIMITS = ("agents", "activities", "teams")


@dataclass(frozen=True, slots=True)
class User:
    """Somebody as they are kept, without the password.

    Attributes:
        issuer: of the identity provider that they come by; None for an account of our own.
        subject: who they are to it.
    """

    id: UUID
    name: str
    email: str
    issuer: str | None
    subject: str | None
    has_password: bool
    created: datetime
    disabled: datetime | None


_columns = (
    users.c.id,
    users.c.name,
    users.c.email,
    users.c.issuer,
    users.c.subject,
    users.c.password_hash.is_not(None).label("has_password"),
    users.c.created,
    users.c.disabled,
)
_all: Select[tuple[object, ...]] = select(*_columns)


# The row of a list of columns has any types.
def _user(row: Row[tuple[object, ...]]) -> User:
    return User(**row._mapping)  # noqa: SLF001 - the public way to a row as a mapping


@dataclass(frozen=True, slots=True)
class NewUser:
    """What is to be kept of somebody new."""

    id: UUID
    name: str
    email: str
    issuer: str | None = None
    subject: str | None = None


async def insert_user(connection: AsyncConnection, new: NewUser) -> User:
    """Keep somebody new.

    Raises:
        UserConflictError: the address or the identity belongs to somebody else.
    """
    insertion = insert(users).values(
        id=new.id, name=new.name, email=new.email, issuer=new.issuer, subject=new.subject
    )
    try:
        rows = await connection.execute(insertion.returning(*_columns))
    except IntegrityError as error:
        whose = "address" if new.issuer is None else "identity"
        raise UserConflictError(f"there is somebody with this {whose} already") from error
    return _user(rows.one())


async def get_user(connection: AsyncConnection, user: UUID) -> User:
    """Return somebody.

    Raises:
        UserNotFoundError: there is nobody with this id.
    """
    return _found(await connection.execute(_all.where(users.c.id == user)))


async def lock_user(connection: AsyncConnection, user: UUID) -> User:
    """Return somebody whose power nobody else changes until the transaction ends.

    Raises:
        UserNotFoundError: there is nobody with this id.
    """
    return _found(await connection.execute(_all.where(users.c.id == user).with_for_update()))


async def get_user_by_email(connection: AsyncConnection, email: str) -> User:
    """Return who has an account of our own with this address, however it is written.

    Raises:
        UserNotFoundError: nobody has.
    """
    return _found(await connection.execute(_all.where(*is_local(email))))


async def find_identity(connection: AsyncConnection, issuer: str, subject: str) -> User | None:
    """Return who is known to a provider by this subject, if anybody is."""
    wanted = _all.where(users.c.issuer == issuer, users.c.subject == subject)
    row = (await connection.execute(wanted)).first()
    return None if row is None else _user(row)


def _found(rows: Iterable[Row[tuple[object, ...]]]) -> User:
    for row in rows:
        return _user(row)
    raise UserNotFoundError("there is no such user")


def is_local(email: str) -> tuple[ColumnElement[bool], ...]:
    """Return what tells the account of our own that has this address."""
    return users.c.issuer.is_(None), func.lower(users.c.email) == func.lower(email)


async def list_users(
    connection: AsyncConnection, store: int | None, after: UUID | None, limit: int
) -> list[User]:
    """Return people, oldest first.

    Args:
        connection: to read by.
        store: only who has been granted something in it, or in all; None is everybody.
        after: the id of the last one of the page before.
        limit: the most that are returned.
    """
    wanted = _all.order_by(users.c.id).limit(limit)
    if after is not None:
        wanted = wanted.where(users.c.id > after)
    if store is not None:
        granted = select(user_grants.c.user).where(user_grants.c.store.in_((store, ALL_STORES)))
        wanted = wanted.where(users.c.id.in_(granted))
    return [_user(row) for row in await connection.execute(wanted)]


async def rename_user(connection: AsyncConnection, user: UUID, name: str) -> None:
    """Change what somebody is called."""
    await connection.execute(update(users).where(users.c.id == user).values(name=name))


async def set_identity_details(
    connection: AsyncConnection, user: UUID, name: str, email: str
) -> None:
    """Keep what the provider says of somebody who comes by it."""
    await connection.execute(update(users).where(users.c.id == user).values(name=name, email=email))


async def set_disabled(connection: AsyncConnection, user: UUID, *, disabled: bool) -> None:
    """Keep somebody out, or let them in again; the first moment of being kept out stays."""
    since = func.coalesce(users.c.disabled, func.now()) if disabled else None
    await connection.execute(update(users).where(users.c.id == user).values(disabled=since))
    await count_up(connection)


async def grants_of(
    connection: AsyncConnection, of: Collection[UUID]
) -> Mapping[UUID, Sequence[RoleGrant]]:
    """Return what people have been granted; who has nothing is there with nothing."""
    wanted = select(user_grants).where(user_grants.c.user.in_(of))
    found: dict[UUID, list[RoleGrant]] = {user: [] for user in of}
    for row in await connection.execute(wanted.order_by(user_grants.c.store, user_grants.c.role)):
        grant = Grant.of(row.agents, row.activities, row.teams)
        found[row.user].append(RoleGrant(row.store, Role(row.role), grant, row.by_claims))
    return found


async def replace_grants(
    connection: AsyncConnection, user: UUID, grants: Iterable[RoleGrant], store: int | None = None
) -> None:
    """Give somebody these roles in place of those they were given by hand.

    What the claims of a provider gave stays, unless it is given by hand now.

    Args:
        connection: within a writing transaction.
        user: who gets them.
        grants: all that is given now.
        store: only what holds in this store is replaced; None is everything.
    """
    removal = delete(user_grants).where(user_grants.c.user == user, ~user_grants.c.by_claims)
    if store is not None:
        removal = removal.where(user_grants.c.store == store)
    await connection.execute(removal)
    if rows := [_grant_row(user, grant) for grant in grants]:
        insertion = postgresql.insert(user_grants).values(rows)
        given = {name: insertion.excluded[name] for name in (*_LIMITS, "by_claims")}
        key = (user_grants.c.user, user_grants.c.store, user_grants.c.role)
        await connection.execute(insertion.on_conflict_do_update(index_elements=[*key], set_=given))
    await count_up(connection)


async def replace_grants_by_claims(
    connection: AsyncConnection, user: UUID, grants: Iterable[RoleGrant]
) -> None:
    """Give somebody what the claims of a provider say now; what was given by hand stays."""
    await connection.execute(
        delete(user_grants).where(user_grants.c.user == user, user_grants.c.by_claims)
    )
    if rows := [_grant_row(user, grant) for grant in grants]:
        insertion = postgresql.insert(user_grants).values(rows)
        await connection.execute(insertion.on_conflict_do_nothing())
    await count_up(connection)


def _grant_row(user: UUID, grant: RoleGrant) -> dict[str, object]:
    limits = {name: getattr(grant.grant, name) for name in _LIMITS}
    return {
        "user": user,
        "store": grant.store,
        "role": grant.role.value,
        **{name: None if named is None else [*named] for name, named in limits.items()},
        "by_claims": grant.by_claims,
    }
