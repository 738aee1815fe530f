"""Transactions that write of persons: one at a time in a store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Uuid, any_, bindparam, delete, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.principals import Principal
from lrs.storage.driver import fetch
from lrs.storage.engines import Database
from lrs.storage.erasures import refuse_being_erased
from lrs.storage.freezing import refresh_frozen, refuse_frozen
from lrs.storage.people import KeptPerson, NewPerson, create_person, get_person, lock_people
from lrs.storage.people_tables import (
    people,
    person_attributes,
    person_changes,
    person_identifiers,
    person_merges,
    team_members,
    user_people,
)
from lrs.storage.person_identifiers import FROM_STATEMENTS, add_identifiers, apply_rules
from lrs.storage.person_identities import Identity
from lrs.storage.pseudonyms import refuse_pseudonymous
from lrs.storage.seen_people import seen_person


@dataclass(frozen=True, slots=True)
class PersonWriting:
    """A transaction that writes of one person.

    Attributes:
        connection: which holds `lock_people`.
        person: as kept, and no part of another.
        version: of the person before; 0 of an Agent whom nobody had joined.
    """

    connection: AsyncConnection
    person: KeptPerson
    version: int

    @property
    def id(self) -> UUID:
        """The id of the person, which was made for them if they had none."""
        return self.person.id


@asynccontextmanager
async def writing_people(database: Database, store: int) -> AsyncIterator[AsyncConnection]:
    """Begin a transaction that writes of the persons of a store.

    Raises:
        PseudonymousStoreError: the store keeps nobody by name.
        UnavailableError: the database cannot be reached.
    """
    async with database.writing() as connection:
        await lock_people(connection, store)
        await refuse_pseudonymous(connection, store)
        yield connection


@asynccontextmanager
async def writing_person(
    database: Database, principal: Principal, identifier: UUID
) -> AsyncIterator[PersonWriting]:
    """Begin a transaction that writes of a person whom the principal may see.

    An Agent whom nobody has joined is kept as a person by it.

    Raises:
        ErasureConflictError: the person is being erased.
        PersonNotFoundError: there is no such person, or they may not be seen.
        UnavailableError: the database cannot be reached.
    """
    async with writing_people(database, principal.store) as connection:
        found = await seen_person(connection, principal, identifier)
        await refuse_being_erased(connection, principal.store, [found.id, *found.identifiers])
        identifier = await keep_identity(connection, principal.store, found)
        person = await get_person(connection, principal.store, identifier)
        yield PersonWriting(connection, person, person.version if found.is_kept else 0)


async def keep_identity(connection: AsyncConnection, store: int, identity: Identity) -> UUID:
    """Return the id of a person who is kept; an Agent whom nobody has joined becomes one."""
    if identity.is_kept:
        return identity.id
    person = await create_person(connection, store, NewPerson())
    ifis = identity.identifiers.values()
    await add_identifiers(connection, store, person, ifis, FROM_STATEMENTS)
    await apply_rules(connection, store, [person])
    await refresh_frozen(connection, store)
    return person


_GROUP = text(
    "SELECT id FROM people WHERE store = :store AND (id = :person OR merged_into = :person)"
)
# Values of other persons that name one who goes, such as their manager.
_NAMED = text(
    """
    DELETE FROM person_attributes AS kept USING attribute_definitions AS definition
    WHERE kept.store = :store AND kept.value = ANY (CAST(:texts AS text[]))
      AND definition.store = :store AND definition.name = kept.name
      AND definition.type = 'person'
    RETURNING kept.person
    """
)
_IDS = bindparam("ids", type_=ARRAY(Uuid))
_GONE = tuple(
    delete(table).where(table.c.store == bindparam("store", type_=Integer), column == any_(_IDS))
    for table, column in (
        (person_identifiers, person_identifiers.c.person),
        (person_attributes, person_attributes.c.own),
        (team_members, team_members.c.person),
        (person_merges, person_merges.c.kept),
        (person_changes, person_changes.c.person),
        (user_people, user_people.c.person),
        (people, people.c.id),
    )
)


async def delete_person(connection: AsyncConnection, store: int, person: UUID) -> None:
    """Give up all that is kept of a person and of those who were merged into them.

    Their statements stay, and what identifies them stands for itself again.

    Args:
        connection: within a writing transaction that holds `lock_people`.
        store: of the person.
        person: who is no part of another.

    Raises:
        PersonConflictError: their data are frozen.
    """
    await refuse_frozen(connection, store, person)
    rows = await fetch(connection, _GROUP, {"store": store, "person": person})
    ids = [row["id"] for row in rows]
    await fetch(connection, _NAMED, {"store": store, "texts": [str(each) for each in ids]})
    for each in _GONE:
        await fetch(connection, each, {"store": store, "ids": ids})
    await refresh_frozen(connection, store)
