"""Keeps stores that have a quota from holding more than that.

Each process looks at what a store holds twice a second while somebody writes to it, and counts
what it stores itself meanwhile. So only what other processes store within half a second can be
too much.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from lrs.auth.principals import Principal
from lrs.auth.store_settings import StoreSettings
from lrs.errors import QuotaExceededError
from lrs.services.deliveries import Delivery
from lrs.storage.engines import Database
from lrs.storage.usage import NOTHING, Usage, find_kept, find_usage
from lrs.xapi.records import StatementRecord

# Seconds for which a look at what a store holds counts.
_RECENT = 0.5
# What is added to a text at the end: `stored`, and `timestamp` where the client sent none.
_STORED_BYTES, _TIMESTAMP_BYTES = 40, 42


@dataclass(slots=True)
class _Held:
    """What a store holds, as far as this process knows.

    Attributes:
        seen: at the last look.
        looked_at: when that was begun.
        since: what this process has stored since then.
        coming: what it is about to store.
    """

    seen: Usage = NOTHING
    looked_at: float = float("-inf")
    since: Usage = NOTHING
    coming: Usage = NOTHING
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def total(self) -> Usage:
        """Return all of it."""
        return _sum(_sum(self.seen, self.since), self.coming)


class Quotas:
    """Lets in what stores have room for."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._held: dict[int, _Held] = {}

    @asynccontextmanager
    async def room(self, principal: Principal, delivery: Delivery) -> AsyncIterator[None]:
        """Have room for a delivery in the store of a principal, to keep it within the block.

        Raises:
            QuotaExceededError: there is none for what is new of it.
            UnavailableError: the database cannot be reached.
        """
        if not _has_quota(principal.settings):
            yield
            return
        held = self._held.setdefault(principal.store, _Held())
        if self._clock() - held.looked_at > _RECENT:
            await self._look(principal.store, held)
        size = _size(delivery)
        if _excess(principal.settings, _sum(held.total(), size)):
            # What is there already needs no room: who sends it again is answered as ever.
            size = await self._new(delivery)
            excess = _excess(principal.settings, _sum(held.total(), size))
            if excess and size != NOTHING:
                raise QuotaExceededError(f"{excess}; nothing of the request was stored")
        held.coming = _sum(held.coming, size)
        try:
            yield
            held.since = _sum(held.since, size)
        finally:
            held.coming = _difference(held.coming, size)

    async def _look(self, store: int, held: _Held) -> None:
        asked_at = self._clock()
        async with held.looking:
            if held.looked_at > asked_at:
                return  # somebody looked while this one waited
            began, before = self._clock(), held.since
            async with self._database.primary() as connection:
                seen = await find_usage(connection, [store])
            held.seen = seen.get(store, NOTHING)
            # What was stored while it was looked up may be in it or not: until the next look it
            # counts, maybe twice.
            held.since = _difference(held.since, before)
            held.looked_at = began

    async def _new(self, delivery: Delivery) -> Usage:
        """Return the size of what is not there yet."""
        ids = [each.id for each in delivery.records]
        async with self._database.primary() as connection:
            kept = await find_kept(connection, delivery.origin.store, ids, [*delivery.data])
        records = [each for each in delivery.records if each.id not in kept.ids]
        data = {sha2: each for sha2, each in delivery.data.items() if sha2 not in kept.hashes}
        # Data come to stay with statements only.
        return _size(Delivery(delivery.origin, records, data)) if records else NOTHING


def _has_quota(settings: StoreSettings) -> bool:
    return settings.max_statements is not None or settings.max_bytes is not None


def _size(delivery: Delivery) -> Usage:
    texts = sum(map(_text_bytes, delivery.records))
    data = sum(each.size for each in delivery.data.values())
    return Usage(len(delivery.records), texts + data)


def _text_bytes(record: StatementRecord) -> int:
    completed = record.completed
    later = _STORED_BYTES + (0 if completed.has_timestamp else _TIMESTAMP_BYTES)
    return len(completed.received) + len(completed.added) + later


def _excess(settings: StoreSettings, wanted: Usage) -> str | None:
    """Tell in words what would be more than a store may hold."""
    if settings.max_statements is not None and wanted.statements > settings.max_statements:
        return f"the store may hold {settings.max_statements} statements"
    if settings.max_bytes is not None and wanted.bytes > settings.max_bytes:
        return f"the store may hold {settings.max_bytes} bytes of statements and attachments"
    return None


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(one.statements + other.statements, one.bytes + other.bytes)


def _difference(one: Usage, other: Usage) -> Usage:
    return Usage(one.statements - other.statements, one.bytes - other.bytes)
