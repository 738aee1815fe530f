"""Lists persons by walks over indexes: by their ids, or by names where a name is asked for."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.people_tables import people, person_attributes, person_identifiers, team_members

# Greater than all characters, whatever the database sorts by.
_LAST_CHARACTER = "\U0010ffff"
# Sessions live in UTC.
_TODAY = func.current_date()
_name = func.lower(people.c.name).collate("C")


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """Which persons are wanted: all that is set must hold.

    Attributes:
        name: how their names begin, in any case.
        attribute: the name and the canonical value of one, today in UTC.
        team: which they are in today in UTC.
        among: the keys of identifiers of which they must have one; None is everybody.
        hidden: the keys of identifiers of which they must have none.
    """

    name: str | None = None
    attribute: tuple[str, str] | None = None
    team: UUID | None = None
    is_active: bool | None = None
    among: Collection[UUID] | None = None
    hidden: Collection[UUID] = ()


class Place(NamedTuple):
    """Where a page has ended: at this person, and by which name if they are listed by names."""

    id: UUID
    name: str | None = None


async def list_people(
    connection: AsyncConnection, store: int, wanted: PeopleFilter, after: Place | None, limit: int
) -> list[Place]:
    """Return the places of persons, at most so many, after one.

    Who is a part of another is none.
    """
    rows = await connection.execute(people_query(store, wanted, after, limit))
    is_named = wanted.name is not None
    return [Place(row.id, row.name if is_named else None) for row in rows]


def people_query(
    store: int, wanted: PeopleFilter, after: Place | None, limit: int
) -> Select[tuple[UUID, str]]:
    """Build the query of a page of persons; see `list_people`."""
    query = select(people.c.id, _name.label("name")).where(
        people.c.store == store, people.c.merged_into.is_(None), *_conditions(store, wanted)
    )
    return _ordered(query, store, wanted, after).limit(limit)


def _ordered(
    query: Select[Any], store: int, wanted: PeopleFilter, after: Place | None
) -> Select[Any]:
    if wanted.name is not None:
        ordered = query.order_by(_name, people.c.id)
        return (
            ordered.where(tuple_(_name, people.c.id) > (after.name, after.id)) if after else ordered
        )
    by = people.c.id
    if wanted.attribute is not None:
        # Its rows lie in the order of the persons who have it.
        by = person_attributes.c.person
        query = query.join(person_attributes, _has(store, wanted.attribute))
    ordered = query.order_by(by)
    return ordered.where(by > after.id) if after else ordered


def _conditions(store: int, wanted: PeopleFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.name is not None:
        begin = wanted.name.lower()
        found += [_name >= begin, _name < begin + _LAST_CHARACTER]
        if wanted.attribute is not None:
            found.append(exists().where(_has(store, wanted.attribute)))
    if wanted.team is not None:
        found.append(people.c.id.in_(_members(store, wanted.team)))
    if wanted.is_active is not None:
        found.append(people.c.active if wanted.is_active else ~people.c.active)
    if wanted.among is not None:
        found.append(people.c.id.in_(_owners(store, wanted.among)))
    if wanted.hidden:
        found.append(people.c.id.not_in(_owners(store, wanted.hidden)))
    return found


def _has(store: int, attribute: tuple[str, str]) -> ColumnElement[bool]:
    name, value = attribute
    of = person_attributes.c
    return and_(
        of.store == store,
        of.name == name,
        of.value == value,
        of.person == people.c.id,
        of.valid_from <= _TODAY,
        of.valid_until > _TODAY,
    )


def _members(store: int, team: UUID) -> Select[tuple[UUID]]:
    of = team_members.c
    return select(of.person).where(
        of.store == store, of.team == team, of.valid_from <= _TODAY, of.valid_until > _TODAY
    )


def _owners(store: int, keys: Collection[UUID]) -> Select[tuple[UUID]]:
    of = person_identifiers.c
    return select(of.person).where(of.store == store, of.agent.in_(keys))
