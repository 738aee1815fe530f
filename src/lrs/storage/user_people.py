"""Keeps which person a user is in a store; `person_identities.py: person_of_user` tells it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.people import NewPerson, change_person, create_person, get_person
from lrs.storage.people_tables import user_people
from lrs.storage.person_identifiers import add_identifiers, apply_rules, owners_of
from lrs.storage.person_identities import person_of_user
from lrs.xapi.keys import Ifi, ifi_key

# Where identifiers are from that a provider tells of who signs in.
SOURCE: Final = "sign-on"


@dataclass(frozen=True, slots=True)
class ToldUser:
    """What a provider says of somebody.

    Attributes:
        user: the id of who has signed in.
        name: None if it says none.
        identifiers: the account there and, if it has made sure of it, the mail address.
    """

    user: UUID
    name: str | None
    identifiers: Sequence[Ifi]


@dataclass(frozen=True, slots=True)
class JoinedUser:
    """What has become of it.

    Attributes:
        person: which one the user is; None if the store knows them as several.
        added: how many identifiers are new.
        contradicting: those several.
    """

    person: UUID | None
    is_new: bool = False
    added: int = 0
    contradicting: frozenset[UUID] = frozenset()


async def join_user(connection: AsyncConnection, store: int, told: ToldUser) -> JoinedUser | None:
    """Keep which person a user is, with all that identifies them; None if it was known.

    Whom the store knows as several persons is left as is.

    Args:
        connection: within a writing transaction that holds `lock_people`.
        store: of the person.
        told: of the user.
    """
    before = await person_of_user(connection, store, told.user)
    owners = await owners_of(connection, store, [ifi_key(each) for each in told.identifiers])
    persons = {owner.person for owner in owners.values()} | ({before} if before else set())
    if len(persons) > 1:
        return JoinedUser(None, contradicting=frozenset(persons))
    is_new = not persons
    person = await create_person(connection, store, NewPerson()) if is_new else persons.pop()
    added = await add_identifiers(connection, store, person, told.identifiers, SOURCE)
    if added:
        await apply_rules(connection, store, [person])
    await _set_person(connection, store, told.user, person)
    is_named = await _name(connection, store, person, told)
    is_known = before == person and not added and not is_named
    return None if is_known else JoinedUser(person, is_new, len(added))


async def stores_of_user(connection: AsyncConnection, user: UUID) -> list[int]:
    """Return the numbers of the stores in which it is known which person a user is."""
    wanted = select(user_people.c.store).where(user_people.c.user == user)
    return [row.store for row in await connection.execute(wanted)]


async def _set_person(connection: AsyncConnection, store: int, user: UUID, person: UUID) -> None:
    insertion = insert(user_people).values(store=store, user=user, person=person)
    await connection.execute(
        insertion.on_conflict_do_update(
            index_elements=[user_people.c.store, user_people.c.user],
            set_={"person": insertion.excluded.person},
        )
    )


async def _name(connection: AsyncConnection, store: int, person: UUID, told: ToldUser) -> bool:
    """Name a person whom nobody has named; what others say of the name stays."""
    kept = (await get_person(connection, store, person)).told
    if kept.name is not None or told.name is None:
        return False
    named = replace(kept, name=told.name)
    await change_person(connection, store, person, named, str(told.user))
    return True
