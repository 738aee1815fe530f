"""Restriction of processing over HTTP: `docs/freezing.md` says what is hidden, and from whom."""

from datetime import datetime
from typing import Annotated
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

router = APIRouter(
    prefix="/api/v1/people/{id}/restrictions", tags=["people"], route_class=JsonRoute
)

Officer = Annotated[Principal, Security(May(Scope.PRIVACY))]
PersonId = Annotated[UUID, Path(alias="id", description="of a person, or the key of an identifier")]

_OF_ONE = (
    errors.InvalidRequestError,
    errors.UnauthenticatedError,
    errors.ForbiddenError,
    errors.PersonNotFoundError,
    errors.UnavailableError,
)


class NewRestrictionBody(BaseModel):
    """Why a person's data are to be frozen."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str = Field(
        min_length=1,
        max_length=1_000,
        # PostgreSQL holds no U+0000, and half a surrogate pair is no text.
        pattern=r"^[^\x00]+$",
        examples=["accuracy contested, ticket 4711"],
        description="whoever asks later reads it; without personal data",
    )


class RestrictionBody(BaseModel):
    """That a person's data are or were frozen."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    since: datetime
    by: str = Field(description="the key of a credential, or the id of a user or a token")
    reason: str
    lifted: datetime | None = Field(description="when it ended")
    lifted_by: str | None


class RestrictionsBody(BaseModel):
    """All restrictions of a person, the last one first."""

    restrictions: list[RestrictionBody]


@router.post(
    "",
    summary="Freeze a person's data",
    operation_id="restrictPerson",
    status_code=status.HTTP_201_CREATED,
    responses=responses(
        *_OF_ONE,
        errors.PersonConflictError,
        errors.TooLargeError,
        errors.SlowBodyError,
    ),
)
async def restrict_person(
    request: Request, principal: Officer, person: PersonId, asked: NewRestrictionBody
) -> RestrictionBody:
    """Hide all that is about a person from everybody but the platform's owner, within a second.

    Nothing is deleted, and what comes of the person from now on is kept, and hidden too.
    """
    service = services_of(request).persons.freezing
    caller = caller_of(request, principal)
    frozen = await service.freeze(caller, principal.store, person, asked.reason)
    return RestrictionBody.model_validate(frozen)


@router.get(
    "",
    summary="Tell when and why a person's data were frozen",
    operation_id="listRestrictions",
    responses=responses(*_OF_ONE),
)
async def list_restrictions(
    request: Request, principal: Officer, person: PersonId
) -> RestrictionsBody:
    """Tell of the restriction that holds, if one does, and of those that were lifted."""
    found = await services_of(request).persons.freezing.list(principal.store, person)
    return RestrictionsBody(restrictions=[RestrictionBody.model_validate(each) for each in found])


@router.delete(
    "",
    summary="Release a person's data",
    operation_id="liftRestriction",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(*_OF_ONE, errors.PersonConflictError),
)
async def lift_restriction(request: Request, principal: Officer, person: PersonId) -> Response:
    """Have a person's data be seen again, as they were and with what came meanwhile."""
    service = services_of(request).persons.freezing
    await service.lift(caller_of(request, principal), principal.store, person)
    return Response(status_code=status.HTTP_204_NO_CONTENT)
