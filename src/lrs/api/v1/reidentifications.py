"""Whose a pseudonym is: `docs/pseudonyms.md` says who is told, and for how long."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Security, status
from pydantic import BaseModel, ConfigDict, Field

from lrs import errors
from lrs.api.credentials import May, caller_of
from lrs.api.json_routes import JsonRoute
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.people.identifiers import identifier_members
from lrs.people.reidentifications import Reidentification, State
from lrs.services.reidentification import MOST_LISTED, Answered

router = APIRouter(prefix="/api/v1/reidentifications", tags=["privacy"], route_class=JsonRoute)

Identifier = Annotated[Principal, Security(May(Scope.REIDENTIFY))]
Onlooker = Annotated[Principal, Security(May(Scope.REIDENTIFY, Scope.AUDIT_READ))]
Id = Annotated[UUID, Path(description="the id of what was asked")]

_SHORTEST_REASON, _LONGEST_REASON = 10, 1_000
_ALWAYS = (
    errors.InvalidRequestError,
    errors.UnauthenticatedError,
    errors.ForbiddenError,
    errors.UnavailableError,
)
_ANSWERED = (errors.PseudonymKeyForgottenError, *_ALWAYS)


class NewReidentificationBody(BaseModel):
    """That somebody wants to know whose a pseudonym is."""

    model_config = ConfigDict(extra="forbid")

    pseudonym: str = Field(max_length=100, description="the name of its account, or its key")
    reason: str = Field(
        min_length=_SHORTEST_REASON,
        max_length=_LONGEST_REASON,
        pattern=r"^[^\x00]*$",
        description="why it has to be known; it is kept, and names nobody if it can",
    )


class ReidentificationBody(BaseModel):
    """What was asked, by whom, and who agreed: ids of users."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    agent: UUID = Field(description="the key of the pseudonym")
    reason: str
    asked_by: UUID
    asked: datetime
    approved_by: UUID | None
    approved: datetime | None
    state: State
    expires: datetime = Field(
        description="until when it can be agreed to or, if it was, be answered"
    )


class AnsweredBody(ReidentificationBody):
    """The same, and whose the pseudonym is."""

    identifier: dict[str, Any] | None = Field(
        description="what statements named the person by; null but while the state is `open`"
    )

    @classmethod
    def of(cls, answered: Answered) -> Self:
        """Write one down."""
        asked = ReidentificationBody.model_validate(answered.asked)
        ifi = answered.identifier
        members = None if ifi is None else dict(identifier_members(ifi))
        return cls(**dict(asked), identifier=members)


class ReidentificationsBody(BaseModel):
    """What was asked, newest first."""

    reidentifications: list[ReidentificationBody]

    @classmethod
    def of(cls, found: list[Reidentification]) -> Self:
        """Write them down."""
        return cls(reidentifications=[*map(ReidentificationBody.model_validate, found)])


@router.post(
    "",
    summary="Ask whose a pseudonym is",
    operation_id="askReidentification",
    status_code=status.HTTP_201_CREATED,
    responses=responses(
        errors.PersonNotFoundError, errors.TooLargeError, errors.SlowBodyError, *_ANSWERED
    ),
)
async def ask_reidentification(
    request: Request, principal: Identifier, wanted: NewReidentificationBody
) -> ReidentificationBody:
    """Note the wish of somebody; within a day somebody else has to agree to it."""
    asked = await services_of(request).persons.reidentification.ask(
        principal, caller_of(request, principal), wanted.pseudonym, wanted.reason
    )
    return ReidentificationBody.model_validate(asked)


@router.post(
    "/{reidentification}/approval",
    summary="Agree that it is told whose a pseudonym is",
    operation_id="approveReidentification",
    responses=responses(
        errors.ReidentificationNotFoundError, errors.ReidentificationConflictError, *_ANSWERED
    ),
)
async def approve_reidentification(
    request: Request, principal: Identifier, reidentification: Id
) -> ReidentificationBody:
    """Have it told to who has asked and to who agrees, for an hour; these must be two."""
    approved = await services_of(request).persons.reidentification.approve(
        principal, caller_of(request, principal), reidentification
    )
    return ReidentificationBody.model_validate(approved)


@router.get(
    "/{reidentification}",
    summary="Be told whose a pseudonym is",
    operation_id="getReidentification",
    responses=responses(
        errors.ReidentificationNotFoundError, errors.PersonNotFoundError, *_ANSWERED
    ),
)
async def get_reidentification(
    request: Request, principal: Identifier, reidentification: Id
) -> AnsweredBody:
    """Answer the two who have asked and agreed; each answer is in the audit log."""
    found = await services_of(request).persons.reidentification.read(
        principal, caller_of(request, principal), reidentification
    )
    return AnsweredBody.of(found)


@router.get(
    "",
    summary="List who has asked whose pseudonyms are",
    operation_id="listReidentifications",
    responses=responses(*_ALWAYS),
)
async def list_reidentifications(
    request: Request,
    principal: Onlooker,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED, description="the most on a page")] = 100,
    before: Annotated[UUID | None, Query(description="the last id of the page before")] = None,
) -> ReidentificationsBody:
    """Answer with what was asked in the store, newest first, and with nobody's identifier."""
    found = await services_of(request).persons.reidentification.list_all(principal, limit, before)
    return ReidentificationsBody.of([*found])
