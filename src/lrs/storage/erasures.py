"""Keeps erasures: who is to be erased, how far that has come, and that it was done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, Integer, LargeBinary, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from lrs.errors import ErasureConflictError, ErasureNotFoundError
from lrs.people.erasures import Mode, Subject, read_subject
from lrs.people.tombstones import OnReturn
from lrs.storage.driver import fetch, fetch_value
from lrs.storage.sql_texts import sql

# The first of the two numbers of the advisory lock of who erases.
LOCK_CLASS: Final = 19_547

_TYPES: Mapping[str, TypeEngine[Any]] = {
    "store": Integer(), "id": Uuid(), "person": Uuid(), "person_mac": LargeBinary(),
    "macs": ARRAY(LargeBinary),
}  # fmt: skip
_COLUMNS = (
    "store, id, person, mode, on_return, reason, state, CAST(subject AS text) AS subject,"
    " CAST(found AS text) AS found, step, place, CAST(done AS text) AS done, requested,"
    " requested_by, confirmed, confirmed_by, finished, certificate"
)
_ONLY_ONE = text("SELECT pg_try_advisory_xact_lock(:lock_class, 0)").bindparams(
    bindparam("lock_class", type_=Integer)
)
_INSERTION = sql(
    """
    INSERT INTO erasures
        (store, id, person, person_mac, mode, on_return, reason, state, subject, requested_by,
         step, done)
    VALUES (:store, :id, :person, :person_mac, :mode, :on_return, :reason, :state,
            CAST(:subject AS json), :requested_by, :step, '{}')
    """,
    _TYPES,
)
_GET = sql(f"SELECT {_COLUMNS} FROM erasures WHERE store = :store AND id = :id", _TYPES)  # noqa: S608 - our own names
_LOCKED = sql(
    f"SELECT {_COLUMNS} FROM erasures WHERE store = :store AND id = :id FOR UPDATE",  # noqa: S608 - as above
    _TYPES,
)
_LIST = sql(
    f"SELECT {_COLUMNS} FROM erasures WHERE store = :store AND person_mac = ANY (:macs)"  # noqa: S608 - as above
    " ORDER BY requested DESC, id",
    _TYPES,
)
_OPEN = text(
    "SELECT count(*) FROM erasures WHERE store = :store AND state <> 'done'"
    " AND person_mac = ANY (:macs)"
)
_RUNNING = text(
    """
    SELECT EXISTS (
        SELECT FROM erasures
        WHERE store = :store AND state = 'running' AND (
            person = ANY (CAST(:ids AS uuid[])) OR person IN (
                SELECT person FROM person_identifiers
                WHERE store = :store AND agent = ANY (CAST(:ids AS uuid[]))
            )
        )
    )
    """
)
_TO_DO = text(
    """
    SELECT erasures.store, erasures.id
    FROM erasures
    JOIN stores ON stores.id = erasures.store
    WHERE state IN ('counting', 'running') AND stores.deleting IS NULL
    ORDER BY state, requested
    """
)
_ADVANCE = sql(
    """
    UPDATE erasures
    SET step = :step, place = :place, done = CAST(:done AS json)
    WHERE store = :store AND id = :id
    """,
    _TYPES,
)
_COUNTING = sql(
    """
    UPDATE erasures
    SET state = :state, place = :place, found = CAST(:found AS json)
    WHERE store = :store AND id = :id
    """,
    _TYPES,
)
_CONFIRM = sql(
    """
    UPDATE erasures
    SET state = 'running', step = :step, place = NULL, subject = CAST(:subject AS json),
        confirmed = now(), confirmed_by = :confirmed_by
    WHERE store = :store AND id = :id
    """,
    _TYPES,
)
_FINISH = sql(
    """
    UPDATE erasures
    SET state = 'done', step = NULL, place = NULL, subject = NULL, person = NULL, reason = NULL,
        finished = CAST(:finished AS timestamptz), certificate = :certificate
    WHERE store = :store AND id = :id
    """,
    _TYPES,
)
_DELETION = sql("DELETE FROM erasures WHERE store = :store AND id = :id", _TYPES)
_NOW = text("SELECT now()")


@dataclass(frozen=True, slots=True)
class NewErasure:
    """An erasure that is wanted.

    Attributes:
        person: a person, or the key of an identifier.
        person_mac: what the person is found by when all is done.
        state: `counting`, or `running` if it is a repetition that nobody has to confirm.
        step: the first one, if it is running.
    """

    id: UUID
    person: UUID
    person_mac: bytes
    mode: Mode
    on_return: OnReturn
    reason: str | None
    requested_by: str
    subject: Subject
    state: str = "counting"
    step: str | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure as it is kept.

    Attributes:
        subject: None when it is done, as `person` and `reason`.
        found: where the person occurs, by what was counted so far.
        step: what is done at the moment; `place`: after what it goes on.
        done: what was done so far; names that begin with `_` are for the erasure itself.
    """

    store: int
    id: UUID
    person: UUID | None
    mode: Mode
    on_return: OnReturn
    reason: str | None
    state: str
    subject: Subject | None
    found: Mapping[str, Any] | None
    step: str | None
    place: str | None
    done: Mapping[str, int]
    requested: datetime
    requested_by: str | None
    confirmed: datetime | None
    confirmed_by: str | None
    finished: datetime | None
    certificate: str | None

    @property
    def counts(self) -> dict[str, int]:
        """How much was done, without what an erasure notes for itself."""
        return {name: count for name, count in self.done.items() if not name.startswith("_")}


async def is_only_one(connection: AsyncConnection) -> bool:
    """Tell whether no other process erases until this transaction ends."""
    return bool(await fetch_value(connection, _ONLY_ONE, {"lock_class": LOCK_CLASS}))


async def insert_erasure(connection: AsyncConnection, store: int, new: NewErasure) -> None:
    """Keep that an erasure is wanted."""
    values = {name: getattr(new, name) for name in NewErasure.__slots__}
    subject = new.subject.written()
    texts = {"mode": new.mode.value, "on_return": new.on_return.value, "subject": subject}
    await fetch(connection, _INSERTION, {**values, **texts, "store": store})


async def get_erasure(connection: AsyncConnection, store: int, erasure: UUID) -> Erasure:
    """Return an erasure.

    Raises:
        ErasureNotFoundError: there is none with this id.
    """
    return _found(await fetch(connection, _GET, {"store": store, "id": erasure}))


async def lock_erasure(connection: AsyncConnection, store: int, erasure: UUID) -> Erasure:
    """Return an erasure that nobody else changes until the transaction ends.

    Raises:
        ErasureNotFoundError: there is none with this id.
    """
    return _found(await fetch(connection, _LOCKED, {"store": store, "id": erasure}))


async def list_erasures(
    connection: AsyncConnection, store: int, macs: Sequence[bytes]
) -> list[Erasure]:
    """Return the erasures of a person, the last one wanted first."""
    rows = await connection.execute(_LIST, {"store": store, "macs": [*macs]})
    return [_erasure(row) for row in rows.mappings()]


async def is_wanted(connection: AsyncConnection, store: int, macs: Sequence[bytes]) -> bool:
    """Tell whether there is an erasure of a person that is not done yet."""
    return bool(await connection.scalar(_OPEN, {"store": store, "macs": [*macs]}))


async def is_being_erased(connection: AsyncConnection, store: int, ids: Sequence[UUID]) -> bool:
    """Tell whether an erasure of one of these, persons or keys of identifiers, has begun."""
    return bool(await connection.scalar(_RUNNING, {"store": store, "ids": [*ids]}))


async def refuse_being_erased(connection: AsyncConnection, store: int, ids: Sequence[UUID]) -> None:
    """Refuse to change who is being erased: what is joined or parted now would be half erased.

    Args:
        connection: within a transaction that holds `lock_people`.
        store: of the persons.
        ids: of persons, or keys of identifiers.

    Raises:
        ErasureConflictError: one of them is.
    """
    if await is_being_erased(connection, store, ids):
        raise ErasureConflictError("this person is being erased, and cannot be changed meanwhile")


async def erasures_to_do(connection: AsyncConnection) -> list[tuple[int, UUID]]:
    """Return the erasures that are counted or under way, of stores that stay."""
    return [(row["store"], row["id"]) for row in await fetch(connection, _TO_DO, {})]


async def advance(
    connection: AsyncConnection, erasure: Erasure, step: str, place: str | None
) -> None:
    """Note what was done, and what comes next."""
    done = msgspec.json.encode(erasure.done).decode()
    values = {"store": erasure.store, "id": erasure.id, "step": step, "place": place, "done": done}
    await fetch(connection, _ADVANCE, values)


async def count_on(
    connection: AsyncConnection, erasure: Erasure, found: Mapping[str, Any], place: str | None
) -> None:
    """Note what was counted so far; without a place to go on it is all."""
    values = {
        "store": erasure.store,
        "id": erasure.id,
        "state": "counted" if place is None else "counting",
        "found": msgspec.json.encode(found).decode(),
        "place": place,
    }
    await fetch(connection, _COUNTING, values)


async def confirm_erasure(
    connection: AsyncConnection, erasure: Erasure, subject: Subject, by: str, step: str
) -> None:
    """Let an erasure begin that was counted."""
    values = {
        "store": erasure.store,
        "id": erasure.id,
        "subject": subject.written(),
        "confirmed_by": by,
        "step": step,
    }
    await fetch(connection, _CONFIRM, values)


async def finish_erasure(
    connection: AsyncConnection, erasure: Erasure, finished: datetime, certificate: str
) -> None:
    """Note that an erasure is done, and forget whom it was about."""
    values = {
        "store": erasure.store,
        "id": erasure.id,
        "finished": finished.isoformat(),
        "certificate": certificate,
    }
    await fetch(connection, _FINISH, values)


async def delete_erasure(connection: AsyncConnection, erasure: Erasure) -> None:
    """Forget an erasure that was not confirmed."""
    await fetch(connection, _DELETION, {"store": erasure.store, "id": erasure.id})


async def now(connection: AsyncConnection) -> datetime:
    """Return when the transaction began, by the clock of the database."""
    moment: datetime = await fetch_value(connection, _NOW, {})
    return moment


def _found(rows: Sequence[Any]) -> Erasure:
    for row in rows:
        return _erasure(row)
    raise ErasureNotFoundError("there is no such erasure of this person")


def _erasure(row: Any) -> Erasure:  # noqa: ANN401 - a row of any sort
    values = dict(row)
    subject, found = values["subject"], values["found"]
    return Erasure(
        **values
        | {
            "mode": Mode(values["mode"]),
            "on_return": OnReturn(values["on_return"]),
            "subject": None if subject is None else read_subject(subject),
            "found": None if found is None else msgspec.json.decode(found),
            "done": msgspec.json.decode(values["done"]),
        }
    )
