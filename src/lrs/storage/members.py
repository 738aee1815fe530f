"""The dimensions of the analytics language in SQL, and conditions on them.

Facts hold keys; their texts stand in dictionaries, and are looked up once per group.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    DateTime,
    FromClause,
    Integer,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    func,
    literal,
    select,
    true,
)

from lrs.analytics import periods
from lrs.analytics.filters import Comparison, Filter
from lrs.storage.measures import activity_of
from lrs.storage.tables import activities, agents, credentials, statements, verbs
from lrs.xapi.keys import Ifi, ifi_key, iri_key

STORE = bindparam("store", type_=Integer)


@dataclass(frozen=True, slots=True)
class Held:
    """A dimension whose values stand in the facts themselves."""

    column: ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Keyed:
    """A dimension whose facts hold a key; the text stands in a dictionary.

    Attributes:
        column: the key in the facts.
        text: the column of the dictionary.
        keys: every key that a text can have.
    """

    column: ColumnElement[Any]
    text: Column[str]
    keys: Callable[[str], Sequence[UUID]]

    @property
    def dictionary(self) -> FromClause:
        """The table of the texts."""
        return self.text.table


@dataclass(frozen=True, slots=True)
class Identified:
    """A dimension whose values are ids, which facts hold and answers write as texts."""

    column: ColumnElement[UUID]


@dataclass(frozen=True, slots=True)
class Several:
    """A dimension of which a row can have several values, that stand elsewhere.

    Attributes:
        column: one of them, where they stand.
        has: whether a row has one of which a condition on `column` is true.
    """

    column: ColumnElement[Any]
    has: Callable[[ColumnElement[bool]], ColumnElement[bool]]


KeptDimension = Held | Keyed | Identified | Several
Dimensions = Mapping[str, KeptDimension]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a query runs over.

    Attributes:
        source: the rows, with what has to be looked up for their dimensions.
        dimensions: those of the language that the rows have.
        bucket: the start of the bucket of a row: an instant for an hour, and the first local day
            for what is longer.
        moment: how a moment that is asked for is compared with the time dimensions.
    """

    source: FromClause
    dimensions: Dimensions
    bucket: Callable[[periods.Buckets], ColumnElement[Any]]
    moment: Callable[[datetime], object]


# PostgreSQL leaves out a join that no column is taken from.
def with_credentials(rows: FromClause, credential: ColumnElement[Any]) -> FromClause:
    """Add what the dimension that hangs on a credential looks up."""
    return rows.outerjoin(credentials, credentials.c.id == credential)


def with_activities(rows: FromClause, activity: ColumnElement[Any]) -> FromClause:
    """Add what the dimensions that hang on the key of an activity look up."""
    same = and_(activities.c.store == STORE, activities.c.key == activity)
    return rows.outerjoin(activities, same)


def by_verb(verb: ColumnElement[Any]) -> Dimensions:
    """Return the dimension that hangs on the key of a verb."""
    return {"verb.id": Keyed(verb, verbs.c.iri, _iri_keys)}


def by_activity(activity: ColumnElement[Any]) -> Dimensions:
    """Return the dimensions that hang on the key of an activity."""
    return {
        "activity.id": Keyed(activity, activities.c.iri, _iri_keys),
        "activity.type": Held(activities.c.type),
    }


def by_credential() -> Dimensions:
    """Return the dimension that hangs on a credential."""
    return {"system": Held(credentials.c.system)}


def local_time(moment: ColumnElement[Any], zone: str | ColumnElement[str]) -> ColumnElement[Any]:
    """Return the wall-clock time of a moment within the calendar that every zone has."""
    within = func.least(func.greatest(moment, periods.FIRST_MOMENT), periods.LAST_MOMENT)
    return func.timezone(zone, within, type_=DateTime)


def conditions(facts: Facts, filters: Sequence[Filter]) -> list[ColumnElement[bool]]:
    """Return what rows have to fulfil to pass the filters."""
    return [_condition(facts, condition) for condition in filters]


def _iri_keys(iri: str) -> Sequence[UUID]:
    return [iri_key(iri)]


def _ifi_keys(identifier: str) -> Sequence[UUID]:
    kinds = ("mbox", "mbox_sha1sum", "openid", "account")
    return [ifi_key(Ifi(kind, identifier)) for kind in kinds]


_fact = statements.c
_activity = activity_of(statements)
# The same names as `DIMENSIONS` and `TIME_DIMENSIONS` of the language, by test.
DIMENSIONS: Dimensions = MappingProxyType(
    {
        **by_verb(_fact.verb),
        **by_activity(_activity),
        "actor": Keyed(_fact.actor, agents.c.ifi, _ifi_keys),
        **by_credential(),
        "platform": Held(_fact.platform),
        "timestamp": Held(_fact.timestamp),
        "stored": Held(_fact.stored),
    }
)


def _bucket(buckets: periods.Buckets) -> ColumnElement[Any]:
    column = DIMENSIONS[buckets.dimension.name].column
    size, zone = buckets.granularity.value, buckets.zone.key
    if buckets.granularity is periods.Granularity.HOUR:
        moment = func.least(func.greatest(column, periods.FIRST_MOMENT), periods.LAST_MOMENT)
        return func.date_trunc(size, moment, zone, type_=DateTime(timezone=True))
    return func.date_trunc(size, local_time(column, zone), type_=DateTime)


# The statements themselves.
STATEMENTS = Facts(
    with_activities(with_credentials(statements, _fact.credential), _activity),
    DIMENSIONS,
    _bucket,
    lambda moment: moment,
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


def _condition(facts: Facts, condition: Filter) -> ColumnElement[bool]:
    dimension = facts.dimensions[condition.dimension.name]
    asked = _comparison(facts, dimension, condition)
    if isinstance(dimension, Several):
        # PostgreSQL joins by EXISTS and by NOT EXISTS, and by nothing else that means the same.
        there_is = dimension.has(asked)
        return ~there_is if condition.operator.negated else there_is
    return asked.is_not(true()) if condition.operator.negated else asked


def _comparison(facts: Facts, dimension: KeptDimension, condition: Filter) -> ColumnElement[bool]:
    comparison = condition.operator.comparison
    if comparison is Comparison.IS_SET:
        return dimension.column.is_not(None)
    if isinstance(dimension, Keyed):
        return _keyed_comparison(dimension, comparison, condition.values)
    if isinstance(dimension, Identified):
        return _identified_comparison(dimension, comparison, condition.values)
    if comparison is Comparison.ANY_OF:
        return dimension.column == any_(literal([*condition.values], ARRAY(Text)))
    value = condition.values[0]
    asked = facts.moment(value) if isinstance(value, datetime) else value
    return _COMPARISONS[comparison](dimension.column, asked)


def _identified_comparison(
    dimension: Identified, comparison: Comparison, values: Sequence[Any]
) -> ColumnElement[bool]:
    if comparison is Comparison.ANY_OF:
        ids = [found for text in values if (found := _id_of(text)) is not None]
        return dimension.column == any_(literal(ids, ARRAY(Uuid)))
    return _COMPARISONS[comparison](cast(dimension.column, Text), values[0])


def _id_of(text: str) -> UUID | None:
    """Return the id that is written so in answers; None if none is."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


def _keyed_comparison(
    dimension: Keyed, comparison: Comparison, values: Sequence[Any]
) -> ColumnElement[bool]:
    if comparison is Comparison.ANY_OF:
        keys = [key for text in values for key in dimension.keys(text)]
        return dimension.column == any_(literal(keys, ARRAY(Uuid)))
    entry = dimension.dictionary.alias()
    asked = _COMPARISONS[comparison](entry.c[dimension.text.name], values[0])
    return dimension.column.in_(select(entry.c.key).where(entry.c.store == STORE, asked))
