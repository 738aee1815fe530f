"""Whose a pseudonym is: told to two people who agree that it has to be, for an hour.

Neither of them can do it alone, no tool can do it at all, and each step is in the audit log.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from lrs.auth.audit import Action, AuditEvent, Caller
from lrs.auth.principals import Principal
from lrs.errors import (
    ForbiddenError,
    InvalidRequestError,
    PersonNotFoundError,
    ReidentificationConflictError,
)
from lrs.people.pseudonyms import Pseudonyms
from lrs.people.reidentifications import Reidentification, State
from lrs.services.pseudonyms import PseudonymsService
from lrs.storage.audit import append_record
from lrs.storage.engines import Database
from lrs.storage.pseudonyms import find_sealed
from lrs.storage.reidentifications import (
    NewReidentification,
    approve,
    get_reidentification,
    insert_reidentification,
    list_reidentifications,
)
from lrs.xapi.keys import Ifi, ifi_key
from lrs.xapi.uuids import is_uuid

# Of the list on one page.
MOST_LISTED: Final = 500
_NAME: Final = re.compile(r"[A-Za-z2-7]{52}")


@dataclass(frozen=True, slots=True)
class Answered:
    """A re-identification, and whose the pseudonym is, as long as that is told."""

    asked: Reidentification
    identifier: Ifi | None = None


class ReidentificationService:
    """Has two people tell one pseudonym's person apart."""

    def __init__(self, database: Database, pseudonyms: PseudonymsService) -> None:
        self._database = database
        self._pseudonyms = pseudonyms

    async def ask(
        self, principal: Principal, caller: Caller, pseudonym: str, reason: str
    ) -> Reidentification:
        """Ask whose a pseudonym is.

        Args:
            principal: who asks.
            caller: the same, for the audit log.
            pseudonym: the name of its account, or its key.
            reason: why it has to be known; it is kept for those who look into it later.

        Raises:
            ForbiddenError: it is no person who asks.
            InvalidRequestError: it is neither a name nor a key.
            PersonNotFoundError: there is no such pseudonym, the store has none, or the data of its
                person may only be kept.
            PseudonymKeyForgottenError: the key was thrown away.
            UnavailableError: the key is not here, or the database cannot be reached.
        """
        user = _person(principal)
        pseudonyms = await self._pseudonyms.of(principal.store)
        if pseudonyms is None:
            raise PersonNotFoundError("this store has no pseudonyms: it keeps actors as they are")
        agent = _key_of(pseudonyms, pseudonym)
        new = NewReidentification(uuid7(), agent, reason, user)
        event = _event(caller, Action.REIDENTIFICATION_ASKED, new.id, agent)
        async with self._database.writing() as connection:
            sealed = await find_sealed(connection, principal.store, agent)
            if sealed is None or agent in principal.hidden:
                raise PersonNotFoundError(f"there is no pseudonym {pseudonym}")
            await insert_reidentification(connection, principal.store, new)
            await append_record(connection, principal.store, event)
            return await get_reidentification(connection, principal.store, new.id)

    async def approve(
        self, principal: Principal, caller: Caller, identifier: UUID
    ) -> Reidentification:
        """Agree that it is told, to who has asked and to who agrees.

        Raises:
            ForbiddenError: it is no person who agrees, or the one who has asked.
            ReidentificationNotFoundError: nobody has asked.
            ReidentificationConflictError: somebody has agreed already, or it is too late.
            PseudonymKeyForgottenError: the key was thrown away.
            UnavailableError: the key is not here, or the database cannot be reached.
        """
        user = _person(principal)
        await self._pseudonyms.of(principal.store)
        async with self._database.writing() as connection:
            asked = await get_reidentification(connection, principal.store, identifier, locked=True)
            if asked.asked_by == user:
                raise ForbiddenError("who has asked cannot agree: it takes somebody else")
            if asked.state is not State.ASKED:
                raise ReidentificationConflictError(
                    "nobody has agreed in time: ask anew"
                    if asked.state is State.LAPSED
                    else "somebody has agreed to this already"
                )
            await approve(connection, principal.store, identifier, user)
            event = _event(caller, Action.REIDENTIFICATION_APPROVED, identifier, asked.agent)
            await append_record(connection, principal.store, event)
            return await get_reidentification(connection, principal.store, identifier)

    async def read(self, principal: Principal, caller: Caller, identifier: UUID) -> Answered:
        """Return one and, while it is open, whose the pseudonym is.

        Raises:
            ForbiddenError: it is neither who has asked nor who has agreed.
            ReidentificationNotFoundError: nobody has asked.
            PersonNotFoundError: the person was erased, or their data may only be kept.
            PseudonymKeyForgottenError: the key was thrown away.
            UnavailableError: the key is not here, or the database cannot be reached.
        """
        user = _person(principal)
        store = principal.store
        pseudonyms = await self._pseudonyms.of(store)
        async with self._database.writing() as connection:
            asked = await get_reidentification(connection, store, identifier)
            if user not in (asked.asked_by, asked.approved_by):
                raise ForbiddenError("this is for the two who have asked and agreed")
            if asked.state is not State.OPEN or pseudonyms is None:
                return Answered(asked)
            sealed = await find_sealed(connection, store, asked.agent)
            ifi = None if sealed is None else pseudonyms.unseal(asked.agent, sealed)
            if ifi is None or asked.agent in principal.hidden:
                raise PersonNotFoundError("whose this pseudonym is is not told any more")
            event = _event(caller, Action.REIDENTIFICATION_READ, identifier, asked.agent)
            await append_record(connection, store, event)
        return Answered(asked, ifi)

    async def list_all(
        self, principal: Principal, limit: int, before: UUID | None
    ) -> Sequence[Reidentification]:
        """Return what was asked in a store, newest first, and never an answer.

        Args:
            principal: who looks.
            limit: the most to return.
            before: the last one of the page before.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            return await list_reidentifications(connection, principal.store, limit, before)


def _person(principal: Principal) -> UUID:
    if principal.user is None:
        raise ForbiddenError("only people may ask whose a pseudonym is, and agree to it")
    return principal.user


def _key_of(pseudonyms: Pseudonyms, text: str) -> UUID:
    if is_uuid(text):
        return UUID(text)
    if not _NAME.fullmatch(text):
        raise InvalidRequestError("pseudonym must be the name of its account, or its key")
    return ifi_key(pseudonyms.named(text.lower()))


def _event(caller: Caller, action: Action, identifier: UUID, agent: UUID) -> AuditEvent:
    return AuditEvent(caller, action, str(agent), details={"reidentification": str(identifier)})
