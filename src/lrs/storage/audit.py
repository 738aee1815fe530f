"""The audit log: records are added to the chain of a store, and never changed.

Whoever adds some holds the ends of the chains until the transaction is over. So adding them is the
last thing that a transaction does, and it does it once, for all chains: two transactions that wait
for each other cannot come about.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import (
    ARRAY,
    Row,
    Text,
    any_,
    bindparam,
    func,
    insert,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.audit import AuditEvent, AuditFilter
from lrs.auth.audit_chain import (
    BEGINNING,
    ERASABLE,
    AuditRecord,
    chained,
    record_of,
    without_fields,
    without_person,
)
from lrs.storage.access_tables import audit_heads, audit_records
from lrs.storage.driver import driver_of
from lrs.storage.engines import Database
from lrs.storage.tables import stores

# The chain of what belongs to no store.
NO_STORE = 0
_AT_A_TIME = 1_000
# Smaller than all numbers, so that none that somebody else has written goes unseen.
_FIRST = -(2**63)

_FIELDS = AuditRecord.__slots__
_columns = [audit_records.c[name] for name in _FIELDS]


class Head(NamedTuple):
    """The end of a chain, as it is kept apart from the records."""

    number: int
    hash: bytes


class Erased(NamedTuple):
    """How many records were changed by an erasure, and how many of their fields."""

    records: int
    fields: int


async def append_record(connection: AsyncConnection, store: int, event: AuditEvent) -> None:
    """Add an event to the log of a store, as the last thing that a transaction does.

    Args:
        connection: within a writing transaction: that of the change which is recorded.
        store: its number, or `NO_STORE`.
        event: what was done.
    """
    await append_records(connection, [(store, event)])


async def append_records(
    connection: AsyncConnection, events: Iterable[tuple[int, AuditEvent]]
) -> None:
    """Add events to the logs of stores, as the last thing that a transaction does.

    Args:
        connection: within a writing transaction.
        events: each with the number of its store, or `NO_STORE`.
    """
    in_order = sorted(events, key=itemgetter(0))
    stores = {store: [*each] for store, each in groupby(in_order, itemgetter(0))}
    if not stores:
        return
    heads, at = await _held_heads(connection, [*stores])
    values: list[dict[str, object]] = []
    ends: list[dict[str, object]] = []
    for store, theirs in stores.items():
        head = heads[store]
        records = [
            record_of(event, head.number + place, at) for place, (_, event) in enumerate(theirs, 1)
        ]
        hashes = chained(store, records, head.hash)
        values += map(_values, [store] * len(records), records, hashes)
        ends.append({"chain": store, "last": records[-1].number, "end": hashes[-1]})
    await connection.execute(insert(audit_records), values)
    await connection.execute(_end, ends)


_beginning = postgresql.insert(audit_heads).on_conflict_do_nothing()
_end = (
    update(audit_heads)
    .where(audit_heads.c.store == bindparam("chain"))
    .values(number=bindparam("last"), hash=bindparam("end"))
)


async def _held_heads(
    connection: AsyncConnection, stores: Sequence[int]
) -> tuple[dict[int, Head], datetime]:
    """Return the ends of chains, which nobody else can move now, and the time after that."""
    none = [{"store": store, "number": 0, "hash": BEGINNING} for store in stores]
    await connection.execute(_beginning, none)
    held = select(audit_heads).where(audit_heads.c.store.in_(stores))
    held = held.order_by(audit_heads.c.store).with_for_update()
    heads = {row.store: Head(row.number, row.hash) for row in await connection.execute(held)}
    at = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return heads, at


def _values(store: int, record: AuditRecord, digest: bytes) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(record, name) for name in _FIELDS}
    return {**values, "store": store, "seals": [*record.seals], "hash": digest}


def _record(row: Row[tuple[object, ...]]) -> AuditRecord:
    kept = row._asdict()
    return AuditRecord(**{**kept, "seals": tuple(kept["seals"])})


_SAME = ("action", "who", "target", "outcome", "address")


async def find_records(
    connection: AsyncConnection, store: int, wanted: AuditFilter, before: int | None, limit: int
) -> list[AuditRecord]:
    """Return records of a store, the newest first.

    Args:
        connection: to read from.
        store: its number, or `NO_STORE`.
        wanted: which ones.
        before: only those with smaller numbers.
        limit: the most that are returned.
    """
    query = select(*_columns).where(audit_records.c.store == store)
    for name in _SAME:
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(audit_records.c[name] == value)
    if wanted.since is not None:
        query = query.where(audit_records.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(audit_records.c.at < wanted.until)
    if before is not None:
        query = query.where(audit_records.c.number < before)
    query = query.order_by(audit_records.c.number.desc()).limit(limit)
    return [_record(row) for row in await connection.execute(query)]


async def find_head(connection: AsyncConnection, store: int) -> Head:
    """Return the end of a chain as it is kept apart; that of nothing if there is none."""
    kept = select(audit_heads.c.number, audit_heads.c.hash).where(audit_heads.c.store == store)
    row = (await connection.execute(kept)).first()
    return Head(0, BEGINNING) if row is None else Head(row.number, row.hash)


async def list_chains(connection: AsyncConnection) -> list[tuple[int, str | None]]:
    """Return the numbers of the stores that have records, with the names of those that are there.

    A chain is told by its records as well as by its end, so that neither can go unseen.
    """
    numbers = union(select(audit_heads.c.store), select(audit_records.c.store).distinct())
    found = numbers.subquery("found")
    query = select(found.c.store, stores.c.name).outerjoin(stores, stores.c.id == found.c.store)
    rows = await connection.execute(query.order_by(found.c.store))
    return [(row.store, row.name) for row in rows]


async def all_records(connection: AsyncConnection, store: int) -> AsyncIterator[AuditRecord]:
    """Give the records of a store from the first one on, a few at a time.

    Args:
        connection: on which each statement stands alone; records that are added meanwhile may or
            may not be given.
        store: its number, or `NO_STORE`.
    """
    last = _FIRST
    while True:
        query = select(*_columns).where(
            audit_records.c.store == store, audit_records.c.number > last
        )
        query = query.order_by(audit_records.c.number).limit(_AT_A_TIME)
        rows = (await connection.execute(query)).all()
        for row in rows:
            yield _record(row)
        if len(rows) < _AT_A_TIME:
            return
        last = rows[-1].number


@asynccontextmanager
async def whole_log(database: Database) -> AsyncIterator[AsyncConnection]:
    """Give a connection that sees the log as it is now, whatever is added meanwhile.

    Raises:
        UnavailableError: the database cannot be reached.
    """
    async with database.primary() as connection:
        snapshot = driver_of(connection).transaction(isolation="repeatable_read", readonly=True)
        async with snapshot:
            yield connection


_open = select(func.set_config("lrs.audit_erasure", bindparam("chain"), True))  # noqa: FBT003 - PostgreSQL's
_erasure = (
    update(audit_records)
    .where(
        audit_records.c.store == bindparam("chain"), audit_records.c.number == bindparam("place")
    )
    .values({name: bindparam(name) for name in (*ERASABLE, "seals")})
)


async def erase_person(connection: AsyncConnection, store: int, person: str) -> Erased:
    """Blank what the log of a store tells of a person; the chain holds as it did.

    Of records of what the person did, that is who and from where; of what was done to the person,
    the target and the details.

    Args:
        connection: within a writing transaction.
        store: its number, or `NO_STORE`.
        person: as the records name it: the id of a user, the key of an Agent.
    """
    # Two who erase the same would else both count it.
    await _held_heads(connection, [store])
    named = or_(audit_records.c.who == person, audit_records.c.target == person)
    query = select(*_columns).where(audit_records.c.store == store, named)
    before = [_record(row) for row in await connection.execute(query)]
    return await _erase(connection, store, [(it, without_person(it, person)) for it in before])


async def erase_named(
    connection: AsyncConnection,
    store: int,
    persons: Collection[str],
    texts: Sequence[str],
    is_named: Callable[[str], bool],
) -> Erased:
    """Blank what the log of a store tells of somebody, by ids and by texts, as `erase_person` does.

    Args:
        connection: within a writing transaction.
        store: its number, or `NO_STORE`.
        persons: as the records name them.
        texts: patterns of ILIKE; a field that is like one of them may name the person.
        is_named: tells whether a field does.
    """
    await _held_heads(connection, [store])
    fields = [audit_records.c[name] for name in ERASABLE]
    patterns = any_(bindparam("patterns", [*texts], ARRAY(Text)))
    named = or_(
        audit_records.c.who.in_(persons),
        audit_records.c.target.in_(persons),
        *(each.ilike(patterns) for each in fields),
    )
    query = select(*_columns).where(audit_records.c.store == store, named)
    changes = []
    for row in await connection.execute(query):
        before = after = _record(row)
        for person in persons:
            after = without_person(after, person)
        of_text = [name for name in ERASABLE if is_named(getattr(after, name) or "")]
        changes.append((before, without_fields(after, of_text)))
    return await _erase(connection, store, [each for each in changes if each[0] != each[1]])


async def _erase(
    connection: AsyncConnection, store: int, changes: Sequence[tuple[AuditRecord, AuditRecord]]
) -> Erased:
    if changes:
        await connection.execute(_open, {"chain": str(store)})
        await connection.execute(_erasure, [_blanked(store, after) for _, after in changes])
    fields = sum(_erased_fields(after) - _erased_fields(before) for before, after in changes)
    return Erased(len(changes), fields)


def _erased_fields(record: AuditRecord) -> int:
    return len(record.erased)


def _blanked(store: int, record: AuditRecord) -> dict[str, object]:
    fields = {name: getattr(record, name) for name in ERASABLE}
    return {**fields, "seals": [*record.seals], "chain": store, "place": record.number}
