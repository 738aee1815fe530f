"""Keeps the passwords of accounts of our own, wrong tries at them, and links that set them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.passwords import FREE_FAILURES, LONGEST_WAIT
from lrs.storage.access_tables import set_up_links, users
from lrs.storage.users import is_local

# Two to a greater power is beyond the longest wait.
_GREATEST_POWER: Final = 20


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that may go on.

    Attributes:
        password_hash: None if no password was ever set.
    """

    user: UUID
    password_hash: str | None


async def begin_attempt(connection: AsyncConnection, email: str) -> Attempt | None:
    """Count a try at the account with this address as wrong, before anybody knows.

    So of many tries at once no more are looked at than of those one after another.

    Returns:
        Nothing if there is no such account, it is disabled, or it must wait.
    """
    failures = users.c.failures + 1
    power = func.least(failures - FREE_FAILURES + 1, _GREATEST_POWER)
    seconds = func.least(func.power(2, power), LONGEST_WAIT)
    wait = func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    trying = (
        update(users)
        .where(
            *is_local(email),
            users.c.disabled.is_(None),
            or_(users.c.locked_until.is_(None), users.c.locked_until <= func.now()),
        )
        .values(
            failures=failures,
            locked_until=case((failures >= FREE_FAILURES, func.now() + wait), else_=None),
        )
        .returning(users.c.id, users.c.password_hash)
    )
    row = (await connection.execute(trying)).first()
    return None if row is None else Attempt(row.id, row.password_hash)


async def forget_failures(connection: AsyncConnection, user: UUID, password_hash: str) -> bool:
    """Begin to count anew, since the password was right; tell whether it still is.

    Args:
        connection: within a writing transaction.
        user: whose password it was.
        password_hash: that it was compared with: another may have been set meanwhile.
    """
    change = (
        update(users)
        .where(users.c.id == user, users.c.password_hash == password_hash)
        .values(failures=0, locked_until=None)
        .returning(users.c.id)
    )
    return (await connection.execute(change)).first() is not None


async def set_password_hash(connection: AsyncConnection, user: UUID, password_hash: str) -> None:
    """Keep a password in place of the one before."""
    change = update(users).where(users.c.id == user)
    await connection.execute(
        change.values(password_hash=password_hash, failures=0, locked_until=None)
    )


async def replace_set_up_link(
    connection: AsyncConnection, user: UUID, digest: bytes, valid: timedelta
) -> datetime:
    """Keep a link that sets a password once; those made before are good no more.

    Returns:
        until when it is good.
    """
    await end_set_up_links(connection, user)
    insertion = insert(set_up_links).values(digest=digest, user=user, expires=func.now() + valid)
    made = await connection.execute(insertion.returning(set_up_links.c.expires))
    moment: datetime = made.scalar_one()
    return moment


async def end_set_up_links(connection: AsyncConnection, user: UUID) -> None:
    """Take back the links that set somebody's password, and forget all that are over."""
    over = set_up_links.c.expires <= func.now()
    await connection.execute(delete(set_up_links).where(or_(set_up_links.c.user == user, over)))


async def find_set_up_link(connection: AsyncConnection, digest: bytes) -> tuple[UUID, str] | None:
    """Return whose password a link sets, and the address; the link stays good."""
    wanted = (
        select(users.c.id, users.c.email)
        .join(set_up_links, set_up_links.c.user == users.c.id)
        .where(
            set_up_links.c.digest == digest,
            set_up_links.c.expires > func.now(),
            users.c.disabled.is_(None),
        )
    )
    row = (await connection.execute(wanted)).first()
    return None if row is None else (row.id, row.email)


async def use_set_up_link(connection: AsyncConnection, digest: bytes) -> UUID | None:
    """Take a link, so that nobody else can; return whose password it sets."""
    taking = (
        delete(set_up_links)
        .where(
            set_up_links.c.digest == digest,
            set_up_links.c.expires > func.now(),
            set_up_links.c.user == users.c.id,
            users.c.disabled.is_(None),
        )
        .returning(set_up_links.c.user)
    )
    user: UUID | None = await connection.scalar(taking)
    return user
