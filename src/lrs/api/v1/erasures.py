"""Erasures of people over HTTP: `docs/erasure.md` says what goes, what stays, and what returns."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response, Security, status
from pydantic import BaseModel, ConfigDict, Field

from lrs import errors
from lrs.api.credentials import May, caller_of
from lrs.api.json_routes import JsonRoute
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.people.erasures import Mode
from lrs.people.tombstones import OnReturn
from lrs.services.erasures import OfPerson, WantedErasure

router = APIRouter(prefix="/api/v1", tags=["people"], route_class=JsonRoute)

Officer = Annotated[Principal, Security(May(Scope.PRIVACY))]
PersonId = Annotated[UUID, Path(alias="id", description="of a person, or the key of an identifier")]
ErasureId = Annotated[UUID, Path(alias="erasure", description="of an erasure of this person")]

_PERSON = "/people/{id}/erasures"
_ONE = f"{_PERSON}/{{erasure}}"
_ALWAYS = (
    errors.InvalidRequestError,
    errors.UnauthenticatedError,
    errors.ForbiddenError,
    errors.UnavailableError,
)
_OF_ONE = (*_ALWAYS, errors.ErasureNotFoundError)
_WITH_BODY = (errors.TooLargeError, errors.SlowBodyError)


class NewErasureBody(BaseModel):
    """How somebody is to be erased."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode = Field(
        description="erase: what the person did goes, and sums shrink. anonymise: it stays, done by"
        " nobody, and sums stay"
    )
    on_return: OnReturn | None = Field(
        default=None,
        description="what is done with what a system sends of the person again; by default refuse"
        " in mode erase, anonymise in mode anonymise",
    )
    reason: str | None = Field(
        default=None,
        max_length=1_000,
        pattern=r"^[^\x00]*$",
        description="for who confirms it; forgotten when it is done",
    )


class ConfirmationBody(BaseModel):
    """That somebody is to be erased for good."""

    model_config = ConfigDict(extra="forbid")

    confirm: UUID = Field(description="the id of the person, typed again to be sure")


class ErasureBody(BaseModel):
    """An erasure, and how far it has come."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    mode: Mode
    on_return: OnReturn
    reason: str | None
    state: str = Field(description="counting, counted, running or done")
    requested: datetime
    requested_by: str | None
    confirmed: datetime | None
    confirmed_by: str | None
    finished: datetime | None
    found: Mapping[str, Any] | None = Field(
        description="where the person occurs, by what was counted so far"
    )
    step: str | None = Field(description="what is done at the moment")
    counts: Mapping[str, int] = Field(description="how much was changed so far, by kinds")
    certificate: str | None = Field(description="a compact JWS, when it is done")


class ErasuresBody(BaseModel):
    """All erasures of a person, the last one wanted first."""

    erasures: list[ErasureBody]


class KeysBody(BaseModel):
    """Public keys (RFC 7517)."""

    keys: list[Mapping[str, str]]


@router.post(
    _PERSON,
    summary="Count where a person occurs, to erase them",
    operation_id="requestErasure",
    status_code=status.HTTP_202_ACCEPTED,
    responses=responses(
        *_ALWAYS, *_WITH_BODY, errors.PersonNotFoundError, errors.ErasureConflictError
    ),
)
async def request_erasure(
    request: Request, principal: Officer, person: PersonId, wanted: NewErasureBody
) -> ErasureBody:
    """Begin a dry run: it counts in the background, and changes nothing."""
    made = await services_of(request).persons.erasures.request(
        caller_of(request, principal),
        _of(principal, person),
        WantedErasure(wanted.mode, wanted.on_return, wanted.reason),
    )
    return ErasureBody.model_validate(made)


@router.get(
    _PERSON,
    summary="List the erasures of a person",
    operation_id="listErasures",
    responses=responses(*_ALWAYS),
)
async def list_erasures(request: Request, principal: Officer, person: PersonId) -> ErasuresBody:
    """Answer with all erasures of a person; of one who is erased, by the id that they had."""
    found = await services_of(request).persons.erasures.list_all(_of(principal, person))
    return ErasuresBody(erasures=[ErasureBody.model_validate(each) for each in found])


@router.get(
    _ONE,
    summary="Tell how far an erasure has come",
    operation_id="getErasure",
    responses=responses(*_OF_ONE),
)
async def get_erasure(
    request: Request, principal: Officer, person: PersonId, erasure: ErasureId
) -> ErasureBody:
    """Answer with an erasure; when it is done, with its certificate."""
    found = await services_of(request).persons.erasures.get(_of(principal, person), erasure)
    return ErasureBody.model_validate(found)


@router.post(
    f"{_ONE}/confirmation",
    summary="Erase a person for good",
    operation_id="confirmErasure",
    status_code=status.HTTP_202_ACCEPTED,
    responses=responses(
        *_OF_ONE, *_WITH_BODY, errors.PersonNotFoundError, errors.ErasureConflictError
    ),
)
async def confirm_erasure(
    request: Request,
    principal: Officer,
    person: PersonId,
    erasure: ErasureId,
    wanted: ConfirmationBody,
) -> ErasureBody:
    """Let an erasure begin that was counted. Nothing takes it back."""
    begun = await services_of(request).persons.erasures.confirm(
        caller_of(request, principal), _of(principal, person), erasure, wanted.confirm
    )
    return ErasureBody.model_validate(begun)


@router.delete(
    _ONE,
    summary="Give up an erasure that was not confirmed",
    operation_id="withdrawErasure",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(*_OF_ONE, errors.ErasureConflictError),
)
async def withdraw_erasure(
    request: Request, principal: Officer, person: PersonId, erasure: ErasureId
) -> Response:
    """Forget a dry run."""
    await services_of(request).persons.erasures.withdraw(
        caller_of(request, principal), _of(principal, person), erasure
    )
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.get(
    "/privacy/keys",
    summary="Get the key that certificates are checked with",
    operation_id="getPrivacyKeys",
    responses=responses(*_ALWAYS),
)
async def get_privacy_keys(request: Request, _: Officer) -> KeysBody:
    """Answer with a set of one public key (RFC 7517)."""
    return KeysBody(keys=[services_of(request).persons.erasures.public_key])


def _of(principal: Principal, person: UUID) -> OfPerson:
    return OfPerson(principal.store, person, principal.restrict(Scope.PRIVACY).agents)
