"""The shape of a query as it is asked: names and values not yet looked up."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from lrs.analytics.dimensions import ATTRIBUTE_PATTERN, DIMENSIONS, TIME_DIMENSIONS
from lrs.analytics.filters import MAX_VALUES, OPERATORS
from lrs.analytics.measures import MEASURES

DEFAULT_LIMIT = 1_000
MAX_LIMIT = 10_000
MAX_FILTERS = 50
MAX_NAMES = 50

_NAME = Field(max_length=100)
_MEASURE = Field(json_schema_extra={"enum": [*MEASURES]})
_OF_PERSON: JsonDict = {"pattern": f"^{ATTRIBUTE_PATTERN}$"}
_DIMENSION = Field(json_schema_extra={"anyOf": [{"enum": [*DIMENSIONS]}, _OF_PERSON]})
_FILTERED = Field(
    json_schema_extra={"anyOf": [{"enum": [*DIMENSIONS, *TIME_DIMENSIONS]}, _OF_PERSON]}
)
_OPERATOR = Field(
    json_schema_extra={"enum": [name for operators in OPERATORS.values() for name in operators]}
)

Name = Annotated[str, _NAME]
# PostgreSQL cannot compare with U+0000, and no statement holds it.
FilterValue = Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")]
Moment = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
        r"(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?$",
        description="An instant with its offset, or a local date of the time zone.",
        examples=["2026-01-31", "2026-01-31T08:00:00+01:00"],
    ),
]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TimeRequest(_Shape):
    """Which time to group by, how coarse, from when (inclusive) to when (exclusive)."""

    dimension: Annotated[Name, Field(json_schema_extra={"enum": [*TIME_DIMENSIONS]})] = "timestamp"
    granularity: Literal["hour", "day", "week", "month"] | None = None
    from_: Annotated[Moment | None, Field(alias="from")] = None
    to: Moment | None = None
    timezone: Annotated[
        str, Field(max_length=100, description="An IANA name.", examples=["Europe/Berlin"])
    ] = "UTC"


class FilterRequest(_Shape):
    """One condition on the statements that count."""

    member: Annotated[Name, _FILTERED]
    operator: Annotated[Name, _OPERATOR]
    values: Annotated[list[FilterValue], Field(max_length=MAX_VALUES)] = []


class QueryRequest(_Shape):
    """What is asked: measures, by dimensions and time, of some statements, in an order."""

    measures: Annotated[list[Annotated[Name, _MEASURE]], Field(max_length=MAX_NAMES)]
    dimensions: Annotated[list[Annotated[Name, _DIMENSION]], Field(max_length=MAX_NAMES)] = []
    time: TimeRequest | None = None
    filters: Annotated[list[FilterRequest], Field(max_length=MAX_FILTERS)] = []
    # A list from JSON is no tuple to a strict model, hence the exception.
    order: Annotated[
        list[Annotated[tuple[Name, Literal["asc", "desc"]], Field(strict=False)]],
        Field(max_length=MAX_NAMES),
    ] = []
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    source: Annotated[
        Literal["raw"] | None,
        Field(description="`raw` reads statements even where a rollup would do."),
    ] = None
