"""Joining and taking apart: merges, splits, and suggestions that somebody accepts or refuses."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from lrs.auth.audit import Action, Caller
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import PersonConflictError
from lrs.people.suggestions import Known, Reason, suggest
from lrs.services.shown_people import (
    SeenPerson,
    event_of,
    get_shown,
    require_everybody,
)
from lrs.storage.audit import append_record
from lrs.storage.engines import Database
from lrs.storage.erasures import refuse_being_erased
from lrs.storage.freezing import refresh_frozen
from lrs.storage.people import NewPerson
from lrs.storage.person_merges import (
    Merge,
    merge_people,
    merges_of,
    split_identifiers,
    undo_merge,
)
from lrs.storage.person_values import check_all_rings
from lrs.storage.person_writing import keep_identity, writing_people, writing_person
from lrs.storage.seen_people import seen_person
from lrs.storage.suggestions import Comparable, comparable, refuse


@dataclass(frozen=True, slots=True)
class SeenSuggestion:
    """Two persons who may be one, and why."""

    first: Known
    second: Known
    reasons: Sequence[Reason]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What is suggested; `is_whole` is false where only a part of the store was compared."""

    suggestions: Sequence[SeenSuggestion]
    is_whole: bool


class PersonMergesService:
    """Merges and splits persons of a principal's store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def merge(
        self, caller: Caller, principal: Principal, identifier: UUID, other: UUID
    ) -> Merge:
        """Make another one a part of a person, from this moment on.

        Raises:
            ForbiddenError: the principal is limited to some people.
            ErasureConflictError: one of them is being erased.
            PersonNotFoundError: one of them is not there.
            PersonConflictError: they are one already, or one is above the other by an attribute.
            TooLargeError: they would have too many identifiers.
            UnavailableError: the database cannot be reached.
        """
        require_everybody(principal)
        store = principal.store
        async with writing_person(self._database, principal, identifier) as writing:
            connection, kept = writing.connection, writing.id
            found = await seen_person(connection, principal, other)
            await refuse_being_erased(connection, store, [found.id, *found.identifiers])
            merged = await keep_identity(connection, store, found)
            merge = await merge_people(connection, store, kept, merged, caller.name)
            await check_all_rings(connection, store, kept)
            await refresh_frozen(connection, store)
            event = event_of(
                caller, Action.PERSON_MERGED, kept, merged=str(merged), merge=str(merge.id)
            )
            await append_record(connection, store, event)
        return merge

    async def undo(
        self, caller: Caller, principal: Principal, identifier: UUID, merge: UUID
    ) -> SeenPerson:
        """Take a merge back, and return who was a part of the person until now.

        Raises:
            ForbiddenError: the principal is limited to some people.
            PersonNotFoundError: there is no such person, or no such merge of theirs.
            PersonConflictError: it was undone already.
            UnavailableError: the database cannot be reached.
        """
        require_everybody(principal)
        store = principal.store
        async with writing_people(self._database, store) as connection:
            found = await seen_person(connection, principal, identifier)
            await refuse_being_erased(connection, store, [found.id, *found.identifiers])
            kept, split = await undo_merge(connection, store, found.id, merge, caller.name)
            await refresh_frozen(connection, store)
            event = event_of(caller, Action.PERSON_SPLIT, kept, split=str(split), merge=str(merge))
            await append_record(connection, store, event)
        return await get_shown(self._database, principal, split)

    async def merges(self, principal: Principal, identifier: UUID) -> Sequence[Merge]:
        """Return all merges of a person and of their parts, the oldest first, undone ones too.

        Raises:
            PersonNotFoundError: there is no such person, or they may not be seen.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            found = await seen_person(connection, principal, identifier)
            return await merges_of(connection, principal.store, found.id)

    async def split(
        self,
        caller: Caller,
        principal: Principal,
        identifier: UUID,
        keys: Sequence[UUID],
        name: str | None,
    ) -> SeenPerson:
        """Make a person of some identifiers of another, and return the new one.

        Raises:
            ForbiddenError: the principal is limited to some people.
            PersonNotFoundError: there is no such person, or an identifier is not theirs.
            UnavailableError: the database cannot be reached.
        """
        require_everybody(principal)
        store = principal.store
        async with writing_person(self._database, principal, identifier) as writing:
            connection, new = writing.connection, NewPerson(name=name)
            made = await split_identifiers(connection, store, writing.id, keys, new, caller.name)
            await refresh_frozen(connection, store)
            event = event_of(caller, Action.PERSON_SPLIT, writing.id, split=str(made))
            await append_record(connection, store, event)
        return await get_shown(self._database, principal, made)

    async def suggestions(self, principal: Principal, limit: int) -> Suggestions:
        """Return who may be one, those with most reasons first; nobody is joined by it.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            known = await comparable(connection, principal.store)
        found = await asyncio.to_thread(_suggested, principal, known)
        return Suggestions(found[:limit], known.is_whole)

    async def refuse(self, caller: Caller, principal: Principal, first: UUID, second: UUID) -> None:
        """Remember that two persons are two, so that nobody is asked again.

        Raises:
            PersonNotFoundError: one of them is not there.
            PersonConflictError: they are one.
            UnavailableError: the database cannot be reached.
        """
        store = principal.store
        async with writing_people(self._database, store) as connection:
            pair = [(await seen_person(connection, principal, each)).id for each in (first, second)]
            if pair[0] == pair[1]:
                raise PersonConflictError(f"person {pair[0]} is one, and not two")
            await refuse(connection, store, pair, caller.name)
            event = event_of(caller, Action.PERSON_SUGGESTION_REFUSED, pair[0], second=str(pair[1]))
            await append_record(connection, store, event)


def _suggested(principal: Principal, known: Comparable) -> list[SeenSuggestion]:
    """Return what is suggested of persons who may be seen, but for what was refused."""
    agents, hidden = principal.restrict(Scope.PEOPLE_READ).agents, principal.hidden
    seen = {
        each.id: each
        for each in known.everybody
        if hidden.isdisjoint(known.keys[each.id])
        and (agents is None or not agents.isdisjoint(known.keys[each.id]))
    }
    return [
        SeenSuggestion(seen[each.first], seen[each.second], each.reasons)
        for each in suggest(seen.values())
        if (each.first, each.second) not in known.refused
    ]
