"""What is known of a person: identifiers, values of attributes, and how all of it has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from lrs.auth.audit import Action, Caller
from lrs.auth.principals import Principal
from lrs.people.validities import Validity
from lrs.services.erased_people import ErasedPeople
from lrs.services.shown_people import (
    SeenPerson,
    Told,
    event_of,
    get_shown,
    is_shown,
    require_everybody,
)
from lrs.storage.attribute_definitions import definitions_of
from lrs.storage.audit import append_record
from lrs.storage.checked_values import ToldValue, definition_of, set_told_values
from lrs.storage.engines import Database
from lrs.storage.freezing import refresh_frozen
from lrs.storage.people import Change, record_changes, touch_people
from lrs.storage.person_identifiers import (
    FROM_API,
    add_identifiers,
    apply_rules,
    remove_identifier,
)
from lrs.storage.person_records import KeptChange, changes_of
from lrs.storage.person_values import clear_values
from lrs.storage.person_writing import PersonWriting, writing_person
from lrs.storage.seen_people import seen_person
from lrs.storage.untold_people import take_in_untold
from lrs.xapi.keys import Ifi, ifi_key


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """A page of what was changed; `following` is None on the last one."""

    changes: Sequence[KeptChange]
    following: UUID | None


class PersonFactsService:
    """Changes what is known of a person, and tells what has changed."""

    def __init__(self, database: Database, erased: ErasedPeople) -> None:
        self._database = database
        self._erased = erased

    async def add_identifiers(
        self, caller: Caller, principal: Principal, identifier: UUID, ifis: Sequence[Ifi]
    ) -> SeenPerson:
        """Give a person identifiers, all or none.

        Raises:
            ForbiddenError: the principal is limited to some people.
            ErasedPersonError: one is of somebody who was erased.
            PersonNotFoundError: there is no such person.
            PersonConflictError: one is another's; both are named.
            TooLargeError: they would be too many.
            UnavailableError: the database cannot be reached.
        """
        require_everybody(principal)
        store = principal.store
        async with writing_person(self._database, principal, identifier) as writing:
            connection, person = writing.connection, writing.id
            await self._erased.require_no_person(connection, store, ifis)
            await take_in_untold(connection, store, person, ifis, caller.name)
            added = await add_identifiers(connection, store, person, ifis, FROM_API)
            keys = [str(ifi_key(ifi)) for ifi in added]
            changes = [Change(person, "identifier", after=key) for key in keys]
            await self._identifiers_changed(caller, store, writing, changes)
        return await get_shown(self._database, principal, person)

    async def remove_identifier(
        self, caller: Caller, principal: Principal, identifier: UUID, key: UUID
    ) -> SeenPerson:
        """Take an identifier from a person; it stands for itself again.

        Raises:
            PersonNotFoundError: there is no such person, or it is not theirs.
            UnavailableError: the database cannot be reached.
        """
        store = principal.store
        async with writing_person(self._database, principal, identifier) as writing:
            person = writing.id
            await remove_identifier(writing.connection, store, person, key)
            changes = [Change(person, "identifier", before=str(key))]
            await self._identifiers_changed(caller, store, writing, changes)
        return await get_shown(self._database, principal, person)

    async def set_value(
        self, caller: Caller, principal: Principal, identifier: UUID, told: Told
    ) -> SeenPerson:
        """Have a person have a value of an attribute for a while.

        Raises:
            PersonNotFoundError: there is no such person, or the value is one who is not there.
            PersonConflictError: it contradicts another value, or makes a ring.
            UnknownMemberError: the store knows no such attribute.
            InvalidRequestError: it is none of the type.
            UnavailableError: the database cannot be reached.
        """
        store = principal.store
        async with writing_person(self._database, principal, identifier) as writing:
            value = ToldValue(writing.id, told.name, told.value, told.validity)
            changes = await set_told_values(writing.connection, store, [value], caller.name)
            await self._record(caller, store, writing, changes)
        return await get_shown(self._database, principal, writing.id)

    async def clear_value(
        self, caller: Caller, principal: Principal, identifier: UUID, name: str, gone: Validity
    ) -> SeenPerson:
        """Have a person have no value of an attribute for a while.

        Raises:
            PersonNotFoundError: there is no such person.
            UnknownMemberError: the store knows no such attribute.
            UnavailableError: the database cannot be reached.
        """
        store = principal.store
        async with writing_person(self._database, principal, identifier) as writing:
            connection, person = writing.connection, writing.id
            definition_of(await definitions_of(connection, store), name)
            changes = await clear_values(connection, store, person, name, gone, caller.name)
            if changes:
                await apply_rules(connection, store, [person])
                await touch_people(connection, store, [person])
            await self._record(caller, store, writing, changes)
        return await get_shown(self._database, principal, person)

    async def changes(
        self, principal: Principal, identifier: UUID, before: UUID | None, limit: int
    ) -> ChangesPage:
        """Return what was changed of a person, the newest first.

        Raises:
            PersonNotFoundError: there is no such person, or they may not be seen.
            UnavailableError: the database cannot be reached.
        """
        store = principal.store
        async with self._database.primary() as connection:
            identity = await seen_person(connection, principal, identifier)
            found = await changes_of(connection, store, identity.id, before, limit + 1)
            definitions = await definitions_of(connection, store)
        following = found[limit - 1].id if len(found) > limit else None
        visible = {
            f"attribute:{name}" for name, each in definitions.items() if is_shown(principal, each)
        }
        shown = [
            each
            for each in found[:limit]
            if not each.what.startswith("attribute:") or each.what in visible
        ]
        return ChangesPage(shown, following)

    async def _identifiers_changed(
        self, caller: Caller, store: int, writing: PersonWriting, changes: Sequence[Change]
    ) -> None:
        connection = writing.connection
        await record_changes(connection, store, caller.name, changes)
        if changes:
            await apply_rules(connection, store, [writing.id])
            await touch_people(connection, store, [writing.id])
        await self._record(caller, store, writing, changes)

    async def _record(
        self, caller: Caller, store: int, writing: PersonWriting, changes: Sequence[Change]
    ) -> None:
        # The end of the audit log is held from here on.
        await refresh_frozen(writing.connection, store)
        names = sorted({each.what for each in changes})
        event = event_of(caller, Action.PERSON_CHANGED, writing.id, changed=names)
        await append_record(writing.connection, store, event)
