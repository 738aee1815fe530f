"""Identifiers and attributes of persons over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from lrs import errors
from lrs.api.credentials import caller_of
from lrs.api.json_routes import JsonRoute
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.api.v1.people import OF_ONE, WITH_BODY, PersonId, Writer, shown
from lrs.api.v1.person_bodies import (
    MOST_IDENTIFIERS,
    AgentBody,
    PersonBody,
    ValidityBody,
    ValueBody,
    read_agents,
)

router = APIRouter(prefix="/api/v1/people/{id}", tags=["people"], route_class=JsonRoute)

IdentifierKey = Annotated[UUID, Path(alias="key", description="the key of an identifier")]
AttributeName = Annotated[
    str, Path(alias="name", max_length=63, pattern=r"^[^\x00]+$", description="of an attribute")
]
_CHANGING = (*OF_ONE, *WITH_BODY, errors.PersonConflictError)


class IdentifiersBody(BaseModel):
    """Identifiers that a person is to have."""

    model_config = ConfigDict(extra="forbid")

    identifiers: list[AgentBody] = Field(min_length=1, max_length=MOST_IDENTIFIERS)


class GoneParameters(ValidityBody):
    """The days that are taken out; without any, all."""


@router.post(
    "/identifiers",
    summary="Give a person identifiers",
    operation_id="addIdentifiers",
    responses=responses(*_CHANGING),
)
async def add_identifiers(
    request: Request,
    response: Response,
    principal: Writer,
    person: PersonId,
    wanted: IdentifiersBody,
) -> PersonBody:
    """Give a person all of these identifiers, or none if one of them is another's."""
    changed = await services_of(request).persons.person_facts.add_identifiers(
        caller_of(request, principal), principal, person, read_agents(wanted.identifiers)
    )
    return shown(response, changed)


@router.delete(
    "/identifiers/{key}",
    summary="Take an identifier from a person",
    operation_id="removeIdentifier",
    responses=responses(*OF_ONE, errors.PersonConflictError),
)
async def remove_identifier(
    request: Request, response: Response, principal: Writer, person: PersonId, key: IdentifierKey
) -> PersonBody:
    """Have an identifier stand for itself again, with what rules said because of it."""
    changed = await services_of(request).persons.person_facts.remove_identifier(
        caller_of(request, principal), principal, person, key
    )
    return shown(response, changed)


@router.put(
    "/attributes/{name}",
    summary="Set an attribute of a person",
    operation_id="setAttribute",
    responses=responses(*_CHANGING, errors.UnknownMemberError),
)
async def set_attribute(
    request: Request,
    response: Response,
    principal: Writer,
    person: PersonId,
    name: AttributeName,
    wanted: ValueBody,
) -> PersonBody:
    """Set a value for some days; one that holds from a day on ends the one before it."""
    changed = await services_of(request).persons.person_facts.set_value(
        caller_of(request, principal), principal, person, wanted.told(name)
    )
    return shown(response, changed)


@router.delete(
    "/attributes/{name}",
    summary="Take an attribute from a person",
    operation_id="clearAttribute",
    responses=responses(*OF_ONE, errors.UnknownMemberError),
)
async def clear_attribute(
    request: Request,
    response: Response,
    principal: Writer,
    person: PersonId,
    name: AttributeName,
    gone: Annotated[GoneParameters, Query()],
) -> PersonBody:
    """Take all values of an attribute away, or what holds on some days."""
    changed = await services_of(request).persons.person_facts.clear_value(
        caller_of(request, principal), principal, person, name, gone.validity
    )
    return shown(response, changed)
