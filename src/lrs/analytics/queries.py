"""A query whose every name is known and every value read: what can be computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lrs.analytics.answers import Column
from lrs.analytics.dimensions import (
    DIMENSIONS,
    TIME_DIMENSIONS,
    Dimension,
    TextDimension,
    TimeDimension,
    attribute_dimension,
)
from lrs.analytics.filters import OPERATORS, Filter, Operator, Value
from lrs.analytics.measures import MEASURES, Measure
from lrs.analytics.periods import Buckets, Granularity, parse_moment
from lrs.analytics.requests import FilterRequest, QueryRequest, TimeRequest
from lrs.errors import InvalidQueryError, UnknownMemberError

_Known = TypeVar("_Known")

_FILTERED: Mapping[str, Dimension] = {**DIMENSIONS, **TIME_DIMENSIONS}
_PERSON, _TEAM, _PEOPLE = "person", "team", "people.unique"
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column of the answer to sort by; missing values come last in both directions."""

    column: int
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A query that makes sense; equal ones have the same hash.

    Attributes:
        measures: what to compute, at least one.
        dimensions: what to group by, beside time.
        buckets: how to group by time.
        filters: which statements count; a range of time is two of them.
        order: every column of the answer once, so that equal questions get equal answers.
        limit: the most rows to give.
        is_raw: whether statements alone are to be read, and no rollup.
        zone: whose local day of `timestamp` decides which attributes and teams a person has.
    """

    measures: Sequence[Measure]
    dimensions: Sequence[TextDimension]
    buckets: Buckets | None
    filters: Sequence[Filter]
    order: Sequence[SortKey]
    limit: int
    is_raw: bool = False
    zone: ZoneInfo = _UTC

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the answer: time, dimensions, measures."""
        return _columns(self.buckets, self.dimensions, self.measures)

    @property
    def is_personal(self) -> bool:
        """Whether its answer tells of single persons: by groups of them, or by a choice of them."""
        return any(dimension.is_personal for dimension in self._named)

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes of persons that it asks for, each once."""
        asked = (getattr(dimension, "attribute", None) for dimension in self._named)
        return tuple(dict.fromkeys(name for name in asked if name is not None))

    @property
    def is_by_team(self) -> bool:
        """Whether a statement counts under each team of its person."""
        return any(dimension.name == _TEAM for dimension in self.dimensions)

    @property
    def is_of_people(self) -> bool:
        """Whether it asks whose identifier an actor is, which statements do not say."""
        names = {dimension.name for dimension in self._named}
        is_counted = any(measure.name == _PEOPLE for measure in self.measures)
        return is_counted or bool(self.attributes) or not names.isdisjoint((_PERSON, _TEAM))

    @property
    def _named(self) -> tuple[Dimension, ...]:
        return (*self.dimensions, *(each.dimension for each in self.filters))


def resolve(request: QueryRequest) -> Query:
    """Look up every name of a request and read every value.

    Raises:
        UnknownMemberError: a name does not exist.
        InvalidQueryError: the parts are well-formed, but do not make sense.
    """
    if not request.measures:
        raise InvalidQueryError("measures: name at least one")
    time = request.time or TimeRequest()
    zone = _zone(time.timezone)
    moment = _known("time.dimension", time.dimension, TIME_DIMENSIONS)
    buckets = _buckets(moment, time.granularity, zone)
    measures = _all_known("measures", request.measures, MEASURES)
    dimensions = _dimensions(request.dimensions)
    filters = [_filter(f"filters[{i}]", asked, zone) for i, asked in enumerate(request.filters)]
    return Query(
        measures=measures,
        dimensions=dimensions,
        buckets=buckets,
        filters=(*_range(time, moment, zone), *filters),
        order=_order(request.order, _columns(buckets, dimensions, measures)),
        limit=request.limit,
        is_raw=request.source == "raw",
        zone=zone,
    )


def check_attributes(query: Query, sensitive: Mapping[str, bool]) -> bool:
    """Return whether one of the attributes that a query asks for is a sensitive one.

    Args:
        query: that asks for some.
        sensitive: the attributes that the store has defined, and whether each is sensitive.

    Raises:
        UnknownMemberError: the store has not defined one of them.
    """
    for name in query.attributes:
        if name not in sensitive:
            known = [*_FILTERED, *(f"{_PERSON}.{each}" for each in sensitive)]
            raise UnknownMemberError(
                f"there is no {_PERSON}.{name}: the store has no such attribute", known
            )
    return any(sensitive[name] for name in query.attributes)


def _dimensions(names: Sequence[str]) -> tuple[TextDimension, ...]:
    _check_once("dimensions", names)
    return tuple(
        attribute_dimension(name) or _known(f"dimensions[{place}]", name, DIMENSIONS)
        for place, name in enumerate(names)
    )


def _buckets(moment: TimeDimension, granularity: str | None, zone: ZoneInfo) -> Buckets | None:
    return None if granularity is None else Buckets(moment, Granularity(granularity), zone)


def _columns(
    buckets: Buckets | None, dimensions: Sequence[TextDimension], measures: Sequence[Measure]
) -> tuple[Column, ...]:
    time = [buckets.dimension] if buckets else []
    return (
        *(Column(moment.name, moment.type, "dimension") for moment in time),
        *(Column(dimension.name, dimension.type, "dimension") for dimension in dimensions),
        *(Column(measure.name, measure.type, "measure") for measure in measures),
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidQueryError(
            f"time.timezone: {name!r} is no time zone; write an IANA name such as Europe/Berlin"
        ) from error


def _known(path: str, name: str, known: Mapping[str, _Known]) -> _Known:
    if name not in known:
        raise UnknownMemberError(f"{path}: there is no {name!r}", [*known])
    return known[name]


def _check_once(path: str, names: Sequence[str]) -> None:
    for place, name in enumerate(names):
        if name in names[:place]:
            raise InvalidQueryError(f"{path}[{place}]: {name!r} is named twice")


def _all_known(path: str, names: Sequence[str], known: Mapping[str, _Known]) -> tuple[_Known, ...]:
    _check_once(path, names)
    return tuple(_known(f"{path}[{place}]", name, known) for place, name in enumerate(names))


def _range(asked: TimeRequest, dimension: TimeDimension, zone: ZoneInfo) -> list[Filter]:
    first = asked.from_ and _moment("time.from", asked.from_, zone)
    end = asked.to and _moment("time.to", asked.to, zone)
    if first and end and first >= end:
        raise InvalidQueryError("time.to: it must be later than time.from")
    bounds = (("gte", first), ("lt", end))
    return [Filter(dimension, OPERATORS["time"][name], (bound,)) for name, bound in bounds if bound]


def _filter(path: str, asked: FilterRequest, zone: ZoneInfo) -> Filter:
    dimension = attribute_dimension(asked.member) or _known(
        f"{path}.member", asked.member, _FILTERED
    )
    operator = _known(f"{path}.operator", asked.operator, OPERATORS[dimension.type])
    _check_number_of_values(path, operator, len(asked.values))
    values: Sequence[Value] = tuple(asked.values)
    if dimension.type == "time":
        values = tuple(_moment(f"{path}.values[0]", text, zone) for text in asked.values)
    return Filter(dimension, operator, values)


def _check_number_of_values(path: str, operator: Operator, number: int) -> None:
    if not operator.least <= number <= operator.most:
        wanted = f"{operator.least}"
        if operator.most > operator.least:
            wanted = f"{operator.least} to {operator.most:,}"
        raise InvalidQueryError(
            f"{path}.values: {operator.name!r} takes {wanted}, {number:,} were given"
        )


def _moment(path: str, text: str, zone: ZoneInfo) -> datetime:
    try:
        return parse_moment(text, zone)
    except (ValueError, OverflowError) as error:
        raise InvalidQueryError(f"{path}: {text!r} is no moment: {error}") from error


def _order(asked: Sequence[tuple[str, str]], columns: Sequence[Column]) -> tuple[SortKey, ...]:
    places = {column.name: place for place, column in enumerate(columns)}
    names = [name for name, _ in asked]
    _all_known("order", names, places)
    keys = [SortKey(places[name], direction == "desc") for name, direction in asked]
    keys = keys or _default_order(columns)
    taken = {key.column for key in keys}
    return (*keys, *(SortKey(place) for place in places.values() if place not in taken))


def _default_order(columns: Sequence[Column]) -> list[SortKey]:
    time = [SortKey(place) for place, column in enumerate(columns) if column.type == "time"]
    first_measure = [column.kind for column in columns].index("measure")
    return [*time, SortKey(first_measure, descending=True)]
