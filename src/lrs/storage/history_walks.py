"""The walk over all that a person did, as SQL: over each of their identifiers, side by side.

Of each identifier the same number of rows is met, in the order of answers, by the index of actors.
What they met is complete as far as the first of them came that has more. Filters are held against
each row that is met, so a query does the same work however seldom they are fulfilled.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    column,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)

from lrs.auth.restrictions import Restriction
from lrs.people.histories import HistoryFilter
from lrs.storage.driver import Values
from lrs.storage.restrictions import held, names_of, restriction_values
from lrs.storage.tables import activities, credentials, statements
from lrs.xapi.keys import iri_key
from lrs.xapi.queries import Cursor

STORE: Final = bindparam("store", type_=Integer)
_COUNT: Final = bindparam("count", type_=BigInteger)


def _asked(name: str, kind: Any) -> ColumnElement[Any]:  # noqa: ANN401 - a type of SQLAlchemy
    # A subquery is hidden from the planner, which has no reason to plan the walk anew for each.
    return cast(select(bindparam(name, type_=kind)).scalar_subquery(), kind)


_KEYS: Final = _asked("keys", ARRAY(Uuid))
# The identifiers of the person, each a row.
WANTED: Final = func.unnest(_KEYS).table_valued(column("key", Uuid)).render_derived(name="wanted")
_LAST, _AFTER = _asked("last", BigInteger), _asked("after", BigInteger)
_AFTER_ID: Final = _asked("after_id", Uuid)

_of = statements.c
_of_systems = select(credentials.c.id).where(
    credentials.c.store == STORE, credentials.c.system == any_(_asked("systems", ARRAY(Text)))
)
_type = select(activities.c.type).where(activities.c.store == STORE, activities.c.key == _of.object)
_course: Final = _asked("course", Uuid)
# What each filter asks of a row.
_CONDITIONS: Final[Mapping[str, ColumnElement[bool]]] = MappingProxyType(
    {
        "systems": _of.credential == any_(func.array(_of_systems.scalar_subquery())),
        "verbs": _of.verb == any_(_asked("verbs", ARRAY(Uuid))),
        "course": or_(_of.object == _course, _course == any_(_of.activities)),
        "activity_type": and_(
            _of.object_type == "Activity",
            _type.scalar_subquery() == _asked("activity_type", Text),
        ),
        "since": _of.timestamp >= _asked("since", DateTime(timezone=True)),
        "until": _of.timestamp < _asked("until", DateTime(timezone=True)),
        "success": _of.success == _asked("success", _of.success.type),
        "completion": _of.completion == _asked("completion", _of.completion.type),
    }
)


class Shape(NamedTuple):
    """What decides the text of a query.

    Attributes:
        filters: those that are set.
        restricted: the restrictions that hold, as `lrs.storage.restrictions` names them.
        after: whether it goes on behind a cursor.
        each: how many rows of each identifier are met.
    """

    filters: tuple[str, ...]
    restricted: tuple[str, ...]
    after: bool
    each: int


def shape_of(
    wanted: HistoryFilter, restriction: Restriction, after: Cursor | None, each: int
) -> Shape:
    """Return the shape of the query for these filters."""
    filters = tuple(name for name in _CONDITIONS if getattr(wanted, name) is not None)
    return Shape(filters, names_of(restriction), after is not None, each)


def walk_values(
    store: int, keys: list[UUID], wanted: HistoryFilter, restriction: Restriction
) -> Values:
    """Return the values that all queries of a walk have, those that a shape does not use too."""
    verbs, course = wanted.verbs, wanted.course
    return {
        "store": store,
        "keys": keys,
        "systems": None if wanted.systems is None else [*wanted.systems],
        "verbs": None if verbs is None else [iri_key(iri) for iri in verbs],
        "course": None if course is None else iri_key(course),
        "activity_type": wanted.activity_type,
        "since": wanted.since,
        "until": wanted.until,
        "success": wanted.success,
        "completion": wanted.completion,
        **restriction_values(restriction),
    }


def acted() -> list[ColumnElement[bool]]:
    """Return what finds the rows of each identifier by the index; `last` is where they end."""
    return [
        _of.store == STORE,
        func.uuid_hash(_of.actor) == func.uuid_hash(WANTED.c.key),
        _of.actor == WANTED.c.key,
        _of.position <= _LAST,
    ]


@lru_cache(maxsize=128)
def walk_query(shape: Shape) -> Select[Any]:
    """Ask for the next rows that fit, at most `count`, newest first.

    If a row is the last that was met, it `is_end`, and is there even if it does not fit.
    """
    met = _met(shape)
    last = func.max(met.c.position).filter(met.c.is_last).over()
    merged = select(met.c.position, met.c.id, met.c.fits, last.label("end")).subquery("merged")
    is_end = func.coalesce(merged.c.position == merged.c.end, false())
    is_met = or_(merged.c.end.is_(None), merged.c.position >= merged.c.end)
    return (
        select(merged.c.position, merged.c.id, merged.c.fits, is_end.label("is_end"))
        .where(is_met, or_(merged.c.fits, is_end))
        .order_by(merged.c.position.desc(), merged.c.id.desc())
        .limit(_COUNT)
    )


def _met(shape: Shape) -> Any:  # noqa: ANN401 - SQLAlchemy has no one name for what is selected from
    each = literal_column(str(shape.each), Integer)
    by_position = _of.position.desc()
    fits = and_(~_of.voided, *(_CONDITIONS[name] for name in shape.filters))
    fits = and_(fits, *held(shape.restricted))
    is_last = func.row_number().over(order_by=by_position) >= each
    walk = select(_of.position, _of.id, fits.label("fits"), is_last.label("is_last"))
    walk = walk.where(*acted(), *(_beyond() if shape.after else ()))
    # With the last one come all that have its position, so that nothing at it is left out.
    of_key = walk.order_by(by_position).fetch(each, with_ties=True).lateral("of_key")
    return select(of_key).select_from(WANTED).join(of_key, true()).subquery("met")


def _beyond() -> list[ColumnElement[bool]]:
    """Go on after the cursor; the plain comparison of positions is the one an index can use."""
    return [_of.position <= _AFTER, tuple_(_of.position, _of.id) < tuple_(_AFTER, _AFTER_ID)]
