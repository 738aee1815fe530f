"""Keeps the values of attributes, each with the days on which it holds.

Whoever writes holds `lock_people`, and names persons that are no part of another. What comes here
is in canonical form (`people/attributes.py`).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Integer, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import PersonConflictError, PersonNotFoundError
from lrs.people.validities import ALWAYS, Validity, Value, told_validity, with_value, without
from lrs.storage.dated_rows import ATTRIBUTES, Held, Key
from lrs.storage.driver import fetch
from lrs.storage.people import Change, record_changes

_ROOTS = text(
    """
    SELECT id, coalesce(merged_into, id) AS root FROM people
    WHERE store = :store AND id = ANY (CAST(:ids AS uuid[]))
    """
)
# From each person up, along the values of one name, as long as they hold on a common day.
_RINGS = text(
    """
    WITH RECURSIVE up (person, path, since, until, is_ring) AS (
        SELECT start, ARRAY[start], CAST('-infinity' AS date), CAST('infinity' AS date), false
        FROM unnest(CAST(:persons AS uuid[])) AS start
        UNION ALL
        SELECT coalesce(above.merged_into, above.id),
               up.path || coalesce(above.merged_into, above.id),
               greatest(up.since, said.valid_from), least(up.until, said.valid_until),
               coalesce(above.merged_into, above.id) = ANY (up.path)
        FROM up
        JOIN person_attributes AS said
          ON said.store = :store AND said.person = up.person AND said.name = :name
         AND said.valid_from < up.until AND up.since < said.valid_until
        JOIN people AS above
          ON above.store = :store AND above.id = CAST(said.value AS uuid)
        WHERE NOT up.is_ring
    )
    SELECT path, since FROM up WHERE is_ring ORDER BY cardinality(path) LIMIT :most
    """
).bindparams(bindparam("store", type_=Integer))

_NAMES_OF_PERSONS = text(
    "SELECT name FROM attribute_definitions WHERE store = :store AND type = 'person'"
)


@dataclass(frozen=True, slots=True)
class NewValue:
    """A value that a person is to have."""

    person: UUID
    name: str
    value: str
    validity: Validity = ALWAYS


class KeptValue(NamedTuple):
    """A value of a person for a while."""

    name: str
    value: str
    validity: Validity


async def values_of(
    connection: AsyncConnection, store: int, persons: Collection[UUID]
) -> dict[UUID, list[KeptValue]]:
    """Return the values of persons, by name and from the oldest on."""
    found: dict[UUID, list[KeptValue]] = {person: [] for person in persons}
    for key, values in (await ATTRIBUTES.of(connection, store, persons)).items():
        found[key.person] += [KeptValue(key.name, each.value, each.validity) for each in values]
    return found


async def set_values(
    connection: AsyncConnection, store: int, new: Sequence[NewValue], changed_by: str
) -> list[Change]:
    """Have persons have values, all or none, and return what has changed; see `with_value`.

    What changes is written down. It is as cheap for a thousand as for one.

    Raises:
        PersonConflictError: a value overlaps another one; both are named.
    """
    before = await ATTRIBUTES.of(connection, store, {each.person for each in new})
    after: dict[Key, Sequence[Value]] = {}
    for each in new:
        key = Key(each.person, each.name)
        value = Value(each.value, each.validity, each.person)
        try:
            after[key] = with_value(after.get(key, before.get(key, ())), value)
        except PersonConflictError as error:
            raise PersonConflictError(f"{each.name} of person {each.person}: {error}") from error
    return await _replace(connection, store, before, after, changed_by)


async def clear_values(
    connection: AsyncConnection,
    store: int,
    person: UUID,
    name: str,
    gone: Validity,
    changed_by: str,
) -> list[Change]:
    """Take a period out of all values of one name of a person, and return what has changed."""
    before = await ATTRIBUTES.of(connection, store, [person])
    key = Key(person, name)
    after = {key: without(before.get(key, ()), gone)}
    return await _replace(connection, store, before, after, changed_by)


async def check_rings(
    connection: AsyncConnection, store: int, name: str, persons: Collection[UUID]
) -> None:
    """Refuse persons who would be above themselves on some day, by an attribute of type person.

    Raises:
        PersonConflictError: there is a ring; all who are in it are named.
    """
    for ring in await find_rings(connection, store, name, persons, most=1):
        raise PersonConflictError(
            f"by the attribute {name!r} these persons would be a ring:"
            f" {' -> '.join(map(str, ring))}"
        )


async def check_all_rings(connection: AsyncConnection, store: int, person: UUID) -> None:
    """Refuse a person who would be above themselves by any attribute of type person.

    Raises:
        PersonConflictError: there is a ring; all who are in it are named.
    """
    for row in await fetch(connection, _NAMES_OF_PERSONS, {"store": store}):
        await check_rings(connection, store, row["name"], [person])


async def find_rings(
    connection: AsyncConnection, store: int, name: str, persons: Collection[UUID], most: int
) -> list[list[UUID]]:
    """Return rings that begin and end with the same person, at most so many, from persons up."""
    values = {"store": store, "name": name, "persons": [*persons], "most": most}
    rings = []
    for row in await fetch(connection, _RINGS, values):
        path = row["path"]
        rings.append(path[path.index(path[-1]) :])
    return rings


async def roots_of(
    connection: AsyncConnection, store: int, ids: Collection[UUID]
) -> dict[UUID, UUID]:
    """Return who these persons are, also those who were merged, by the ids that were asked for.

    Raises:
        PersonNotFoundError: one of them is not kept.
    """
    rows = await fetch(connection, _ROOTS, {"store": store, "ids": [*ids]})
    found = {row["id"]: row["root"] for row in rows}
    for each in ids:
        if each not in found:
            raise PersonNotFoundError(f"there is no person {each}")
    return found


async def _replace(
    connection: AsyncConnection, store: int, before: Held, after: Held, changed_by: str
) -> list[Change]:
    changes = [
        Change(
            key.person,
            f"attribute:{key.name}",
            told_values(before.get(key, ())),
            told_values(after[key]),
        )
        for key in await ATTRIBUTES.replace(connection, store, before, after)
    ]
    await record_changes(connection, store, changed_by, changes)
    return changes


def told_values(values: Iterable[Value]) -> list[dict[str, object]] | None:
    """Return what holds of a person as JSON, for the history; None if nothing does."""
    told: list[dict[str, object]] = [
        {"value": each.value, **told_validity(each.validity)} for each in values
    ]
    return told or None
