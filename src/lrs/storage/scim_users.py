"""Finds and keeps persons as Users of SCIM: those who have a user name.

What has a place of its own is kept by `people.py`, `person_values.py` and `person_identifiers.py`;
here is the rest. Attributes, identifiers and teams of one who was merged are those of the person
that they are a part of; the row itself goes on to be the User.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import PersonConflictError, PersonNotFoundError
from lrs.people.scim_searches import Selection, Sight
from lrs.people.scim_users import KeptUser
from lrs.storage.people_tables import (
    people,
    person_attributes,
    person_identifiers,
    team_members,
    teams,
)
from lrs.storage.scim_conditions import (
    ROOT,
    is_user,
    is_valid,
    user_condition,
    user_expressions,
)

_COLUMNS = (
    people.c.id,
    ROOT.label("root"),
    people.c.user_name,
    people.c.name,
    people.c.external_id,
    people.c.active,
    people.c.created,
    people.c.updated,
    people.c.version,
    people.c.scim,
)


async def get_scim_user(connection: AsyncConnection, sight: Sight, user: UUID | None) -> KeptUser:
    """Return a User.

    Raises:
        PersonNotFoundError: there is none.
    """
    wanted = select(*_COLUMNS).where(is_user(sight), people.c.id == user)
    rows = (await connection.execute(wanted)).mappings().all()
    for kept in await _kept(connection, sight, rows):
        return kept
    raise PersonNotFoundError("there is no such user")


async def find_scim_users(
    connection: AsyncConnection, sight: Sight, selection: Selection
) -> tuple[int, list[KeptUser]]:
    """Return how many Users are selected, and those on the page."""
    conditions = [is_user(sight)]
    if selection.condition is not None:
        conditions.append(user_condition(selection.condition, sight))
    total = await connection.scalar(select(func.count()).select_from(people).where(*conditions))
    if not selection.limit:
        return total or 0, []
    page = in_order(
        select(*_COLUMNS).where(*conditions),
        selection,
        user_expressions(sight),
        people.c.id,
    )
    rows = (await connection.execute(page)).mappings().all()
    return total or 0, await _kept(connection, sight, rows)


def in_order(
    wanted: Select[Any],
    selection: Selection,
    expressions: Mapping[str, ColumnElement[Any]],
    id_: ColumnElement[UUID],
) -> Select[Any]:
    """Return the page that is selected; what has no value comes last, or first if descending."""
    if selection.sort is not None:
        by = expressions[selection.sort]
        key = func.lower(by) if selection.sort != "active" and _is_text(by) else by
        order = key.desc().nulls_first() if selection.is_descending else key.asc().nulls_last()
        wanted = wanted.order_by(order)
    return wanted.order_by(id_).limit(selection.limit).offset(selection.offset)


async def find_adoptable(
    connection: AsyncConnection, store: int, keys: Collection[UUID]
) -> UUID | None:
    """Return the one person without a user name whom these identifiers lead to, if there is one.

    Raises:
        PersonConflictError: they lead to two persons; both are named.
    """
    whose = select(person_identifiers.c.person).where(
        person_identifiers.c.store == store, person_identifiers.c.agent.in_(keys)
    )
    wanted = (
        select(people.c.id, people.c.user_name)
        .where(people.c.store == store, people.c.id.in_(whose))
        .order_by(people.c.id)
    )
    found = (await connection.execute(wanted)).all()
    if len(found) > 1:
        raise PersonConflictError(
            f"the mail addresses are those of person {found[0].id} and of person {found[1].id}:"
            " merge the two, or take the address from one of them first"
        )
    free = [row.id for row in found if row.user_name is None]
    return free[0] if free else None


async def keep_rest(
    connection: AsyncConnection, store: int, user: UUID, rest: Mapping[str, Any] | None
) -> None:
    """Keep what is said of a User and has no place of its own, as a new version."""
    change = update(people).where(people.c.store == store, people.c.id == user)
    values = {"scim": rest, "updated": func.now(), "version": people.c.version + 1}
    await connection.execute(change.values(values))


async def give_up_user(connection: AsyncConnection, store: int, user: UUID) -> None:
    """Have a person who is a part of another be no User any more."""
    change = update(people).where(people.c.store == store, people.c.id == user)
    gone = {"user_name": None, "external_id": None, "scim": null(), "active": False}
    await connection.execute(change.values(**gone, updated=func.now()))


async def root_of(connection: AsyncConnection, store: int, user: UUID) -> UUID:
    """Return the person that a User is, or is a part of."""
    found: UUID | None = await connection.scalar(
        select(ROOT).where(people.c.store == store, people.c.id == user)
    )
    return found or user


def _is_text(expression: ColumnElement[Any]) -> bool:
    return expression.type.python_type is str


async def _kept(
    connection: AsyncConnection, sight: Sight, rows: Sequence[RowMapping]
) -> list[KeptUser]:
    roots = {row["root"] for row in rows}
    attributes = await _attributes(connection, sight, roots)
    groups = await _groups(connection, sight, roots)
    return [
        KeptUser(
            id=row["id"],
            user_name=row["user_name"],
            name=row["name"],
            external_id=row["external_id"],
            active=row["active"],
            created=row["created"],
            updated=row["updated"],
            version=row["version"],
            attributes=attributes.get(row["root"], {}),
            groups=groups.get(row["root"], ()),
            rest=row["scim"] or {},
        )
        for row in rows
    ]


async def _attributes(
    connection: AsyncConnection, sight: Sight, persons: Collection[UUID]
) -> dict[UUID, dict[str, str]]:
    known = person_attributes.c
    wanted = select(known.person, known.name, known.value).where(
        known.store == sight.store,
        known.person.in_(persons),
        known.name.not_in(sight.withheld),
        is_valid(person_attributes, sight.today),
    )
    found: dict[UUID, dict[str, str]] = {}
    for row in await connection.execute(wanted):
        found.setdefault(row.person, {})[row.name] = row.value
    return found


async def _groups(
    connection: AsyncConnection, sight: Sight, persons: Collection[UUID]
) -> dict[UUID, list[tuple[UUID, str]]]:
    member = team_members.c
    wanted = (
        select(member.person, teams.c.id, teams.c.name)
        .join_from(
            team_members, teams, and_(teams.c.store == sight.store, teams.c.id == member.team)
        )
        .where(
            member.store == sight.store,
            member.person.in_(persons),
            is_valid(team_members, sight.today),
        )
        .order_by(teams.c.id)
    )
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    for row in await connection.execute(wanted):
        found.setdefault(row.person, []).append((row.id, row.name))
    return found
