"""The session of somebody who is signed in: `docs/sign-on.md` says how pages use it."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Body, Request, Response, Security, status
from pydantic import BaseModel, ConfigDict, Field

from lrs import errors
from lrs.api.callers import SESSION_COOKIE, caller_of
from lrs.api.cookies import SIGNED_IN, drop_cookie, read_cookie, require_own_page
from lrs.api.credentials import May
from lrs.api.json_routes import JsonRoute
from lrs.api.problems import responses
from lrs.api.signing_in import begin_session, sign_in_locally
from lrs.api.state import services_of
from lrs.auth.principals import Principal
from lrs.auth.roles import Role
from lrs.auth.scopes import Scope
from lrs.auth.terms import LONGEST_NAME
from lrs.errors import ForbiddenError
from lrs.services.sessions import SignedIn

router = APIRouter(prefix="/api/v1/session", tags=["people"], route_class=JsonRoute)

Anybody = Annotated[Principal, Security(May())]


class SignInBody(BaseModel):
    """The address and the password of an account of our own."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    email: str = Field(max_length=254, pattern=r"^[^\x00]*$")
    password: str = Field(max_length=1_000, pattern=r"^[^\x00]*$")


class WantedChoiceBody(BaseModel):
    """Where and as what somebody wants to act; what is left out stays if it can."""

    model_config = ConfigDict(extra="forbid")

    store: str | None = Field(default=None, max_length=LONGEST_NAME, description="its name")
    role: Role | None = None


class UserBody(BaseModel):
    """Who is signed in."""

    id: UUID
    name: str
    email: str


class ChoiceBody(BaseModel):
    """A store and a role that can be chosen."""

    store: str
    role: Role


class SessionBody(BaseModel):
    """Who is signed in, and as what they act: in one store and one role at a time."""

    user: UserBody
    store: str | None = Field(description="null for who has been granted nothing")
    role: Role | None
    scopes: list[Scope] = Field(description="with all that those of the role bring along")
    choices: list[ChoiceBody] = Field(description="the stores and roles to choose from")
    csrf_token: str = Field(
        description="to be sent as X-CSRF-Token with each request that changes something"
    )
    expires: datetime

    @classmethod
    def of(cls, signed_in: SignedIn, csrf_token: str) -> Self:
        """Write it down."""
        session, choice = signed_in.session, signed_in.choice
        choices = [ChoiceBody(store=each.store.name, role=each.role) for each in signed_in.choices]
        return cls(
            user=UserBody(id=session.user, name=session.name, email=session.email),
            store=choice.store.name if choice else None,
            role=choice.role if choice else None,
            scopes=sorted(signed_in.principal.scopes),
            choices=choices,
            csrf_token=csrf_token,
            expires=session.expires,
        )


@router.get(
    "",
    summary="Tell who is signed in, and as what they act",
    operation_id="getSession",
    responses=responses(
        errors.UnauthenticatedError,
        errors.ForbiddenError,
        errors.ForgedRequestError,
        errors.UnavailableError,
    ),
)
async def get_session(request: Request, _user: Anybody) -> SessionBody:
    """Tell who the session of the cookie belongs to, and what can be chosen."""
    return _written(request, *_signed_in(request))


@router.post(
    "",
    summary="Sign in to an account of the service's own",
    operation_id="signIn",
    status_code=status.HTTP_201_CREATED,
    responses=responses(
        errors.InvalidRequestError,
        errors.SignInError,
        errors.ForgedRequestError,
        errors.TooLargeError,
        errors.TooManyRequestsError,
        errors.BusyError,
        errors.UnavailableError,
    ),
)
async def sign_in(
    request: Request, response: Response, body: Annotated[SignInBody, Body()]
) -> SessionBody:
    """Begin a session by address and password; the session that the browser has ends."""
    require_own_page(request)
    begun = await sign_in_locally(request, body.email, body.password)
    begin_session(request, response, begun)
    signed_in = await services_of(request).sessions.find(begun.cookie)
    return _written(request, signed_in, begun.cookie)


@router.patch(
    "",
    summary="Choose the store and the role to act in",
    operation_id="chooseRole",
    responses=responses(
        errors.InvalidRequestError,
        errors.UnauthenticatedError,
        errors.ForbiddenError,
        errors.ForgedRequestError,
        errors.TooLargeError,
        errors.UnavailableError,
    ),
)
async def choose_role(
    request: Request, _user: Anybody, body: Annotated[WantedChoiceBody, Body()]
) -> SessionBody:
    """Act in another store or role that was granted."""
    _, cookie = _signed_in(request)
    signed_in = await services_of(request).sessions.choose(cookie, body.store, body.role)
    return _written(request, signed_in, cookie)


@router.delete(
    "",
    summary="Sign out",
    operation_id="signOut",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(
        errors.UnauthenticatedError,
        errors.ForbiddenError,
        errors.ForgedRequestError,
        errors.UnavailableError,
    ),
)
async def sign_out(request: Request, response: Response, principal: Anybody) -> None:
    """End the session; its cookie is good nowhere any more."""
    _, cookie = _signed_in(request)
    await services_of(request).sessions.end(cookie, caller_of(request, principal))
    drop_cookie(request, response, SESSION_COOKIE)


def _signed_in(request: Request) -> tuple[SignedIn, str]:
    signed_in: SignedIn | None = request.scope.get(SIGNED_IN)
    cookie = read_cookie(request, SESSION_COOKIE)
    if signed_in is None or cookie is None:
        raise ForbiddenError("this is for who is signed in, by the cookie of a session")
    return signed_in, cookie


def _written(request: Request, signed_in: SignedIn, cookie: str) -> SessionBody:
    return SessionBody.of(signed_in, services_of(request).sessions.csrf_token(cookie))
