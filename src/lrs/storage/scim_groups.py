"""Finds teams as Groups of SCIM; their members are the Users who are in them today."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import RowMapping, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import PersonNotFoundError
from lrs.people.scim_groups import KeptGroup, Member, Team
from lrs.people.scim_searches import Selection, Sight
from lrs.storage.people_tables import people, team_members, teams
from lrs.storage.scim_conditions import ROOT, group_condition, group_expressions, is_member
from lrs.storage.scim_users import in_order


async def get_scim_group(
    connection: AsyncConnection, sight: Sight, group: UUID | None
) -> KeptGroup:
    """Return a Group with its members.

    Raises:
        PersonNotFoundError: there is none.
    """
    wanted = select(teams).where(teams.c.store == sight.store, teams.c.id == group)
    rows = (await connection.execute(wanted)).mappings().all()
    for kept in await _kept(connection, sight, rows, has_members=True):
        return kept
    raise PersonNotFoundError("there is no such group")


async def find_scim_groups(
    connection: AsyncConnection,
    sight: Sight,
    selection: Selection,
    *,
    has_members: bool,
) -> tuple[int, list[KeptGroup]]:
    """Return how many Groups are selected, and those on the page, with members if wanted."""
    conditions = [teams.c.store == sight.store]
    if selection.condition is not None:
        conditions.append(group_condition(selection.condition, sight))
    total = await connection.scalar(select(func.count()).select_from(teams).where(*conditions))
    if not selection.limit:
        return total or 0, []
    page = in_order(select(teams).where(*conditions), selection, group_expressions(), teams.c.id)
    rows = (await connection.execute(page)).mappings().all()
    return total or 0, await _kept(connection, sight, rows, has_members=has_members)


async def roots_of_users(
    connection: AsyncConnection, store: int, users: Collection[UUID]
) -> dict[UUID, UUID]:
    """Return the persons of Users, by the ids of those that there are."""
    wanted = select(people.c.id, ROOT.label("root")).where(
        people.c.store == store, people.c.id.in_(users), people.c.user_name.is_not(None)
    )
    return {row.id: row.root for row in await connection.execute(wanted)}


async def touch_group(connection: AsyncConnection, store: int, group: UUID) -> None:
    """Count up the version of a Group of which the members have changed."""
    change = update(teams).where(teams.c.store == store, teams.c.id == group)
    await connection.execute(change.values(updated=func.now(), version=teams.c.version + 1))


async def _kept(
    connection: AsyncConnection,
    sight: Sight,
    rows: Sequence[RowMapping],
    *,
    has_members: bool,
) -> list[KeptGroup]:
    ids = [row["id"] for row in rows] if has_members else []
    members = await _members(connection, sight, ids)
    return [
        KeptGroup(
            row["id"],
            Team(row["name"], row["external_id"]),
            row["created"],
            row["updated"],
            row["version"],
            members.get(row["id"], ()),
        )
        for row in rows
    ]


async def _members(
    connection: AsyncConnection, sight: Sight, groups: Collection[UUID]
) -> dict[UUID, list[Member]]:
    if not groups:
        return {}
    wanted = (
        select(team_members.c.team, people.c.id, people.c.name)
        .join_from(team_members, people, is_member(sight))
        .where(team_members.c.team.in_(groups))
        .order_by(people.c.id)
    )
    found: dict[UUID, list[Member]] = {}
    for row in await connection.execute(wanted):
        found.setdefault(row.team, []).append(Member(row.id, row.name))
    return found
