"""People over HTTP: `docs/sign-on.md` says what their roles are."""

import json
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Request, Security, status
from pydantic import BaseModel, ConfigDict, Field, model_validator

from lrs import errors
from lrs.api.callers import caller_of
from lrs.api.cookies import public_origin
from lrs.api.credentials import May
from lrs.api.json_routes import JsonRoute
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.auth.principals import Principal
from lrs.auth.restrictions import Grant
from lrs.auth.roles import Role
from lrs.auth.scopes import Scope
from lrs.auth.terms import LONGEST_NAME, MOST_ACTIVITIES, MOST_AGENTS
from lrs.services.users import Asking, GivenRole, KnownUser

router = APIRouter(prefix="/api/v1/users", tags=["people"], route_class=JsonRoute)

Admin = Annotated[Principal, Security(May(Scope.ADMIN))]
UserId = Annotated[UUID, Path(description="the id of a user")]

_MOST_ROLES = 1_000
_MOST_TEAMS = 100
_LIMIT, _MOST = 100, 500
_SINGLE_LINE = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, pattern=_SINGLE_LINE)]
TeamName = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, pattern=_SINGLE_LINE)]
Email = Annotated[
    str, Field(max_length=254, pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$")
]
_REFUSALS = (
    errors.InvalidRequestError,
    errors.UnauthenticatedError,
    errors.ForbiddenError,
    errors.UserNotFoundError,
    errors.UnavailableError,
)


class RoleBody(BaseModel):
    """A role, and what it is limited to."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    store: str | None = Field(
        default=None, max_length=LONGEST_NAME, description="its name; null is all stores"
    )
    agents: list[dict[str, Any]] | None = Field(
        default=None, max_length=MOST_AGENTS, description="Agents, of whom one must be the actor"
    )
    activities: list[str] | None = Field(
        default=None,
        max_length=MOST_ACTIVITIES,
        description="IRIs, of which one must be the object or in the context",
    )
    teams: list[TeamName] | None = Field(
        default=None,
        max_length=_MOST_TEAMS,
        description="names of teams: their members of the day, and `agents`, are those of whom one"
        " must be the actor",
    )

    def given(self) -> GivenRole:
        """Return it as the service takes it."""
        agents = None if self.agents is None else [json.dumps(agent) for agent in self.agents]
        return GivenRole(self.role, self.store, Grant.of(agents, self.activities, self.teams))


class KnownRoleBody(RoleBody):
    """A role that somebody has."""

    by_claims: bool = Field(description="the identity provider said so at the last sign-in")

    @classmethod
    def of(cls, given: GivenRole) -> Self:
        """Write it down."""
        agents, activities, teams = given.grant.agents, given.grant.activities, given.grant.teams
        return cls(
            role=given.role,
            store=given.store,
            agents=None if agents is None else [json.loads(agent) for agent in agents],
            activities=None if activities is None else [*activities],
            teams=None if teams is None else [*teams],
            by_claims=given.by_claims,
        )


class NewUserBody(BaseModel):
    """Somebody who is to be let in: by a password of our own, or by an identity provider."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    email: Email
    issuer: str | None = Field(
        default=None,
        min_length=1,
        max_length=2_000,
        pattern=_SINGLE_LINE,
        description="of the provider; without it, the account is one of our own",
    )
    subject: str | None = Field(
        default=None,
        min_length=1,
        max_length=255,
        pattern=_SINGLE_LINE,
        description="who they are to the provider (`sub`)",
    )
    grants: list[RoleBody] = Field(default=[], max_length=_MOST_ROLES)

    @model_validator(mode="after")
    def _has_both_or_none(self) -> Self:
        if (self.issuer is None) != (self.subject is None):
            raise ValueError("issuer and subject go together")
        return self

    def identity(self) -> tuple[str, str] | None:
        """Return who they are to which provider."""
        if self.issuer is None or self.subject is None:
            return None
        return self.issuer, self.subject


class ChangedUserBody(BaseModel):
    """What is to be otherwise; what is left out or null stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    disabled: bool | None = None


class GrantsBody(BaseModel):
    """All the roles that somebody is to have by hand."""

    model_config = ConfigDict(extra="forbid")

    grants: list[RoleBody] = Field(max_length=_MOST_ROLES)


class UserBody(BaseModel):
    """Somebody who may sign in."""

    id: UUID
    name: str
    email: str
    issuer: str | None
    subject: str | None
    has_password: bool
    created: datetime
    disabled: datetime | None = Field(description="since when they are kept out")
    grants: list[KnownRoleBody] = Field(description="that the one who asks may know of")

    @classmethod
    def of(cls, known: KnownUser) -> Self:
        """Write somebody down."""
        user = known.user
        return cls(
            id=user.id,
            name=user.name,
            email=user.email,
            issuer=user.issuer,
            subject=user.subject,
            has_password=user.has_password,
            created=user.created,
            disabled=user.disabled,
            grants=[KnownRoleBody.of(each) for each in known.roles],
        )


class UsersBody(BaseModel):
    """People, oldest first."""

    users: list[UserBody]


class SetUpLinkBody(BaseModel):
    """A link that sets a password once; it is not shown again."""

    url: str
    expires: datetime


@router.post(
    "",
    summary="Let somebody in",
    operation_id="createUser",
    status_code=status.HTTP_201_CREATED,
    responses=responses(
        *_REFUSALS,
        errors.StoreNotFoundError,
        errors.UserConflictError,
        errors.ForgedRequestError,
        errors.TooLargeError,
    ),
)
async def create_user(
    request: Request, principal: Admin, body: Annotated[NewUserBody, Body()]
) -> UserBody:
    """Make a user; who manages one store gives them a role in it."""
    asking, users = Asking(caller_of(request, principal), principal), services_of(request).users
    roles = [each.given() for each in body.grants]
    made = await users.create(asking, body.name, body.email, body.identity(), roles)
    return UserBody.of(await users.get(asking, made))


@router.get(
    "",
    summary="List people",
    operation_id="listUsers",
    responses=responses(*_REFUSALS[:3], errors.StoreNotFoundError, errors.UnavailableError),
)
async def list_users(
    request: Request,
    principal: Admin,
    store: Annotated[
        str | None,
        Query(
            description="Who has a role there; another than the own is for `platform`.",
            max_length=LONGEST_NAME,
            pattern=r"^[^\x00]*$",
        ),
    ] = None,
    after: Annotated[UUID | None, Query(description="The last id of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="The most on a page.")] = _LIMIT,
) -> UsersBody:
    """List people, oldest first; with `platform` everybody, else who has a role in the store."""
    asking = Asking(caller_of(request, principal), principal)
    found = await services_of(request).users.list(asking, store, after, limit)
    return UsersBody(users=[UserBody.of(each) for each in found])


@router.get(
    "/{user}", summary="Get a user", operation_id="getUser", responses=responses(*_REFUSALS)
)
async def get_user(request: Request, principal: Admin, user: UserId) -> UserBody:
    """Tell who somebody is, and which roles they have."""
    asking = Asking(caller_of(request, principal), principal)
    return UserBody.of(await services_of(request).users.get(asking, user))


@router.patch(
    "/{user}",
    summary="Rename a user, keep them out or let them in again",
    operation_id="changeUser",
    responses=responses(*_REFUSALS, errors.ForgedRequestError, errors.TooLargeError),
)
async def change_user(
    request: Request, principal: Admin, user: UserId, body: Annotated[ChangedUserBody, Body()]
) -> UserBody:
    """Change somebody; who is kept out is signed out everywhere at once."""
    asking = Asking(caller_of(request, principal), principal)
    users = services_of(request).users
    return UserBody.of(await users.change(asking, user, name=body.name, disabled=body.disabled))


@router.put(
    "/{user}/grants",
    summary="Set the roles of a user",
    operation_id="setGrants",
    responses=responses(
        *_REFUSALS,
        errors.StoreNotFoundError,
        errors.PseudonymKeyForgottenError,
        errors.ForgedRequestError,
        errors.TooLargeError,
    ),
)
async def set_grants(
    request: Request, principal: Admin, user: UserId, body: Annotated[GrantsBody, Body()]
) -> UserBody:
    """Replace the roles given by hand: all with `platform`, else those in the own store."""
    asking = Asking(caller_of(request, principal), principal)
    roles = [each.given() for each in body.grants]
    return UserBody.of(await services_of(request).users.give(asking, user, roles))


@router.post(
    "/{user}/set-up-link",
    summary="Make a link that sets the password of a user",
    operation_id="createSetUpLink",
    status_code=status.HTTP_201_CREATED,
    responses=responses(*_REFUSALS, errors.ForgedRequestError),
)
async def create_set_up_link(request: Request, principal: Admin, user: UserId) -> SetUpLinkBody:
    """Make a link that is good once, for a day; links made before are good no more."""
    asking = Asking(caller_of(request, principal), principal)
    link = await services_of(request).users.make_set_up_link(asking, user)
    return SetUpLinkBody(url=f"{public_origin(request)}/set-up/{link.token}", expires=link.expires)
