"""Teams over HTTP."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, status
from pydantic import BaseModel, ConfigDict, Field

from lrs import errors
from lrs.api.credentials import caller_of
from lrs.api.json_routes import JsonRoute
from lrs.api.notes import note_person_read
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.api.v1.people import ALWAYS, OF_ONE, WITH_BODY, Reader, Writer
from lrs.api.v1.person_bodies import Line, ValidityBody, shown_days
from lrs.people.validities import Validity
from lrs.services.teams import Team

router = APIRouter(prefix="/api/v1/teams", tags=["people"], route_class=JsonRoute)

TeamId = Annotated[UUID, Path(alias="team", description="the id of a team")]
Member = Annotated[
    UUID, Path(alias="person", description="of a person, or the key of an identifier")
]
_LIMIT, _MOST = 100, 500
_CHANGING = (*OF_ONE, *WITH_BODY, errors.PersonConflictError)


class NewTeamBody(BaseModel):
    """A team to be made."""

    model_config = ConfigDict(extra="forbid")

    name: Line
    external_id: Line | None = None


class TeamChangesBody(BaseModel):
    """What is to be otherwise of a team: what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Line = Field(default="", description="unique in the store, whatever its case")
    external_id: Line | None = None

    def changes(self) -> dict[str, Any]:
        """Return what was sent."""
        return self.model_dump(exclude_unset=True)


class TeamBody(BaseModel):
    """A team."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    external_id: str | None
    created: datetime
    updated: datetime
    version: int


class TeamsBody(BaseModel):
    """A page of teams, the oldest first."""

    teams: list[TeamBody]
    after: UUID | None = Field(description="asks for the next page; null on the last one")


class MemberBody(BaseModel):
    """That a person is in a team on some days."""

    person: UUID
    name: str | None
    since: date | None = Field(serialization_alias="from", description="null is always")
    until: date | None = Field(description="null is for good")


class MembersBody(BaseModel):
    """A page of memberships, former ones too."""

    members: list[MemberBody]
    after: UUID | None = Field(description="with `after_from` asks for the next page")
    after_from: date | None

    @classmethod
    def of(cls, members: list[MemberBody], place: tuple[UUID, Validity] | None) -> Self:
        """Write a page down."""
        if place is None:
            return cls(members=members, after=None, after_from=None)
        person, validity = place
        return cls(members=members, after=person, after_from=shown_days(validity)[0])


@router.post(
    "",
    summary="Make a team",
    operation_id="createTeam",
    status_code=status.HTTP_201_CREATED,
    responses=responses(*WITH_BODY, errors.PersonConflictError, *ALWAYS),
)
async def create_team(request: Request, principal: Writer, wanted: NewTeamBody) -> TeamBody:
    """Make a team without members."""
    made = await services_of(request).persons.teams.create(
        caller_of(request, principal), principal.store, wanted.name, wanted.external_id
    )
    return TeamBody.model_validate(made)


@router.get(
    "",
    summary="List teams",
    operation_id="listTeams",
    responses=responses(errors.InvalidRequestError, *ALWAYS),
)
async def list_teams(
    request: Request,
    principal: Reader,
    after: Annotated[UUID | None, Query(description="From the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="The most on a page.")] = _LIMIT,
) -> TeamsBody:
    """Answer with teams, the oldest first."""
    page = await services_of(request).persons.teams.list(principal.store, after, limit)
    teams = [TeamBody.model_validate(each) for each in page.teams]
    return TeamsBody(teams=teams, after=page.following)


@router.get("/{team}", summary="Get a team", operation_id="getTeam", responses=responses(*OF_ONE))
async def get_team(request: Request, principal: Reader, team: TeamId) -> TeamBody:
    """Answer with a team."""
    return _shown(await services_of(request).persons.teams.get(principal.store, team))


@router.patch(
    "/{team}",
    summary="Change a team",
    operation_id="changeTeam",
    responses=responses(*_CHANGING),
)
async def change_team(
    request: Request, principal: Writer, team: TeamId, wanted: TeamChangesBody
) -> TeamBody:
    """Have a team be called otherwise."""
    changed = await services_of(request).persons.teams.change(
        caller_of(request, principal), principal.store, team, wanted.changes()
    )
    return _shown(changed)


@router.delete(
    "/{team}",
    summary="Give up a team",
    operation_id="deleteTeam",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(*OF_ONE),
)
async def delete_team(request: Request, principal: Writer, team: TeamId) -> None:
    """Give up a team with all memberships, former ones too."""
    await services_of(request).persons.teams.delete(
        caller_of(request, principal), principal.store, team
    )


@router.get(
    "/{team}/members",
    summary="List the members of a team",
    operation_id="listMembers",
    responses=responses(*OF_ONE),
)
async def list_members(
    request: Request,
    principal: Reader,
    team: TeamId,
    after: Annotated[UUID | None, Query(description="From the page before.")] = None,
    after_from: Annotated[date | None, Query(description="From the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="The most on a page.")] = _LIMIT,
) -> MembersBody:
    """Answer with who is and was in a team, as far as one may see them."""
    place = None if after is None else (after, Validity(after_from or Validity().since))
    page = await services_of(request).persons.teams.members(principal, team, place, limit)
    note_person_read(request, principal, None)
    members = []
    for each in page.members:
        since, until = shown_days(each.validity)
        members.append(MemberBody(person=each.person, name=each.name, since=since, until=until))
    following = page.following
    return MembersBody.of(members, following and (following.person, following.validity))


@router.put(
    "/{team}/members/{person}",
    summary="Have a person be in a team",
    operation_id="putMember",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(*_CHANGING),
)
async def put_member(
    request: Request, principal: Writer, team: TeamId, person: Member, wanted: ValidityBody
) -> None:
    """Have a person be in a team on some days; what begins on the same day is replaced."""
    await services_of(request).persons.teams.put_member(
        caller_of(request, principal), principal, team, person, wanted.validity
    )


@router.delete(
    "/{team}/members/{person}",
    summary="Have a person not be in a team",
    operation_id="removeMember",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(*OF_ONE),
)
async def remove_member(
    request: Request,
    principal: Writer,
    team: TeamId,
    person: Member,
    gone: Annotated[ValidityBody, Query()],
) -> None:
    """Take all memberships of a person away, or what holds on some days."""
    await services_of(request).persons.teams.remove_member(
        caller_of(request, principal), principal, team, person, gone.validity
    )


def _shown(team: Team) -> TeamBody:
    return TeamBody.model_validate(team)
