"""Keeps whose data a store may only keep (DSGVO Art. 18), and what follows from it.

All identifiers of those persons stand in the store's own row, which everybody who is let in has
read: so it holds on every process as soon as any other change of who may do what.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Integer,
    Text,
    Uuid,
    any_,
    bindparam,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import PersonConflictError
from lrs.storage.access_changes import count_up
from lrs.storage.driver import fetch, fetch_value
from lrs.storage.people_tables import people, person_identifiers
from lrs.storage.privacy_tables import person_freezes
from lrs.storage.tables import stores

_STORE: BindParameter[int] = bindparam("store", type_=Integer)

_freezes = person_freezes.c
_is_open = (_freezes.store == _STORE) & _freezes.lifted.is_(None)
# The persons of open freezes as they are now: merged ones are their roots.
_persons = union(
    select(func.coalesce(people.c.merged_into, people.c.id).label("person")).where(
        people.c.store == _STORE,
        people.c.id.in_(select(_freezes.person).where(_is_open)),
    ),
    select(person_identifiers.c.person).where(
        person_identifiers.c.store == _STORE,
        person_identifiers.c.agent.in_(select(_freezes.person).where(_is_open)),
    ),
).subquery("persons")
# Whom nobody has joined is named by the key itself.
_keys = union(
    select(_freezes.person.label("key")).where(_is_open),
    select(person_identifiers.c.agent).where(
        person_identifiers.c.store == _STORE,
        person_identifiers.c.person.in_(select(_persons.c.person)),
    ),
).subquery("keys")
_frozen = select(
    func.coalesce(
        func.array_agg(aggregate_order_by(_keys.c.key, _keys.c.key)),
        literal([], ARRAY(Uuid)),
    )
).scalar_subquery()
_REFRESHING = (
    update(stores)
    .where(
        stores.c.id == _STORE,
        or_(stores.c.frozen != literal([], ARRAY(Uuid)), exists().where(_is_open)),
        stores.c.frozen != _frozen,
    )
    .values(frozen=_frozen)
    .returning(stores.c.id)
)


_PERSON = bindparam("person", type_=Uuid)
_own = people.alias("own")
_FROZEN_ONE = select(
    or_(
        exists().where(
            person_identifiers.c.store == _STORE,
            person_identifiers.c.person == _PERSON,
            stores.c.id == _STORE,
            person_identifiers.c.agent == any_(stores.c.frozen),
        ),
        exists().where(
            _is_open,
            _own.c.store == _STORE,
            func.coalesce(_own.c.merged_into, _own.c.id) == _PERSON,
            _own.c.id == _freezes.person,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Freeze:
    """That the data of a person may only be kept, or were to be.

    Attributes:
        person: as named then: a person, or the key of an identifier.
        by: who has asked for it.
        lifted: since when it holds no more, and by whom; None while it holds.
    """

    id: UUID
    person: UUID
    since: datetime
    by: str
    reason: str
    lifted: datetime | None
    lifted_by: str | None


async def refresh_frozen(connection: AsyncConnection, store: int) -> None:
    """Have the store know all identifiers of those whose data it may only keep.

    Call it after each change of whose identifiers are whose, in the same transaction, which holds
    the lock of the store's people. Where nobody is frozen nothing happens.
    """
    if await fetch(connection, _REFRESHING, {"store": store}):
        await count_up(connection)


async def refuse_frozen(connection: AsyncConnection, store: int, person: UUID) -> None:
    """Refuse to take from a person what they are frozen by: it would be seen again.

    Args:
        connection: within a writing transaction that holds the lock of the store's people.
        store: of the person.
        person: who is no part of another.

    Raises:
        PersonConflictError: their data are frozen.
    """
    if await fetch_value(connection, _FROZEN_ONE, {"store": store, "person": person}):
        raise PersonConflictError(f"the data of the person {person} are frozen: release them first")


_COLUMNS = (
    _freezes.id,
    _freezes.person,
    _freezes.since,
    _freezes.by,
    _freezes.reason,
    _freezes.lifted,
    _freezes.lifted_by,
)
_ID = bindparam("id", type_=Uuid)
_BY = bindparam("by", type_=Text)
_named = bindparam("of", type_=ARRAY(Uuid))
_merged = select(people.c.id).where(people.c.store == _STORE, people.c.merged_into == any_(_named))
_OF = or_(_freezes.person == any_(_named), _freezes.person.in_(_merged))
_INSERTION = (
    insert(person_freezes)
    .values(
        store=_STORE,
        id=_ID,
        person=bindparam("person", type_=Uuid),
        by=_BY,
        reason=bindparam("reason", type_=Text),
    )
    .returning(*_COLUMNS)
)
_LIST = (
    select(*_COLUMNS)
    .where(_freezes.store == _STORE, _OF)
    .order_by(_freezes.since.desc(), _freezes.id.desc())
)
_LIFTING = (
    update(person_freezes)
    .where(_is_open, _OF)
    .values(lifted=func.now(), lifted_by=_BY)
    .returning(_freezes.id)
)


async def insert_freeze(
    connection: AsyncConnection, store: int, identifier: UUID, person: UUID, by: str, reason: str
) -> Freeze:
    """Keep that the data of a person may only be kept from now on."""
    values = {"store": store, "id": identifier, "person": person, "by": by, "reason": reason}
    (row,) = await fetch(connection, _INSERTION, values)
    return Freeze(**row)


async def list_freezes(
    connection: AsyncConnection, store: int, of: Collection[UUID]
) -> Sequence[Freeze]:
    """Return all freezes of these persons and keys of identifiers, the last one first.

    Those of whom is merged into one of them are theirs too.
    """
    rows = await fetch(connection, _LIST, {"store": store, "of": [*of]})
    return [Freeze(**row) for row in rows]


async def lift_freezes(
    connection: AsyncConnection, store: int, of: Collection[UUID], by: str
) -> Sequence[UUID]:
    """End all freezes of these persons and keys that hold, and return their ids."""
    rows = await fetch(connection, _LIFTING, {"store": store, "of": [*of], "by": by})
    return [row["id"] for row in rows]
