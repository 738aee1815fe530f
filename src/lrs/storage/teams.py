"""Keeps teams, and who is a member of them on which days.

Whoever writes holds `lock_people`, and names persons that are no part of another. A person may be
in several teams at once.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from lrs.errors import PersonConflictError, PersonNotFoundError
from lrs.people.validities import Validity, Value, told_validity, with_value, without
from lrs.storage.dated_rows import MEMBERSHIPS, Held, Key
from lrs.storage.driver import fetch
from lrs.storage.people import Change, record_changes
from lrs.storage.people_tables import team_members, teams

_MEMBERS = text(
    """
    SELECT members.person, people.name, members.valid_from, members.valid_until
    FROM team_members AS members
    JOIN people ON people.store = :store AND people.id = members.person
    WHERE members.store = :store AND members.team = :team AND people.merged_into IS NULL
      AND (members.person, members.valid_from)
          > (CAST(:after AS uuid), CAST(:after_day AS date))
    ORDER BY members.person, members.valid_from
    LIMIT :limit
    """
)
_NAMES = text("SELECT id, name FROM teams WHERE store = :store AND id = ANY (CAST(:ids AS uuid[]))")


@dataclass(frozen=True, slots=True)
class Team:
    """A team as kept.

    Attributes:
        external_id: how HR or the identity provider calls it.
        version: grows with every change of the team.
    """

    id: UUID
    name: str
    external_id: str | None
    created: datetime
    updated: datetime
    version: int


class Membership(NamedTuple):
    """That a person is in a team on some days."""

    person: UUID
    team: UUID
    validity: Validity


class Member(NamedTuple):
    """A member of a team, and what they are called."""

    person: UUID
    name: str | None
    validity: Validity


async def create_team(
    connection: AsyncConnection, store: int, name: str, external_id: str | None = None
) -> UUID:
    """Keep a new team, and return its id.

    Raises:
        PersonConflictError: another team has the name, whatever its case.
    """
    await _check_name(connection, store, name)
    made = uuid7()
    await connection.execute(
        insert(teams).values(store=store, id=made, name=name, external_id=external_id)
    )
    return made


async def get_team(connection: AsyncConnection, store: int, team: UUID) -> Team:
    """Return a team.

    Raises:
        PersonNotFoundError: there is none.
    """
    found = await connection.execute(
        select(teams).where(teams.c.store == store, teams.c.id == team)
    )
    for row in found:
        return _team(row)
    raise PersonNotFoundError(f"there is no team {team}")


async def list_teams(
    connection: AsyncConnection, store: int, after: UUID | None, limit: int
) -> list[Team]:
    """Return teams, the oldest first, from one on."""
    wanted = select(teams).where(teams.c.store == store).order_by(teams.c.id).limit(limit)
    if after is not None:
        wanted = wanted.where(teams.c.id > after)
    return [_team(row) for row in await connection.execute(wanted)]


async def change_team(
    connection: AsyncConnection, store: int, team: UUID, name: str, external_id: str | None
) -> None:
    """Have a team be called otherwise.

    Raises:
        PersonConflictError: another team has the name, whatever its case.
    """
    await _check_name(connection, store, name, team)
    change = update(teams).where(teams.c.store == store, teams.c.id == team)
    values = {"name": name, "external_id": external_id, "updated": func.now()}
    await connection.execute(change.values(**values, version=teams.c.version + 1))


async def delete_team(connection: AsyncConnection, store: int, team: UUID) -> None:
    """Give up a team with all memberships.

    Raises:
        PersonNotFoundError: there is none.
    """
    of_it = team_members.c.store == store, team_members.c.team == team
    await connection.execute(delete(team_members).where(*of_it))
    gone = await connection.execute(delete(teams).where(teams.c.store == store, teams.c.id == team))
    if not gone.rowcount:
        raise PersonNotFoundError(f"there is no team {team}")


async def set_members(
    connection: AsyncConnection, store: int, new: Sequence[Membership], changed_by: str
) -> list[Change]:
    """Have persons be in teams, all or none, and return what has changed; see `with_value`.

    Raises:
        PersonConflictError: a membership overlaps another one of the same team and person.
    """
    before = await MEMBERSHIPS.of(connection, store, {each.person for each in new})
    after: dict[Key, Sequence[Value]] = {}
    for each in new:
        key = Key(each.person, each.team)
        value = Value("", each.validity, each.person)
        try:
            after[key] = with_value(after.get(key, before.get(key, ())), value)
        except PersonConflictError as error:
            raise PersonConflictError(f"person {each.person} in the team: {error}") from error
    return await _replace(connection, store, before, after, changed_by)


async def clear_members(
    connection: AsyncConnection, store: int, gone: Sequence[Membership], changed_by: str
) -> list[Change]:
    """Have persons not be in teams on some days, and return what has changed."""
    before = await MEMBERSHIPS.of(connection, store, {each.person for each in gone})
    after: dict[Key, Sequence[Value]] = {}
    for each in gone:
        key = Key(each.person, each.team)
        after[key] = without(after.get(key, before.get(key, ())), each.validity)
    return await _replace(connection, store, before, after, changed_by)


async def members_of(
    connection: AsyncConnection,
    store: int,
    team: UUID,
    after: tuple[UUID, Validity] | None,
    limit: int,
) -> list[Member]:
    """Return members of a team, also former ones, by their ids, from one on."""
    person, validity = after or (UUID(int=0), Validity())
    values = {"after": person, "after_day": validity.since, "limit": limit}
    rows = await fetch(connection, _MEMBERS, {"store": store, "team": team, **values})
    return [
        Member(row["person"], row["name"], Validity(row["valid_from"], row["valid_until"]))
        for row in rows
    ]


async def memberships_of(
    connection: AsyncConnection, store: int, persons: Collection[UUID]
) -> dict[UUID, list[tuple[Membership, str]]]:
    """Return the memberships of persons, with the names of the teams."""
    held = await MEMBERSHIPS.of(connection, store, persons)
    ids = {key.name for key in held}
    rows = await fetch(connection, _NAMES, {"store": store, "ids": [*ids]}) if ids else ()
    names = {row["id"]: row["name"] for row in rows}
    found: dict[UUID, list[tuple[Membership, str]]] = {person: [] for person in persons}
    for key, values in held.items():
        found[key.person] += [
            (Membership(key.person, key.name, each.validity), names[key.name]) for each in values
        ]
    return found


async def _check_name(
    connection: AsyncConnection, store: int, name: str, but: UUID | None = None
) -> None:
    same = select(teams.c.id).where(
        teams.c.store == store, func.lower(teams.c.name) == func.lower(name)
    )
    found = await connection.scalar(same)
    if found is not None and found != but:
        raise PersonConflictError(f"the team {found} has the name {name!r} already")


async def _replace(
    connection: AsyncConnection, store: int, before: Held, after: Held, changed_by: str
) -> list[Change]:
    changes = [
        Change(key.person, f"team:{key.name}", _told(before.get(key, ())), _told(after[key]))
        for key in await MEMBERSHIPS.replace(connection, store, before, after)
    ]
    await record_changes(connection, store, changed_by, changes)
    return changes


def _told(values: Sequence[Value]) -> list[dict[str, str | None]] | None:
    return [told_validity(each.validity) for each in values] or None


# The row of a query over all columns of a table has any columns.
def _team(row: Row[tuple[object, ...]]) -> Team:
    return Team(**{name: getattr(row, name) for name in Team.__slots__})
