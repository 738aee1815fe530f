"""Erasures of people: wanted, counted, confirmed or withdrawn; `erasure_job.py` does them."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid4, uuid7

from lrs.auth.audit import Action, AuditEvent, Caller
from lrs.auth.certificates import CertificateKey
from lrs.errors import ErasureConflictError, ErasureNotFoundError, PersonNotFoundError
from lrs.people.erasures import Mode, Subject, anonymous_home_page, replaced_identifiers
from lrs.people.tombstones import OnReturn
from lrs.services.erasure_steps import BURY
from lrs.storage.archives import is_being_archived, lock_orders
from lrs.storage.audit import append_record
from lrs.storage.engines import Connection, Database
from lrs.storage.erasure_counts import is_frozen
from lrs.storage.erasure_subjects import Known, find_known
from lrs.storage.erasures import (
    Erasure,
    NewErasure,
    confirm_erasure,
    delete_erasure,
    get_erasure,
    insert_erasure,
    is_wanted,
    list_erasures,
    lock_erasure,
)
from lrs.storage.legal_holds import is_held, lock_retention
from lrs.storage.people import lock_people
from lrs.storage.person_identities import Identity, find_identity
from lrs.xapi.keys import Ifi

_PURPOSE: Final = b"lrs erased person 1\n"


@dataclass(frozen=True, slots=True)
class WantedErasure:
    """How somebody is to be erased.

    Attributes:
        on_return: None is as it is usual for the mode.
        reason: why, for who confirms it; it is forgotten when it is done.
    """

    mode: Mode
    on_return: OnReturn | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class OfPerson:
    """Who is asked for, and by whom.

    Attributes:
        person: a person, or the key of an identifier.
        seen: the keys of those whom the asker may see; None is everybody.
    """

    store: int
    person: UUID
    seen: frozenset[UUID] | None = None


class ErasuresService:
    """Takes wishes for erasures, and tells how far they are."""

    def __init__(self, database: Database, server_key: bytes, home_page: str) -> None:
        """Make it; `home_page` is that of the installation's own accounts."""
        self._database = database
        self._server_key = server_key
        self._home_page = anonymous_home_page(home_page)
        self._certificates = CertificateKey(server_key)

    @property
    def public_key(self) -> Mapping[str, str]:
        """The key that certificates are checked with (RFC 7517)."""
        return self._certificates.public

    async def request(self, caller: Caller, of: OfPerson, wanted: WantedErasure) -> Erasure:
        """Have it counted where somebody occurs; nothing is changed before it is confirmed.

        Raises:
            PersonNotFoundError: there is nobody of this id who may be seen.
            ErasureConflictError: there is an erasure of the person already, or nothing may go.
            UnavailableError: the database cannot be reached.
        """
        identifier = uuid7()
        event = AuditEvent(
            caller,
            Action.ERASURE_REQUESTED,
            str(identifier),
            details={"mode": wanted.mode.value},
        )
        async with self._database.writing() as connection:
            await lock_people(connection, of.store)
            identity = await self._identity(connection, of)
            await _require_free(connection, of.store, identity)
            mac = self.person_mac(identity.id)
            if await is_wanted(connection, of.store, [mac]):
                raise ErasureConflictError("there is an erasure of this person already")
            known = await find_known(connection, of.store, identity)
            new = NewErasure(
                id=identifier,
                person=identity.id,
                person_mac=mac,
                mode=wanted.mode,
                on_return=wanted.on_return or wanted.mode.on_return,
                reason=wanted.reason,
                requested_by=caller.name,
                subject=self.subject(known, wanted.mode),
            )
            await insert_erasure(connection, of.store, new)
            made = await get_erasure(connection, of.store, identifier)
            await append_record(connection, of.store, event)
        return made

    async def confirm(
        self, caller: Caller, of: OfPerson, erasure: UUID, confirmed: UUID
    ) -> Erasure:
        """Let an erasure begin that was counted.

        Whom it is about is found out anew: identifiers may have been joined since.

        Args:
            caller: who confirms it.
            of: whose it is.
            erasure: its id.
            confirmed: the id of the person again, to be sure.

        Raises:
            ErasureNotFoundError: the person has no such erasure.
            ErasureConflictError: it is not counted yet or has begun, the wrong person is
                confirmed, or nothing may go now.
            UnavailableError: the database cannot be reached.
        """
        event = AuditEvent(caller, Action.ERASURE_CONFIRMED, str(erasure))
        async with self._database.writing() as connection:
            await lock_people(connection, of.store)
            await lock_orders(connection, of.store)
            await lock_retention(connection, of.store)
            kept = await self._locked(connection, of, erasure)
            if kept.state != "counted" or kept.person is None:
                raise ErasureConflictError(f"the erasure is {kept.state}, and cannot be confirmed")
            if confirmed not in (kept.person, of.person):
                raise ErasureConflictError("`confirm` has to be the id of the person")
            identity = await self._identity(connection, of)
            await _require_free(connection, of.store, identity)
            known = await find_known(connection, of.store, identity)
            subject = self.subject(known, kept.mode)
            await confirm_erasure(connection, kept, subject, caller.name, BURY)
            begun = await get_erasure(connection, of.store, erasure)
            await append_record(connection, of.store, event)
        return begun

    async def withdraw(self, caller: Caller, of: OfPerson, erasure: UUID) -> None:
        """Give up an erasure that was not confirmed.

        Raises:
            ErasureNotFoundError: the person has no such erasure.
            ErasureConflictError: it was confirmed.
            UnavailableError: the database cannot be reached.
        """
        event = AuditEvent(caller, Action.ERASURE_WITHDRAWN, str(erasure))
        async with self._database.writing() as connection:
            kept = await self._locked(connection, of, erasure)
            if kept.confirmed is not None:
                raise ErasureConflictError("the erasure was confirmed; it cannot be taken back")
            await delete_erasure(connection, kept)
            await append_record(connection, of.store, event)

    async def get(self, of: OfPerson, erasure: UUID) -> Erasure:
        """Return an erasure of a person; of one who is erased, by the id that they had.

        Raises:
            ErasureNotFoundError: the person has no such erasure.
            UnavailableError: the database cannot be reached.
        """
        for each in await self.list_all(of):
            if each.id == erasure:
                return each
        raise ErasureNotFoundError(f"this person has no erasure {erasure}")

    async def list_all(self, of: OfPerson) -> Sequence[Erasure]:
        """Return all erasures of a person, the last one wanted first.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            return await list_erasures(connection, of.store, await self._macs(connection, of))

    def subject(
        self,
        known: Known,
        mode: Mode,
        instead: Mapping[UUID, Ifi] | None = None,
        nobody: UUID | None = None,
    ) -> Subject:
        """Return whom an erasure is about.

        Args:
            known: what the store knows the person by.
            mode: of the erasure.
            instead: what stood for identifiers when the person was erased before.
            nobody: who had done it all then.
        """
        is_one = mode is Mode.ANONYMISE and bool(known.persons)
        return Subject(
            persons=known.persons,
            identifiers=replaced_identifiers(known.ifis, self._home_page, instead or {}),
            names=known.names,
            words=known.words,
            users=known.users,
            nobody=(nobody or uuid4()) if is_one else None,
        )

    async def _identity(self, connection: Connection, of: OfPerson) -> Identity:
        identity = await find_identity(connection, of.store, of.person)
        if of.seen is not None and of.seen.isdisjoint(identity.identifiers):
            raise PersonNotFoundError(f"there is no person {of.person}")
        return identity

    async def _locked(self, connection: Connection, of: OfPerson, erasure: UUID) -> Erasure:
        kept = await lock_erasure(connection, of.store, erasure)
        macs = await self._macs(connection, of)
        if kept.id not in {each.id for each in await list_erasures(connection, of.store, macs)}:
            raise ErasureNotFoundError(f"this person has no erasure {erasure}")
        return kept

    async def _macs(self, connection: Connection, of: OfPerson) -> list[bytes]:
        """Return what erasures of a person are found by: who is erased has only the old id."""
        macs = [self.person_mac(of.person)]
        try:
            identity = await self._identity(connection, of)
        except PersonNotFoundError:
            return macs if of.seen is None else []
        return [*macs, self.person_mac(identity.id), *map(self.person_mac, identity.identifiers)]

    def person_mac(self, person: UUID) -> bytes:
        """Return what an erasure is found by when it is done, and the person forgotten."""
        return hmac.digest(self._server_key, _PURPOSE + person.bytes, "sha256")


async def _require_free(connection: Connection, store: int, identity: Identity) -> None:
    """Refuse what may not be erased now.

    Raises:
        ErasureConflictError: it is being archived, frozen, or on legal hold.
    """
    keys = [*identity.identifiers]
    if await is_being_archived(connection, store, keys):
        raise ErasureConflictError("an archive of this person is being made: wait, or remove it")
    if await is_frozen(connection, store, keys):
        raise ErasureConflictError(
            "the person's data are restricted, so they may only be kept (DSGVO Art. 18): lift the"
            " restriction first"
        )
    if await is_held(connection, store, keys):
        raise ErasureConflictError("statements of the person are on legal hold: release it first")
