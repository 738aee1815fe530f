"""Writes what comes of HR's list: a batch in a few statements of SQL, however large it is.

Whoever writes holds `lock_people`. All of a batch stands in one transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Integer, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.people.attributes import AttributeDefinition
from lrs.people.imports.planning import KnownPerson, PlannedPerson
from lrs.people.validities import Value, told_validity
from lrs.storage.attribute_definitions import put_definition
from lrs.storage.dated_rows import ATTRIBUTES, MEMBERSHIPS, Held, Key
from lrs.storage.driver import fetch
from lrs.storage.people import (
    Change,
    NewPerson,
    create_people,
    record_changes,
    touch_people,
)
from lrs.storage.person_identifiers import (
    apply_rules,
    claim_identifiers,
)
from lrs.storage.person_values import told_values
from lrs.xapi.keys import ifi_key

_SOURCE = "import"
_STORE = bindparam("store", type_=Integer)
_CHANGE = text(
    """
    UPDATE people AS kept
    SET name = said.name, user_name = said.user_name, external_id = said.external_id,
        language = said.language, active = said.active
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:user_names AS text[]),
        CAST(:external_ids AS text[]), CAST(:languages AS text[]), CAST(:actives AS boolean[])
    ) AS said (id, name, user_name, external_id, language, active)
    WHERE kept.store = :store AND kept.id = said.id
    """
).bindparams(_STORE)
_ADD_TEAMS = text(
    """
    INSERT INTO teams (store, id, name)
    SELECT :store, made.id, made.name
    FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[])) AS made (id, name)
    """
).bindparams(_STORE)


async def add_what_is_new(
    connection: AsyncConnection,
    store: int,
    definitions: Iterable[AttributeDefinition],
    new_teams: Mapping[UUID, str],
) -> None:
    """Keep attributes and teams that a list brings and that are not there yet.

    Raises:
        PersonConflictError: an attribute has values of another type.
        InvalidRequestError: there are too many attributes.
    """
    for definition in definitions:
        await put_definition(connection, store, definition)
    if new_teams:
        values = {"ids": [*new_teams], "names": [*new_teams.values()]}
        await fetch(connection, _ADD_TEAMS, {"store": store, **values})


async def write_plans(
    connection: AsyncConnection, store: int, plans: Sequence[PlannedPerson], changed_by: str
) -> None:
    """Do what is planned, all of it, and write down what has changed of persons known before.

    Args:
        connection: within a writing transaction that holds `lock_people` since before the plan.
        store: of the persons.
        plans: those that say anything; one for a person.
        changed_by: the name of the `Caller`.

    Raises:
        PersonConflictError: a login is another's.
    """
    new = {each.id: NewPerson(**each.fields) for each in plans if each.before is None}  # type: ignore[arg-type] # by the names of its attributes
    await create_people(connection, store, new)
    await _change(connection, store, [each for each in plans if each.before and each.fields])
    claims = {
        ifi: each.id for each in plans for ifi, by in each.identifiers.items() if by == _SOURCE
    }
    await claim_identifiers(connection, store, claims, _SOURCE)
    await _write_dated(connection, store, plans)
    await record_changes(connection, store, changed_by, [*_changes(plans)])
    await apply_rules(connection, store, [each.id for each in plans])
    await touch_people(connection, store, [each.id for each in plans if each.before])


async def write_values(
    connection: AsyncConnection,
    store: int,
    name: str,
    changes: Mapping[UUID, tuple[Sequence[Value], Sequence[Value]]],
) -> None:
    """Have persons have other values of one attribute.

    Args:
        connection: within a writing transaction that holds `lock_people`.
        store: of the persons.
        name: of the attribute.
        changes: the values before and after, by person.
    """
    before = {Key(person, name): was for person, (was, _) in changes.items()}
    after = {Key(person, name): _owned(person, now) for person, (_, now) in changes.items()}
    await ATTRIBUTES.replace(connection, store, before, after)


async def record_values(
    connection: AsyncConnection,
    store: int,
    name: str,
    changes: Mapping[UUID, tuple[Sequence[Value], Sequence[Value]]],
    changed_by: str,
) -> None:
    """Write down that persons have other values of one attribute; see `write_values`."""
    told = [
        Change(person, f"attribute:{name}", told_values(was), told_values(now))
        for person, (was, now) in changes.items()
    ]
    await record_changes(connection, store, changed_by, told)
    await touch_people(connection, store, [*changes])


async def _change(connection: AsyncConnection, store: int, plans: Sequence[PlannedPerson]) -> None:
    def column(name: str) -> list[object]:
        return [each.fields.get(name, getattr(each.before, name)) for each in plans]

    values = {
        "ids": [each.id for each in plans],
        "names": column("name"),
        "user_names": column("user_name"),
        "external_ids": column("external_id"),
        "languages": column("language"),
        "actives": column("active"),
    }
    await fetch(connection, _CHANGE, {"store": store, **values})


async def _write_dated(
    connection: AsyncConnection, store: int, plans: Iterable[PlannedPerson]
) -> None:
    values: tuple[dict[Key, Sequence[Value]], ...] = ({}, {})
    teams: tuple[dict[Key, Sequence[Value]], ...] = ({}, {})
    for each in plans:
        known = each.before or KnownPerson(each.id)
        for name, after in each.values.items():
            values[0][Key(each.id, name)] = known.values.get(name, ())
            values[1][Key(each.id, name)] = _owned(each.id, after)
        for team, after in each.teams.items():
            teams[0][Key(each.id, team)] = known.teams.get(team, ())
            teams[1][Key(each.id, team)] = _owned(each.id, after)
    for rows, (before, after_all) in ((ATTRIBUTES, values), (MEMBERSHIPS, teams)):
        held: Held = after_all
        if held:
            await rows.replace(connection, store, before, held)


def _owned(person: UUID, values: Iterable[Value]) -> list[Value]:
    """Have values without an owner be the person's own."""
    return [
        Value(each.value, each.validity, person) if each.own is None else each for each in values
    ]


def _changes(plans: Iterable[PlannedPerson]) -> Iterable[Change]:
    """Give what is written down: of those who are new only the name, with which they began."""
    for each in plans:
        before = each.before
        if before is None:
            yield Change(each.id, "name", None, each.fields.get("name"))
            continue
        for name, value in each.fields.items():
            yield Change(each.id, name, getattr(before, name), value)
        for ifi in each.identifiers:
            yield Change(each.id, "identifier", None, str(ifi_key(ifi)))
        for name, values in each.values.items():
            yield Change(
                each.id,
                f"attribute:{name}",
                told_values(before.values.get(name, ())),
                told_values(values),
            )
        for team, values in each.teams.items():
            yield Change(each.id, f"team:{team}", _days(before.teams.get(team, ())), _days(values))


def _days(values: Iterable[Value]) -> list[dict[str, str | None]] | None:
    return [told_validity(each.validity) for each in values] or None
