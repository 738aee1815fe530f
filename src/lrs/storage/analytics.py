"""The analytics language in SQL: one SELECT over the typed columns, never over payloads.

It groups by keys and looks up their texts afterwards, once per group.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    DateTime,
    Double,
    FromClause,
    Integer,
    Label,
    Numeric,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.analytics import answers, periods
from lrs.analytics.filters import Comparison, Filter
from lrs.analytics.measures import COMPLETION_VERBS, RATING_VERBS
from lrs.analytics.queries import Query, SortKey
from lrs.errors import InvalidQueryError
from lrs.storage.tables import activities, agents, credentials, statements, verbs
from lrs.xapi.keys import Ifi, ifi_key, iri_key

_INVALID_PARAMETER_VALUE = "22023"
# Decimal places of a rating, as many as a double can tell apart.
_RATING_PLACES = 15
_BUCKET = "bucket"

_STORE = bindparam("store", type_=Integer)
_fact = statements.c
_activity: ColumnElement[UUID] = case((_fact.object_type == "Activity", _fact.object))

# PostgreSQL leaves out a join when the query names none of its columns.
_FACTS = statements.outerjoin(credentials, credentials.c.id == _fact.credential).outerjoin(
    activities, and_(activities.c.store == _fact.store, activities.c.key == _activity)
)


@dataclass(frozen=True, slots=True)
class _Held:
    """A dimension whose values stand in the facts themselves."""

    column: ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class _Keyed:
    """A dimension whose facts hold a key; the text stands in a dictionary.

    Attributes:
        column: the key in the facts.
        text: the column of the dictionary.
        keys: every key that a text can have.
    """

    column: ColumnElement[UUID]
    text: Column[str]
    keys: Callable[[str], Sequence[UUID]]

    @property
    def dictionary(self) -> FromClause:
        return self.text.table


def _iri_keys(iri: str) -> Sequence[UUID]:
    return [iri_key(iri)]


def _ifi_keys(identifier: str) -> Sequence[UUID]:
    kinds = ("mbox", "mbox_sha1sum", "openid", "account")
    return [ifi_key(Ifi(kind, identifier)) for kind in kinds]


# The same names as `DIMENSIONS` and `TIME_DIMENSIONS` of the language, by test.
DIMENSIONS: Mapping[str, _Held | _Keyed] = MappingProxyType(
    {
        "verb.id": _Keyed(_fact.verb, verbs.c.iri, _iri_keys),
        "activity.id": _Keyed(_activity, activities.c.iri, _iri_keys),
        "activity.type": _Held(activities.c.type),
        "actor": _Keyed(_fact.actor, agents.c.ifi, _ifi_keys),
        "system": _Held(credentials.c.system),
        "platform": _Held(_fact.platform),
        "timestamp": _Held(_fact.timestamp),
        "stored": _Held(_fact.stored),
    }
)


def _is_one_of(verb_ids: Sequence[str]) -> ColumnElement[bool]:
    keys = [iri_key(iri) for iri in verb_ids]
    return _fact.verb == any_(literal(keys, ARRAY(Uuid)))


def _rating() -> ColumnElement[Any]:
    # In numeric, where no spelling of a score can overflow or divide by zero.
    raw, low, high = (
        cast(column, Numeric) for column in (_fact.score_raw, _fact.score_min, _fact.score_max)
    )
    share = case((high > low, func.round((raw - low) / func.nullif(high - low, 0), _RATING_PLACES)))
    rating = func.coalesce(cast(_fact.score_scaled, Numeric), share)
    return case((_is_one_of(RATING_VERBS), rating))


# The same names as `MEASURES` of the language, by test.
MEASURES: Mapping[str, ColumnElement[Any]] = MappingProxyType(
    {
        "statements.count": func.count(),
        "actors.unique": func.count(_fact.actor.distinct()),
        "activities.unique": func.count(_activity.distinct()),
        "completions.count": func.count().filter(
            _is_one_of(COMPLETION_VERBS), _fact.completion.is_not(false())
        ),
        "success.rate": cast(func.avg(cast(_fact.success, Integer)), Double),
        "score.scaled.avg": func.avg(_fact.score_scaled),
        "duration.sum": func.sum(_fact.duration),
        "rating.avg": cast(func.avg(_rating()), Double),
    }
)

_COMPARISONS: Mapping[Comparison, Callable[[ColumnElement[Any], Any], ColumnElement[bool]]] = (
    MappingProxyType(
        {
            Comparison.STARTS_WITH: func.starts_with,
            Comparison.GREATER: operator.gt,
            Comparison.GREATER_OR_EQUAL: operator.ge,
            Comparison.LESS: operator.lt,
            Comparison.LESS_OR_EQUAL: operator.le,
        }
    )
)


async def aggregate(
    connection: AsyncConnection, query: Query, *, store: int, until_position: int
) -> answers.Table:
    """Compute a query over the statements of a store up to a position, voided ones left out.

    Raises:
        InvalidQueryError: this PostgreSQL does not know the time zone.
    """
    try:
        result = await connection.execute(_rendered(query, until_position), {"store": store})
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _INVALID_PARAMETER_VALUE:
            raise
        raise InvalidQueryError("time.timezone: the database does not know it") from error
    rows = [_cells(query.buckets, row) for row in result]
    return answers.Table(rows[: query.limit], truncated=len(rows) > query.limit)


def _rendered(query: Query, until_position: int) -> Select[Any]:
    sums = _sums(query, until_position).subquery("sums")
    source: FromClause = sums
    texts: dict[str, ColumnElement[Any]] = {}
    for dimension in query.dimensions:
        keyed = DIMENSIONS[dimension.name]
        if isinstance(keyed, _Keyed):
            entry = keyed.dictionary.alias()
            matches = and_(entry.c.store == _STORE, entry.c.key == sums.c[dimension.name])
            source = source.outerjoin(entry, matches)
            texts[dimension.name] = entry.c[keyed.text.name]
    columns = [texts.get(column.key, column) for column in sums.c]
    order = [_sorted_by(columns, key) for key in query.order]
    return select(*columns).select_from(source).order_by(*order).limit(query.limit + 1)


def _sums(query: Query, until_position: int) -> Select[Any]:
    groups: list[Label[Any]] = []
    if query.buckets is not None:
        groups.append(_bucket(query.buckets).label(_BUCKET))
    groups.extend(DIMENSIONS[d.name].column.label(d.name) for d in query.dimensions)
    numbers = [MEASURES[measure.name].label(measure.name) for measure in query.measures]
    return (
        select(*groups, *numbers)
        .select_from(_FACTS)
        .where(
            _fact.store == _STORE,
            _fact.position <= until_position,
            _fact.voided.is_(false()),
            *(_condition(condition) for condition in query.filters),
        )
        .group_by(*(group.name for group in groups))
    )


def _bucket(buckets: periods.Buckets) -> ColumnElement[Any]:
    """Return an instant for an hour, and the first local day for what is longer."""
    column = DIMENSIONS[buckets.dimension.name].column
    moment = func.least(func.greatest(column, periods.FIRST_MOMENT), periods.LAST_MOMENT)
    size, zone = buckets.granularity.value, buckets.zone.key
    if buckets.granularity is periods.Granularity.HOUR:
        return func.date_trunc(size, moment, zone, type_=DateTime(timezone=True))
    return func.date_trunc(size, func.timezone(zone, moment), type_=DateTime)


def _condition(condition: Filter) -> ColumnElement[bool]:
    asked = _comparison(condition)
    return asked.is_not(true()) if condition.operator.negated else asked


def _comparison(condition: Filter) -> ColumnElement[bool]:
    dimension = DIMENSIONS[condition.dimension.name]
    comparison = condition.operator.comparison
    if comparison is Comparison.IS_SET:
        return dimension.column.is_not(None)
    if isinstance(dimension, _Keyed):
        return _keyed_comparison(dimension, comparison, condition.values)
    if comparison is Comparison.ANY_OF:
        return dimension.column == any_(literal([*condition.values], ARRAY(Text)))
    return _COMPARISONS[comparison](dimension.column, condition.values[0])


def _keyed_comparison(
    dimension: _Keyed, comparison: Comparison, values: Sequence[Any]
) -> ColumnElement[bool]:
    if comparison is Comparison.ANY_OF:
        keys = [key for text in values for key in dimension.keys(text)]
        return dimension.column == any_(literal(keys, ARRAY(Uuid)))
    entry = dimension.dictionary.alias()
    asked = _COMPARISONS[comparison](entry.c[dimension.text.name], values[0])
    return dimension.column.in_(select(entry.c.key).where(entry.c.store == _STORE, asked))


def _sorted_by(columns: Sequence[ColumnElement[Any]], key: SortKey) -> ColumnElement[Any]:
    column = columns[key.column]
    if isinstance(column.type, Text):
        # By code point, whatever the database's collation.
        column = column.collate("C")
    return (column.desc() if key.descending else column.asc()).nulls_last()


def _cells(buckets: periods.Buckets | None, row: Sequence[Any]) -> answers.Row:
    if buckets is None:
        return tuple(row)
    bucket, *others = row
    if bucket.tzinfo is None:
        return (periods.start_of_day(bucket.date(), buckets.zone), *others)
    return (periods.at_zone(bucket, buckets.zone), *others)
