"""Joining persons and taking them apart, over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response, status
from pydantic import BaseModel, ConfigDict, Field

from lrs import errors
from lrs.api.credentials import caller_of
from lrs.api.json_routes import JsonRoute
from lrs.api.notes import note_person_read
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.api.v1.people import ALWAYS, OF_ONE, WITH_BODY, PersonId, Reader, Writer, shown
from lrs.api.v1.person_bodies import MOST_IDENTIFIERS, AgentBody, Line, PersonBody, read_agents
from lrs.people.identifiers import identifier_members
from lrs.people.suggestions import Known, Reason
from lrs.xapi.keys import ifi_key

suggestions = APIRouter(prefix="/api/v1/people/suggestions", tags=["people"], route_class=JsonRoute)
router = APIRouter(prefix="/api/v1/people/{id}", tags=["people"], route_class=JsonRoute)

MergeId = Annotated[UUID, Path(alias="merge", description="the id of a merge")]
First = Annotated[UUID, Path(alias="first", description="the id of one of both")]
Second = Annotated[UUID, Path(alias="second", description="the id of the other")]
_MOST = 100
_CHANGING = (*OF_ONE, *WITH_BODY, errors.PersonConflictError)


class NewMergeBody(BaseModel):
    """Who is to be a part of the person from now on."""

    model_config = ConfigDict(extra="forbid")

    other: UUID = Field(description="the id of a person, or the key of an identifier")


class MergeBody(BaseModel):
    """That a person was merged into another."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kept: UUID = Field(description="who stayed")
    merged: UUID = Field(description="who became a part of them")
    merged_at: datetime
    merged_by: str
    undone_at: datetime | None = Field(description="null if it holds")
    undone_by: str | None


class MergesBody(BaseModel):
    """All merges of a person, the oldest first."""

    merges: list[MergeBody]


class SplitBody(BaseModel):
    """Which identifiers are somebody else's."""

    model_config = ConfigDict(extra="forbid")

    identifiers: list[AgentBody] = Field(min_length=1, max_length=MOST_IDENTIFIERS)
    name: Line | None = Field(default=None, description="of the new person")


class KnownBody(BaseModel):
    """Somebody who may be somebody else too."""

    id: UUID
    names: Sequence[str] = Field(description="that the store or statements give to them")
    identifiers: list[dict[str, Any]] = Field(description="Agents")

    @classmethod
    def of(cls, known: Known) -> Self:
        """Write somebody down."""
        identifiers = [
            {"objectType": "Agent", **identifier_members(ifi)} for ifi in known.identifiers
        ]
        return cls(id=known.id, names=sorted({*known.names}), identifiers=identifiers)


class SuggestionBody(BaseModel):
    """Two persons who may be one."""

    first: KnownBody
    second: KnownBody
    reasons: Sequence[Reason]


class SuggestionsBody(BaseModel):
    """Who may be one, those with most reasons first."""

    suggestions: list[SuggestionBody]
    is_whole: bool = Field(description="false where only a part of the store was compared")


@suggestions.get(
    "",
    summary="List who may be one person",
    operation_id="listSuggestions",
    responses=responses(errors.InvalidRequestError, *ALWAYS),
)
async def list_suggestions(
    request: Request,
    principal: Writer,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="The most that are told.")] = 50,
) -> SuggestionsBody:
    """Answer with pairs of persons who look alike, and why; nobody is joined by it."""
    found = await services_of(request).persons.person_merges.suggestions(principal, limit)
    note_person_read(request, principal, None)
    return SuggestionsBody(
        suggestions=[
            SuggestionBody(
                first=KnownBody.of(each.first),
                second=KnownBody.of(each.second),
                reasons=each.reasons,
            )
            for each in found.suggestions
        ],
        is_whole=found.is_whole,
    )


pair = APIRouter(
    prefix="/api/v1/people/suggestions/{first}/{second}", tags=["people"], route_class=JsonRoute
)


@pair.post(
    "/accept",
    summary="Say that two persons are one",
    operation_id="acceptSuggestion",
    status_code=status.HTTP_201_CREATED,
    responses=responses(*OF_ONE, errors.PersonConflictError, errors.TooLargeError),
)
async def accept_suggestion(
    request: Request, principal: Writer, first: First, second: Second
) -> MergeBody:
    """Merge the second one into the first; it can be undone as any merge."""
    made = await services_of(request).persons.person_merges.merge(
        caller_of(request, principal), principal, first, second
    )
    return MergeBody.model_validate(made)


@pair.post(
    "/refuse",
    summary="Say that two persons are two",
    operation_id="refuseSuggestion",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(*OF_ONE, errors.PersonConflictError),
)
async def refuse_suggestion(
    request: Request, principal: Writer, first: First, second: Second
) -> None:
    """Remember that these are two, so that nobody is asked again."""
    await services_of(request).persons.person_merges.refuse(
        caller_of(request, principal), principal, first, second
    )


@router.post(
    "/merges",
    summary="Merge another person into this one",
    operation_id="mergePeople",
    status_code=status.HTTP_201_CREATED,
    responses=responses(*_CHANGING),
)
async def merge_people(
    request: Request, principal: Writer, person: PersonId, wanted: NewMergeBody
) -> MergeBody:
    """Have two persons be one from this moment on, in all that is asked; no statement changes."""
    made = await services_of(request).persons.person_merges.merge(
        caller_of(request, principal), principal, person, wanted.other
    )
    return MergeBody.model_validate(made)


@router.get(
    "/merges",
    summary="List the merges of a person",
    operation_id="listMerges",
    responses=responses(*OF_ONE),
)
async def list_merges(request: Request, principal: Reader, person: PersonId) -> MergesBody:
    """Answer with who was merged into the person, directly or not, and what was undone of it."""
    found = await services_of(request).persons.person_merges.merges(principal, person)
    return MergesBody(merges=[MergeBody.model_validate(each) for each in found])


@router.delete(
    "/merges/{merge}",
    summary="Undo a merge",
    operation_id="undoMerge",
    responses=responses(*OF_ONE, errors.PersonConflictError),
)
async def undo_merge(
    request: Request, response: Response, principal: Writer, person: PersonId, merge: MergeId
) -> PersonBody:
    """Give who was merged back what was theirs, and answer with them."""
    split = await services_of(request).persons.person_merges.undo(
        caller_of(request, principal), principal, person, merge
    )
    return shown(response, split)


@router.post(
    "/splits",
    summary="Make a person of some identifiers of another",
    operation_id="splitPerson",
    status_code=status.HTTP_201_CREATED,
    responses=responses(*_CHANGING),
)
async def split_person(
    request: Request, response: Response, principal: Writer, person: PersonId, wanted: SplitBody
) -> PersonBody:
    """Take identifiers from a person, and answer with the new one whose they are."""
    keys = [ifi_key(ifi) for ifi in read_agents(wanted.identifiers)]
    made = await services_of(request).persons.person_merges.split(
        caller_of(request, principal), principal, person, keys, wanted.name
    )
    return shown(response, made)
