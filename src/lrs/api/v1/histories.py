"""What persons did, over HTTP: `docs/history.md` describes it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response, Security
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from lrs import errors
from lrs.analytics.verb_families import VerbFamily, verbs_of
from lrs.api.credentials import May
from lrs.api.head import WITHOUT_BODY
from lrs.api.json_routes import JsonRoute
from lrs.api.notes import note_person_read
from lrs.api.problems import responses
from lrs.api.state import options_of, services_of
from lrs.api.v1.history_bodies import EntryBody, HistoryBody, SummaryBody
from lrs.api.v1.history_cursors import HistoryCursor, hashed
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import InvalidRequestError
from lrs.people.histories import HistoryFilter
from lrs.people.sentence_words import speech_for
from lrs.services.histories import AskedHistory, HistoryPage
from lrs.xapi.accept_language import Languages, parse_accept_language
from lrs.xapi.iris import Iri
from lrs.xapi.languages import LanguageTag
from lrs.xapi.queries import Cursor

router = APIRouter(prefix="/api/v1/people/{id}", tags=["people"], route_class=JsonRoute)

Reader = Annotated[Principal, Security(May(Scope.PEOPLE_READ))]
PersonId = Annotated[UUID, Path(alias="id", description="of a person, or the key of an identifier")]

_LIMIT, _MOST, _MOST_VALUES = 50, 200, 100
NDJSON = "application/x-ndjson"
_ERRORS = (
    errors.InvalidRequestError,
    errors.UnauthenticatedError,
    errors.ForbiddenError,
    errors.PersonNotFoundError,
    errors.TooManyRequestsError,
    errors.UnavailableError,
)
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": HistoryBody,
        "content": {NDJSON: {"schema": {"type": "string", "description": "an entry on each line"}}},
    },
    **responses(*_ERRORS),
}
OF_SUMMARY = responses(*_ERRORS)


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be in the years 1 to 9999 of UTC") from error


def _no_number(moment: object) -> object:
    if isinstance(moment, str) and moment.strip().lstrip("+-").replace(".", "", 1).isdigit():
        raise ValueError("must be a moment such as 2026-01-31T08:00:00Z, not a number")
    return moment


_Moment = Annotated[AwareDatetime, BeforeValidator(_no_number), AfterValidator(_in_utc)]
_System = Annotated[str, Field(max_length=1_000, pattern=r"^[^\x00]*$")]


class LanguageParameters(BaseModel):
    """In which language a person reads."""

    model_config = ConfigDict(extra="forbid")

    language: LanguageTag | None = Field(
        None,
        description="Of sentences and names, before Accept-Language and the person's own."
        " Sentences are in German or English; names in any language that they were told in.",
    )

    def languages(self, request: Request) -> Languages:
        """Return the languages that are wanted; none leaves it to the person."""
        return parse_accept_language(self.language or request.headers.get("accept-language"))


class HistoryParameters(LanguageParameters):
    """Which entries are wanted: all that is given must be met."""

    system: list[_System] | None = Field(
        None, max_length=_MOST_VALUES, description="A tool that brought it; any of several."
    )
    verb_family: list[VerbFamily] | None = Field(
        None, max_length=_MOST_VALUES, description="What was done, by any verb; any of several."
    )
    verb: list[Iri] | None = Field(
        None, max_length=_MOST_VALUES, description="The IRI of the verb; any of several."
    )
    course: Iri | None = Field(
        None, description="The IRI of an activity that is the object, or named in the context."
    )
    activity_type: Iri | None = Field(None, description="The IRI of the type of the object.")
    since: _Moment | None = Field(None, description="Happened at this moment or later.")
    until: _Moment | None = Field(None, description="Happened before this moment.")
    success: bool | None = Field(None, description="Of the result.")
    completion: bool | None = Field(None, description="Of the result.")
    limit: int | None = Field(
        None, ge=1, le=_MOST, description=f"The most entries on a page of JSON; else {_LIMIT}."
    )
    cursor: str | None = Field(
        None,
        max_length=2_000,
        description="What the page before gave as its `cursor`; the filters must be the same.",
    )

    def filter(self) -> HistoryFilter:
        """Return what an entry must be."""
        return HistoryFilter(
            systems=None if self.system is None else tuple(sorted({*self.system})),
            verbs=self._verbs(),
            course=self.course,
            activity_type=self.activity_type,
            since=self.since,
            until=self.until,
            success=self.success,
            completion=self.completion,
        )

    def _verbs(self) -> tuple[str, ...] | None:
        if self.verb_family is None:
            return None if self.verb is None else tuple(sorted({*self.verb}))
        of_families = verbs_of(*self.verb_family)
        wanted = of_families if self.verb is None else {*self.verb}.intersection(of_families)
        return tuple(sorted(wanted))


@router.get(
    "/history",
    summary="Read what a person did",
    operation_id="getHistory",
    response_model=HistoryBody,
    responses=ANSWERS,
)
async def get_history(
    request: Request,
    principal: Reader,
    person: PersonId,
    parameters: Annotated[HistoryParameters, Query()],
) -> Response:
    """Tell all that a person did over all identifiers and systems, newest first.

    With `Accept: application/x-ndjson` the whole history comes as one stream, an entry on a line.
    """
    return await answer_history(request, principal, person, parameters)


@router.get(
    "/summary", summary="Sum up what a person did", operation_id="getSummary", responses=OF_SUMMARY
)
async def get_summary(
    request: Request,
    principal: Reader,
    person: PersonId,
    response: Response,
    parameters: Annotated[LanguageParameters, Query()],
) -> SummaryBody:
    """Sum up what a person did by system and by course, exact up to the watermark."""
    return await summed_up(request, principal, person, response, parameters)


async def answer_history(
    request: Request, principal: Principal, person: UUID | None, parameters: HistoryParameters
) -> Response:
    """Answer with a page of a history, or with all of it."""
    is_stream = _wants_lines(request)
    if is_stream and parameters.limit is not None:
        raise InvalidRequestError("`limit` is of pages, and NDJSON has none")
    wanted = parameters.filter()
    limit = _MOST if is_stream else parameters.limit or _LIMIT
    asked = AskedHistory(person, wanted, parameters.languages(request), limit)
    of, key = _subject(principal, person), options_of(request).more_key
    after = None
    if parameters.cursor is not None:
        told = HistoryCursor.of_text(parameters.cursor, key)
        after = told.require(principal.store, of, wanted)
    page = await services_of(request).persons.histories.page(principal, asked, after)
    note_person_read(request, principal, page.person, {"history": True})
    headers = _headers(page.languages)
    if is_stream:
        lines = _lines(request, principal, asked, page)
        return StreamingResponse(lines, media_type=NDJSON, headers=headers)
    cursor = None
    if page.cursor is not None:
        cursor = HistoryCursor(principal.store, of, hashed(wanted), page.cursor).text(key)
    body = HistoryBody.of(page, cursor).model_dump_json().encode()
    return Response(body, media_type="application/json", headers=headers)


async def summed_up(
    request: Request,
    principal: Principal,
    person: UUID | None,
    response: Response,
    parameters: LanguageParameters,
) -> SummaryBody:
    """Return what somebody did, summed up."""
    languages = parameters.languages(request)
    found = await services_of(request).persons.histories.summary(principal, person, languages)
    note_person_read(request, principal, found.person, {"summary": True})
    response.headers.update(_headers(found.languages))
    return SummaryBody.of(found)


def _headers(languages: Languages) -> dict[str, str]:
    return {"Content-Language": speech_for(languages).value, "Vary": "Accept-Language"}


def _subject(principal: Principal, person: UUID | None) -> str:
    """Return whose history it is, as the reader has named them."""
    return f"me {principal.user}" if person is None else str(person)


def _wants_lines(request: Request) -> bool:
    accepted = request.headers.get("accept", "").split(",")
    return any(each.partition(";")[0].strip().lower() == NDJSON for each in accepted)


async def _lines(
    request: Request, principal: Principal, asked: AskedHistory, page: HistoryPage
) -> AsyncIterator[bytes]:
    """Give all entries, page after page; no connection is held while the reader takes them."""
    yield _written(page)
    # Of what nobody takes the first page is enough.
    cursor: Cursor | None = None if WITHOUT_BODY in request.scope else page.cursor
    while cursor is not None:
        page = await services_of(request).persons.histories.page(principal, asked, cursor)
        yield _written(page)
        cursor = page.cursor


def _written(page: HistoryPage) -> bytes:
    bodies = (EntryBody.of(entry) for entry in page.entries)
    return b"".join(body.model_dump_json().encode() + b"\n" for body in bodies)
