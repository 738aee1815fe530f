"""Answers queries from rollups and the tail: the statements that are not folded yet.

All is read in one snapshot. What stands in rollups there hangs on the position up to which they
are folded alone; added to it is what counts in the tail, and taken from it is what the tail voids.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ClauseElement, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.analytics import answers
from lrs.analytics.queries import Query
from lrs.analytics.rollups import is_in_days_of, plan
from lrs.storage.analytics import in_order, table_of
from lrs.storage.driver import driver_of, fetch, fetch_value
from lrs.storage.rollup_changes import taken_back
from lrs.storage.rollup_rows import summed

# With more statements in the tail, or more that it voids, the statements themselves are faster.
LONGEST_TAIL = 100_000
MOST_TAKEN_BACK = 1_000
_EVER = 2**63 - 1
# Queries that are asked again and again are rendered once.
_REMEMBERED = 64

_PROGRESS = text("SELECT position, timezone FROM rollup_progress WHERE store = :store")
_IS_LONG = text(
    """
    SELECT EXISTS (
        SELECT FROM statements
        WHERE store = :store AND position > :folded AND position <= :until
        OFFSET :longest
    )
    """
)
_TAKEN_BACK = taken_back().limit(MOST_TAKEN_BACK + 1)


class Answered(NamedTuple):
    """An answer from rollups, and the position up to which it is complete."""

    table: answers.Table
    position: int


class _State(NamedTuple):
    """What a snapshot shows of the rollups of a store.

    Attributes:
        folded: the position up to which they are folded.
        until: the position up to which all statements are seen.
        taken_back: folded statements that the tail voids.
    """

    store: int
    zone: ZoneInfo
    folded: int
    until: int
    taken_back: Sequence[UUID]

    @property
    def values(self) -> dict[str, object]:
        """The values of the parameters in what a query is rendered to."""
        return {
            "store": self.store,
            "timezone": self.zone.key,
            "folded": self.folded,
            "until": self.until,
            "ids": self.taken_back,
        }


async def aggregate_folded(
    connection: AsyncConnection, query: Query, *, store: int, until_position: int
) -> Answered | None:
    """Compute a query from rollups and the tail; None if that cannot be, or is not worth it.

    Somebody may have folded beyond the position since it was read: the answer then is complete up
    to where that one came, which was a watermark too.

    Raises:
        UnavailableError: the database cannot be reached.
    """
    if plan(query) is None:
        return None
    driver = driver_of(connection)
    async with driver.transaction(isolation="repeatable_read", readonly=True):
        state = await _state(connection, query, store, until_position)
        if state is None:
            return None
        rendered = _rendered(query, state.zone, takes_back=bool(state.taken_back))
        found = await fetch(connection, rendered, state.values)
        return Answered(table_of(query, map(tuple, found)), state.until)


@lru_cache(maxsize=_REMEMBERED)
def _rendered(query: Query, zone: ZoneInfo, *, takes_back: bool) -> ClauseElement:
    """Render a query that has a plan; that takes longer than to compute most of them."""
    chosen = plan(query)
    if chosen is None:
        raise ValueError("no rollup answers this query")
    return in_order(query, summed(query, chosen, zone, takes_back=takes_back))


async def _state(
    connection: AsyncConnection, query: Query, store: int, until_position: int
) -> _State | None:
    rows = await fetch(connection, _PROGRESS, {"store": store})
    if not rows or rows[0]["timezone"] is None:
        return None
    zone, folded = ZoneInfo(rows[0]["timezone"]), rows[0]["position"]
    if not is_in_days_of(query, zone):
        return None
    until = max(until_position, folded)
    values = {"store": store, "folded": folded}
    if await fetch_value(connection, _IS_LONG, {**values, "until": until, "longest": LONGEST_TAIL}):
        return None
    # A statement that voids another does so at once, also while it is not counted itself.
    found = await fetch(connection, _TAKEN_BACK, {**values, "until": _EVER})
    if len(found) > MOST_TAKEN_BACK:
        return None
    return _State(store, zone, folded, until, [row[0] for row in found])
