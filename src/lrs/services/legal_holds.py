"""Legal holds: what must not go, whatever a rule or a person says, for as long as they last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from lrs.auth.audit import Action, AuditEvent, Caller
from lrs.auth.principals import Principal
from lrs.errors import InvalidRequestError, RetentionConflictError
from lrs.services.whole_store import require_whole_store
from lrs.storage.audit import append_record
from lrs.storage.engines import Connection, Database
from lrs.storage.legal_holds import (
    MOST,
    LegalHold,
    NewHold,
    count_holds,
    find_hold,
    insert_hold,
    list_holds,
    lock_retention,
    release_hold,
)
from lrs.storage.person_identities import find_identity
from lrs.xapi.keys import iri_key

__all__ = ["LegalHold", "LegalHoldsService", "WantedHold"]


@dataclass(frozen=True, slots=True)
class WantedHold:
    """What is to be held: all that is set must hold of a statement."""

    reason: str
    person: UUID | None = None
    system: str | None = None
    activity: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def check(self) -> None:
        """Refuse a hold of nothing in particular, or of no time.

        Raises:
            InvalidRequestError: it is one.
        """
        said = (self.person, self.system, self.activity, self.since, self.until)
        if all(each is None for each in said):
            raise InvalidRequestError("say what is held: a person, a system, a course or a time")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise InvalidRequestError("`since` must be before `until`")


class LegalHoldsService:
    """Makes legal holds, tells of them, and ends them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, principal: Principal) -> Sequence[LegalHold]:
        """Return all legal holds, those that ended too, the last one made first.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        async with self._database.primary() as connection:
            return await list_holds(connection, principal.store)

    async def get(self, principal: Principal, hold: UUID) -> LegalHold:
        """Return a legal hold.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            RetentionNotFoundError: there is none.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        async with self._database.primary() as connection:
            return await find_hold(connection, principal.store, hold)

    async def make(self, caller: Caller, principal: Principal, wanted: WantedHold) -> LegalHold:
        """Keep something from going, whatever a rule or a person says.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            InvalidRequestError: nothing in particular is held, or there are too many holds.
            PersonNotFoundError: there is no such person.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        wanted.check()
        store = principal.store
        async with self._database.writing() as connection:
            await lock_retention(connection, store)
            if await count_holds(connection, store) >= MOST:
                raise InvalidRequestError(f"a store has up to {MOST} legal holds at a time")
            new = await _new_hold(connection, store, wanted, caller.name)
            await insert_hold(connection, store, new)
            made = await find_hold(connection, store, new.id)
            await append_record(connection, store, _of_hold(caller, Action.LEGAL_HOLD_MADE, made))
        return made

    async def release(self, caller: Caller, principal: Principal, hold: UUID) -> LegalHold:
        """End a legal hold; that it was there is still told.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            RetentionNotFoundError: there is none.
            RetentionConflictError: it has ended already.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        store = principal.store
        async with self._database.writing() as connection:
            await find_hold(connection, store, hold)
            if not await release_hold(connection, store, hold, caller.name):
                raise RetentionConflictError(f"the legal hold {hold} has ended already")
            made = await find_hold(connection, store, hold)
            event = _of_hold(caller, Action.LEGAL_HOLD_RELEASED, made)
            await append_record(connection, store, event)
        return made


async def _new_hold(connection: Connection, store: int, wanted: WantedHold, by: str) -> NewHold:
    person, keys = None, None
    if wanted.person is not None:
        identity = await find_identity(connection, store, wanted.person)
        person, keys = identity.id, [identity.id, *identity.identifiers]
    return NewHold(
        id=uuid7(),
        person=person,
        keys=keys,
        system=wanted.system,
        activity=wanted.activity,
        activity_key=None if wanted.activity is None else iri_key(wanted.activity),
        since=wanted.since,
        until=wanted.until,
        reason=wanted.reason,
        made_by=by,
    )


def _of_hold(caller: Caller, action: Action, hold: LegalHold) -> AuditEvent:
    target = hold.id if hold.person is None else hold.person
    return AuditEvent(caller, action, str(target), details={"hold": str(hold.id)})
