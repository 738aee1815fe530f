"""Keeps statements, and lets requests that come at the same time share a transaction.

A commit waits for the disk. Requests that come meanwhile wait together, and the next transaction
takes them all; a request that comes alone waits for nobody. None feels the others: one whose id
is taken is refused alone, and one whose sender goes away changes nothing for the rest.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from uuid import UUID

from lrs.errors import LRSError, StatementConflictError
from lrs.services.deliveries import Delivery, Origin
from lrs.services.erased_people import ErasedPeople
from lrs.storage.attachments import drop_unlinked, insert_data, link_data
from lrs.storage.dictionary import keep_descriptions
from lrs.storage.engines import Database
from lrs.storage.keeping import (
    Conditions,
    DescribedAnewError,
    NamesErasedError,
    NeedsMacsError,
    NeedsTheStoreAloneError,
    TakenError,
    is_large,
    keep_payloads,
    keep_statements,
)
from lrs.storage.statements import find_statements
from lrs.xapi.comparison import match
from lrs.xapi.completion import without_stored
from lrs.xapi.records import KeptStatement, StatementRecord
from lrs.xapi.versions import Version

_log = logging.getLogger(__name__)

# While one transaction waits for the disk, the next one can already send its rows.
_AT_ONCE = 2
# Statements in one shared transaction; a larger request has one of its own.
_MOST_SHARED = 500
# A transaction that writes data of attachments may take a second longer for so many bytes.
_BYTES_A_SECOND = 4 * 1024 * 1024


class _ConflictsError(Exception):
    """Deliveries of more than one statement conflict with what is kept: all was for nothing."""

    def __init__(self, refused: Mapping[Delivery, StatementConflictError]) -> None:
        super().__init__()
        self.refused = refused


# How many statements of a delivery were new, or why it was refused.
_Outcome = int | BaseException


class _Queue:
    """Deliveries of one origin that wait for a transaction."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[Delivery, asyncio.Future[int]]] = deque()
        self.running = 0

    def take(self) -> list[tuple[Delivery, asyncio.Future[int]]]:
        """Take the next deliveries that can share a transaction, oldest first.

        Two that bring the same id cannot: the later one waits, and finds what the first has kept.
        """
        taken: list[tuple[Delivery, asyncio.Future[int]]] = []
        left: deque[tuple[Delivery, asyncio.Future[int]]] = deque()
        ids: set[UUID] = set()
        for delivery, done in self.waiting:
            own = {each.id for each in delivery.records}
            if len(ids) + len(own) > _MOST_SHARED or not ids.isdisjoint(own):
                left.append((delivery, done))
            elif not done.cancelled():
                ids |= own
                taken.append((delivery, done))
        self.waiting = left
        return taken


class Commits:
    """Keeps deliveries durably."""

    def __init__(self, database: Database, erased: ErasedPeople) -> None:
        self._database = database
        self._erased = erased
        self._queues: dict[Origin, _Queue] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def keep(self, delivery: Delivery) -> int:
        """Keep a delivery, and return how many of its statements were new, after the commit.

        Raises:
            ErasedPersonError: somebody is named who was erased, and whom the store refuses.
            StatementConflictError: an id is taken by another statement; nothing was kept.
            UnavailableError: the database cannot be reached.
        """
        if delivery.data or len(delivery.records) > _MOST_SHARED // 2:
            (outcome,) = await self._outcomes([delivery])
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome
        return await self._enqueued(delivery)

    def _enqueued(self, delivery: Delivery) -> asyncio.Future[int]:
        queue = self._queues.setdefault(delivery.origin, _Queue())
        done = asyncio.get_running_loop().create_future()
        queue.waiting.append((delivery, done))
        if queue.running < _AT_ONCE:
            queue.running += 1
            task = asyncio.create_task(self._work_off(delivery.origin, queue))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return done

    async def _work_off(self, origin: Origin, queue: _Queue) -> None:
        while taken := queue.take():
            outcomes = await self._outcomes([delivery for delivery, _ in taken])
            for (_, done), outcome in zip(taken, outcomes, strict=True):
                if done.cancelled():
                    continue
                if isinstance(outcome, BaseException):
                    done.set_exception(outcome)
                else:
                    done.set_result(outcome)
        queue.running -= 1
        if not queue.running:
            del self._queues[origin]

    async def _outcomes(self, deliveries: Sequence[Delivery]) -> list[_Outcome]:
        """Commit deliveries together; those that cannot be do not take the others along."""
        try:
            return await self._attempted(deliveries)
        except LRSError as error:
            return [error] * len(deliveries)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is only of one of them
            if len(deliveries) == 1:
                return [error]
            _log.warning(
                "a shared transaction failed; each of its requests runs alone", exc_info=error
            )
        return [(await self._outcomes([each]))[0] for each in deliveries]

    async def _attempted(self, deliveries: Sequence[Delivery]) -> list[_Outcome]:
        """Commit deliveries, or what is left of them when it is sorted out what cannot be kept."""
        sorted_out: Sequence[Delivery | LRSError] = deliveries
        try:
            return await self._committed(deliveries)
        except _ConflictsError as error:
            sorted_out = [error.refused.get(each, each) for each in deliveries]
        except NeedsMacsError:
            self._erased.remember(deliveries[0].origin.store)
        except NamesErasedError:
            sorted_out = await self._sorted_out(deliveries)
        return await self._besides(sorted_out)

    async def _besides(self, sorted_out: Sequence[Delivery | LRSError]) -> list[_Outcome]:
        """Commit those that are not refused already."""
        others = [each for each in sorted_out if isinstance(each, Delivery)]
        outcomes = iter(await self._outcomes(others) if others else ())
        return [each if isinstance(each, LRSError) else next(outcomes) for each in sorted_out]

    async def _sorted_out(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery | LRSError]:
        async with self._database.primary() as connection:
            return await self._erased.sort_out(connection, deliveries)

    async def _committed(self, deliveries: Sequence[Delivery]) -> list[_Outcome]:
        count = sum(len(each.records) for each in deliveries)
        # Of more, some is likely to be out of the ordinary, and ways there and back count for less.
        is_small = count <= _MOST_SHARED and not is_large(_records(deliveries))
        if is_small and not any(each.data for each in deliveries):
            try:
                return await self._at_once(deliveries)
            except NeedsTheStoreAloneError:
                return await self._step_by_step(deliveries, alone=True)
            except (TakenError, DescribedAnewError):
                pass  # nothing was kept: the longer way can deal with it
        try:
            return await self._step_by_step(deliveries, alone=False)
        except NeedsTheStoreAloneError:
            return await self._step_by_step(deliveries, alone=True)

    async def _at_once(self, deliveries: Sequence[Delivery]) -> list[_Outcome]:
        """Commit by one call of the database, as long as nothing is out of the ordinary.

        A taken id is, but for a delivery of one statement: that one is left out by itself.
        """
        origin = deliveries[0].origin
        records = _records(deliveries)
        conditions = Conditions(
            all_or_nothing=len(records) > len(deliveries),
            described_before=True,
            defines=origin.defines,
        )
        async with self._database.primary() as connection:
            kept = await keep_statements(
                connection,
                origin.store,
                origin.credential,
                records,
                conditions,
                self._erased.macs(origin.store, records),
            )
            there = await find_statements(connection, origin.store, kept.taken)
            refused = _refusals(deliveries, there)
        return [refused.get(each) or _count(each, kept.taken) for each in deliveries]

    async def _step_by_step(self, deliveries: Sequence[Delivery], *, alone: bool) -> list[_Outcome]:
        origin = deliveries[0].origin
        records = _records(deliveries)
        data = [part for each in deliveries for part in each.data.values()]
        extra_seconds = sum(part.size for part in data) / _BYTES_A_SECOND
        async with self._database.writing(extra_seconds) as connection:
            new_data = await insert_data(connection, origin.store, data) if data else set()
            kept = await keep_statements(
                connection,
                origin.store,
                origin.credential,
                records,
                Conditions(alone=alone),
                self._erased.macs(origin.store, records),
            )
            there = await find_statements(connection, origin.store, kept.taken)
            refused = _refusals(deliveries, there)
            added = [each for each in records if each.id not in kept.taken]
            if is_large(records):
                await keep_payloads(connection, origin.store, records, kept)
            await link_data(connection, origin.store, added)
            if new_data and kept.taken:
                await drop_unlinked(connection, origin.store, new_data)
            if added:
                await keep_descriptions(
                    connection, origin.store, records, *kept, defines=origin.defines
                )
        return [refused.get(each) or _count(each, kept.taken) for each in deliveries]


def _records(deliveries: Sequence[Delivery]) -> list[StatementRecord]:
    return [record for each in deliveries for record in each.records]


def _refusals(
    deliveries: Sequence[Delivery], there: Mapping[UUID, KeptStatement]
) -> Mapping[Delivery, StatementConflictError]:
    """Return which deliveries are refused, because another statement has one of their ids.

    Raises:
        _ConflictsError: one of them has more than one statement, some of which may be written.
    """
    again = [each for each in _records(deliveries) if each.id in there]
    return _refused(deliveries, _conflicts(again, there, deliveries[0].origin.version))


def _conflicts(
    taken: Sequence[StatementRecord], kept: Mapping[UUID, KeptStatement], version: Version
) -> set[UUID]:
    """Return the ids under which another statement is kept."""
    return {
        each.id
        for each in taken
        if not match(bytes(each.received), without_stored(kept[each.id].payload), version)
    }


def _refused(
    deliveries: Sequence[Delivery], conflicts: set[UUID]
) -> dict[Delivery, StatementConflictError]:
    """Return the deliveries with a conflict.

    Raises:
        _ConflictsError: one of them has more than one statement, some of which may be written.
    """
    refused = {}
    for delivery in deliveries:
        own = [each.id for each in delivery.records if each.id in conflicts]
        if own:
            refused[delivery] = StatementConflictError(
                f"the id {own[0]} is taken by another statement; nothing was stored (Comm. 2.1.2)"
            )
    if any(len(each.records) > 1 for each in refused):
        raise _ConflictsError(refused)
    return refused


def _count(delivery: Delivery, taken: AbstractSet[UUID]) -> int:
    return sum(each.id not in taken for each in delivery.records)
