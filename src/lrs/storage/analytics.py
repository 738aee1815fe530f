"""The analytics language in SQL: one SELECT over the typed columns, never over payloads.

It groups by keys and looks up their texts afterwards, once per group.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Label,
    Select,
    Text,
    Uuid,
    and_,
    cast,
    false,
    func,
    literal_column,
    select,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.analytics import answers, periods
from lrs.analytics.queries import Query, SortKey
from lrs.auth.restrictions import NOTHING_HIDDEN, Restriction
from lrs.errors import InvalidQueryError
from lrs.storage.measures import NEEDED, activity_of, measured, sums_of
from lrs.storage.members import DIMENSIONS, STORE, Facts, Keyed, conditions
from lrs.storage.people_facts import PERSON, facts_of
from lrs.storage.restrictions import conditions_of_scans, restriction_values
from lrs.storage.tables import statements

_INVALID_PARAMETER_VALUE = "22023"
BUCKET = "bucket"

_SUMS = sums_of(statements)
MEASURES: Mapping[str, ColumnElement[Any]] = MappingProxyType(
    {
        **{name: measured(name, _SUMS) for name in NEEDED},
        "actors.unique": func.count(statements.c.actor.distinct()),
        "people.unique": func.count(PERSON.distinct()),
        "activities.unique": func.count(activity_of(statements).distinct()),
    }
)


async def aggregate(
    connection: AsyncConnection,
    query: Query,
    *,
    store: int,
    until_position: int,
    restriction: Restriction = NOTHING_HIDDEN,
) -> answers.Table:
    """Compute a query over the statements of a store up to a position, voided ones left out.

    Those that the restriction hides are left out too.

    Raises:
        InvalidQueryError: this PostgreSQL does not know the time zone.
    """
    rendered = _rendered(query, until_position, restriction)
    values = {"store": store, **restriction_values(restriction)}
    try:
        result = await connection.execute(rendered, values)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _INVALID_PARAMETER_VALUE:
            raise
        raise InvalidQueryError("time.timezone: the database does not know it") from error
    return table_of(query, result)


def table_of(query: Query, found: Iterable[Sequence[Any]]) -> answers.Table:
    """Make the answer of the rows that the database found."""
    rows = [_cells(query.buckets, row) for row in found]
    return answers.Table(rows[: query.limit], truncated=len(rows) > query.limit)


def _rendered(
    query: Query, until_position: int, restriction: Restriction = NOTHING_HIDDEN
) -> Select[Any]:
    return in_order(query, _sums(query, until_position, restriction))


def in_order(query: Query, sums: Select[Any]) -> Select[Any]:
    """Render the rest of a query over its sums by keys: texts, order and limit."""
    grouped = sums.subquery("sums")
    source: FromClause = grouped
    texts: dict[str, ColumnElement[Any]] = {}
    for dimension in query.dimensions:
        keyed = DIMENSIONS.get(dimension.name)
        if isinstance(keyed, Keyed):
            entry = keyed.dictionary.alias()
            matches = and_(entry.c.store == STORE, entry.c.key == grouped.c[dimension.name])
            source = source.outerjoin(entry, matches)
            texts[dimension.name] = entry.c[keyed.text.name]
    columns = [texts.get(column.key, _shown(column)) for column in grouped.c]
    order = [_sorted_by(columns, key) for key in query.order]
    return select(*columns).select_from(source).order_by(*order).limit(query.limit + 1)


def groups_of(query: Query, facts: Facts) -> list[Label[Any]]:
    """Return what a query groups by, as columns of the facts."""
    groups = [facts.dimensions[each.name].column.label(each.name) for each in query.dimensions]
    if query.buckets is None:
        return groups
    return [facts.bucket(query.buckets).label(BUCKET), *groups]


def _sums(query: Query, until_position: int, restriction: Restriction) -> Select[Any]:
    facts = facts_of(query)
    groups = groups_of(query, facts)
    numbers = [MEASURES[measure.name].label(measure.name) for measure in query.measures]
    return (
        select(*groups, *numbers)
        .select_from(facts.source)
        .where(
            statements.c.store == STORE,
            statements.c.position <= until_position,
            statements.c.voided.is_(false()),
            *conditions(facts, query.filters),
            *conditions_of_scans(restriction),
        )
        # By place: a name could be one of a column that is looked up in.
        .group_by(*(literal_column(str(place)) for place in range(1, len(groups) + 1)))
    )


def _shown(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(column, Text) if isinstance(column.type, Uuid) else column


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
