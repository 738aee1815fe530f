"""The measures of the analytics language in SQL: sums over statements, and what they make.

Totals are numeric, in which the order of adding changes nothing: so a sum that was put together
from rollups equals the one over the statements, to the last digit.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Double,
    FromClause,
    Numeric,
    Uuid,
    and_,
    any_,
    case,
    cast,
    false,
    func,
    literal,
    true,
)

from lrs.analytics.measures import COMPLETION_VERBS, RATING_VERBS
from lrs.xapi.keys import iri_key

# Decimal places of a rating, as many as a double can tell apart.
_RATING_PLACES = 15

Sums = Mapping[str, ColumnElement[Any]]


def activity_of(statement: FromClause) -> ColumnElement[Any]:
    """Return the key of the object where it is an Activity, else NULL."""
    return case((statement.c.object_type == "Activity", statement.c.object))


def sums_of(statement: FromClause) -> Sums:
    """Return the sums over statements that all measures but the unique ones are made of."""
    rating = _rating(statement)
    of = statement.c
    return MappingProxyType(
        {
            "statements": func.count(),
            "completions": _count(
                and_(_is_one_of(of.verb, COMPLETION_VERBS), of.completion.is_not(false()))
            ),
            "judged": func.count(of.success),
            "successes": _count(of.success.is_(true())),
            "scores": func.count(of.score_scaled),
            "durations": func.count(of.duration),
            "ratings": func.count(rating),
            "score_total": _total(cast(of.score_scaled, Numeric)),
            "duration_total": _total(cast(of.duration, Numeric)),
            "rating_total": _total(rating),
        }
    )


def added_up(rows: FromClause, names: Sequence[str]) -> Sums:
    """Return the sums of these names over rows that hold such sums."""
    return {name: _as(name, _total(rows.c[name])) for name in names}


def measured(name: str, sums: Sums) -> ColumnElement[Any]:
    """Return what a measure, but not a unique one, makes of the sums that it needs."""
    total, *count = (sums[each] for each in NEEDED[name])
    if not count:
        return total
    if name == "duration.sum":
        return case((count[0] > 0, cast(total, Double)))
    return cast(total, Double) / func.nullif(count[0], 0)


_TOTALS = ("score_total", "duration_total", "rating_total")
SUMS = ("statements", "completions", "judged", "successes", "scores", "durations", "ratings",
        *_TOTALS)  # fmt: skip
# The sums that each measure is made of.
NEEDED: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "statements.count": ("statements",),
        "completions.count": ("completions",),
        "success.rate": ("successes", "judged"),
        "score.scaled.avg": ("score_total", "scores"),
        "duration.sum": ("duration_total", "durations"),
        "rating.avg": ("rating_total", "ratings"),
    }
)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)


def _total(numbers: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(numbers), 0, type_=Numeric)


def _as(name: str, total: ColumnElement[Any]) -> ColumnElement[Any]:
    return total if name in _TOTALS else cast(total, BigInteger)


def _is_one_of(verb: ColumnElement[Any], verb_ids: Sequence[str]) -> ColumnElement[bool]:
    keys = [iri_key(iri) for iri in verb_ids]
    return verb == any_(literal(keys, ARRAY(Uuid)))


def _rating(statement: FromClause) -> ColumnElement[Any]:
    # In numeric, where no spelling of a score can overflow or divide by zero.
    of = statement.c
    raw, low, high = (
        cast(column, Numeric) for column in (of.score_raw, of.score_min, of.score_max)
    )
    share = case((high > low, func.round((raw - low) / func.nullif(high - low, 0), _RATING_PLACES)))
    rating = func.coalesce(cast(of.score_scaled, Numeric), share)
    return case((_is_one_of(of.verb, RATING_VERBS), rating))
