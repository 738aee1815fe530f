"""The walks over the statements of a store, as SQL (design, section 4).

Every filter is a walk over indexes that end in the position. A query merges the walks of all places
where the filter is met, and ends at its limit. The same statement can be met several times, since
it is found by what it refers to as well; it is taken once.

Of several filters one is walked, and the others are held against each row that is met.

A restriction to several agents or activities is a walk for each of them. Those go on side by side,
so many rows each, and what they met is complete as far as the first of them came that has more.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Function,
    Integer,
    Select,
    Text,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.selectable import FromClause

from lrs.storage.restrictions import KEYS
from lrs.storage.statement_filters import Arm, arms, between, fits, walks_of
from lrs.storage.statement_selections import STORE, Shape
from lrs.storage.tables import statement_payloads

_COUNT = bindparam("count", type_=BigInteger)
_MOST_BYTES = bindparam("most_bytes", type_=BigInteger)
# PostgreSQL packs values of rows that are longer than about 2,000 bytes.
_NEVER_PACKED = 1_900


class Walk(NamedTuple):
    """How a query goes about it.

    Attributes:
        filter: the one whose rows are walked, or the restriction; None if there is none.
        rows: how many that fit are enough, since several may stand for one statement.
        tried: how many are met at most, of each key if there are several; None means all.
    """

    filter: str | None
    rows: int
    tried: int | None


@lru_cache(maxsize=64)
def probe_query(shape: Shape, rows: int, of_each: tuple[tuple[str, int], ...] = ()) -> Select[Any]:
    """Ask where the walk over each filter is after so many rows; NULL if it has fewer.

    Of walks over several keys, so many rows of each key are looked at: where they are not enough,
    the walk is taken to be where it is known to go on.
    """
    several: Mapping[str | None, int] = dict(of_each)
    places: list[ColumnElement[Any]] = [
        _probed(shape, name, rows, several.get(name)).label(name) for name in walks_of(shape)
    ]
    return select(*places)


def _probed(shape: Shape, name: str | None, rows: int, each: int | None) -> ColumnElement[int]:
    if each is not None:
        return _probed_side_by_side(shape, name, rows, each)
    walk = union_all(
        *(
            select(arm.table.c.position)
            .where(*arm.needs, *between(arm.table, shape))
            .order_by(_place(arm.table, shape))
            .limit(_literal(rows + 1))
            for arm in arms(shape, name)
        )
    ).subquery()
    return _nth(walk, shape, rows)


def _probed_side_by_side(
    shape: Shape, name: str | None, rows: int, each: int
) -> ColumnElement[int]:
    walks = (_side_by_side(arm, shape, each, []) for arm in arms(shape, name))
    walk = union_all(*walks).cte(f"{name} probed")
    known = select(_farthest(walk, shape)).where(walk.c.is_last)
    return func.coalesce(_nth(walk, shape, rows), known.scalar_subquery())


def _nth(walk: FromClause, shape: Shape, rows: int) -> ColumnElement[int]:
    place = _place(walk, shape)
    nth = select(walk.c.position).order_by(place).offset(_literal(rows)).limit(_literal(1))
    return nth.scalar_subquery()


@lru_cache(maxsize=128)
def page_query(shape: Shape, walk: Walk) -> Select[Any]:
    """Build the query of a page of less than `count` statements, as one row.

    It has their texts joined by commas, up to `most_bytes` but at least one; how many they are; the
    place of the last of them; whether a further one was met; the place of the last row that was
    met, how many such rows there are, and how many the walk has that fit (`met`). The last one that
    may be tried is among them, and makes `is_tried`, even if it does not fit.
    """
    fitting = _fitting(shape, walk).cte("walk").prefix_with("MATERIALIZED")
    page = (
        select(
            fitting.c.position,
            fitting.c.id,
            func.bool_or(fitting.c.fits).label("fits"),
            func.bool_or(fitting.c.is_tried).label("is_tried"),
        )
        .group_by(fitting.c.position, fitting.c.id)
        .order_by(*_order(fitting, ascending=shape.ascending))
        .limit(_COUNT)
        .subquery("page")
    )
    counted = _counted(page, shape).subquery("counted")
    is_shown = counted.c.fits & (counted.c.number < _COUNT)
    is_shown &= (counted.c.number == _literal(1)) | (counted.c.size <= _MOST_BYTES)
    rows = select(counted, is_shown.label("is_shown")).offset(_literal(0)).subquery("rows")
    row, shown = rows.c, func.count().filter(rows.c.is_shown)
    # The rows come in the order of the window that they were counted in.
    texts = func.string_agg(cast(row.payload, Text), literal_column("','")).filter(row.is_shown)
    positions, identifiers = func.array_agg(row.position), func.array_agg(row.id)
    return select(
        func.convert_to(texts, literal_column("'UTF8'")).label("texts"),
        shown.label("shown"),
        positions.filter(row.is_shown)[shown].label("shown_position"),
        identifiers.filter(row.is_shown)[shown].label("shown_id"),
        func.bool_or(row.fits & ~row.is_shown).label("has_more"),
        positions[func.count()].label("position"),
        identifiers[func.count()].label("id"),
        func.count().label("rows"),
        func.bool_or(row.is_tried).label("is_tried"),
        select(func.count()).select_from(fitting).scalar_subquery().label("met"),
    )


def _counted(page: FromClause, shape: Shape) -> Select[Any]:
    """Number the rows, with the bytes of all up to each; only the last may be one that fits not."""
    kept = (
        select(statement_payloads.c.payload)
        .where(
            statement_payloads.c.store == STORE,
            statement_payloads.c.position == page.c.position,
            statement_payloads.c.id == page.c.id,
        )
        .offset(_literal(0))
        .lateral("kept")
    )
    order = _order(page, ascending=shape.ascending)
    return select(
        page,
        kept.c.payload,
        func.row_number().over(order_by=order).label("number"),
        func.sum(_size(kept.c.payload)).over(order_by=order, rows=(None, 0)).label("size"),
    ).join_from(page, kept, true())


def _size(payload: ColumnElement[Any]) -> ColumnElement[int]:
    """Return how long a text is; only of one that may be packed it has to be unpacked."""
    stored = func.pg_column_size(payload)
    text = func.octet_length(cast(payload, Text))
    return case((stored < _literal(_NEVER_PACKED), stored), else_=text)


def _fitting(shape: Shape, walk: Walk) -> Select[Any]:
    if walk.filter in KEYS and walk.tried is not None:
        return _fitting_side_by_side(shape, walk, walk.tried)
    met = _met(shape, walk)
    if walk.tried is None:
        return _first(select(met, false().label("is_tried")), met, shape, walk.rows)
    number = func.row_number().over(order_by=_place(met, shape))
    numbered = select(met, (number >= _literal(walk.tried)).label("is_tried"))
    tried = _first(numbered, met, shape, walk.tried).subquery("tried")
    return _first(select(tried).where(or_(tried.c.fits, tried.c.is_tried)), tried, shape, walk.rows)


def _met(shape: Shape, walk: Walk) -> FromClause:
    """Merge the walks over one filter, and say of each row whether it fits the others too."""
    walks: list[Select[Any]] = []
    for table, conditions, _ in arms(shape, walk.filter):
        fit = fits(table, shape, walk.filter)
        arm = select(table.c.position, table.c.id).where(*conditions, *between(table, shape))
        if walk.tried is None:
            fitting = arm.where(fit).add_columns(true().label("fits"))
            walks.append(_first(fitting, table, shape, walk.rows))
        else:
            walks.append(_first(arm.add_columns(fit.label("fits")), table, shape, walk.tried))
    return union_all(*walks).subquery("met")


def _fitting_side_by_side(shape: Shape, walk: Walk, each: int) -> Select[Any]:
    """Walk over each key, and take no more than what all of them together have met."""
    walks = [
        _side_by_side(arm, shape, each, [fits(arm.table, shape, walk.filter).label("fits")])
        for arm in arms(shape, walk.filter)
    ]
    met = union_all(*walks).subquery("met")
    end = _nearest(met, shape).filter(met.c.is_last).over()
    tried = select(met.c.position, met.c.id, met.c.fits, end.label("end")).subquery("tried")
    is_tried = func.coalesce(tried.c.position == tried.c.end, false())
    is_met = or_(tried.c.end.is_(None), _is_up_to(tried.c.position, tried.c.end, shape))
    fitting = select(tried.c.position, tried.c.id, tried.c.fits, is_tried.label("is_tried"))
    fitting = fitting.where(is_met, or_(tried.c.fits, is_tried))
    return _first(fitting, tried, shape, walk.rows)


def _side_by_side(
    arm: Arm, shape: Shape, each: int, columns: Sequence[ColumnElement[Any]]
) -> Select[Any]:
    """Walk over each key of a restriction by itself; `is_last` marks where one may have more."""
    if arm.keys is None:
        raise ValueError("this walk has one key")
    rows = arm.table.c
    number = func.row_number().over(order_by=_place(arm.table, shape))
    is_last = (number >= _literal(each)).label("is_last")
    walk = select(rows.position, rows.id, *columns, is_last)
    walk = walk.where(*arm.needs, *between(arm.table, shape))
    met = _first(walk, arm.table, shape, each).lateral("of_key")
    return select(met).select_from(arm.keys).join(met, true())


def _first(query: Select[Any], source: FromClause, shape: Shape, rows: int) -> Select[Any]:
    """Take the first rows of a walk, and with the last one all that have its position."""
    return query.order_by(_place(source, shape)).fetch(_literal(rows), with_ties=True)


def _order(source: FromClause, *, ascending: bool) -> list[ColumnElement[object]]:
    columns = source.c.position, source.c.id
    return [column.asc() if ascending else column.desc() for column in columns]


def _place(source: FromClause, shape: Shape) -> ColumnElement[int]:
    return source.c.position.asc() if shape.ascending else source.c.position.desc()


def _nearest(source: FromClause, shape: Shape) -> Function[int]:
    return (func.min if shape.ascending else func.max)(source.c.position)


def _farthest(source: FromClause, shape: Shape) -> Function[int]:
    return (func.max if shape.ascending else func.min)(source.c.position)


def _is_up_to(
    position: ColumnElement[int], end: ColumnElement[int], shape: Shape
) -> ColumnElement[bool]:
    return position <= end if shape.ascending else position >= end


def _literal(number: int) -> ColumnElement[int]:
    return literal_column(str(number), Integer)
