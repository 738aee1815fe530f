"""The right to restriction: a person's data are kept, and nothing else (DSGVO Art. 18)."""

from collections.abc import Sequence
from uuid import UUID

from uuid_utils.compat import uuid7

from lrs.auth.audit import Action, AuditEvent, Caller
from lrs.errors import PersonConflictError
from lrs.storage.audit import append_record
from lrs.storage.engines import Database
from lrs.storage.freezing import (
    Freeze,
    insert_freeze,
    lift_freezes,
    list_freezes,
    refresh_frozen,
)
from lrs.storage.people import lock_people
from lrs.storage.person_identities import Identity, find_identity


class FreezingService:
    """Freezes persons, tells of it, and releases them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def freeze(self, caller: Caller, store: int, person: UUID, reason: str) -> Freeze:
        """Hide all that is about a person from everybody but the platform's owner.

        It holds for all identifiers that they have or get, on every process within a second.

        Raises:
            PersonConflictError: it holds already.
            PersonNotFoundError: there is no such person.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.writing() as connection:
            await lock_people(connection, store)
            found = await find_identity(connection, store, person)
            held = await list_freezes(connection, store, _ids(found))
            if any(each.lifted is None for each in held):
                raise PersonConflictError(f"the data of the person {found.id} are frozen already")
            freeze = await insert_freeze(connection, store, uuid7(), found.id, caller.name, reason)
            await refresh_frozen(connection, store)
            details = {"restriction": str(freeze.id)}
            event = AuditEvent(caller, Action.PERSON_FROZEN, str(found.id), details=details)
            await append_record(connection, store, event)
        return freeze

    async def list(self, store: int, person: UUID) -> Sequence[Freeze]:
        """Return when and why the data of a person were frozen, the last time first.

        Raises:
            PersonNotFoundError: there is no such person.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            found = await find_identity(connection, store, person)
            return await list_freezes(connection, store, _ids(found))

    async def lift(self, caller: Caller, store: int, person: UUID) -> None:
        """Let a person's data be seen again.

        Raises:
            PersonConflictError: they are not frozen.
            PersonNotFoundError: there is no such person.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.writing() as connection:
            await lock_people(connection, store)
            found = await find_identity(connection, store, person)
            lifted = await lift_freezes(connection, store, _ids(found), caller.name)
            if not lifted:
                raise PersonConflictError(f"the data of the person {found.id} are not frozen")
            await refresh_frozen(connection, store)
            details = {"restrictions": [str(each) for each in lifted]}
            event = AuditEvent(caller, Action.PERSON_RELEASED, str(found.id), details=details)
            await append_record(connection, store, event)


def _ids(person: Identity) -> set[UUID]:
    """Return all that a person may have been named by when they were frozen."""
    return {person.id, *person.identifiers}
