"""Sums over HTTP: `docs/analytics.md` describes the language."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Body, Request, Security
from fastapi.openapi.models import Example
from pydantic import BaseModel, Field

from lrs import errors
from lrs.analytics.answers import Answer, Cell, Kind, Source, ValueType
from lrs.analytics.queries import Query, resolve
from lrs.analytics.requests import QueryRequest
from lrs.api.credentials import May
from lrs.api.json_routes import JsonRoute
from lrs.api.notes import note_person_read
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope


class _QueryRoute(JsonRoute):
    """A query may name thousands of values."""

    most_bytes = 1_000_000


router = APIRouter(prefix="/api/v1/analytics", tags=["analytics"], route_class=_QueryRoute)

Reader = Annotated[Principal, Security(May(Scope.ANALYTICS_READ))]


class ColumnBody(BaseModel):
    """What one place of every row holds."""

    name: str = Field(description="the member's name, as it was asked for")
    type: ValueType
    kind: Kind


class MetaBody(BaseModel):
    """How fresh and how complete the rows are."""

    as_of: datetime = Field(description="when the answer was computed")
    consistent_through: datetime = Field(
        description="every statement stored until then is counted, none that was stored later"
    )
    truncated: bool = Field(description="there were more rows than the limit")
    source: Source = Field(
        description="what was read: a rollup and the statements that it lacks, or statements alone"
    )


class AnswerBody(BaseModel):
    """The rows that a query asked for; null is a missing value."""

    columns: list[ColumnBody]
    rows: list[list[Cell]]
    meta: MetaBody

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Write an answer down."""
        return cls(
            columns=[ColumnBody(name=c.name, type=c.type, kind=c.kind) for c in answer.columns],
            rows=[list(row) for row in answer.table.rows],
            meta=MetaBody(
                as_of=answer.as_of,
                consistent_through=answer.consistent_through,
                truncated=answer.table.truncated,
                source=answer.source,
            ),
        )


_QUESTIONS = {
    "use per system and week": Example(
        value={
            "measures": ["statements.count", "actors.unique"],
            "dimensions": ["system"],
            "time": {"granularity": "week", "from": "2026-01-01", "timezone": "Europe/Berlin"},
        }
    ),
    "completions and success per course": Example(
        value={
            "measures": ["completions.count", "success.rate", "score.scaled.avg"],
            "dimensions": ["activity.id"],
            "filters": [
                {
                    "member": "activity.type",
                    "operator": "equals",
                    "values": ["http://adlnet.gov/expapi/activities/course"],
                }
            ],
            "order": [["success.rate", "asc"]],
            "limit": 20,
        }
    ),
}
_ANSWER = {
    "columns": [
        {"name": "timestamp", "type": "time", "kind": "dimension"},
        {"name": "system", "type": "text", "kind": "dimension"},
        {"name": "statements.count", "type": "integer", "kind": "measure"},
        {"name": "actors.unique", "type": "integer", "kind": "measure"},
    ],
    "rows": [
        ["2025-12-29T00:00:00+01:00", "Moodle", 1841, 97],
        ["2025-12-29T00:00:00+01:00", "Degreed", 322, 58],
    ],
    "meta": {
        "as_of": "2026-01-05T07:30:00.413207Z",
        "consistent_through": "2026-01-05T07:30:00.391554Z",
        "truncated": False,
        "source": "raw",
    },
}


@router.post(
    "/query",
    summary="Count, sum and average over statements",
    operation_id="queryAnalytics",
    responses={
        200: {"content": {"application/json": {"example": _ANSWER}}},
        **responses(
            errors.InvalidQueryError,
            errors.UnknownMemberError,
            errors.UnauthenticatedError,
            errors.ForbiddenError,
            errors.PseudonymKeyForgottenError,
            errors.TooLargeError,
            errors.SlowBodyError,
            errors.TooManyRequestsError,
            errors.UnavailableError,
        ),
    },
)
async def query(
    request: Request,
    principal: Reader,
    asked: Annotated[QueryRequest, Body(openapi_examples=_QUESTIONS)],
) -> AnswerBody:
    """Compute measures over the statements of the credential's store, by dimensions and time."""
    wanted = resolve(asked)
    answer = await services_of(request).analytics.query(principal, wanted)
    if ways := _ways_to_persons(wanted):
        note_person_read(request, principal, None, {"analytics": ways})
    return AnswerBody.of(answer)


def _ways_to_persons(wanted: Query) -> list[str]:
    """Return by which parts of a query single persons are looked at."""
    filtered = any(each.dimension.is_personal for each in wanted.filters)
    grouped = any(each.is_personal for each in wanted.dimensions)
    return ["filter"] * filtered + ["dimension"] * grouped
