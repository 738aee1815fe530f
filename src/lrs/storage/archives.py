"""Keeps the archives of persons that were ordered: how far each is, and until when it can be had.

What is in them stands in `archive_contents.py`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import ARRAY, BindParameter, Integer, Uuid, bindparam, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import ArchiveNotFoundError
from lrs.people.archive_stages import FOLLOWING, Stage
from lrs.storage.driver import fetch, fetch_value
from lrs.storage.privacy_tables import person_archives

# The first of the two numbers of the advisory lock of who makes archives.
LOCK_CLASS: Final = 19_546
# How often the making of one may fail before it is given up.
_MOST_FAILURES = 5


@dataclass(frozen=True, slots=True)
class NewArchive:
    """What is ordered.

    Attributes:
        person: whom it is about; `keys` are those of their identifiers.
        user: who has ordered what is their own; None if it was done for them.
        language: of the report, `de` or `en`.
        sees_frozen: whether it holds what is frozen.
        ordered_by: the key of a credential, the id of a user or of a token.
    """

    id: UUID
    person: UUID
    keys: frozenset[UUID]
    user: UUID | None
    language: str
    sees_frozen: bool
    ordered_by: str


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive, and how far it is.

    Attributes:
        order: what was ordered.
        place: after what it goes on in its stage, as JSON text; None at the beginning of one.
        until_position: no statement beyond it is in it.
        total: how many things of this stage there are; `done` of them are in it.
        entries: files in it.
        counts: how many things are in it, by the stages that are over.
        expires: when it is gone; None while it is being made.
    """

    order: NewArchive
    ordered: datetime
    stage: Stage
    place: str | None
    until_position: int | None
    total: int
    done: int
    entries: int
    counts: Mapping[str, int]
    finished: datetime | None
    expires: datetime | None

    @property
    def id(self) -> UUID:
        """What it is called."""
        return self.order.id


class ArchiveName(NamedTuple):
    """An archive of a store."""

    store: int
    id: UUID


_PROGRESS = tuple(name for name in Archive.__slots__ if name != "order")
_CLASS = bindparam("lock_class", LOCK_CLASS, Integer)
_STORE: BindParameter[int] = bindparam("store", type_=Integer)
_ID = bindparam("id", type_=Uuid)
_USER = bindparam("user", type_=Uuid)
_ONLY_ONE = text("SELECT pg_try_advisory_xact_lock(:lock_class, 0)").bindparams(_CLASS)
_ALONE = text("SELECT pg_advisory_xact_lock(:lock_class, 0)").bindparams(_CLASS)
# To count or to sum up all that somebody did may take longer than a request may.
_PATIENTLY = text("SELECT set_config('statement_timeout', '300s', true)")
_OF_STORE = text("SELECT pg_advisory_xact_lock(:lock_class, :store)").bindparams(_CLASS, _STORE)
_INSERTION = text(
    """
    INSERT INTO person_archives
        (store, id, person, keys, "user", language, sees_frozen, ordered_by)
    VALUES (:store, :id, :person, :keys, :user, :language, :sees_frozen, :ordered_by)
    """
)
_it = person_archives.c
_can_be_had = _it.removed.is_(None) & or_(_it.expires.is_(None), _it.expires > func.now())
_COLUMNS = [_it[name] for name in (*NewArchive.__slots__, *_PROGRESS)]
_LIST = (
    select(*_COLUMNS)
    .where(
        _it.store == _STORE,
        _can_be_had,
        or_(
            _USER.is_(None) & _it["keys"].bool_op("&&")(bindparam("keys", type_=ARRAY(Uuid))),
            _it.user == _USER,
        ),
    )
    .order_by(_it.ordered.desc(), _it.id.desc())
)
_FIND = select(*_COLUMNS).where(_it.store == _STORE, _it.id == _ID, _can_be_had)
_LOCKED = (
    select(*_COLUMNS)
    .where(_it.store == _STORE, _it.id == _ID, _it.finished.is_(None), _it.removed.is_(None))
    .with_for_update()
)
_UNFINISHED = text(
    """
    SELECT store, id FROM person_archives
    WHERE finished IS NULL AND removed IS NULL ORDER BY ordered
    """
)
_REMOVAL = text(
    """
    UPDATE person_archives SET removed = now()
    WHERE store = :store AND id = :id AND removed IS NULL
    """
)
_BEGINNING = text(
    """
    UPDATE person_archives
    SET stage = :stage, until_position = :until, total = :total, done = 0
    WHERE store = :store AND id = :id
    """
)
_ADVANCE = text(
    """
    UPDATE person_archives
    SET stage = :stage, place = :place, done = done + :done, entries = :entries, failures = 0
    WHERE store = :store AND id = :id
    """
)
_NEXT_STAGE = text(
    """
    UPDATE person_archives
    SET stage = :stage, place = NULL, done = 0, total = :total, entries = :entries, failures = 0,
        counts = counts || jsonb_build_object(stage, done + :done)
    WHERE store = :store AND id = :id
    """
)
_END = text(
    """
    UPDATE person_archives
    SET stage = :stage, place = NULL, entries = :entries, finished = now(),
        expires = now() + CAST(:lifetime AS interval)
    WHERE store = :store AND id = :id
    RETURNING expires
    """
)
_FAILURE = text(
    """
    UPDATE person_archives SET failures = failures + 1
    WHERE store = :store AND id = :id AND finished IS NULL
    RETURNING failures
    """
)
_IS_BEING_MADE = text(
    """
    SELECT EXISTS (
        SELECT FROM person_archives
        WHERE store = :store AND keys && CAST(:keys AS uuid[])
          AND finished IS NULL AND removed IS NULL
    )
    """
)


async def lock_orders(connection: AsyncConnection, store: int) -> None:
    """Be the only one who orders archives of a store, until the transaction ends."""
    await fetch(connection, _OF_STORE, {"store": store})


async def insert_archive(connection: AsyncConnection, store: int, new: NewArchive) -> None:
    """Keep that an archive was ordered."""
    values = {name: getattr(new, name) for name in NewArchive.__slots__}
    await fetch(connection, _INSERTION, {**values, "store": store, "keys": [*new.keys]})


async def list_archives(
    connection: AsyncConnection,
    store: int,
    keys: Collection[UUID] = (),
    user: UUID | None = None,
) -> Sequence[Archive]:
    """Return the archives that can be had or are being made, the last one ordered first.

    Args:
        connection: any.
        store: which one.
        keys: of identifiers; those of whom has one of these, or had it when it was ordered.
        user: only what this user has ordered for themselves, whatever the keys.
    """
    rows = await fetch(connection, _LIST, {"store": store, "keys": [*keys], "user": user})
    return [_archive(row) for row in rows]


async def find_archive(connection: AsyncConnection, store: int, archive: UUID) -> Archive:
    """Return an archive that can be had or is being made.

    Raises:
        ArchiveNotFoundError: there is none.
    """
    rows = await fetch(connection, _FIND, {"store": store, "id": archive})
    if not rows:
        raise ArchiveNotFoundError(f"there is no archive {archive}")
    return _archive(rows[0])


async def remove_archive(connection: AsyncConnection, store: int, archive: UUID) -> None:
    """Let nobody have an archive any more; what is in it goes in the background."""
    await fetch(connection, _REMOVAL, {"store": store, "id": archive})


async def is_being_archived(
    connection: AsyncConnection, store: int, keys: Collection[UUID]
) -> bool:
    """Tell whether an archive is being made of whom has one of these identifiers."""
    found = await fetch_value(connection, _IS_BEING_MADE, {"store": store, "keys": [*keys]})
    return bool(found)


async def unfinished_archives(connection: AsyncConnection) -> Sequence[ArchiveName]:
    """Return the archives that are to be made, the first one ordered first."""
    return [ArchiveName(*row) for row in await fetch(connection, _UNFINISHED, {})]


async def is_only_maker(connection: AsyncConnection) -> bool:
    """Tell whether no other process makes archives until this transaction ends."""
    return bool(await fetch_value(connection, _ONLY_ONE, {}))


async def wait_for_makers(connection: AsyncConnection) -> None:
    """Have nobody make archives until this transaction ends, once who does has come to an end."""
    await fetch(connection, _ALONE, {})


async def lock_archive(connection: AsyncConnection, name: ArchiveName) -> Archive | None:
    """Return an archive that is to be made, which nobody else changes; None if it is not any more.

    Args:
        connection: within a writing transaction, whose statements may take long from now on.
        name: of the archive.
    """
    await fetch(connection, _PATIENTLY, {})
    rows = await fetch(connection, _LOCKED, name._asdict())
    return _archive(rows[0]) if rows else None


async def begin_archive(
    connection: AsyncConnection, name: ArchiveName, until_position: int, total: int
) -> None:
    """Keep up to where an archive reaches, and how many statements that are."""
    values = {"stage": Stage.STATEMENTS, "until": until_position, "total": total}
    await fetch(connection, _BEGINNING, {**name._asdict(), **values})


async def advance_archive(
    connection: AsyncConnection, name: ArchiveName, made: Archive, place: str, done: int
) -> None:
    """Keep how far a stage has come, with `done` things more; `made` tells how many files."""
    values = {"stage": made.stage, "place": place, "done": done, "entries": made.entries}
    await fetch(connection, _ADVANCE, {**name._asdict(), **values})


async def begin_stage(
    connection: AsyncConnection, name: ArchiveName, made: Archive, done: int, total: int
) -> None:
    """Keep that a stage is over, with `done` things more; of the following there are `total`."""
    stage = FOLLOWING[made.stage]
    values = {"stage": stage, "entries": made.entries, "done": done, "total": total}
    await fetch(connection, _NEXT_STAGE, {**name._asdict(), **values})


async def end_archive(
    connection: AsyncConnection, name: ArchiveName, stage: Stage, entries: int, lifetime: timedelta
) -> None:
    """Keep that an archive is ready, or has failed, and for how long it is there."""
    values = {"stage": stage, "entries": entries, "lifetime": lifetime}
    await fetch(connection, _END, {**name._asdict(), **values})


async def count_failure(connection: AsyncConnection, name: ArchiveName) -> bool:
    """Count that the making of an archive has failed, and tell whether that was too often."""
    failures = await fetch_value(connection, _FAILURE, name._asdict())
    return failures is not None and failures >= _MOST_FAILURES


def _archive(row: asyncpg.Record) -> Archive:
    order = {name: row[name] for name in NewArchive.__slots__}
    told = {name: row[name] for name in _PROGRESS}
    order["keys"] = frozenset(order["keys"])
    told |= {"stage": Stage(told["stage"]), "counts": dict(told["counts"])}
    return Archive(order=NewArchive(**order), **told)
