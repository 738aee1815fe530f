"""Launch tokens over HTTP: `docs/launch.md` says how content is launched with them."""

import base64
import json
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response, Security, status
from fastapi.responses import JSONResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from lrs import errors
from lrs.api.callers import address_of, caller_of
from lrs.api.cookies import public_origin
from lrs.api.credentials import May
from lrs.api.json_routes import JsonRoute
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.api.v1.other_stores import OtherStore
from lrs.api.xapi.parameters import activity_id_of
from lrs.auth.launch_tokens import LONGEST_ACTIVITY
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import LaunchTokenNotFoundError, UnauthenticatedError, UnavailableError
from lrs.observability import request_id
from lrs.services.launch_tokens import MadeLaunch, WantedLaunch
from lrs.xapi.actors import Agent

MOST_HOURS = 72
_PATH = "/api/v1/launch-tokens"
# Basic has a user name too; nobody looks at this one.
_USER = "launch"

router = APIRouter(prefix=_PATH, tags=["launch tokens"], route_class=JsonRoute)

Launcher = Annotated[Principal, Security(May(Scope.STATEMENTS_WRITE))]
Keeper = Annotated[Principal, Security(May(Scope.STATE, Scope.ADMIN))]
Ticket = Annotated[str, Path(description="as it stands in `fetch_url`")]


class LaunchTokenRequest(BaseModel):
    """What is launched for whom."""

    model_config = ConfigDict(extra="forbid")

    actor: Agent = Field(
        description="the learner",
        examples=[{"account": {"homePage": "https://lms.example.org", "name": "ada"}}],
    )
    activity: str = Field(
        min_length=1,
        max_length=LONGEST_ACTIVITY,
        description="the IRI of what is launched",
        examples=["https://lms.example.org/courses/1"],
    )
    registration: UUID | None = Field(
        default=None, description="of the attempt; without it one is made"
    )
    hours: int = Field(
        default=8, ge=1, le=MOST_HOURS, strict=True, description="how long the token is good"
    )


class LaunchTokenBody(BaseModel):
    """A new launch token, in each form that it is used in; it is not shown again."""

    id: UUID
    registration: UUID
    expires: datetime
    token: str
    authorization: str = Field(
        description="the value of the header `Authorization`, by HTTP Basic, as the launch by"
        " `endpoint` and `auth` wants it"
    )
    bearer: str = Field(description="the same for clients that send bearer tokens")
    fetch_url: str = Field(
        description="of cmi5: to be used once within 15 minutes; it is not the token"
    )

    @classmethod
    def of(cls, made: MadeLaunch, origin: str) -> Self:
        """Write a token down; `origin` is where browsers reach this LRS."""
        return cls(
            id=made.id,
            registration=made.registration,
            expires=made.expires,
            token=made.token,
            authorization=f"Basic {_basic(made.token)}",
            bearer=f"Bearer {made.token}",
            fetch_url=f"{origin}{_PATH}/fetch/{made.ticket}",
        )


class RunningLaunchTokenBody(BaseModel):
    """A launch token that runs, without what opens anything."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    key: str = Field(description="of the credential that has made it")
    actor: Annotated[dict[str, Any], BeforeValidator(json.loads)] = Field(description="an Agent")
    activity: str
    registration: UUID
    created: datetime
    expires: datetime
    fetched: datetime | None = Field(description="when its fetch URL was used")


class LaunchTokensBody(BaseModel):
    """Launch tokens that run, newest first."""

    launch_tokens: list[RunningLaunchTokenBody]


class FetchBody(BaseModel):
    """What cmi5 answers a content player with, in this form alone (cmi5 8.2)."""

    auth_token: str | None = Field(
        default=None, alias="auth-token", description="user name and password, for HTTP Basic"
    )
    error_code: str | None = Field(
        default=None,
        alias="error-code",
        description="1: used before, or over; 2: not good; 3: the service cannot tell now",
    )
    error_text: str | None = Field(default=None, alias="error-text")


@router.post(
    "",
    summary="Make a launch token",
    operation_id="createLaunchToken",
    status_code=status.HTTP_201_CREATED,
    responses=responses(
        errors.InvalidRequestError,
        errors.UnauthenticatedError,
        errors.ForbiddenError,
        errors.PseudonymKeyForgottenError,
        errors.TooLargeError,
        errors.SlowBodyError,
        errors.UnavailableError,
    ),
)
async def create_launch_token(
    request: Request, principal: Launcher, asked: LaunchTokenRequest
) -> LaunchTokenBody:
    """Make what content needs to write about one learner's one attempt, and nothing else.

    The credential needs `statements/write` and `state`; with `profile` the content may read what
    the learner prefers, as cmi5 wants it. The token ends with the credential at the latest.
    """
    wanted = WantedLaunch(
        _text(asked.actor),
        asked.registration,
        activity_id_of("activity", asked.activity, principal.mode),
        asked.hours,
    )
    service = services_of(request).launch_tokens
    made = await service.create(principal, caller_of(request, principal), wanted)
    return LaunchTokenBody.of(made, public_origin(request))


@router.get(
    "",
    summary="List the launch tokens that run",
    operation_id="listLaunchTokens",
    responses=responses(
        errors.InvalidRequestError,
        errors.UnauthenticatedError,
        errors.ForbiddenError,
        errors.StoreNotFoundError,
        errors.UnavailableError,
    ),
)
async def list_launch_tokens(
    request: Request, principal: Keeper, store: OtherStore = None
) -> LaunchTokensBody:
    """Tell which tokens run, at most 1,000, newest first.

    With `admin` these are all of the store, else those that the credential has made.
    """
    found = await services_of(request).launch_tokens.list(principal, store)
    return LaunchTokensBody(
        launch_tokens=[RunningLaunchTokenBody.model_validate(each) for each in found]
    )


@router.delete(
    "/{id}",
    summary="Revoke a launch token",
    operation_id="revokeLaunchToken",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(
        errors.InvalidRequestError,
        errors.UnauthenticatedError,
        errors.ForbiddenError,
        errors.LaunchTokenNotFoundError,
        errors.StoreNotFoundError,
        errors.UnavailableError,
    ),
)
async def revoke_launch_token(
    request: Request,
    principal: Keeper,
    identifier: Annotated[UUID, Path(alias="id", description="the id of a launch token")],
    store: OtherStore = None,
) -> Response:
    """Have a token stop within a second, in all processes."""
    service = services_of(request).launch_tokens
    caller = caller_of(request, principal)
    await service.revoke(principal, caller, identifier, store)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post(
    "/fetch/{ticket}",
    summary="Fetch the token of a launch (cmi5)",
    operation_id="fetchLaunchToken",
    response_model=FetchBody,
    response_model_exclude_none=True,
)
async def fetch_launch_token(request: Request, ticket: Ticket) -> JSONResponse:
    """Hand a token out, once; whatever is wrong is told with 200, as cmi5 wants it."""
    service = services_of(request).launch_tokens
    try:
        token = await service.fetch(ticket, address_of(request), request_id.get())
    except LaunchTokenNotFoundError as error:
        return _failed("1", error.detail)
    except UnauthenticatedError as error:
        return _failed("2", error.detail)
    except UnavailableError as error:
        return _failed("3", error.detail)
    return JSONResponse({"auth-token": _basic(token)})


def _text(actor: Agent) -> str:
    # Pydantic's own way to JSON fails on half a surrogate pair, which is refused further on.
    members = actor.model_dump(by_alias=True, exclude_unset=True)
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))


def _failed(code: str, text: str) -> JSONResponse:
    return JSONResponse({"error-code": code, "error-text": text})


def _basic(token: str) -> str:
    return base64.b64encode(f"{_USER}:{token}".encode()).decode()
