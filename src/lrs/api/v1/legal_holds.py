"""Legal holds over HTTP: `docs/retention.md` says what they keep from going."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Security, status

from lrs import errors
from lrs.api.credentials import May, caller_of
from lrs.api.json_routes import JsonRoute
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.api.v1.retention_bodies import HoldBody, HoldsBody, NewHoldBody
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.services.legal_holds import WantedHold

router = APIRouter(prefix="/api/v1/legal-holds", tags=["retention"], route_class=JsonRoute)

Officer = Annotated[Principal, Security(May(Scope.PRIVACY))]
HoldId = Annotated[UUID, Path(alias="hold", description="a legal hold")]

_ALWAYS = (errors.UnauthenticatedError, errors.ForbiddenError, errors.UnavailableError)
_OF_ONE = (errors.InvalidRequestError, errors.RetentionNotFoundError, *_ALWAYS)


@router.post(
    "",
    summary="Make a legal hold",
    operation_id="createLegalHold",
    status_code=status.HTTP_201_CREATED,
    responses=responses(
        errors.InvalidRequestError,
        errors.TooLargeError,
        errors.SlowBodyError,
        errors.PersonNotFoundError,
        *_ALWAYS,
    ),
)
async def create_legal_hold(request: Request, principal: Officer, wanted: NewHoldBody) -> HoldBody:
    """Keep statements from going by any rule, and a person from being erased."""
    made = await services_of(request).persons.legal_holds.make(
        caller_of(request, principal), principal, WantedHold(**dict(wanted))
    )
    return HoldBody.model_validate(made)


@router.get(
    "",
    summary="List the legal holds",
    operation_id="listLegalHolds",
    responses=responses(*_ALWAYS),
)
async def list_legal_holds(request: Request, principal: Officer) -> HoldsBody:
    """Answer with all legal holds, those that ended too."""
    found = await services_of(request).persons.legal_holds.list(principal)
    return HoldsBody(holds=[HoldBody.model_validate(each) for each in found])


@router.get(
    "/{hold}",
    summary="Get a legal hold",
    operation_id="getLegalHold",
    responses=responses(*_OF_ONE),
)
async def get_legal_hold(request: Request, principal: Officer, hold: HoldId) -> HoldBody:
    """Answer with a legal hold."""
    return HoldBody.model_validate(
        await services_of(request).persons.legal_holds.get(principal, hold)
    )


@router.delete(
    "/{hold}",
    summary="End a legal hold",
    operation_id="releaseLegalHold",
    responses=responses(*_OF_ONE, errors.RetentionConflictError),
)
async def release_legal_hold(request: Request, principal: Officer, hold: HoldId) -> HoldBody:
    """End a legal hold; that it was there is still told."""
    service = services_of(request).persons.legal_holds
    ended = await service.release(caller_of(request, principal), principal, hold)
    return HoldBody.model_validate(ended)
