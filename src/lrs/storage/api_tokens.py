"""Keeps the tokens of people for scripts, by hashes of their secrets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.api_tokens import ApiToken
from lrs.auth.roles import Role
from lrs.auth.scopes import Scope, Scopes
from lrs.errors import ApiTokenNotFoundError
from lrs.storage.access_tables import api_tokens, users
from lrs.storage.tables import stores


@dataclass(frozen=True, slots=True)
class NewApiToken:
    """What is to be kept of a token.

    Attributes:
        role: of the user, that it acts in.
        scopes: which of that role's it has.
    """

    id: UUID
    user: UUID
    store: int
    role: Role
    label: str
    secret_mac: bytes
    scopes: Scopes
    valid: timedelta


_all = (
    select(api_tokens, users.c.name.label("user_name"), stores.c.name.label("store_name"))
    .join(users, users.c.id == api_tokens.c.user)
    .join(stores, stores.c.id == api_tokens.c.store)
)


# The row of a join has any columns.
def _token(row: Row[tuple[object, ...]]) -> ApiToken:
    kept = dict(row._mapping)  # noqa: SLF001 - the public way to a row as a mapping
    kept["role"] = Role(kept["role"])
    kept["scopes"] = Scopes(map(Scope, kept["scopes"]))
    return ApiToken(**kept)


async def insert_api_token(connection: AsyncConnection, new: NewApiToken) -> None:
    """Keep a new token."""
    await connection.execute(
        insert(api_tokens).values(
            id=new.id,
            user=new.user,
            store=new.store,
            role=new.role.value,
            label=new.label,
            secret_mac=new.secret_mac,
            scopes=sorted(new.scopes),
            expires=func.now() + new.valid,
        )
    )


async def find_valid_api_token(connection: AsyncConnection, token: UUID) -> ApiToken | None:
    """Return a token that is neither revoked nor over, of somebody who is not kept out."""
    wanted = _all.where(
        api_tokens.c.id == token,
        api_tokens.c.revoked.is_(None),
        api_tokens.c.expires > func.now(),
        users.c.disabled.is_(None),
    )
    row = (await connection.execute(wanted)).first()
    return None if row is None else _token(row)


async def get_api_token(connection: AsyncConnection, user: UUID, token: UUID) -> ApiToken:
    """Return a token of somebody, revoked or not.

    Raises:
        ApiTokenNotFoundError: it is not theirs, or there is none with this id.
    """
    wanted = _all.where(api_tokens.c.id == token, api_tokens.c.user == user)
    row = (await connection.execute(wanted)).first()
    if row is None:
        raise ApiTokenNotFoundError("you have no token with this id")
    return _token(row)


async def list_api_tokens(connection: AsyncConnection, user: UUID) -> Sequence[ApiToken]:
    """Return the tokens of somebody, revoked ones too, oldest first."""
    wanted = _all.where(api_tokens.c.user == user).order_by(api_tokens.c.id)
    return [_token(row) for row in await connection.execute(wanted)]


async def revoke_api_token(connection: AsyncConnection, user: UUID, token: UUID) -> ApiToken:
    """Revoke a token of somebody, for good, and return what it was.

    Raises:
        ApiTokenNotFoundError: it is not theirs, or is revoked already.
    """
    revocation = (
        update(api_tokens)
        .where(
            api_tokens.c.id == token,
            api_tokens.c.user == user,
            api_tokens.c.revoked.is_(None),
        )
        .values(revoked=func.now())
        .returning(api_tokens.c.id)
    )
    if (await connection.execute(revocation)).first() is None:
        raise ApiTokenNotFoundError("you have no such token, or it is revoked already")
    return await get_api_token(connection, user, token)


async def revoke_api_tokens_of(connection: AsyncConnection, user: UUID) -> int:
    """Revoke all tokens of somebody, for good, and return how many there were."""
    revocation = (
        update(api_tokens)
        .where(api_tokens.c.user == user, api_tokens.c.revoked.is_(None))
        .values(revoked=func.now())
    )
    return (await connection.execute(revocation)).rowcount
