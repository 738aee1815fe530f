"""Lists the statements of a store, page by page, in their order."""

from typing import NamedTuple

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.driver import Values, fetch
from lrs.storage.restrictions import KEYS
from lrs.storage.statement_filters import walks_of
from lrs.storage.statement_selections import Selection, Shape, page_values, shape_of
from lrs.storage.statement_walks import Walk, page_query, probe_query
from lrs.xapi.queries import Cursor

# Of each of several filters so many rows are looked at to find out which is met least often. Then
# so many of that one are held against the others before it is asked again. Both grow.
_PROBED, _TRIED = 128, 1_024
_GROWTH = 8
# Of each of several keys at least so many are met. Where a page is all that is wanted, its rows are
# shared out several times, since some keys are met more often than others.
_LEAST, _SHARES = 8, 4
# Bytes of statements on a page, but for one that is larger by itself.
MOST_BYTES = 16 * 1024 * 1024


class Page(NamedTuple):
    """Some statements in the order of answers.

    Attributes:
        texts: their JSON texts, joined by commas.
        cursor: the last one of them, to go on from; None if no more are known.
    """

    texts: bytes
    cursor: Cursor | None


async def list_statements(
    connection: AsyncConnection,
    store: int,
    selection: Selection,
    until_position: int,
    after: Cursor | None,
    limit: int,
) -> Page:
    """Return the next page; it may be shorter than its limit if its statements are large.

    Args:
        connection: any reading one.
        store: the store to read.
        selection: the filters and the order, and what may be seen at all.
        until_position: no statement beyond this one is shown.
        after: the cursor of the page before.
        limit: the most statements to return, at least 1.
    """
    if selection.is_of_hidden:
        return Page(b"", None)
    texts: list[bytes] = []
    place, last, shown, size = after, after, 0, 1
    while True:
        shape = shape_of(selection, place)
        values = page_values(store, selection, until_position, place, limit + 1 - shown)
        walk = await choose_walk(connection, shape, values, size)
        space = {"most_bytes": max(0, MOST_BYTES - sum(map(len, texts)))}
        (found,) = await fetch(connection, page_query(shape, walk), {**values, **space})
        if found["shown"]:
            texts.append(found["texts"])
            shown += found["shown"]
            last = Cursor(found["shown_position"], found["shown_id"])
        if found["has_more"]:
            return Page(b",".join(texts), last)
        if _is_at_end(found, values["count"], walk):
            return Page(b",".join(texts), None)
        place = Cursor(found["position"], found["id"])
        size *= _GROWTH


def _is_at_end(found: asyncpg.Record, count: int, walk: Walk) -> bool:
    """Tell whether a walk has met all there is: nothing else has stopped it."""
    is_stopped = found["rows"] == count or found["met"] >= walk.rows or found["is_tried"]
    return not found["rows"] or not is_stopped


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
    keys = {name: len(values[name]) for name in shape.restricted if name in KEYS}
    if len(walks) == 1:
        wanted = _SHARES * rows * size
        shares = [min(_of_each(wanted, count), rows * size) for count in keys.values()]
        return Walk(walks[0], rows, shares[0] if shares else None)
    probed = _PROBED * size
    of_each = tuple((name, _of_each(probed, count)) for name, count in keys.items())
    (probe,) = await fetch(connection, probe_query(shape, probed, of_each), values)
    ends = dict(zip(walks, probe, strict=True))
    short = [name for name, end in ends.items() if end is None]
    farthest = max if shape.ascending else min
    walked = short[0] if short else farthest(ends, key=ends.__getitem__)
    tried = _TRIED * size
    if walked is not None and walked in keys:
        tried = _of_each(tried, keys[walked])
    return Walk(walked, rows, tried)


def _of_each(rows: int, keys: int) -> int:
    """Share rows out among keys; as few different numbers as for the rows of a page."""
    share = max(_LEAST, rows // max(1, keys))
    return 1 << (share - 1).bit_length()


def _rounded(rows: int) -> int:
    """Add some, for doubles, and leave few different numbers: they stand in the text."""
    return max(32, 1 << rows.bit_length())
