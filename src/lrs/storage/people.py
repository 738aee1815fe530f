"""Keeps persons: what is known of each, and what was changed of it.

Whoever writes of persons takes `lock_people` first, in the same transaction. So all checks (one
identifier is one person's, values do not overlap) hold until the commit. Reading takes no lock.

What else there is to write: `person_identifiers.py`, `person_values.py`, `person_merges.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Integer, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from lrs.errors import PersonConflictError, PersonNotFoundError
from lrs.storage.driver import fetch
from lrs.storage.people_tables import people, person_changes
from lrs.storage.pseudonyms import refuse_pseudonymous
from lrs.storage.rows import insert_rows

# The first of the two numbers of the lock of who writes of the persons of a store.
LOCK_CLASS = 19_544

_LOCK = text("SELECT pg_advisory_xact_lock(:lock_class, :store)").bindparams(
    bindparam("lock_class", type_=Integer), bindparam("store", type_=Integer)
)
_TAKEN = text(
    """
    SELECT id, user_name FROM people
    WHERE store = :store AND id <> ALL (CAST(:ids AS uuid[]))
      AND lower(user_name) = ANY (CAST(:names AS text[]))
    LIMIT 1
    """
)
_PERSON = text("SELECT * FROM people WHERE store = :store AND id = :id")
_CHANGE = text(
    """
    UPDATE people
    SET name = :name, user_name = :user_name, external_id = :external_id, language = :language,
        active = :active, updated = now(), version = version + 1
    WHERE store = :store AND id = :id
    """
)
_TOUCH = text(
    """
    UPDATE people SET updated = now(), version = version + 1
    WHERE store = :store AND id = ANY (CAST(:ids AS uuid[]))
    """
)


@dataclass(frozen=True, slots=True)
class NewPerson:
    """What is told of a person.

    Attributes:
        user_name: how the identity provider calls them, unique in the store whatever its case.
        external_id: how HR calls them.
        language: a language tag, for what is written to them.
    """

    name: str | None = None
    user_name: str | None = None
    external_id: str | None = None
    language: str | None = None
    active: bool = True


_NOBODY = NewPerson()


@dataclass(frozen=True, slots=True)
class KeptPerson:
    """A person as kept.

    Attributes:
        merged_into: the person that this one is a part of; None if it is one itself.
        version: grows with every change of the person, their identifiers and attributes.
    """

    id: UUID
    told: NewPerson
    merged_into: UUID | None
    created: datetime
    updated: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Change:
    """What was changed of a person; a value that JSON can hold, None for nothing.

    Attributes:
        what: name, user_name, external_id, language, active, `attribute:` and its name, `team:`
            and its id, `identifier`, `merge`, `split`.
    """

    person: UUID
    what: str
    before: object = None
    after: object = None
    id: UUID = field(default_factory=uuid7)


async def lock_people(connection: AsyncConnection, store: int) -> None:
    """Be the only one who writes of the persons of a store, until the transaction ends."""
    await fetch(connection, _LOCK, {"lock_class": LOCK_CLASS, "store": store})


async def create_person(
    connection: AsyncConnection, store: int, new: NewPerson, person: UUID | None = None
) -> UUID:
    """Keep a new person, and return the id.

    Raises:
        PersonConflictError: the user name is another's; both are named.
    """
    made = person or uuid7()
    await create_people(connection, store, {made: new})
    return made


async def create_people(
    connection: AsyncConnection, store: int, news: "dict[UUID, NewPerson]"
) -> None:
    """Keep many new persons by their ids, in one statement of SQL.

    Raises:
        PersonConflictError: a user name is another's; both are named.
        PseudonymousStoreError: something is told of one, and the store keeps nobody by name.
    """
    if any(each != _NOBODY for each in news.values()):
        await refuse_pseudonymous(connection, store)
    await _check_user_names(connection, store, news)
    told = [*news.values()]
    columns: dict[str, Sequence[object]] = {"id": [*news]}
    for name in NewPerson.__slots__:
        columns[name] = [getattr(each, name) for each in told]
    await insert_rows(connection, people, store, columns)


async def get_person(connection: AsyncConnection, store: int, person: UUID) -> KeptPerson:
    """Return a person by the very id, also one who was merged.

    Raises:
        PersonNotFoundError: there is none.
    """
    rows = await fetch(connection, _PERSON, {"store": store, "id": person})
    if not rows:
        raise PersonNotFoundError(f"there is no person {person}")
    return kept_person(rows[0])


def kept_person(row: Any) -> KeptPerson:  # noqa: ANN401 - a row of the driver, which has no types
    """Return the person of a row of `people`."""
    told = NewPerson(**{name: row[name] for name in NewPerson.__slots__})
    return KeptPerson(
        row["id"], told, row["merged_into"], row["created"], row["updated"], row["version"]
    )


async def change_person(
    connection: AsyncConnection, store: int, person: UUID, told: NewPerson, changed_by: str
) -> None:
    """Have what is told of a person replaced, and write down what has changed of it.

    Raises:
        PersonNotFoundError: there is none.
        PersonConflictError: the user name is another's; both are named.
    """
    before = (await get_person(connection, store, person)).told
    if before == told:
        return
    await _check_user_names(connection, store, {person: told})
    values = {name: getattr(told, name) for name in NewPerson.__slots__}
    await fetch(connection, _CHANGE, {"store": store, "id": person, **values})
    changes = [
        Change(person, name, getattr(before, name), value)
        for name, value in values.items()
        if getattr(before, name) != value
    ]
    await record_changes(connection, store, changed_by, changes)


async def touch_people(connection: AsyncConnection, store: int, ids: Iterable[UUID]) -> None:
    """Count up the versions of persons of whom something else than the row has changed."""
    await fetch(connection, _TOUCH, {"store": store, "ids": [*ids]})


async def record_changes(
    connection: AsyncConnection, store: int, changed_by: str, changes: Sequence[Change]
) -> None:
    """Write down what was changed of persons, for the history of rectification.

    Args:
        connection: within a writing transaction.
        store: of the persons.
        changed_by: the name of the `Caller`: the key of a credential or the id of a user.
        changes: in the order in which they were made.
    """
    if not changes:
        return
    columns: dict[str, Sequence[object]] = {
        "id": [each.id for each in changes],
        "person": [each.person for each in changes],
        "changed_by": [changed_by] * len(changes),
        "what": [each.what for each in changes],
        "before": [_as_json(each.before) for each in changes],
        "after": [_as_json(each.after) for each in changes],
    }
    await insert_rows(connection, person_changes, store, columns)


def _as_json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


async def _check_user_names(
    connection: AsyncConnection, store: int, told: "dict[UUID, NewPerson]"
) -> None:
    named = [(each.user_name.lower(), id_) for id_, each in told.items() if each.user_name]
    whose = dict(named)
    for name, person in named:
        if whose[name] != person:
            raise PersonConflictError(
                f"the user name {name!r} is given to person {person} and to {whose[name]}"
            )
    values = {"store": store, "ids": [*told], "names": [*whose]}
    for row in await fetch(connection, _TAKEN, values):
        raise PersonConflictError(
            f"the user name {row['user_name']!r} is person {row['id']}'s, and can not be"
            f" person {whose.get(row['user_name'].lower())}'s too"
        )
