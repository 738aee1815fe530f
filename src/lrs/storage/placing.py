"""The order of statements: who writes gets a place that nobody's reading can have passed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.driver import fetch_value
from lrs.storage.watermark import LOCK_CLASS, PLACES, stored_at
from lrs.xapi.records import StatementRecord

# The clock is read in the outer query, and so after the lock was taken in the inner one.
_AMONG_OTHERS = text(
    """
    WITH lock AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(:lock_class, :store))
    SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) FROM lock
    """
)
_ALONE = text(
    """
    WITH lock AS MATERIALIZED (SELECT pg_advisory_xact_lock(:lock_class, :store))
    SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) FROM lock
    """
)


@dataclass(frozen=True, slots=True)
class Placed:
    """A record with its place in the order of answers."""

    record: StatementRecord
    position: int

    @property
    def stored(self) -> datetime:
        """The moment that the place stands for."""
        return stored_at(self.position)


async def place(
    connection: AsyncConnection, store: int, records: Sequence[StatementRecord], *, alone: bool
) -> list[Placed]:
    """Take the store's lock for the rest of the transaction, then give each record its place.

    Args:
        connection: within a writing transaction that has written no statement yet. While it has
            the lock, lists end where the transaction began, so it should not be long ago.
        store: the store to write to.
        records: in the order of the batch.
        alone: whether to keep all other writers of the store out meanwhile.
    """
    lock = _ALONE if alone else _AMONG_OTHERS
    clock = await fetch_value(connection, lock, {"lock_class": LOCK_CLASS, "store": store})
    first = int(clock or 0) * PLACES
    return [Placed(record, first + number) for number, record in enumerate(records)]
