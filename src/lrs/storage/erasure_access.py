"""Takes a person out of who may do what: tokens, limits, accounts to sign in with."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.people.erasures import Subject
from lrs.storage.access_changes import count_up
from lrs.storage.access_tables import (
    api_tokens,
    launch_tokens,
    sessions,
    set_up_links,
    user_grants,
    users,
)
from lrs.storage.driver import fetch
from lrs.storage.sql_texts import sql
from lrs.storage.tables import credentials
from lrs.xapi.agents import read_agent
from lrs.xapi.replacing import Replacing, replace_in_json, replace_in_text

# Who did what to others, where nobody else than a user is named.
_WHO_DID = tuple(
    sql(
        f"UPDATE {table} SET {column} = 'erased' WHERE store = :store AND {column} = ANY (:texts)"  # noqa: S608 - our own names
    )
    for table, column in (
        ("person_changes", "changed_by"), ("person_merges", "merged_by"),
        ("person_merges", "undone_by"), ("refused_suggestions", "refused_by"),
        ("person_freezes", "by"), ("person_freezes", "lifted_by"),
        ("erasures", "requested_by"), ("erasures", "confirmed_by"),
        ("legal_holds", "made_by"), ("legal_holds", "released_by"),
        ("person_archives", "ordered_by"),
    )
)  # fmt: skip


async def erase_access(connection: AsyncConnection, store: int, subject: Subject) -> dict[str, int]:
    """Take a person out of who may do what, and return how much was changed.

    Launch tokens end. Limits lose the person; who was limited to that person alone sees nothing.
    Who signs in and is the person loses all rights in the store; an account that has rights
    elsewhere stays, others are deleted.
    """
    tokens = await _change_launch_tokens(connection, store, subject)
    changed = await _change_credentials(connection, store, subject)
    changed += await _change_grants(connection, store, subject)
    gone, left = await _erase_users(connection, store, subject.users)
    values = {"store": store, "texts": [str(user) for user in subject.users]}
    for statement in _WHO_DID:
        await fetch(connection, statement, values)
    await count_up(connection)
    return {
        "launch_tokens": tokens,
        "limits": changed,
        "accounts_deleted": gone,
        "accounts_left": left,
    }


async def _change_launch_tokens(connection: AsyncConnection, store: int, subject: Subject) -> int:
    of, replacing, count = launch_tokens.c, subject.replacing, 0
    query = select(of.id, of.actor, of.activity).where(of.store == store)
    for row in (await connection.execute(query.with_for_update())).all():
        actor = _replaced(row.actor, replacing)
        activity = replace_in_text(row.activity, replacing)
        if (actor, activity) != (row.actor, row.activity):
            count += 1
            change = update(launch_tokens).where(of.store == store, of.id == row.id)
            ended = func.coalesce(of.revoked, func.now())
            await connection.execute(change.values(actor=actor, activity=activity, revoked=ended))
    return count


async def _change_credentials(connection: AsyncConnection, store: int, subject: Subject) -> int:
    of, count = credentials.c, 0
    query = select(of.id, of.label, of.system, of.agents, of.authority).where(of.store == store)
    for row in (await connection.execute(query.order_by(of.id).with_for_update())).all():
        changes = dict(_changes_of_credential(row._asdict(), subject.replacing))
        if changes:
            count += 1
            change = update(credentials).where(of.id == row.id)
            await connection.execute(change.values(**changes))
    return count


def _changes_of_credential(
    row: Mapping[str, Any], replacing: Replacing
) -> Iterator[tuple[str, object]]:
    for name in ("label", "system"):
        after = replace_in_text(row[name], replacing)
        if after != row[name]:
            yield name, after
    agents = _without(row["agents"], replacing)
    if agents != row["agents"]:
        yield "agents", agents
    authority = row["authority"] and _replaced(row["authority"], replacing)
    if authority != row["authority"]:
        yield "authority", authority
        yield "authority_key", read_agent(authority).key


async def _change_grants(connection: AsyncConnection, store: int, subject: Subject) -> int:
    of, count = user_grants.c, 0
    query = select(of.user, of.role, of.agents).where(of.store == store, of.agents.is_not(None))
    for row in (await connection.execute(query.with_for_update())).all():
        agents = _without(row.agents, subject.replacing)
        if agents != row.agents:
            count += 1
            change = update(user_grants).where(
                of.store == store, of.user == row.user, of.role == row.role
            )
            await connection.execute(change.values(agents=agents))
    return count


async def _erase_users(
    connection: AsyncConnection, store: int, of_person: Sequence[UUID]
) -> tuple[int, int]:
    """Return how many accounts are gone, and how many are left since they have rights elsewhere."""
    gone = left = 0
    for user in of_person:
        here = (user_grants.c.user == user, user_grants.c.store == store)
        await connection.execute(delete(user_grants).where(*here))
        of_store = (sessions.c.user == user, sessions.c.store == store)
        await connection.execute(delete(sessions).where(*of_store))
        tokens = (api_tokens.c.user == user, api_tokens.c.store == store)
        await connection.execute(delete(api_tokens).where(*tokens))
        elsewhere = select(user_grants.c.user).where(user_grants.c.user == user).limit(1)
        if (await connection.execute(elsewhere)).first() is not None:
            left += 1
            continue
        for table in (sessions, set_up_links, api_tokens):
            await connection.execute(delete(table).where(table.c.user == user))
        deletion = delete(users).where(users.c.id == user).returning(users.c.id)
        gone += len((await connection.execute(deletion)).all())
    return gone, left


def _replaced(agent: str, replacing: Replacing) -> str:
    return replace_in_json(agent.encode(), replacing).decode()


def _without(agents: Sequence[str] | None, replacing: Replacing) -> list[str] | None:
    """Leave out the agents that are the person: who stands instead is not to be looked at."""
    if agents is None:
        return None
    return [each for each in agents if _replaced(each, replacing) == each]
