"""Erases again who was erased before, after an older backup of the database was restored.

The ledger beside the database tells of each erasure, and not of whom. Whose identifiers the
restored database still has is found by computing for all of them what the ledger keeps of some.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from uuid_utils.compat import uuid7

from lrs.errors import ErasureNotFoundError, PersonNotFoundError, StoreNotFoundError
from lrs.people.erasures import Mode
from lrs.people.tombstones import OnReturn, Tombstone, tombstone_mac
from lrs.services.erasure_job import ErasureJob
from lrs.services.erasure_steps import BURY
from lrs.services.erasures import ErasuresService
from lrs.storage.engines import Connection, Database
from lrs.storage.erasure_ledger import Ledger, LedgerEntry
from lrs.storage.erasure_places import hold_documents
from lrs.storage.erasure_replays import all_identifiers, kept_entries
from lrs.storage.erasure_subjects import Known, find_known
from lrs.storage.erasures import (
    NewErasure,
    delete_erasure,
    erasures_to_do,
    insert_erasure,
    lock_erasure,
)
from lrs.storage.people import lock_people
from lrs.storage.person_identities import find_identity
from lrs.storage.statement_changes import hold_alone
from lrs.storage.stores import find_store
from lrs.storage.tombstones import insert_tombstones
from lrs.xapi.keys import Ifi, ifi_key

_MYSELF = "lrs privacy replay"
# Seconds between two looks at erasures that another process does.
_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of an erasure of the ledger.

    Attributes:
        identifiers: how many of the person's the database had; None if it has no such store.
    """

    entry: LedgerEntry
    identifiers: int | None


class ErasureReplays:
    """Has the erasures of the ledger hold in a database that is older than they are."""

    def __init__(
        self, database: Database, server_key: bytes, home_page: str, ledger: Ledger
    ) -> None:
        self._database = database
        self._server_key = server_key
        self._ledger = ledger
        self._erasures = ErasuresService(database, server_key, home_page)
        self._job = ErasureJob(database, server_key, ledger)

    async def replay(self, only: str | None = None) -> list[Replayed]:
        """Make all tombstones again, and erase who is back; return what was found.

        Args:
            only: the name of a store; None is all of them.

        Raises:
            StartError: the ledger cannot be read.
            UnavailableError: the database cannot be reached.
        """
        done = []
        entries = [each for each in self._ledger.entries() if only in (None, each.store)]
        for name in dict.fromkeys(each.store for each in entries):
            done += await self._of_store(name, [each for each in entries if each.store == name])
        while await self._is_under_way():
            await self._job.go_on()
            # Another process may have it just now.
            await asyncio.sleep(_PAUSE)
        return done

    async def kept(self) -> list[LedgerEntry]:
        """Return the entries that the database itself can tell of.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            return await kept_entries(connection)

    async def _is_under_way(self) -> bool:
        async with self._database.primary() as connection:
            return bool(await erasures_to_do(connection))

    async def _of_store(self, name: str, entries: list[LedgerEntry]) -> list[Replayed]:
        try:
            async with self._database.primary() as connection:
                store = (await find_store(connection, name)).id
        except StoreNotFoundError:
            return [Replayed(each, None) for each in entries]
        wanted = {one.mac for each in entries for one in each.identifiers}
        found: dict[str, Ifi] = {}
        async with self._database.primary() as connection:
            async for some in all_identifiers(connection, store):
                macs = {tombstone_mac(self._server_key, key).hex(): some[key] for key in some}
                found |= {mac: macs[mac] for mac in wanted & macs.keys()}
        return [await self._again(store, each, found) for each in entries]

    async def _again(self, store: int, entry: LedgerEntry, found: Mapping[str, Ifi]) -> Replayed:
        back = [found[each.mac] for each in entry.identifiers if each.mac in found]
        async with self._database.writing() as connection:
            await lock_people(connection, store)
            await hold_documents(connection, store)
            await hold_alone(connection, store)
            await insert_tombstones(connection, store, entry.erasure, _tombstones(entry))
            if back:
                await self._begin(connection, store, entry, back)
        return Replayed(entry, len(back))

    async def _begin(
        self, connection: Connection, store: int, entry: LedgerEntry, back: list[Ifi]
    ) -> None:
        mode = Mode(entry.mode)
        known = await _known(connection, store, back)
        instead = {
            ifi_key(ifi): Ifi("account", each.instead)
            for ifi in known.ifis
            for each in entry.identifiers
            if each.mac == tombstone_mac(self._server_key, ifi_key(ifi)).hex()
        }
        subject = self._erasures.subject(known, mode, instead, entry.nobody)
        person = known.persons[0] if known.persons else ifi_key(back[0])
        new = NewErasure(
            id=await _free_id(connection, store, entry.erasure),
            person=person,
            person_mac=self._erasures.person_mac(person),
            mode=mode,
            on_return=OnReturn(entry.on_return),
            reason=None,
            requested_by=_MYSELF,
            subject=subject,
            state="running",
            step=BURY,
        )
        await insert_erasure(connection, store, new)


async def _known(connection: Connection, store: int, back: list[Ifi]) -> Known:
    """Return all that the database knows of those who have these identifiers."""
    merged = Known((), tuple(back), (), (), ())
    for ifi in back:
        try:
            identity = await find_identity(connection, store, ifi_key(ifi))
        except PersonNotFoundError:
            continue
        other = await find_known(connection, store, identity)
        merged = replace(
            merged,
            **{
                name: tuple(dict.fromkeys((*getattr(merged, name), *getattr(other, name))))
                for name in Known.__slots__
            },
        )
    return merged


async def _free_id(connection: Connection, store: int, erasure: UUID) -> UUID:
    """Return the id of an erasure, unless the database has it as done already."""
    try:
        kept = await lock_erasure(connection, store, erasure)
    except ErasureNotFoundError:
        return erasure
    if kept.state == "done":
        return uuid7()
    await delete_erasure(connection, kept)
    return erasure


def _tombstones(entry: LedgerEntry) -> list[Tombstone]:
    return [
        Tombstone(bytes.fromhex(each.mac), OnReturn(entry.on_return), Ifi("account", each.instead))
        for each in entry.identifiers
    ]
