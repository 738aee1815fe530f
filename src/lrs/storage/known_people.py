"""Reads what HR's list is compared with: a few queries for a batch, however large it is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Integer, TextClause, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.people.imports.listed import ListedPerson
from lrs.people.imports.planning import Known, KnownPerson, Planner
from lrs.people.validities import Value
from lrs.storage.dated_rows import ATTRIBUTES, MEMBERSHIPS
from lrs.storage.driver import fetch, fetch_value
from lrs.storage.person_identifiers import identifiers_of, owners_of
from lrs.xapi.keys import Ifi, ifi_key

_STORE = bindparam("store", type_=Integer)
_TODAY = text("SELECT current_date")
_BY_NUMBER = text(
    """
    WITH asked AS (SELECT DISTINCT unnest(CAST(:numbers AS text[])) AS number),
    found AS (
        SELECT asked.number, people.id
        FROM asked JOIN people ON people.store = :store AND people.external_id = asked.number
        UNION
        SELECT asked.number, said.person
        FROM asked JOIN person_attributes AS said
          ON said.store = :store AND said.name = 'personnel_number' AND said.value = asked.number
    )
    SELECT DISTINCT found.number, coalesce(people.merged_into, people.id) AS person
    FROM found JOIN people ON people.store = :store AND people.id = found.id
    """
).bindparams(_STORE)
_LOGINS = text(
    """
    SELECT asked.name, coalesce(people.merged_into, people.id) AS person
    FROM unnest(CAST(:names AS text[])) AS asked (name)
    JOIN people ON people.store = :store AND lower(people.user_name) = lower(asked.name)
    """
).bindparams(_STORE)
_TEAMS = text(
    """
    SELECT asked.name, teams.id
    FROM unnest(CAST(:names AS text[])) AS asked (name)
    JOIN teams ON teams.store = :store AND lower(teams.name) = lower(asked.name)
    """
).bindparams(_STORE)
_PERSONS = text(
    """
    SELECT id, name, user_name, external_id, language, active, scim IS NOT NULL AS is_provisioned
    FROM people WHERE store = :store AND id = ANY (CAST(:ids AS uuid[]))
    """
)
_SEEN = text("SELECT key FROM agents WHERE store = :store AND key = ANY (CAST(:keys AS uuid[]))")
_ANY_ERASED = text("SELECT EXISTS (SELECT FROM tombstones WHERE store = :store)").bindparams(_STORE)
# Who is above these persons, as far as the store knows; a ring ends the walk.
_ABOVE = text(
    """
    WITH RECURSIVE up (start, person, depth) AS (
        SELECT id, id, 0 FROM unnest(CAST(:ids AS uuid[])) AS asked (id)
        UNION
        SELECT up.start, coalesce(above.merged_into, above.id), up.depth + 1
        FROM up
        JOIN person_attributes AS said
          ON said.store = :store AND said.person = up.person AND said.name = 'manager'
        JOIN people AS above ON above.store = :store AND above.id = CAST(said.value AS uuid)
        WHERE up.depth < 100
    )
    SELECT DISTINCT start, person FROM up WHERE depth > 0
    """
).bindparams(_STORE)


async def today(connection: AsyncConnection) -> date:
    """Return the day that it is, by the clock of the database, in UTC."""
    found: date = await fetch_value(connection, _TODAY, {})
    return found


async def load_known(
    connection: AsyncConnection, store: int, batch: Sequence[ListedPerson], planner: Planner
) -> Known:
    """Return what the store knows of persons of a list: a few queries, however many they are.

    Args:
        connection: of the transaction in which the batch is written, if it is.
        store: of the persons.
        batch: of the list.
        planner: knows what rules say of them.
    """
    numbers = [each.personnel_number for each in batch if each.personnel_number is not None]
    by_number = await find_by_number(connection, store, numbers)
    logins = await _found(connection, _LOGINS, store, _logins(batch), "person")
    owners = await _owners(connection, store, {ifi for each in batch for ifi in each.identifiers})
    mentioned = {*owners.values(), *logins.values()}
    mentioned.update(person for persons in by_number.values() for person in persons)
    persons = await load_persons(connection, store, mentioned)
    implied = _implied(batch, by_number, owners, persons, planner)
    owners |= await _owners(connection, store, implied)
    return Known(
        persons,
        by_number,
        owners,
        await _seen(
            connection, store, {*implied, *(i for each in batch for i in each.identifiers)}
        ),
        logins,
        await _found(connection, _TEAMS, store, team_names(batch), "id"),
    )


async def was_anybody_erased(connection: AsyncConnection, store: int) -> bool:
    """Tell whether anybody was erased from a store."""
    return bool(await fetch_value(connection, _ANY_ERASED, {"store": store}))


async def find_by_number(
    connection: AsyncConnection, store: int, numbers: Collection[str]
) -> dict[str, list[UUID]]:
    """Return the persons who have or had personnel numbers, by these."""
    found: dict[str, list[UUID]] = {}
    for row in await fetch(connection, _BY_NUMBER, {"store": store, "numbers": [*numbers]}):
        found.setdefault(row["number"], []).append(row["person"])
    return found


async def load_persons(
    connection: AsyncConnection, store: int, ids: Collection[UUID]
) -> dict[UUID, KnownPerson]:
    """Return all that is known of persons, by their ids."""
    rows = await fetch(connection, _PERSONS, {"store": store, "ids": [*ids]})
    persons = {row["id"]: KnownPerson(**row) for row in rows}
    for person, identifiers in (await identifiers_of(connection, store, [*persons])).items():
        persons[person].identifiers.update({each.ifi: each.source for each in identifiers})
    for key, values in (await ATTRIBUTES.of(connection, store, [*persons])).items():
        persons[key.person].values[key.name] = values
    for key, values in (await MEMBERSHIPS.of(connection, store, [*persons])).items():
        persons[key.person].teams[key.name] = values
    return persons


async def load_values(
    connection: AsyncConnection, store: int, persons: Collection[UUID], name: str
) -> dict[UUID, list[Value]]:
    """Return the values of one attribute of persons, by time."""
    held = await ATTRIBUTES.of(connection, store, persons)
    return {key.person: values for key, values in held.items() if key.name == name}


async def find_persons(
    connection: AsyncConnection, store: int, keys: Collection[str]
) -> dict[str, UUID]:
    """Return the persons who are known by a personnel number or an mbox, and by nobody else's."""
    mboxes = {Ifi("mbox", key) for key in keys if key.startswith("mailto:")}
    owners = await _owners(connection, store, mboxes)
    found = {ifi.value: person for ifi, person in owners.items()}
    for number, persons in (await find_by_number(connection, store, keys)).items():
        if len(persons) == 1:
            found[number] = persons[0]
    return found


async def find_above(
    connection: AsyncConnection, store: int, ids: Collection[UUID]
) -> dict[UUID, set[UUID]]:
    """Return who is above persons, on any day, as far as the store knows."""
    found: dict[UUID, set[UUID]] = {}
    for row in await fetch(connection, _ABOVE, {"store": store, "ids": [*ids]}):
        found.setdefault(row["start"], set()).add(row["person"])
    return found


def team_names(batch: Iterable[ListedPerson]) -> list[str]:
    """Return the names of all teams of a batch, each spelling once."""
    return [*dict.fromkeys(team.value for each in batch for team in each.teams)]


def _logins(batch: Iterable[ListedPerson]) -> list[str]:
    return [each.told.user_name for each in batch if each.told.user_name is not None]


def _implied(
    batch: Iterable[ListedPerson],
    by_number: Mapping[str, Sequence[UUID]],
    owners: Mapping[Ifi, UUID],
    persons: Mapping[UUID, KnownPerson],
    planner: Planner,
) -> set[Ifi]:
    found: set[Ifi] = set()
    for each in batch:
        numbered = by_number.get(each.personnel_number or "", ())
        mine = [*numbered, *(owners[ifi] for ifi in each.identifiers if ifi in owners)]
        found.update(planner.implied(each, persons[mine[0]] if mine else None))
    return found


async def _owners(connection: AsyncConnection, store: int, ifis: set[Ifi]) -> dict[Ifi, UUID]:
    keys = {ifi_key(ifi): ifi for ifi in ifis}
    owners = await owners_of(connection, store, keys)
    return {keys[key]: owner.person for key, owner in owners.items()}


async def _seen(connection: AsyncConnection, store: int, ifis: set[Ifi]) -> frozenset[Ifi]:
    keys = {ifi_key(ifi): ifi for ifi in ifis}
    rows = await fetch(connection, _SEEN, {"store": store, "keys": [*keys]})
    return frozenset(keys[row["key"]] for row in rows)


async def _found(
    connection: AsyncConnection,
    query: TextClause,
    store: int,
    names: Sequence[str],
    column: str,
) -> dict[str, UUID]:
    if not names:
        return {}
    rows = await fetch(connection, query, {"store": store, "names": [*names]})
    return {row["name"]: row[column] for row in rows}
