"""Knows again who was erased, in what comes in; of a store nobody was erased from it costs nothing.

Whether somebody was is found by the transaction that keeps, so nothing can slip in between.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from lrs.errors import ErasedPersonError
from lrs.people.tombstones import OnReturn, Tombstone, tombstone_macs
from lrs.services.deliveries import Delivery
from lrs.storage.engines import Connection
from lrs.storage.tombstones import find_tombstones
from lrs.xapi.keys import Ifi
from lrs.xapi.personal_texts import texts_of
from lrs.xapi.records import StatementRecord
from lrs.xapi.replacing import Replacing
from lrs.xapi.rewriting import UnreadableError, anonymised

_BACK_AGAIN = (
    "names somebody whose data were erased from this store; nothing was stored (DSGVO Art. 17)"
)


class ErasedPeople:
    """Finds out who was erased among those that statements and documents name."""

    def __init__(self, server_key: bytes = b"") -> None:
        """Make it; without the key of the installation it can only be used where nobody was."""
        self._server_key = server_key
        self._stores: set[int] = set()

    def remember(self, store: int) -> None:
        """Note that people were erased from a store."""
        self._stores.add(store)

    def macs(self, store: int, records: Iterable[StatementRecord]) -> list[bytes] | None:
        """Return what stands for whom statements name; None while nobody is known to be erased."""
        if store not in self._stores:
            return None
        return [*self._known_as(records)]

    def _macs(self, ifi: Ifi) -> list[bytes]:
        """Return what may stand for an identifier in tombstones."""
        if not self._server_key:
            raise RuntimeError("people were erased, and cannot be known again without the key")
        return tombstone_macs(self._server_key, ifi)

    def _known_as(self, records: Iterable[StatementRecord]) -> dict[bytes, UUID]:
        """Return the keys of all whom statements name, by what may stand for them."""
        named = {key: each.mentions.ifis[key] for each in records for key in _named(each)}
        return {mac: key for key, ifi in named.items() for mac in self._macs(ifi)}

    async def require_nobody(self, connection: Connection, store: int, agent: Ifi | None) -> None:
        """Refuse a document that is about somebody who was erased, whatever the store chose.

        It is found by its Agent alone: one of nobody would be found by nobody.

        Args:
            connection: within the transaction that has locked the document, which is not there.
            store: the store of the document.
            agent: whom it is about; None if it is about nobody.

        Raises:
            ErasedPersonError: it is.
        """
        if agent is None or not self._server_key:
            return
        if await find_tombstones(connection, store, self._macs(agent)):
            raise ErasedPersonError(f"the document {_BACK_AGAIN}")

    async def require_no_person(
        self, connection: Connection, store: int, ifis: Iterable[Ifi]
    ) -> None:
        """Refuse to keep a person again who was erased.

        Args:
            connection: within the transaction that keeps the person, which holds `lock_people`.
            store: the store of the person.
            ifis: that the person is told to have.

        Raises:
            ErasedPersonError: one of them is of somebody who was erased.
        """
        if not self._server_key:
            return
        macs = [mac for each in ifis for mac in self._macs(each)]
        if macs and await find_tombstones(connection, store, macs):
            raise ErasedPersonError(f"one of the identifiers {_BACK_AGAIN}")

    async def sort_out(
        self, connection: Connection, deliveries: Sequence[Delivery]
    ) -> "list[Delivery | ErasedPersonError]":
        """Have those who were erased replaced in what comes in, or refuse it, as the store chose.

        Args:
            connection: to the writing server.
            deliveries: of one store, which somebody was erased from.
        """
        store = deliveries[0].origin.store
        by_mac = self._known_as(one for each in deliveries for one in each.records)
        found = await find_tombstones(connection, store, by_mac)
        erased = {by_mac[mac]: tombstone for mac, tombstone in found.items()}
        return [_sorted_out(each, erased) for each in deliveries]


def _sorted_out(
    delivery: Delivery, erased: Mapping[UUID, Tombstone]
) -> Delivery | ErasedPersonError:
    for place, record in enumerate(delivery.records):
        met = [erased[key] for key in _named(record) if key in erased]
        if any(each.on_return is OnReturn.REFUSE for each in met):
            return ErasedPersonError(f"statements[{place}] ({record.id}) {_BACK_AGAIN}")
    try:
        records = [_without(record, erased) for record in delivery.records]
    except UnreadableError:
        return ErasedPersonError(f"one of the statements {_BACK_AGAIN}")
    needed = {each.sha2 for record in records for each in record.brought.data}
    data = {sha2: each for sha2, each in delivery.data.items() if sha2 in needed}
    return replace(delivery, records=records, data=data)


def _without(record: StatementRecord, erased: Mapping[UUID, Tombstone]) -> StatementRecord:
    """Replace all that the statement itself tells of them, since nothing else is known any more."""
    met = {key: erased[key] for key in _named(record) if key in erased}
    if not met:
        return record
    ifis = {record.mentions.ifis[key]: each.replacement for key, each in met.items()}
    names = [name for key, name in record.mentions.names if key in met]
    return anonymised(record, Replacing(ifis, texts_of(ifis, names)))


def _named(record: StatementRecord) -> Sequence[UUID]:
    """Return the keys of the agents that a statement names; the authority is the store's own."""
    return (*record.mentions.direct, *record.mentions.others[:-1])
