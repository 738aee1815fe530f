"""Finds all by which a person is known in a store: identifiers, names, accounts to sign in with."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.people.identifiers import address_of
from lrs.storage.driver import fetch
from lrs.storage.person_identities import Identity
from lrs.storage.sql_texts import sql
from lrs.xapi.agents import read_agent
from lrs.xapi.keys import Ifi
from lrs.xapi.personal_texts import texts_of

_PERSONS = sql(
    """
    SELECT id, name, user_name, external_id FROM people
    WHERE store = :store AND (id = :id OR merged_into = :id)
    """
)
_NAMES = sql("SELECT DISTINCT name FROM agent_names WHERE store = :store AND agent = ANY (:keys)")
_USERS = sql(
    """
    SELECT users.id, users.name, users.email FROM users
    WHERE users.id IN (
        SELECT "user" FROM user_people WHERE store = :store AND person = ANY (:ids)
    ) OR (
        lower(users.email) = ANY (:texts)
        AND EXISTS (SELECT FROM user_grants WHERE "user" = users.id AND store IN (0, :store))
    )
    """
)
_WRITERS = sql(
    """
    SELECT authority FROM credentials
    WHERE store = :store AND kind = 'user' AND authority LIKE ANY (:patterns)
    """
)
_ALIASES = sql(
    "SELECT ifi_type, ifi FROM agents WHERE store = :store AND ifi ILIKE ANY (:patterns)"
)
_NAMESAKES = sql(
    """
    SELECT count(DISTINCT agent) FROM agent_names
    WHERE store = :store AND lower(name) = ANY (:texts) AND agent <> ALL (:keys)
    """
)


@dataclass(frozen=True, slots=True)
class Known:
    """What a store knows a person by.

    Attributes:
        persons: ids of the person, and of those who were merged into it.
        ifis: identifiers that were told, and others that hold a mail address of the person.
        words: how HR calls the person besides.
        users: ids of those who sign in and are this person.
    """

    persons: tuple[UUID, ...]
    ifis: tuple[Ifi, ...]
    names: tuple[str, ...]
    words: tuple[str, ...]
    users: tuple[UUID, ...]


async def find_known(connection: AsyncConnection, store: int, identity: Identity) -> Known:
    """Return all that a store knows a person by."""
    persons = await fetch(connection, _PERSONS, {"store": store, "id": identity.id})
    ids = [row["id"] for row in persons]
    ifis = dict.fromkeys(identity.identifiers.values())
    called = [row[name] for row in persons for name in ("user_name", "external_id")]
    words = [word for word in called if word]
    mails = {address for each in ifis if (address := address_of(each))}
    mails |= {word for word in words if "@" in word}
    addresses = [mail.lower() for mail in mails]
    users = await fetch(connection, _USERS, {"store": store, "ids": ids, "texts": addresses})
    mails |= {row["email"] for row in users}
    ifis |= dict.fromkeys(_mbox(mail) for mail in mails)
    accounts = await _accounts_of(connection, store, [row["id"] for row in users])
    aliases = await _aliases(connection, store, mails)
    ifis |= dict.fromkeys([*accounts, *aliases])
    names = await fetch(connection, _NAMES, {"store": store, "keys": [*identity.identifiers]})
    found = [row["name"] for row in (*persons, *users, *names) if row["name"]]
    return Known(
        tuple(ids),
        tuple(ifis),
        tuple(dict.fromkeys(found)),
        tuple(dict.fromkeys(word for word in words if "@" not in word)),
        tuple(row["id"] for row in users),
    )


async def count_namesakes(
    connection: AsyncConnection, store: int, names: Collection[str], keys: Sequence[UUID]
) -> int:
    """Return how many other agents are called the same: it may be that nobody has joined them."""
    values = {"store": store, "texts": [name.lower() for name in names], "keys": keys}
    (row,) = await fetch(connection, _NAMESAKES, values)
    return int(row[0])


async def _accounts_of(connection: AsyncConnection, store: int, users: Sequence[UUID]) -> list[Ifi]:
    """Return who vouches for what users have written themselves."""
    values = {"store": store, "patterns": [f'%"{user}"%' for user in users]}
    rows = await fetch(connection, _WRITERS, values)
    ifis = [read_agent(row["authority"]).ifi for row in rows]
    return [each for each in ifis if each is not None]


async def _aliases(connection: AsyncConnection, store: int, mails: Collection[str]) -> list[Ifi]:
    """Return identifiers that hold one of the addresses, such as accounts that are called so."""
    texts = texts_of([_mbox(mail) for mail in mails], ())
    rows = await fetch(connection, _ALIASES, {"store": store, "patterns": texts.like_patterns})
    ifis = [Ifi(row["ifi_type"], row["ifi"]) for row in rows]
    return [each for each in ifis if texts.mail_in(each.value)]


def _mbox(mail: str) -> Ifi:
    local, _, domain = mail.rpartition("@")
    return Ifi("mbox", f"mailto:{local}@{domain.lower()}")
