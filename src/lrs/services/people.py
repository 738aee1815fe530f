"""Persons: made, read, listed, changed and given up, by whom may see them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from lrs.auth.audit import Action, Caller
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import PersonNotFoundError, PreconditionFailedError
from lrs.people.attributes import (
    AttributeDefinition,
    canonical_value,
)
from lrs.services.erased_people import ErasedPeople
from lrs.services.shown_people import (
    SeenPerson,
    Told,
    event_of,
    get_shown,
    is_shown,
    require_everybody,
    shown_person,
)
from lrs.storage.attribute_definitions import definitions_of
from lrs.storage.audit import append_record
from lrs.storage.checked_values import ToldValue, definition_of, set_told_values
from lrs.storage.engines import Database
from lrs.storage.freezing import refresh_frozen
from lrs.storage.people import (
    NewPerson,
    change_person,
    create_person,
)
from lrs.storage.person_identifiers import FROM_API, add_identifiers, apply_rules
from lrs.storage.person_lists import PeopleFilter, Place, list_people
from lrs.storage.person_records import (
    record_of,
    records_of,
)
from lrs.storage.person_writing import (
    PersonWriting,
    delete_person,
    writing_people,
    writing_person,
)
from lrs.storage.seen_people import seen_person
from lrs.storage.untold_people import take_in_untold
from lrs.xapi.keys import Ifi, ifi_key

# What others ask this module for, too.
__all__ = ["NewPerson", "PeoplePage", "PeopleService", "Place", "Wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which persons are wanted; see `PeopleFilter`.

    Attributes:
        attribute: the name and the value of one, as it was told.
    """

    name: str | None = None
    attribute: tuple[str, str] | None = None
    team: UUID | None = None
    is_active: bool | None = None


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """A page of persons; `following` is None on the last one."""

    people: Sequence[SeenPerson]
    following: Place | None


class PeopleService:
    """Makes, reads, lists, changes and gives up persons of a principal's store."""

    def __init__(self, database: Database, erased: ErasedPeople) -> None:
        self._database = database
        self._erased = erased

    async def create(
        self,
        caller: Caller,
        principal: Principal,
        new: NewPerson,
        ifis: Iterable[Ifi],
        values: Iterable[Told],
    ) -> SeenPerson:
        """Make a person with identifiers and values.

        Raises:
            ForbiddenError: the principal is limited to some people.
            ErasedPersonError: an identifier is of somebody who was erased.
            PersonConflictError: an identifier or the user name is another's; both are named.
            UnknownMemberError: the store knows no such attribute.
            InvalidRequestError: a value is none of the type.
            TooLargeError: there are too many identifiers.
            UnavailableError: the database cannot be reached.
        """
        require_everybody(principal)
        store, ifis = principal.store, [*ifis]
        async with writing_people(self._database, store) as connection:
            await self._erased.require_no_person(connection, store, ifis)
            person = await create_person(connection, store, new)
            await take_in_untold(connection, store, person, ifis, caller.name)
            await add_identifiers(connection, store, person, ifis, FROM_API)
            told = [ToldValue(person, each.name, each.value, each.validity) for each in values]
            await set_told_values(connection, store, told, caller.name)
            await apply_rules(connection, store, [person])
            await refresh_frozen(connection, store)
            await append_record(connection, store, event_of(caller, Action.PERSON_MADE, person))
        return await self.get(principal, person)

    async def get(self, principal: Principal, identifier: UUID) -> SeenPerson:
        """Return a person: by their id, that of one who was merged, or an identifier's key.

        Raises:
            PersonNotFoundError: there is none, or they may not be seen.
            UnavailableError: the database cannot be reached.
        """
        return await get_shown(self._database, principal, identifier)

    async def list(
        self, principal: Principal, wanted: Wanted, after: Place | None, limit: int
    ) -> PeoplePage:
        """Return persons who are kept, after a place.

        Raises:
            UnknownMemberError: the store knows no such attribute, or it may not be seen.
            InvalidRequestError: a value is none of the type.
            UnavailableError: the database cannot be reached.
        """
        restriction, store = principal.restrict(Scope.PEOPLE_READ), principal.store
        async with self._database.primary() as connection:
            definitions = await definitions_of(connection, store)
            asked = PeopleFilter(
                wanted.name,
                _attribute(principal, definitions, wanted.attribute),
                wanted.team,
                wanted.is_active,
                restriction.agents,
                principal.hidden,
            )
            places = await list_people(connection, store, asked, after, limit + 1)
            shown = places[:limit]
            records = await records_of(connection, store, [each.id for each in shown])
        following = shown[-1] if len(places) > limit else None
        return PeoplePage(
            [shown_person(principal, each, definitions) for each in records], following
        )

    async def of_identifier(self, principal: Principal, ifi: Ifi) -> PeoplePage:
        """Return whose an identifier is, also if nobody has joined it; a page of one, or of none.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        try:
            return PeoplePage([await self.get(principal, ifi_key(ifi))], None)
        except PersonNotFoundError:
            return PeoplePage([], None)

    async def change(
        self,
        caller: Caller,
        principal: Principal,
        identifier: UUID,
        changes: Mapping[str, Any],
        expected: Sequence[int] | None = None,
    ) -> SeenPerson:
        """Have what is told of a person be otherwise.

        Args:
            caller: who wants it.
            principal: as whom.
            identifier: of the person.
            changes: members of `NewPerson`; what is not named stays.
            expected: the versions of which the person must have one; None is any.

        Raises:
            PersonNotFoundError: there is no such person, or they may not be seen.
            PreconditionFailedError: somebody else has changed the person.
            PersonConflictError: the user name is another's; both are named.
            UnavailableError: the database cannot be reached.
        """
        store = principal.store
        async with writing_person(self._database, principal, identifier) as writing:
            _check_version(writing, expected)
            told = replace(writing.person.told, **changes)
            await change_person(writing.connection, store, writing.id, told, caller.name)
            event = event_of(caller, Action.PERSON_CHANGED, writing.id, changed=sorted(changes))
            await append_record(writing.connection, store, event)
        return await self.get(principal, writing.id)

    async def delete(
        self,
        caller: Caller,
        principal: Principal,
        identifier: UUID,
        expected: Sequence[int] | None = None,
    ) -> None:
        """Give up all that is kept of a person; the statements stay, each identifier for itself.

        Raises:
            PersonNotFoundError: there is no such person, or they may not be seen.
            PreconditionFailedError: somebody else has changed the person.
            UnavailableError: the database cannot be reached.
        """
        store = principal.store
        async with writing_people(self._database, store) as connection:
            found = await seen_person(connection, principal, identifier)
            if not found.is_kept:
                raise PersonNotFoundError(
                    f"{identifier} is an Agent of statements, of whom nothing else is kept;"
                    " to erase it is another request"
                )
            record = await record_of(connection, store, found)
            if expected is not None and record.version not in expected:
                raise changed_meanwhile(record.version)
            await delete_person(connection, store, found.id)
            await append_record(
                connection, store, event_of(caller, Action.PERSON_DELETED, found.id)
            )


def today() -> date:
    """Return the day on which something is said to begin or end: that of UTC."""
    return datetime.now(UTC).date()


def changed_meanwhile(version: int) -> PreconditionFailedError:
    """Return what is told to who knows another version."""
    return PreconditionFailedError(
        f'the person is at version "{version}" by now, and nothing was changed: get the person and'
        " decide again"
    )


def _check_version(writing: PersonWriting, expected: Sequence[int] | None) -> None:
    if expected is not None and writing.version not in expected:
        raise changed_meanwhile(writing.version)


def _attribute(
    principal: Principal,
    definitions: Mapping[str, AttributeDefinition],
    asked: tuple[str, str] | None,
) -> tuple[str, str] | None:
    if asked is None:
        return None
    seen = {name: each for name, each in definitions.items() if is_shown(principal, each)}
    definition = definition_of(seen, asked[0])
    return definition.name, canonical_value(definition, asked[1])
