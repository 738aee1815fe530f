"""Tokens that people make for their scripts: `docs/sign-on.md` says what they may do."""

from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Body, Path, Request, Security, status
from pydantic import BaseModel, ConfigDict, Field

from lrs import errors
from lrs.api.callers import caller_of
from lrs.api.cookies import SIGNED_IN
from lrs.api.credentials import May
from lrs.api.json_routes import JsonRoute
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.auth.api_tokens import ApiToken
from lrs.auth.principals import Principal
from lrs.auth.roles import Role
from lrs.auth.scopes import Scope, Scopes
from lrs.auth.terms import LONGEST_NAME
from lrs.errors import ForbiddenError
from lrs.services.acting import Choice
from lrs.services.api_tokens import WantedToken
from lrs.services.sessions import SignedIn

router = APIRouter(prefix="/api/v1/api-tokens", tags=["people"], route_class=JsonRoute)

Anybody = Annotated[Principal, Security(May())]
TokenId = Annotated[UUID, Path(description="the id of a token of one's own")]

_REFUSALS = (
    errors.InvalidRequestError,
    errors.UnauthenticatedError,
    errors.ForbiddenError,
    errors.ForgedRequestError,
    errors.UnavailableError,
)


class NewTokenBody(BaseModel):
    """A token that is wanted: it acts in one store and one role."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field(
        min_length=1,
        max_length=LONGEST_NAME,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="what it is for",
    )
    scopes: list[Scope] | None = Field(
        default=None, min_length=1, description="some of the role's; null is all of them"
    )
    store: str | None = Field(
        default=None, max_length=LONGEST_NAME, description="null is the one of the session"
    )
    role: Role | None = Field(default=None, description="null is the one of the session")
    days: int = Field(default=90, ge=1, le=365, description="how long it is good")


class TokenBody(BaseModel):
    """A token, without its secret."""

    id: UUID
    label: str
    store: str
    role: Role
    scopes: list[Scope]
    created: datetime
    expires: datetime
    revoked: datetime | None

    @classmethod
    def of(cls, token: ApiToken) -> Self:
        """Write a token down."""
        return cls(
            id=token.id,
            label=token.label,
            store=token.store_name,
            role=token.role,
            scopes=sorted(token.scopes),
            created=token.created,
            expires=token.expires,
            revoked=token.revoked,
        )


class MadeTokenBody(BaseModel):
    """A new token, to be sent as `Authorization: Bearer`; it is not shown again."""

    token: str
    made: TokenBody


class TokensBody(BaseModel):
    """The tokens of somebody, oldest first."""

    tokens: list[TokenBody]


@router.post(
    "",
    summary="Make a token for a script",
    operation_id="createApiToken",
    status_code=status.HTTP_201_CREATED,
    responses=responses(*_REFUSALS, errors.TooLargeError),
)
async def create_api_token(
    request: Request,
    principal: Anybody,
    body: Annotated[NewTokenBody, Body()],
) -> MadeTokenBody:
    """Make a token of whoever is signed in, with rights of a role that they have."""
    signed_in = _signed_in(request)
    scopes = None if body.scopes is None else Scopes(body.scopes)
    wanted = WantedToken(body.label, scopes, timedelta(days=body.days))
    made = await services_of(request).api_tokens.create(
        caller_of(request, principal), signed_in.session.user, _choice(signed_in, body), wanted
    )
    return MadeTokenBody(token=made.text, made=TokenBody.of(made.token))


@router.get(
    "",
    summary="List one's own tokens",
    operation_id="listApiTokens",
    responses=responses(*_REFUSALS),
)
async def list_api_tokens(request: Request, _: Anybody) -> TokensBody:
    """List the tokens of whoever is signed in, revoked ones too; never a secret."""
    user = _signed_in(request).session.user
    found = await services_of(request).api_tokens.list(user)
    return TokensBody(tokens=[TokenBody.of(each) for each in found])


@router.get(
    "/{token}",
    summary="Get a token of one's own",
    operation_id="getApiToken",
    responses=responses(*_REFUSALS, errors.ApiTokenNotFoundError),
)
async def get_api_token(request: Request, _: Anybody, token: TokenId) -> TokenBody:
    """Tell what a token may do, and until when."""
    user = _signed_in(request).session.user
    return TokenBody.of(await services_of(request).api_tokens.get(user, token))


@router.delete(
    "/{token}",
    summary="Revoke a token of one's own",
    operation_id="revokeApiToken",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(*_REFUSALS, errors.ApiTokenNotFoundError),
)
async def revoke_api_token(request: Request, principal: Anybody, token: TokenId) -> None:
    """Revoke a token, for good and at once."""
    user = _signed_in(request).session.user
    caller = caller_of(request, principal)
    await services_of(request).api_tokens.revoke(caller, user, token)


def _signed_in(request: Request) -> SignedIn:
    """Return whose session it is: no token makes further ones, which would outlive it."""
    signed_in: SignedIn | None = request.scope.get(SIGNED_IN)
    if signed_in is None:
        raise ForbiddenError("this is for who is signed in, by the cookie of a session")
    return signed_in


def _choice(signed_in: SignedIn, body: NewTokenBody) -> Choice:
    now = signed_in.choice
    store = body.store or (now.store.name if now else "")
    role = body.role or (now.role if now else None)
    for choice in signed_in.choices:
        if choice.store.name == store and choice.role is role:
            return choice
    raise ForbiddenError("you have not been granted this role in this store")
