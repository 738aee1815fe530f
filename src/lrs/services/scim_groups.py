"""Groups of SCIM: teams, with their members from the day on which they are told."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from lrs.auth.audit import Action
from lrs.errors import InvalidScimError
from lrs.people.scim_groups import KeptGroup, Team, group_of, team_of
from lrs.people.scim_patches import (
    GroupPatch,
    changed_members,
    member_ids,
    patch_group,
    read_id,
)
from lrs.people.scim_resources import Group
from lrs.people.scim_searches import Selection
from lrs.people.validities import OPEN_AFTER, Validity
from lrs.services.people import today
from lrs.services.scim_requests import Asking, check_match, require_unlimited, sight_of
from lrs.storage.audit import append_record
from lrs.storage.engines import Database
from lrs.storage.person_writing import writing_people
from lrs.storage.scim_groups import (
    find_scim_groups,
    get_scim_group,
    roots_of_users,
    touch_group,
)
from lrs.storage.teams import (
    Membership,
    change_team,
    clear_members,
    create_team,
    delete_team,
    memberships_of,
    set_members,
)
from lrs.storage.transactions import Transaction


class FoundGroups(NamedTuple):
    """How many there are, and those on the page."""

    total: int
    groups: Sequence[Group]


class _Wanted(NamedTuple):
    """What a group is to be."""

    team: Team
    members: frozenset[UUID]


_Edit = Callable[[Group, frozenset[UUID]], _Wanted]


class ScimGroupsService:
    """Makes, finds, changes and gives up Groups of a principal's store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, asking: Asking, group: str) -> Group:
        """Return a Group.

        Raises:
            ForbiddenError: the principal may see some people only.
            PersonNotFoundError: there is none.
            UnavailableError: the database cannot be reached.
        """
        require_unlimited(asking.principal)
        async with self._database.primary() as connection:
            return group_of(await _get(connection, asking, group), asking.base)

    async def find(
        self, asking: Asking, selection: Selection, *, has_members: bool = True
    ) -> FoundGroups:
        """Return the Groups that are selected, with their members if wanted.

        Raises:
            ForbiddenError: the principal may see some people only.
            UnavailableError: the database cannot be reached.
        """
        require_unlimited(asking.principal)
        async with self._database.primary() as connection:
            sight = await sight_of(connection, asking.principal)
            total, kept = await find_scim_groups(
                connection, sight, selection, has_members=has_members
            )
        return FoundGroups(total, [group_of(each, asking.base) for each in kept])

    async def create(self, asking: Asking, group: Group) -> Group:
        """Make a Group.

        Raises:
            ForbiddenError: the principal may see some people only.
            InvalidScimError: a member is no User.
            PersonConflictError: another team has the name.
            UnavailableError: the database cannot be reached.
        """
        require_unlimited(asking.principal)
        team, members = team_of(group), member_ids(group.members or [])
        async with writing_people(self._database, asking.store) as connection:
            made = await create_team(connection, asking.store, team.name, team.external_id)
            await _add(connection, asking, made, members)
            kept = await _get(connection, asking, str(made))
            event = asking.event(Action.TEAM_MADE, made, added=len(members))
            await append_record(connection, asking.store, event)
        return group_of(kept, asking.base)

    async def replace(self, asking: Asking, group: str, wanted: Group) -> Group:
        """Have a Group be what is said now, and nothing else.

        Raises:
            ForbiddenError: the principal may see some people only.
            InvalidScimError: a member is no User.
            PersonNotFoundError: there is no such Group.
            PersonConflictError: another team has the name.
            PreconditionFailedError: somebody else has changed the Group.
            UnavailableError: the database cannot be reached.
        """

        def edit(_: Group, __: frozenset[UUID]) -> _Wanted:
            return _Wanted(team_of(wanted), member_ids(wanted.members or []))

        return await self._change(asking, group, edit)

    async def patch(self, asking: Asking, group: str, patch: GroupPatch) -> Group:
        """Change a Group by operations; see `replace` for what is raised."""

        def edit(before: Group, members: frozenset[UUID]) -> _Wanted:
            if patch.itself is not None:
                patch_group(patch.itself, before)
            return _Wanted(team_of(before), changed_members(members, patch.members))

        return await self._change(asking, group, edit)

    async def delete(self, asking: Asking, group: str) -> None:
        """Give up a Group, with all memberships that there were.

        Raises:
            ForbiddenError: the principal may see some people only.
            PersonNotFoundError: there is no such Group.
            PreconditionFailedError: somebody else has changed the Group.
            UnavailableError: the database cannot be reached.
        """
        require_unlimited(asking.principal)
        async with writing_people(self._database, asking.store) as connection:
            kept = await _get(connection, asking, group)
            check_match(asking, kept.version)
            await delete_team(connection, asking.store, kept.id)
            event = asking.event(Action.TEAM_DELETED, kept.id)
            await append_record(connection, asking.store, event)

    async def _change(self, asking: Asking, group: str, edit: _Edit) -> Group:
        require_unlimited(asking.principal)
        async with writing_people(self._database, asking.store) as connection:
            kept = await _get(connection, asking, group)
            check_match(asking, kept.version)
            members = frozenset(each.id for each in kept.members)
            bare = Group(display_name=kept.told.name, external_id=kept.told.external_id)
            wanted = await asyncio.to_thread(edit, bare, members)
            if wanted == _Wanted(kept.told, members):
                return group_of(kept, asking.base)
            await self._write(connection, asking, kept, wanted)
            changed = await _get(connection, asking, group)
            await self._record(connection, asking, members, wanted, kept.id)
        return group_of(changed, asking.base)

    async def _write(
        self, connection: Transaction, asking: Asking, kept: KeptGroup, wanted: _Wanted
    ) -> None:
        members = frozenset(each.id for each in kept.members)
        await _remove(connection, asking, kept.id, members - wanted.members)
        await _add(connection, asking, kept.id, wanted.members - members)
        if wanted.team == kept.told:
            await touch_group(connection, asking.store, kept.id)
        else:
            await change_team(connection, asking.store, kept.id, *wanted.team)

    async def _record(
        self,
        connection: Transaction,
        asking: Asking,
        members: frozenset[UUID],
        wanted: _Wanted,
        team: UUID,
    ) -> None:
        added, removed = len(wanted.members - members), len(members - wanted.members)
        event = asking.event(Action.TEAM_CHANGED, team, added=added, removed=removed)
        await append_record(connection, asking.store, event)


async def _get(connection: Transaction, asking: Asking, group: str) -> KeptGroup:
    sight = await sight_of(connection, asking.principal)
    return await get_scim_group(connection, sight, read_id(group))


async def _add(
    connection: Transaction, asking: Asking, team: UUID, users: Collection[UUID]
) -> None:
    """Have Users be in a team from today on, up to where they are known to be in it again."""
    persons = await _persons(connection, asking, users)
    new = []
    for person, periods in (await _periods(connection, asking, team, persons)).items():
        if not any(each.covers(today()) for each in periods):
            begins = [each.since for each in periods if each.since > today()]
            until = min(begins, default=OPEN_AFTER)
            new.append(Membership(person, team, Validity(today(), until)))
    await set_members(connection, asking.store, new, asking.caller.name)


async def _remove(
    connection: Transaction, asking: Asking, team: UUID, users: Collection[UUID]
) -> None:
    """Have Users not be in a team from today on; yesterday they were."""
    persons = await _persons(connection, asking, users)
    gone = [
        Membership(person, team, Validity(today(), period.until))
        for person, periods in (await _periods(connection, asking, team, persons)).items()
        for period in periods
        if period.covers(today())
    ]
    await clear_members(connection, asking.store, gone, asking.caller.name)


async def _persons(
    connection: Transaction, asking: Asking, users: Collection[UUID]
) -> frozenset[UUID]:
    roots = await roots_of_users(connection, asking.store, users)
    for user in users:
        if user not in roots:
            raise InvalidScimError(f"there is no user {user} to be a member", "invalidValue")
    return frozenset(roots.values())


async def _periods(
    connection: Transaction, asking: Asking, team: UUID, persons: Collection[UUID]
) -> dict[UUID, list[Validity]]:
    found = await memberships_of(connection, asking.store, persons)
    return {
        person: [each.validity for each, _ in theirs if each.team == team]
        for person, theirs in found.items()
    }
