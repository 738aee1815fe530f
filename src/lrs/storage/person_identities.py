"""Who is who: from an identifier to the person, and from a person to all identifiers.

An Agent that nobody has joined is a person of one identifier, whose id is the key of that
identifier. So everything that asks for a person works from the first statement on.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Integer,
    Select,
    Uuid,
    any_,
    bindparam,
    func,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import PersonNotFoundError
from lrs.storage.driver import fetch, fetch_value
from lrs.storage.people_tables import people, person_identifiers, user_people
from lrs.storage.tables import agents
from lrs.xapi.keys import Ifi

_STORE: BindParameter[int] = bindparam("store", type_=Integer)
_ID = bindparam("id", type_=Uuid)
_AGENTS = bindparam("agents", type_=ARRAY(Uuid))


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as far as statements are concerned.

    Attributes:
        id: of the person, or the key of the one identifier of an Agent whom nobody has joined.
        identifiers: all of them by their keys, which stand in statements as actors.
        name: as it was told to the store; None if it was not.
        is_kept: whether there is a row of the person.
        language: of what is written to the person; None if it was not told.
    """

    id: UUID
    identifiers: Mapping[UUID, Ifi]
    name: str | None = None
    is_kept: bool = False
    language: str | None = None


_same = (people.c.store == _STORE) & (people.c.id == _ID)
_merged = people.alias("merged")
# The person of an id that may be of one who was merged, or of an identifier of theirs.
_person: Select[Any] = select(people.c.id, people.c.name, people.c.language).where(
    people.c.store == _STORE,
    people.c.id
    == func.coalesce(
        select(func.coalesce(_merged.c.merged_into, _merged.c.id))
        .where(_merged.c.store == _STORE, _merged.c.id == _ID)
        .scalar_subquery(),
        select(person_identifiers.c.person)
        .where(person_identifiers.c.store == _STORE, person_identifiers.c.agent == _ID)
        .scalar_subquery(),
    ),
)
_identifiers = select(
    person_identifiers.c.agent, person_identifiers.c.ifi_type, person_identifiers.c.ifi
).where(person_identifiers.c.store == _STORE, person_identifiers.c.person == _ID)
_agent = select(agents.c.key, agents.c.ifi_type, agents.c.ifi).where(
    agents.c.store == _STORE, agents.c.key == _ID
)
_whose = select(person_identifiers.c.person).where(
    person_identifiers.c.store == _STORE, person_identifiers.c.agent == any_(_AGENTS)
)
_all_keys = union_all(
    select(func.unnest(_AGENTS).label("agent")),
    select(person_identifiers.c.agent).where(
        person_identifiers.c.store == _STORE, person_identifiers.c.person.in_(_whose)
    ),
)
_of_user = select(func.coalesce(people.c.merged_into, people.c.id)).where(
    people.c.store == _STORE,
    people.c.id
    == select(user_people.c.person)
    .where(user_people.c.store == _STORE, user_people.c.user == _ID)
    .scalar_subquery(),
)


async def find_identity(connection: AsyncConnection, store: int, identifier: UUID) -> Identity:
    """Return the person of an id: of a person, of one who was merged, or of an identifier's key.

    Raises:
        PersonNotFoundError: there is none.
    """
    values = {"store": store, "id": identifier}
    found = await fetch(connection, _person, values)
    if found:
        (person,) = found
        rows = await fetch(connection, _identifiers, {"store": store, "id": person["id"]})
        ifis = {row["agent"]: Ifi(row["ifi_type"], row["ifi"]) for row in rows}
        return Identity(
            person["id"], ifis, person["name"], is_kept=True, language=person["language"]
        )
    rows = await fetch(connection, _agent, values)
    if not rows:
        raise PersonNotFoundError(f"there is no person {identifier}")
    (row,) = rows
    return Identity(row["key"], {row["key"]: Ifi(row["ifi_type"], row["ifi"])})


async def all_keys_of(
    connection: AsyncConnection, store: int, of_agents: Collection[UUID]
) -> frozenset[UUID]:
    """Return these keys of identifiers, and those of all others that their persons have."""
    rows = await fetch(connection, _all_keys, {"store": store, "agents": [*of_agents]})
    return frozenset(row["agent"] for row in rows)


async def person_of_user(connection: AsyncConnection, store: int, user: UUID) -> UUID | None:
    """Return which person a user is in a store; None if nobody has said so."""
    found: UUID | None = await fetch_value(connection, _of_user, {"store": store, "id": user})
    return found
