"""Teams, and who is in them on which days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from lrs.auth.audit import Action, Caller
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.people.validities import Validity
from lrs.services.shown_people import event_of, require_everybody
from lrs.storage.audit import append_record
from lrs.storage.engines import Database
from lrs.storage.people import touch_people
from lrs.storage.person_writing import writing_people, writing_person
from lrs.storage.seen_people import seen_among
from lrs.storage.teams import (
    Member,
    Membership,
    Team,
    change_team,
    clear_members,
    create_team,
    delete_team,
    get_team,
    list_teams,
    members_of,
    set_members,
)

# What others ask this module for, too.
__all__ = ["MembersPage", "Team", "TeamsPage", "TeamsService"]


@dataclass(frozen=True, slots=True)
class TeamsPage:
    """A page of teams; `following` is None on the last one."""

    teams: Sequence[Team]
    following: UUID | None


@dataclass(frozen=True, slots=True)
class MembersPage:
    """A page of memberships; `following` is None on the last one."""

    members: Sequence[Member]
    following: Member | None


class TeamsService:
    """Makes, reads, changes and gives up teams of a principal's store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, caller: Caller, store: int, name: str, external_id: str | None) -> Team:
        """Make a team.

        Raises:
            PersonConflictError: another one has the name.
            UnavailableError: the database cannot be reached.
        """
        async with writing_people(self._database, store) as connection:
            made = await create_team(connection, store, name, external_id)
            team = await get_team(connection, store, made)
            await append_record(connection, store, event_of(caller, Action.TEAM_MADE, made))
        return team

    async def list(self, store: int, after: UUID | None, limit: int) -> TeamsPage:
        """Return teams, the oldest first.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            found = await list_teams(connection, store, after, limit + 1)
        return TeamsPage(found[:limit], found[limit - 1].id if len(found) > limit else None)

    async def get(self, store: int, team: UUID) -> Team:
        """Return a team.

        Raises:
            PersonNotFoundError: there is none.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            return await get_team(connection, store, team)

    async def change(
        self, caller: Caller, store: int, team: UUID, changes: Mapping[str, Any]
    ) -> Team:
        """Have a team be called otherwise; what is not named stays.

        Raises:
            PersonNotFoundError: there is none.
            PersonConflictError: another one has the name.
            UnavailableError: the database cannot be reached.
        """
        async with writing_people(self._database, store) as connection:
            told = replace(await get_team(connection, store, team), **changes)
            await change_team(connection, store, team, told.name, told.external_id)
            changed = await get_team(connection, store, team)
            await append_record(connection, store, event_of(caller, Action.TEAM_CHANGED, team))
        return changed

    async def delete(self, caller: Caller, store: int, team: UUID) -> None:
        """Give up a team with all memberships.

        Raises:
            PersonNotFoundError: there is none.
            UnavailableError: the database cannot be reached.
        """
        async with writing_people(self._database, store) as connection:
            await delete_team(connection, store, team)
            await append_record(connection, store, event_of(caller, Action.TEAM_DELETED, team))

    async def members(
        self, principal: Principal, team: UUID, after: tuple[UUID, Validity] | None, limit: int
    ) -> MembersPage:
        """Return who is and was in a team, of those who may be seen.

        Raises:
            PersonNotFoundError: there is no such team.
            UnavailableError: the database cannot be reached.
        """
        store = principal.store
        principal.require(Scope.PEOPLE_READ)
        async with self._database.primary() as connection:
            await get_team(connection, store, team)
            found = await members_of(connection, store, team, after, limit + 1)
            shown = found[:limit]
            seen = await seen_among(connection, principal, {each.person for each in shown})
        following = shown[-1] if len(found) > limit else None
        return MembersPage([each for each in shown if each.person in seen], following)

    async def put_member(
        self, caller: Caller, principal: Principal, team: UUID, person: UUID, validity: Validity
    ) -> None:
        """Have a person be in a team on some days.

        Raises:
            ForbiddenError: the principal is limited to some people.
            PersonNotFoundError: there is no such team or person.
            PersonConflictError: the days overlap those of another membership.
            UnavailableError: the database cannot be reached.
        """
        require_everybody(principal)
        store = principal.store
        async with writing_person(self._database, principal, person) as writing:
            connection = writing.connection
            await get_team(connection, store, team)
            new = [Membership(writing.id, team, validity)]
            await set_members(connection, store, new, caller.name)
            await touch_people(connection, store, [writing.id])
            event = event_of(caller, Action.TEAM_CHANGED, team, person=str(writing.id))
            await append_record(connection, store, event)

    async def remove_member(
        self, caller: Caller, principal: Principal, team: UUID, person: UUID, validity: Validity
    ) -> None:
        """Have a person not be in a team on some days.

        Raises:
            ForbiddenError: the principal is limited to some people.
            PersonNotFoundError: there is no such team or person.
            UnavailableError: the database cannot be reached.
        """
        require_everybody(principal)
        store = principal.store
        async with writing_person(self._database, principal, person) as writing:
            connection = writing.connection
            await get_team(connection, store, team)
            gone = [Membership(writing.id, team, validity)]
            if await clear_members(connection, store, gone, caller.name):
                await touch_people(connection, store, [writing.id])
            event = event_of(caller, Action.TEAM_CHANGED, team, person=str(writing.id))
            await append_record(connection, store, event)
