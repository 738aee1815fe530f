"""Sums up what a person did: one walk over the typed columns, and never over payloads.

Statements that are alike but for their measures are summed first. What comes of that is small, and
only then is asked which course it belongs to.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Double,
    FromClause,
    Numeric,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    case,
    cast,
    column,
    extract,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, array
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.analytics.activity_kinds import COMPETENCE_TYPES, COURSE_TYPES
from lrs.analytics.verb_families import VerbFamily, verbs_of
from lrs.people.histories import Described
from lrs.people.summaries import Competence, OfCourse, OfSystem, Summary, Sums
from lrs.storage.driver import fetch
from lrs.storage.histories import ACTIVITIES, MOST_NAMED, Walked, described
from lrs.storage.history_walks import STORE, WANTED, acted
from lrs.storage.measures import activity_of, sums_of
from lrs.storage.restrictions import held, names_of, restriction_values
from lrs.storage.tables import activities, credentials, statements
from lrs.xapi.keys import iri_key

# Courses and competences that a summary names at most.
MOST_NAMES: Final = 1_000
# What a row sums up.
_TOTAL, _SYSTEM, _COURSE, _COMPETENCE = "total", "system", "course", "competence"

_of = statements.c


def _is_one_of(verb: ColumnElement[Any], *families: VerbFamily) -> ColumnElement[bool]:
    keys = [iri_key(iri) for iri in verbs_of(*families)]
    return verb == any_(literal(keys, ARRAY(Uuid)))


def _is_of_type(kind: ColumnElement[Any], types: Sequence[str]) -> ColumnElement[bool]:
    return kind == any_(literal([*types], ARRAY(Text)))


# The verb decides, as in sums: a question that is answered rightly is neither passed nor completed,
# and what somebody thinks of a course is no score of theirs.
_ends = _is_one_of(_of.verb, VerbFamily.COMPLETED)
_completed = and_(_ends, _of.completion.is_not(false()))
_passed = or_(_is_one_of(_of.verb, VerbFamily.PASSED), and_(_ends, _of.success.is_(true())))
_failed = or_(_is_one_of(_of.verb, VerbFamily.FAILED), and_(_ends, _of.success.is_(false())))
_is_scored = and_(
    _of.score_scaled.is_not(None),
    _is_one_of(
        _of.verb,
        VerbFamily.COMPLETED,
        VerbFamily.PASSED,
        VerbFamily.FAILED,
        VerbFamily.SCORED,
        VerbFamily.MASTERED,
        VerbFamily.EARNED,
    ),
)
# The last of two pairs is the one with the larger moment.
_scored = array([extract("epoch", _of.timestamp), cast(_of.score_scaled, Numeric)])
_sums = sums_of(statements)


def _facts(restricted: tuple[str, ...]) -> FromClause:
    """Sum up statements of one credential, verb, object and context."""
    facts = (
        select(
            _of.credential,
            _of.verb,
            activity_of(statements).label("activity"),
            _of.activities[1:MOST_NAMED].label("context"),
            *(_sums[name].label(name) for name in ("statements", "duration_total")),
            *(_sums[name].label(name) for name in ("ratings", "rating_total")),
            func.max(_of.score_scaled).filter(_is_scored).label("best"),
            func.max(_scored).filter(_is_scored).label("last"),
            func.min(_of.timestamp).label("first_seen"),
            func.max(_of.timestamp).label("last_seen"),
            func.min(_of.timestamp).filter(_completed).label("completed"),
            func.bool_or(_passed).label("passed"),
            func.bool_or(_failed).label("failed"),
        )
        .select_from(WANTED)
        .join(statements, true())
        .where(*acted(), ~_of.voided, *held(restricted))
        .group_by(*(literal_column(str(place)) for place in range(1, 5)))
    )
    return facts.cte("facts")


def _placed(facts: FromClause) -> FromClause:
    """Find out to which system and course these belong, and which show a competence."""
    own = activities.alias("own")
    named = func.unnest(facts.c.context).table_valued(
        column("key", Uuid), with_ordinality="place", name="named"
    )
    named = named.render_derived()
    around = activities.alias("around")
    course_around = (
        select(around.c.key)
        .select_from(named)
        .join(around, and_(around.c.store == STORE, around.c.key == named.c.key))
        .where(_is_of_type(around.c.type, COURSE_TYPES))
        .order_by(named.c.place)
        .limit(literal_column("1"))
        .scalar_subquery()
    )
    is_course = _is_of_type(own.c.type, COURSE_TYPES)
    mastered = _is_one_of(facts.c.verb, VerbFamily.MASTERED)
    gained = _is_one_of(facts.c.verb, VerbFamily.EARNED, VerbFamily.PASSED, VerbFamily.COMPLETED)
    shows = or_(mastered, and_(gained, _is_of_type(own.c.type, COMPETENCE_TYPES)))
    placed = (
        select(
            facts,
            credentials.c.system,
            credentials.c.system_kind,
            case((is_course, facts.c.activity), else_=course_around).label("course"),
            case((shows, facts.c.activity)).label("competence"),
            _is_one_of(facts.c.verb, VerbFamily.STARTED).label("is_start"),
        )
        .select_from(facts)
        .join(
            credentials, and_(credentials.c.store == STORE, credentials.c.id == facts.c.credential)
        )
        .outerjoin(own, and_(own.c.store == STORE, own.c.key == facts.c.activity))
    )
    return placed.cte("placed").prefix_with("MATERIALIZED")


def _summed(placed: FromClause) -> Select[Any]:
    of = placed.c
    is_itself = of.activity == of.course
    kind = case(
        (func.grouping(of.system) == literal_column("0"), literal(_SYSTEM)),
        (func.grouping(of.course) == literal_column("0"), literal(_COURSE)),
        (func.grouping(of.competence) == literal_column("0"), literal(_COMPETENCE)),
        else_=literal(_TOTAL),
    )
    return select(
        kind.label("of"),
        of.system,
        of.system_kind,
        func.coalesce(of.course, of.competence).label("key"),
        func.sum(of.statements).label("statements"),
        _activities(of.activity, of.is_start).label("started"),
        _activities(of.activity, of.completed.is_not(None)).label("completed"),
        _activities(of.activity, of.passed).label("passed"),
        _activities(of.activity, of.failed).label("failed"),
        func.count(of.competence.distinct()).label("mastered"),
        func.max(of.best).label("best"),
        func.max(of.last).label("last"),
        func.max(of.best).filter(is_itself).label("own_best"),
        func.max(of.last).filter(is_itself).label("own_last"),
        cast(func.sum(of.duration_total), Double).label("seconds"),
        func.sum(of.ratings).label("ratings"),
        cast(func.sum(of.rating_total), Double).label("rating_total"),
        func.min(of.first_seen).label("first_seen"),
        func.max(of.last_seen).label("last_seen"),
        func.min(of.first_seen).filter(of.is_start).label("started_at"),
        func.min(of.completed).filter(is_itself).label("completed_at"),
        func.array_agg(aggregate_order_by(of.system.distinct(), of.system)).label("systems"),
    ).group_by(
        func.grouping_sets(tuple_(of.system, of.system_kind), of.course, of.competence, tuple_())
    )


def _activities(activity: ColumnElement[Any], condition: ColumnElement[bool]) -> Any:  # noqa: ANN401 - an aggregate has no name of its own
    return func.count(activity.distinct()).filter(condition)


@lru_cache(maxsize=16)
def summary_query(restricted: tuple[str, ...]) -> Select[Any]:
    """Build the query of a summary: the newest rows of each kind, and one more than are shown."""
    summed = _summed(_placed(_facts(restricted))).subquery("summed")
    newest_first = (summed.c.last_seen.desc(), summed.c.key)
    number = func.row_number().over(partition_by=summed.c.of, order_by=newest_first)
    rows = (
        select(summed, number.label("number"))
        .where(or_(summed.c.of == _TOTAL, summed.c.of == _SYSTEM, summed.c.key.is_not(None)))
        .subquery("rows")
    )
    return select(rows).where(rows.c.number <= MOST_NAMES + 1).order_by(rows.c.of, rows.c.number)


async def sum_up(connection: AsyncConnection, walked: Walked) -> Summary:
    """Sum up all that a person did, voided statements left out."""
    values = {
        "store": walked.store,
        "keys": [*walked.keys],
        "last": walked.until_position,
        **restriction_values(walked.restriction),
    }
    query = summary_query(names_of(walked.restriction))
    rows = await fetch(connection, query, values)
    shown = [row for row in rows if row["number"] <= MOST_NAMES]
    keys = [row["key"] for row in shown if row["key"] is not None]
    entries = await fetch(connection, ACTIVITIES, {"store": walked.store, "activities": keys})
    known = {row["key"]: described(row) for row in entries}
    total = [_sums_of(row) for row in shown if row["of"] == _TOTAL]
    return Summary(
        total=total[0] if total else Sums(),
        systems=[_of_system(row) for row in shown if row["of"] == _SYSTEM],
        courses=[_of_course(row, known) for row in shown if row["of"] == _COURSE],
        competences=[_competence(row, known) for row in shown if row["of"] == _COMPETENCE],
        truncated=len(shown) < len(rows),
    )


def _of_system(row: asyncpg.Record) -> OfSystem:
    return OfSystem(row["system"], row["system_kind"], _sums_of(row))


def _of_course(row: asyncpg.Record, known: Mapping[UUID, Described]) -> OfCourse:
    return OfCourse(
        course=known.get(row["key"], Described("")),
        systems=row["systems"],
        started=row["started_at"],
        completed=row["completed_at"],
        sums=_sums_of(row, "own_"),
    )


def _competence(row: asyncpg.Record, known: Mapping[UUID, Described]) -> Competence:
    return Competence(known.get(row["key"], Described("")), row["first_seen"], row["last_seen"])


def _sums_of(row: asyncpg.Record, scores: str = "") -> Sums:
    ratings, last = int(row["ratings"] or 0), row[f"{scores}last"]
    return Sums(
        statements=int(row["statements"] or 0),
        started=row["started"],
        completed=row["completed"],
        passed=row["passed"],
        failed=row["failed"],
        mastered=row["mastered"],
        best_score=row[f"{scores}best"],
        last_score=None if last is None else float(last[1]),
        seconds=row["seconds"] or 0.0,
        ratings=ratings,
        rating=row["rating_total"] / ratings if ratings else None,
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
    )
