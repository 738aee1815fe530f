"""Persons over HTTP: `docs/people.md` says who is one, and what is known of them."""

import json
import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Path, Query, Request, Response, Security, status
from itsdangerous import BadData, URLSafeSerializer
from pydantic import BaseModel, ConfigDict, Field

from lrs import errors
from lrs.api.credentials import May, caller_of
from lrs.api.json_routes import JsonRoute
from lrs.api.notes import note_person_read
from lrs.api.problems import responses
from lrs.api.state import options_of, services_of
from lrs.api.v1.person_bodies import (
    NewPersonBody,
    PersonBody,
    PersonChangesBody,
    read_agents,
)
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import InvalidRequestError
from lrs.people.identifiers import read_identifier
from lrs.services.people import Place, Wanted
from lrs.services.shown_people import SeenPerson

router = APIRouter(prefix="/api/v1/people", tags=["people"], route_class=JsonRoute)
of_one = APIRouter(prefix="/api/v1/people/{id}", tags=["people"], route_class=JsonRoute)

Reader = Annotated[Principal, Security(May(Scope.PEOPLE_READ))]
Writer = Annotated[Principal, Security(May(Scope.PEOPLE_WRITE))]
PersonId = Annotated[
    UUID,
    Path(
        alias="id",
        description="of a person, of one who was merged, or the key of an identifier",
    ),
]

_LIMIT, _MOST = 50, 500
_TAG = re.compile(r'"([0-9]{1,18})"')
_Text = Annotated[str | None, Field(max_length=2_000, pattern=r"^[^\x00]*$")]
WITH_BODY = (errors.InvalidRequestError, errors.TooLargeError, errors.SlowBodyError)
ALWAYS = (errors.UnauthenticatedError, errors.ForbiddenError, errors.UnavailableError)
OF_ONE = (errors.InvalidRequestError, errors.PersonNotFoundError, *ALWAYS)
_CHANGING = (
    *OF_ONE,
    *WITH_BODY,
    errors.PersonConflictError,
    errors.PreconditionFailedError,
)


class PeopleParameters(BaseModel):
    """Which persons are wanted: all that is given must hold."""

    model_config = ConfigDict(extra="forbid")

    name: _Text = Field(None, description="How their names begin, in any case.")
    identifier: _Text = Field(
        None,
        description=(
            "An Agent as JSON, whose person is wanted, also if nobody has joined it; nothing else"
            " goes with it."
        ),
    )
    attribute: _Text = Field(None, description="A name and a value of today: `department=Sales`.")
    team: UUID | None = Field(None, description="A team that they are in today.")
    active: bool | None = Field(None, description="Whether they are active.")
    limit: int = Field(_LIMIT, ge=1, le=_MOST, description="The most persons on a page.")
    more: _Text = Field(
        None, description="What the page before gave in its `more`; nothing else goes with it."
    )

    def wanted(self) -> Wanted:
        """Return what is asked for.

        Raises:
            InvalidRequestError: the attribute has no value.
        """
        pair = None
        if self.attribute is not None:
            name, sign, value = self.attribute.partition("=")
            if not sign:
                raise InvalidRequestError("`attribute` is a name, `=` and a value")
            pair = name, value
        return Wanted(self.name, pair, self.team, self.active)


class PeopleBody(BaseModel):
    """A page of persons."""

    people: list[PersonBody] = Field(description="by their names if `name` is given")
    more: str | None = Field(description="the address of the next page; null on the last one")


class ChangeBody(BaseModel):
    """What was changed of a person."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    what: str = Field(
        description=(
            "name, user_name, external_id, language, active, identifier, merge, split, or"
            " `attribute:` and its name, `team:` and its id"
        )
    )
    before: Any = Field(description="null if there was nothing")
    after: Any = Field(description="null if there is nothing; of an identifier, its key")
    changed_at: datetime
    changed_by: str = Field(description="the key of a credential or the id of a user")


class ChangesBody(BaseModel):
    """A page of what was changed of a person."""

    changes: list[ChangeBody] = Field(description="the newest first")
    before: UUID | None = Field(description="asks for the next page; null on the last one")


class _Reading(msgspec.Struct, frozen=True, array_like=True):
    """What a reader asked for, and how far the answer has come."""

    store: int
    wanted: Wanted
    limit: int
    after: Place | None = None

    def link(self, path: str, key: bytes) -> str:
        """Return an absolute path, with a signed token in its query."""
        return f"{path}?more={_serializer(key).dumps(msgspec.to_builtins(self))}"


@router.post(
    "",
    summary="Make a person",
    operation_id="createPerson",
    status_code=status.HTTP_201_CREATED,
    responses=responses(
        *WITH_BODY,
        errors.UnknownMemberError,
        errors.PersonConflictError,
        errors.PersonNotFoundError,
        *ALWAYS,
    ),
)
async def create_person(
    request: Request, response: Response, principal: Writer, wanted: NewPersonBody
) -> PersonBody:
    """Make a person of identifiers and values; none of the identifiers may be another's."""
    made = await services_of(request).persons.people.create(
        caller_of(request, principal),
        principal,
        wanted.new(),
        read_agents(wanted.identifiers),
        [each.told(each.name) for each in wanted.attributes],
    )
    return shown(response, made)


@router.get(
    "",
    summary="List persons",
    operation_id="listPeople",
    responses=responses(errors.InvalidRequestError, errors.UnknownMemberError, *ALWAYS),
)
async def list_people(
    request: Request, principal: Reader, parameters: Annotated[PeopleParameters, Query()]
) -> PeopleBody:
    """Answer with persons who are kept, the oldest first; an identifier finds whose it is."""
    people = services_of(request).persons.people
    note_person_read(request, principal, None)
    if parameters.identifier is not None:
        if parameters.model_fields_set != {"identifier"}:
            raise InvalidRequestError("`identifier` cannot be combined with anything")
        known = services_of(request).pseudonyms
        identifier = await known.agent(principal.store, parameters.identifier)
        page = await people.of_identifier(principal, read_identifier(identifier))
        return PeopleBody(people=[PersonBody.of(each) for each in page.people], more=None)
    reading = _reading(request, principal, parameters)
    page = await people.list(principal, reading.wanted, reading.after, reading.limit)
    more = None
    if page.following is not None:
        following = msgspec.structs.replace(reading, after=page.following)
        path = f"{request.scope.get('root_path', '')}{router.prefix}"
        more = following.link(path, options_of(request).more_key)
    return PeopleBody(people=[PersonBody.of(each) for each in page.people], more=more)


@of_one.get(
    "",
    summary="Get a person",
    operation_id="getPerson",
    responses=responses(*OF_ONE),
)
async def get_person(
    request: Request, response: Response, principal: Reader, person: PersonId
) -> PersonBody:
    """Answer with a person, also by the id of one merged into them or by an identifier's key."""
    found = await services_of(request).persons.people.get(principal, person)
    note_person_read(request, principal, found.record.id)
    return shown(response, found)


@of_one.patch(
    "",
    summary="Change a person",
    operation_id="changePerson",
    responses=responses(*_CHANGING),
)
async def change_person(
    request: Request,
    response: Response,
    principal: Writer,
    person: PersonId,
    wanted: PersonChangesBody,
    if_match: Annotated[str | None, Header(description="The ETag of the person.")] = None,
) -> PersonBody:
    """Change what is told of a person; an Agent whom nobody has joined gets an id by it."""
    changed = await services_of(request).persons.people.change(
        caller_of(request, principal), principal, person, wanted.changes(), versions(if_match)
    )
    return shown(response, changed)


@of_one.delete(
    "",
    summary="Give up the record of a person",
    operation_id="deletePerson",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(*OF_ONE, errors.PersonConflictError, errors.PreconditionFailedError),
)
async def delete_person(
    request: Request,
    principal: Writer,
    person: PersonId,
    if_match: Annotated[str | None, Header(description="The ETag of the person.")] = None,
) -> None:
    """Take a person apart: each identifier stands for itself, and what it did stays.

    Erasure of statements is another route.
    """
    await services_of(request).persons.people.delete(
        caller_of(request, principal), principal, person, versions(if_match)
    )


@of_one.get(
    "/changes",
    summary="Get what was changed of a person",
    operation_id="getPersonChanges",
    responses=responses(*OF_ONE),
)
async def get_changes(
    request: Request,
    principal: Reader,
    person: PersonId,
    before: Annotated[UUID | None, Query(description="From the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="The most on a page.")] = _LIMIT,
) -> ChangesBody:
    """Answer with what was changed of a person, by whom and when: the history of rectification."""
    note_person_read(request, principal, person)
    page = await services_of(request).persons.person_facts.changes(principal, person, before, limit)
    changes = [
        ChangeBody(
            id=each.id,
            what=each.what,
            before=None if each.before is None else json.loads(each.before),
            after=None if each.after is None else json.loads(each.after),
            changed_at=each.changed_at,
            changed_by=each.changed_by,
        )
        for each in page.changes
    ]
    return ChangesBody(changes=changes, before=page.following)


def shown(response: Response, person: SeenPerson) -> PersonBody:
    """Answer with a person, and with the version as the ETag."""
    response.headers["ETag"] = f'"{person.record.version}"'
    return PersonBody.of(person)


def versions(if_match: str | None) -> list[int] | None:
    """Return the versions that a header If-Match names; None is any.

    A weak ETag, and one that is none of ours, names no version.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    tags = (each.strip() for each in if_match.split(","))
    return [int(found[1]) for each in tags if (found := _TAG.fullmatch(each))]


def _reading(request: Request, principal: Principal, asked: PeopleParameters) -> _Reading:
    if asked.more is None:
        return _Reading(principal.store, asked.wanted(), asked.limit)
    if asked.model_fields_set != {"more"}:
        raise InvalidRequestError("`more` cannot be combined with anything")
    try:
        said = _serializer(options_of(request).more_key).loads(asked.more)
        reading = msgspec.convert(said, _Reading)
    except (BadData, msgspec.ValidationError) as error:
        raise InvalidRequestError("`more` is no link that this LRS has given out") from error
    if reading.store != principal.store:
        raise InvalidRequestError("`more` is a link of another store")
    return reading


def _serializer(key: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt="people more")
