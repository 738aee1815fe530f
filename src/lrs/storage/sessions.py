"""Keeps who is signed in, by hashes of what their browsers hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.roles import Role
from lrs.storage.access_tables import sessions, users
from lrs.storage.tables import stores
from lrs.storage.writers import OpenStore, open_store


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in.

    Attributes:
        store: the number of the one that they look at; 0 if they have not been given any.
        role: that they act in; None if they have not been given any.
    """

    user: UUID
    name: str
    email: str
    store: int
    role: Role | None
    expires: datetime


@dataclass(frozen=True, slots=True)
class NewSession:
    """What is to be kept of a new session."""

    digest: bytes
    user: UUID
    store: int
    role: Role | None
    valid: timedelta


async def insert_session(connection: AsyncConnection, new: NewSession) -> datetime:
    """Keep that somebody is signed in, and forget sessions that are over.

    Returns:
        until when it holds.
    """
    await connection.execute(delete(sessions).where(sessions.c.expires <= func.now()))
    insertion = insert(sessions).values(
        digest=new.digest,
        user=new.user,
        store=new.store,
        role=new.role.value if new.role else None,
        expires=func.now() + new.valid,
    )
    made = await connection.execute(insertion.returning(sessions.c.expires))
    moment: datetime = made.scalar_one()
    return moment


async def find_session(connection: AsyncConnection, digest: bytes) -> Session | None:
    """Return whose session it is, if it is not over and they are not kept out."""
    wanted = (
        select(sessions, users.c.name, users.c.email)
        .join(users, users.c.id == sessions.c.user)
        .where(
            sessions.c.digest == digest,
            sessions.c.expires > func.now(),
            users.c.disabled.is_(None),
        )
    )
    row = (await connection.execute(wanted)).first()
    if row is None:
        return None
    role = None if row.role is None else Role(row.role)
    return Session(row.user, row.name, row.email, row.store, role, row.expires)


async def choose(connection: AsyncConnection, digest: bytes, store: int, role: Role) -> None:
    """Keep in which store and role somebody wants to act from now on."""
    change = update(sessions).where(sessions.c.digest == digest)
    await connection.execute(change.values(store=store, role=role.value))


@dataclass(frozen=True, slots=True)
class EndedSession:
    """Whose session it was, and where they acted."""

    user: UUID
    store: int


async def end_session(connection: AsyncConnection, digest: bytes) -> EndedSession | None:
    """Forget a session, and return whose it was, if there was one."""
    ending = delete(sessions).where(sessions.c.digest == digest)
    ended = await connection.execute(ending.returning(sessions.c.user, sessions.c.store))
    row = ended.first()
    return None if row is None else EndedSession(row.user, row.store)


async def end_sessions_of(connection: AsyncConnection, user: UUID) -> None:
    """Sign somebody out everywhere."""
    await connection.execute(delete(sessions).where(sessions.c.user == user))


async def list_open_stores(connection: AsyncConnection) -> Sequence[OpenStore]:
    """Return the stores that somebody can be let into, oldest first."""
    wanted = select(stores).where(stores.c.deleting.is_(None)).order_by(stores.c.id)
    return [open_store(row) for row in await connection.execute(wanted)]


async def store_names(connection: AsyncConnection) -> dict[int, str]:
    """Return what the stores that somebody can be let into are called, by their numbers."""
    wanted = select(stores.c.id, stores.c.name).where(stores.c.deleting.is_(None))
    return {row.id: row.name for row in await connection.execute(wanted)}
