"""The audit log as it is read: in pages, as a whole, and to see whether it is unbroken."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from lrs.auth.audit import Action, AuditEvent, AuditFilter, Caller
from lrs.auth.audit_chain import AuditRecord, BrokenLink, ChainCheck
from lrs.storage.audit import (
    NO_STORE,
    Erased,
    all_records,
    append_record,
    erase_person,
    find_head,
    find_records,
    list_chains,
    whole_log,
)
from lrs.storage.engines import Database
from lrs.storage.stores import find_store

# What stands for the log of what belongs to no store, where a store is named.
NAME_OF_NONE = "-"


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Records, the newest first; `following` are those before this number, if there are more."""

    records: Sequence[AuditRecord]
    following: int | None


@dataclass(frozen=True, slots=True)
class Verified:
    """How far a chain is whole.

    Attributes:
        number: of the last record up to which it is, and its hash.
        broken: the first link that does not hold; None if all do.
    """

    number: int
    hash: bytes
    broken: BrokenLink | None


class AuditLogService:
    """Reads the log of a store; its number 0 is the log of what belongs to none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def store_named(self, name: str) -> int:
        """Return the number of a store; `-` is what belongs to none.

        Raises:
            StoreNotFoundError: there is none with this name.
            UnavailableError: the database cannot be reached.
        """
        if name == NAME_OF_NONE:
            return NO_STORE
        async with self._database.primary() as connection:
            return (await find_store(connection, name)).id

    async def chains(self) -> Sequence[tuple[int, str | None]]:
        """Return the number of each store that has a log, and its name while the store is there.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            return await list_chains(connection)

    async def query(
        self, store: int, wanted: AuditFilter, limit: int, before: int | None = None
    ) -> AuditPage:
        """Return a page of records, the newest first.

        Args:
            store: whose log.
            wanted: which records.
            limit: the most that are returned.
            before: only records with smaller numbers.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.reading() as connection:
            found = await find_records(connection, store, wanted, before, limit + 1)
        records = found[:limit]
        return AuditPage(records, records[-1].number if len(found) > limit else None)

    async def verify(self, store: int) -> Verified:
        """Follow the chain of a store from its beginning to its end.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        check = ChainCheck(store)
        async with whole_log(self._database) as connection:
            async for record in all_records(connection, store):
                broken = check.follow(record)
                if broken is not None:
                    return Verified(check.number, check.hash, broken)
            head = await find_head(connection, store)
        return Verified(check.number, check.hash, check.end(head.number, head.hash))

    async def records(self, store: int) -> AsyncIterator[AuditRecord]:
        """Give all records of a store, the first one first.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            async for record in all_records(connection, store):
                yield record

    async def record(self, store: int, event: AuditEvent) -> None:
        """Record an event at once.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.writing() as connection:
            await append_record(connection, store, event)

    async def erase_person(self, caller: Caller, store: int, person: str) -> Erased:
        """Blank what the log of a store tells of a person, and record that it was done, not whose.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.writing() as connection:
            erased = await erase_person(connection, store, person)
            details = erased._asdict()
            event = AuditEvent(caller, Action.AUDIT_ERASED, details=details)
            await append_record(connection, store, event)
        return erased
