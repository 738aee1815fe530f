"""Deletes stores in bounded steps, each a transaction of its own: one that is killed is repeated.

Who writes to a store sees that it is being deleted, or is waited for: `begin_deletion` holds the
locks of those who write statements and of those who make documents, and they look after they have
taken theirs. What others may add is found by the steps, which end a while after nobody was let in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import StoreNotFoundError
from lrs.storage import documents, rollups, usage, watermark
from lrs.storage.access_changes import count_up
from lrs.storage.access_tables import audit_heads, audit_records, store_deletions
from lrs.storage.driver import fetch_value
from lrs.storage.people_tables import people
from lrs.storage.privacy_tables import metadata
from lrs.storage.rollup_tables import rollup_progress
from lrs.storage.stores import Store
from lrs.storage.tables import credentials, statement_agents, stores

# The first of the two numbers of the advisory lock of who deletes stores.
LOCK_CLASS: Final = 19_542
# Rows that one step deletes at most.
STEP: Final = 5_000
# Seconds after which every process lets nobody in, and what was let in before has written.
_GRACE: Final = 2.0

# What stays of a store: the proof of what was done, and of its end.
KEPT_TABLES: Final = frozenset((audit_records, audit_heads, store_deletions))
# Rollups know whether any of them are left by their progress, so that goes after them.
_LAST_TABLES: Final = (rollup_progress, credentials)
# All modules name their tables to one and the same.
(_METADATA,) = {stores.metadata, people.metadata, metadata}
_ALONE = text("SELECT pg_advisory_xact_lock(:lock_class, :store)")
_ONLY_ONE = text("SELECT pg_try_advisory_xact_lock(:lock_class, 0)")
# The rows of a store are few among many: a look at all of a table would not end in time.
_BY_INDEX = text(
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)"
)
_WITHOUT_END = text("SELECT set_config('statement_timeout', '0', true)")


@dataclass(frozen=True, slots=True)
class StoreDeletion:
    """A store that is or was deleted.

    Attributes:
        requested_by: who wanted it: a key, an id, or a command of `lrs`.
        total: rows that there were when it began; None while they are not counted yet.
        deleted: rows that are gone.
        finished: when the last of them went; None if some are left.
    """

    store: int
    name: str
    requested: datetime
    requested_by: str
    total: int | None
    deleted: int
    finished: datetime | None


class Place(NamedTuple):
    """Rows of a table that are found by one index."""

    table: Table
    condition: ColumnElement[bool] | None = None


def tenant_tables() -> list[Table]:
    """Return all tables that hold something of a store, but for `KEPT_TABLES`."""
    found = [
        table
        for table in _METADATA.sorted_tables
        if "store" in table.c and table not in KEPT_TABLES and table not in _LAST_TABLES
    ]
    return [*found, *_LAST_TABLES]


async def begin_deletion(connection: AsyncConnection, store: Store, requested_by: str) -> None:
    """Let nobody into a store any more, once those who write to it have ended.

    Args:
        connection: within the transaction that holds the store by `lock_store`.
        store: which one.
        requested_by: who wanted it.
    """
    await _keep_writers_out(connection, store.id)
    deleting = update(stores).where(stores.c.id == store.id)
    await connection.execute(deleting.values(deleting=func.clock_timestamp()))
    await connection.execute(
        insert(store_deletions).values(store=store.id, name=store.name, requested_by=requested_by)
    )
    await count_up(connection)


async def find_deletion(connection: AsyncConnection, name: str) -> StoreDeletion:
    """Return how far the deletion of the last store of a name has come.

    Raises:
        StoreNotFoundError: none of this name is or was deleted.
    """
    named = select(store_deletions).where(store_deletions.c.name == name)
    row = (await connection.execute(named.order_by(store_deletions.c.store.desc()))).first()
    if row is None:
        raise StoreNotFoundError(f"no store with the name {name!r} is or was deleted")
    return _deletion(row)


async def unfinished_deletions(connection: AsyncConnection) -> Sequence[StoreDeletion]:
    """Return the stores that are being deleted, the first one wanted first."""
    unfinished = select(store_deletions).where(store_deletions.c.finished.is_(None))
    rows = await connection.execute(unfinished.order_by(store_deletions.c.requested))
    return [_deletion(row) for row in rows]


async def count_rows(connection: AsyncConnection, store: int) -> bool:
    """Count the rows of a store that is to be deleted; False while another process deletes."""
    if not await _is_only_one(connection):
        return False
    await connection.execute(_WITHOUT_END)
    await connection.execute(_BY_INDEX)
    total = 0
    for table in tenant_tables():
        counted = select(func.count()).select_from(table).where(table.c.store == store)
        total += await connection.scalar(counted) or 0
    this = store_deletions.c.store == store
    await connection.execute(update(store_deletions).where(this).values(total=total))
    return True


async def delete_some(connection: AsyncConnection, store: int, step: int = STEP) -> int:
    """Delete the next rows of a store, all of one table, and return how many.

    Zero are left, or another process deletes.
    """
    if not await _is_only_one(connection):
        return 0
    await connection.execute(_BY_INDEX)
    for place in _places():
        count = await connection.scalar(_deletion_at(place), {"of_store": store, "most": step})
        if count:
            deleted = store_deletions.c.deleted
            counting = update(store_deletions).where(store_deletions.c.store == store)
            await connection.execute(counting.values(deleted=deleted + count))
            return int(count)
    return 0


async def finish_deletion(connection: AsyncConnection, store: int) -> bool:
    """Delete the store itself if nothing of it is left, and tell whether it was done.

    It waits for who sums up, and for who was let in before nobody was.
    """
    if not await _is_only_one(connection):
        return False
    for lock_class in (rollups.LOCK_CLASS, usage.LOCK_CLASS):
        await connection.execute(_ALONE, {"lock_class": lock_class, "store": 0})
    await _keep_writers_out(connection, store)
    waited = func.extract("epoch", func.now() - stores.c.deleting)
    seconds = await connection.scalar(select(waited).where(stores.c.id == store))
    if seconds is None or seconds < _GRACE or await delete_some(connection, store):
        return False
    await connection.execute(delete(stores).where(stores.c.id == store))
    finished = update(store_deletions).where(store_deletions.c.store == store)
    await connection.execute(finished.values(finished=func.now()))
    await count_up(connection)
    return True


async def _keep_writers_out(connection: AsyncConnection, store: int) -> None:
    for lock_class in (watermark.LOCK_CLASS, documents.LOCK_CLASS):
        await connection.execute(_ALONE, {"lock_class": lock_class, "store": store})


async def _is_only_one(connection: AsyncConnection) -> bool:
    return bool(await fetch_value(connection, _ONLY_ONE, {"lock_class": LOCK_CLASS}))


def _places() -> Iterator[Place]:
    for table in tenant_tables():
        if table is statement_agents:
            yield Place(table, table.c.direct)
            yield Place(table, ~table.c.direct)
        else:
            yield Place(table)


def _deletion_at(place: Place) -> Select[int]:
    table = place.table
    row: ColumnElement[object] = literal_column("ctid")
    some = select(row).where(table.c.store == bindparam("of_store", type_=Integer))
    if place.condition is not None:
        some = some.where(place.condition)
    some = some.limit(bindparam("most", type_=Integer)).correlate(None)
    gone = delete(table).where(row.in_(some)).returning(literal_column("1")).cte("gone")
    return select(func.count()).select_from(gone)


# The row of a query over all columns of a table has any columns.
def _deletion(row: Row[Any]) -> StoreDeletion:
    return StoreDeletion(
        row.store,
        row.name,
        row.requested,
        row.requested_by,
        row.total,
        row.deleted,
        row.finished,
    )
