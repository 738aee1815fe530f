"""Keeps what became of launch tokens; the tokens themselves are signed texts and need no row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, insert, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.access_changes import count_up
from lrs.storage.access_tables import launch_tokens
from lrs.storage.tables import credentials

# More are not listed.
MOST_LISTED = 1_000
# The fetch URL of a token is good for so long after the token was made.
_FETCHABLE = timedelta(minutes=15)
# Those that are over are forgotten after this time, some with each new one.
_REMEMBERED = timedelta(days=7)
_FORGOTTEN_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class NewLaunch:
    """What is to be kept of a new launch token.

    Attributes:
        credential: the number of the one that makes it.
        actor: an Agent as JSON text.
        activity: an IRI.
    """

    id: UUID
    credential: int
    actor: str
    registration: UUID
    activity: str
    hours: int


@dataclass(frozen=True, slots=True)
class KeptLaunch:
    """A launch token as it is kept.

    Attributes:
        credential: the number of the one that made it; `key` is what people know that one by.
        actor: an Agent as JSON text.
        fetched: when its fetch URL was used.
    """

    id: UUID
    credential: int
    key: str
    actor: str
    registration: UUID
    activity: str
    created: datetime
    expires: datetime
    fetched: datetime | None
    revoked: datetime | None


_OF_TOKEN = (
    launch_tokens.c.id,
    launch_tokens.c.credential,
    credentials.c.key,
    launch_tokens.c.actor,
    launch_tokens.c.registration,
    launch_tokens.c.activity,
    launch_tokens.c.created,
    launch_tokens.c.expires,
    launch_tokens.c.fetched,
    launch_tokens.c.revoked,
)
_kept = select(*_OF_TOKEN).join_from(
    launch_tokens, credentials, credentials.c.id == launch_tokens.c.credential
)
_runs = launch_tokens.c.revoked.is_(None) & (launch_tokens.c.expires > func.now())
_is_fetchable = launch_tokens.c.fetched.is_(None) & (
    launch_tokens.c.created > func.now() - _FETCHABLE
)


async def insert_launch_token(connection: AsyncConnection, store: int, new: NewLaunch) -> datetime:
    """Keep a new launch token of a store, and return when it ends."""
    await _forget(connection)
    insertion = insert(launch_tokens).values(
        store=store,
        id=new.id,
        credential=new.credential,
        actor=new.actor,
        registration=new.registration,
        activity=new.activity,
        expires=func.now() + timedelta(hours=new.hours),
    )
    inserted = await connection.execute(insertion.returning(launch_tokens.c.expires))
    expires: datetime = inserted.scalar_one()
    return expires


async def _forget(connection: AsyncConnection) -> None:
    which = (launch_tokens.c.store, launch_tokens.c.id)
    over = (
        select(*which)
        .where(launch_tokens.c.expires < func.now() - _REMEMBERED)
        .order_by(launch_tokens.c.expires)
        .limit(_FORGOTTEN_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await connection.execute(delete(launch_tokens).where(tuple_(*which).in_(over)))


async def list_launch_tokens(
    connection: AsyncConnection, store: int, credential: int | None
) -> Sequence[KeptLaunch]:
    """Return the launch tokens that run, newest first; of one credential if it is given."""
    query = (
        _kept.where(launch_tokens.c.store == store, _runs, _of(credential))
        .order_by(launch_tokens.c.created.desc(), launch_tokens.c.id)
        .limit(MOST_LISTED)
    )
    return [KeptLaunch(**row) for row in (await connection.execute(query)).mappings()]


async def find_launch_token(
    connection: AsyncConnection, store: int, identifier: UUID
) -> KeptLaunch | None:
    """Return a launch token, whatever became of it."""
    query = _kept.where(launch_tokens.c.store == store, launch_tokens.c.id == identifier)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else KeptLaunch(**row)


async def take_launch_token(connection: AsyncConnection, store: int, identifier: UUID) -> bool:
    """Note that a launch token is handed out by its fetch URL; tell whether it may be.

    It may be once, some minutes long, as long as it runs.
    """
    taking = (
        update(launch_tokens)
        .where(
            launch_tokens.c.store == store, launch_tokens.c.id == identifier, _runs, _is_fetchable
        )
        .values(fetched=func.now())
        .returning(launch_tokens.c.id)
    )
    return (await connection.execute(taking)).first() is not None


async def revoke_launch_token(
    connection: AsyncConnection, store: int, identifier: UUID, credential: int | None
) -> bool:
    """Revoke a launch token that runs, for good, and tell whether there was one.

    Args:
        connection: within a writing transaction.
        store: the store of the token.
        identifier: of the token.
        credential: the number of the one that must have made it; None is any.
    """
    revocation = (
        update(launch_tokens)
        .where(
            launch_tokens.c.store == store,
            launch_tokens.c.id == identifier,
            _runs,
            _of(credential),
        )
        .values(revoked=func.now())
        .returning(launch_tokens.c.id)
    )
    if (await connection.execute(revocation)).first() is None:
        return False
    await count_up(connection)
    return True


async def list_revoked_launches(connection: AsyncConnection) -> frozenset[UUID]:
    """Return the ids of the launch tokens of all stores that are revoked and not over yet."""
    revoked = select(launch_tokens.c.id).where(
        launch_tokens.c.revoked.is_not(None), launch_tokens.c.expires > func.now()
    )
    return frozenset(await connection.scalars(revoked))


def _of(credential: int | None) -> ColumnElement[bool]:
    return true() if credential is None else launch_tokens.c.credential == credential
