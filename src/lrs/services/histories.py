"""What a person did over all identifiers and systems, for those who may see it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from lrs.auth.principals import Principal
from lrs.auth.restrictions import Restriction
from lrs.auth.scopes import Scope
from lrs.errors import PersonNotFoundError
from lrs.people.histories import Entry, HistoryFilter, entry_of
from lrs.people.sentences import speaking_name
from lrs.people.summaries import Summary
from lrs.services.own_person import own_person
from lrs.services.turns import Turns
from lrs.storage.consistent_reading import ConsistentReading, consistent_reading
from lrs.storage.engines import Database
from lrs.storage.histories import Walked, list_deeds, names_in_statements
from lrs.storage.person_identities import Identity, find_identity
from lrs.storage.person_summaries import sum_up
from lrs.xapi.accept_language import Languages, parse_accept_language
from lrs.xapi.queries import Cursor


class AskedHistory(NamedTuple):
    """What a reader asks for.

    Attributes:
        person: the id of a person or the key of an identifier; None is who asks.
        languages: that the reader wants; empty leaves it to the person.
        limit: the most entries of a page.
    """

    person: UUID | None
    wanted: HistoryFilter
    languages: Languages
    limit: int


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A part of a history, newest first.

    Attributes:
        person: the id of the person.
        identifiers: the keys of all of them.
        cursor: where to go on; None if nothing more is there.
        languages: that the names were chosen by.
        consistent_through: nothing that belongs before this moment can still appear.
    """

    person: UUID
    name: str | None
    entries: Sequence[Entry]
    cursor: Cursor | None
    languages: Languages
    consistent_through: datetime


@dataclass(frozen=True, slots=True)
class PersonSummary:
    """What a person did, summed up."""

    person: UUID
    name: str | None
    summary: Summary
    languages: Languages
    consistent_through: datetime


class _Seen(NamedTuple):
    """Whom somebody looks at, and what they may see of them."""

    reading: ConsistentReading
    identity: Identity
    restriction: Restriction

    def walked(self, store: int, until_position: int) -> Walked:
        """Return what of the person is walked over."""
        keys = sorted(self.identity.identifiers)
        return Walked(store, keys, until_position, self.restriction)


class HistoriesService:
    """Tells what persons did, to those who may see them and to themselves."""

    def __init__(self, database: Database, pages: Turns, sums: Turns) -> None:
        """Make it.

        Args:
            database: where it stands.
            pages: turns at pages of histories.
            sums: turns at what is summed up.
        """
        self._database = database
        self._pages = pages
        self._sums = sums

    async def page(
        self, principal: Principal, asked: AskedHistory, after: Cursor | None = None
    ) -> HistoryPage:
        """Return a page of what a person did.

        Raises:
            BusyError: too many pages are read.
            ForbiddenError: the principal may see nobody, or is no person that could ask for itself.
            PersonNotFoundError: there is no such person that the principal may see.
            TooManyRequestsError: the principal reads too many.
            UnavailableError: the database cannot be reached.
        """
        async with self._looking(principal, asked.person, self._pages) as seen:
            connection, mark = seen.reading
            # What was there for the first page is there for all that follow, whatever comes in.
            until = mark.position if after is None else after.position
            walked = seen.walked(principal.store, until)
            page = await list_deeds(connection, walked, asked.wanted, after, asked.limit)
            name = await _name(seen, principal.store)
        languages = asked.languages or parse_accept_language(seen.identity.language)
        entries = [entry_of(deed, name, languages) for deed in page.deeds]
        found = seen.identity.id
        return HistoryPage(found, name, entries, page.cursor, languages, mark.instant)

    async def summary(
        self, principal: Principal, person: UUID | None, languages: Languages
    ) -> PersonSummary:
        """Sum up what a person did; for errors see `page`."""
        async with self._looking(principal, person, self._sums) as seen:
            connection, mark = seen.reading
            summary = await sum_up(connection, seen.walked(principal.store, mark.position))
            name = await _name(seen, principal.store)
        chosen = languages or parse_accept_language(seen.identity.language)
        return PersonSummary(seen.identity.id, name, summary, chosen, mark.instant)

    @asynccontextmanager
    async def _looking(
        self, principal: Principal, person: UUID | None, turns: Turns
    ) -> AsyncIterator[_Seen]:
        """Have a turn at looking at somebody, on a connection that shows all up to a moment."""
        async with (
            turns.turn(principal),
            consistent_reading(self._database, principal.store) as reading,
        ):
            if person is None:
                identity = await own_person(reading.connection, principal)
                yield _Seen(reading, identity, _of_own(principal))
            else:
                yield await _seen(reading, principal, person)


async def _seen(reading: ConsistentReading, principal: Principal, person: UUID) -> _Seen:
    """Return somebody else, if the principal may see them.

    Who may see one identifier of a person may see the person, so all that they did.
    """
    restriction = principal.restrict(Scope.PEOPLE_READ)
    found = await find_identity(reading.connection, principal.store, person)
    keys = found.identifiers.keys()
    is_hidden = not principal.hidden.isdisjoint(keys)
    if is_hidden or (restriction.agents is not None and restriction.agents.isdisjoint(keys)):
        raise PersonNotFoundError(f"there is no person {person}")
    return _Seen(reading, found, replace(restriction, agents=None))


def _of_own(principal: Principal) -> Restriction:
    """Return which part of their own history somebody may see."""
    return Restriction(activities=principal.restriction.activities, frozen=principal.hidden or None)


async def _name(seen: _Seen, store: int) -> str | None:
    """Return what a person is called: as it was told to the store, else as in statements."""
    identity = seen.identity
    if identity.name:
        return identity.name
    connection, mark = seen.reading
    names = await names_in_statements(connection, seen.walked(store, mark.position))
    return speaking_name(names, [*identity.identifiers.values()])
