"""Lists the statements of a store, page by page, in their order."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.driver import Values, fetch
from lrs.storage.statement_filters import Shape, page_values, shape_of, walks_of
from lrs.storage.statement_walks import Walk, page_query, probe_query
from lrs.xapi.queries import Cursor, StatementFilter
from lrs.xapi.records import KeptStatement

# Of each of several filters so many rows are looked at to find out which is met least often. Then
# so many of that one are held against the others before it is asked again. Both grow.
_PROBED, _TRIED = 128, 1_024
_GROWTH = 8


@dataclass(frozen=True, slots=True)
class Page:
    """Some statements in the order of answers.

    Attributes:
        cursor: the last one of them, to go on from; None if no more are known.
    """

    statements: Sequence[KeptStatement]
    cursor: Cursor | None


async def list_statements(
    connection: AsyncConnection,
    store: int,
    wanted: StatementFilter,
    until_position: int,
    after: Cursor | None,
    limit: int,
) -> Page:
    """Return the next page.

    Args:
        connection: any reading one.
        store: the store to read.
        wanted: the filters and the order.
        until_position: no statement beyond this one is shown.
        after: the cursor of the page before.
        limit: the most statements to return, at least 1.
    """
    found: dict[UUID, asyncpg.Record] = {}
    place, size, is_at_end = after, 1, False
    while len(found) <= limit and not is_at_end:
        shape = shape_of(wanted, place)
        values = page_values(store, wanted, until_position, place, limit + 1 - len(found))
        walk = await choose_walk(connection, shape, values, size)
        rows = await fetch(connection, page_query(shape, walk), values)
        found |= {row["id"]: row for row in rows if row["fits"]}
        is_at_end = _is_at_end(rows, values["count"], walk)
        place = _cursor(rows[-1]) if rows else None
        size *= _GROWTH
    kept = list(found.values())
    page = [
        KeptStatement(row["id"], row["payload"].encode(), row["position"], voided=False)
        for row in kept[:limit]
    ]
    return Page(page, _cursor(kept[limit - 1]) if len(kept) > limit else None)


def _cursor(row: asyncpg.Record) -> Cursor:
    return Cursor(row["position"], row["id"])


def _is_at_end(rows: Sequence[asyncpg.Record], count: int, walk: Walk) -> bool:
    """Tell whether a walk has met all there is: nothing else has stopped it."""
    is_tried = any(row["is_tried"] for row in rows)
    return not rows or not (len(rows) == count or rows[0]["met"] >= walk.rows or is_tried)


async def choose_walk(
    connection: AsyncConnection, shape: Shape, values: Values, size: int = 1
) -> Walk:
    """Find out which filter is met least often from here on, if there are several.

    Args:
        connection: any reading one.
        shape: of the page.
        values: of the page.
        size: grows with the number of rows that were met in vain.
    """
    rows = _rounded(values["count"])
    walks = walks_of(shape)
    if len(walks) == 1:
        return Walk(walks[0], rows, None)
    (probe,) = await fetch(connection, probe_query(shape, _PROBED * size), values)
    ends = dict(zip(walks, probe, strict=True))
    short = [name for name, end in ends.items() if end is None]
    farthest = max if shape.ascending else min
    walked = short[0] if short else farthest(ends, key=ends.__getitem__)
    return Walk(walked, rows, _TRIED * size)


def _rounded(rows: int) -> int:
    """Add some, for doubles, and leave few different numbers: they stand in the text."""
    return max(32, 1 << rows.bit_length())
