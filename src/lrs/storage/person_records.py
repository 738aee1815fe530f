"""Reads all that is kept of persons, so many at once with the same few questions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.driver import fetch
from lrs.storage.people import KeptPerson, NewPerson, kept_person
from lrs.storage.person_identifiers import FROM_STATEMENTS, KeptIdentifier, identifiers_of
from lrs.storage.person_identities import Identity
from lrs.storage.person_values import KeptValue, values_of
from lrs.storage.teams import Membership, memberships_of

_PEOPLE = text("SELECT * FROM people WHERE store = :store AND id = ANY (CAST(:ids AS uuid[]))")
_CHANGES = text(
    """
    SELECT id, what, before, after, changed_at, changed_by FROM person_changes
    WHERE store = :store AND person = ANY (
              SELECT id FROM people WHERE store = :store AND id = :person
              UNION ALL
              SELECT id FROM people WHERE store = :store AND merged_into = :person
          )
      AND id < CAST(:before AS uuid)
    ORDER BY id DESC
    LIMIT :limit
    """
)
_LAST = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """All that is kept of a person, or of an Agent whom nobody has joined.

    Attributes:
        person: None of such an Agent.
        identifiers: the oldest first.
        memberships: with the names of the teams.
    """

    id: UUID
    person: KeptPerson | None
    identifiers: Sequence[KeptIdentifier]
    values: Sequence[KeptValue]
    memberships: Sequence[tuple[Membership, str]]

    @property
    def told(self) -> NewPerson:
        """What was told of them."""
        return self.person.told if self.person else NewPerson()

    @property
    def version(self) -> int:
        """What grows with every change; 0 of an Agent whom nobody has joined."""
        return self.person.version if self.person else 0


@dataclass(frozen=True, slots=True)
class KeptChange:
    """What was changed of a person; `before` and `after` are JSON texts, None for nothing."""

    id: UUID
    what: str
    before: str | None
    after: str | None
    changed_at: datetime
    changed_by: str


async def record_of(connection: AsyncConnection, store: int, identity: Identity) -> PersonRecord:
    """Return all that is kept of somebody."""
    if identity.is_kept:
        (found,) = await records_of(connection, store, [identity.id])
        return found
    identifiers = [
        KeptIdentifier(key, ifi, FROM_STATEMENTS, None) for key, ifi in identity.identifiers.items()
    ]
    return PersonRecord(identity.id, None, identifiers, (), ())


async def records_of(
    connection: AsyncConnection, store: int, ids: Collection[UUID]
) -> list[PersonRecord]:
    """Return all that is kept of persons, in the order of their ids as given."""
    rows = await fetch(connection, _PEOPLE, {"store": store, "ids": [*ids]})
    people = {row["id"]: kept_person(row) for row in rows}
    identifiers = await identifiers_of(connection, store, ids)
    values = await values_of(connection, store, ids)
    memberships = await memberships_of(connection, store, ids)
    return [
        PersonRecord(each, people[each], identifiers[each], values[each], memberships[each])
        for each in ids
        if each in people
    ]


async def changes_of(
    connection: AsyncConnection, store: int, person: UUID, before: UUID | None, limit: int
) -> list[KeptChange]:
    """Return what was changed of a person and of those merged into them, the newest first.

    Args:
        connection: to read by.
        store: of the person.
        person: who is no part of another.
        before: the id of the last change of the page before.
        limit: the most that are returned.
    """
    values = {"store": store, "person": person, "before": before or _LAST, "limit": limit}
    return [KeptChange(**row) for row in await fetch(connection, _CHANGES, values)]
