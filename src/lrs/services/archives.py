"""Archives of persons: ordered, followed, downloaded and removed (DSGVO Art. 15 and 20).

They hold all that is kept of a person, so who may see only a part of the store gets none.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from uuid_utils.compat import uuid7

from lrs.auth.audit import Action, AuditEvent, Caller
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import (
    ArchiveConflictError,
    ArchiveNotFoundError,
    UnavailableError,
)
from lrs.people.archive_stages import Stage, percent
from lrs.people.sentence_words import speech_for
from lrs.people.zip_files import Stretch, ZipFile
from lrs.services.own_person import own_person
from lrs.services.whole_store import require_whole_store
from lrs.storage.archive_contents import PIECE, list_entries, read_archive_piece
from lrs.storage.archives import (
    Archive,
    ArchiveName,
    NewArchive,
    find_archive,
    insert_archive,
    list_archives,
    lock_orders,
    remove_archive,
)
from lrs.storage.audit import append_record
from lrs.storage.engines import Connection, Database
from lrs.storage.erasures import is_being_erased
from lrs.storage.person_identities import Identity
from lrs.storage.seen_people import seen_person
from lrs.xapi.accept_language import parse_accept_language

__all__ = ["Archive", "ArchivesService", "Download", "percent_of"]


@dataclass(frozen=True, slots=True)
class Download:
    """An archive on its way to who asked for it."""

    name: ArchiveName
    file: ZipFile


class ArchivesService:
    """Takes orders of archives, and gives archives out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def order(
        self, caller: Caller, principal: Principal, person: UUID, language: str | None
    ) -> Archive:
        """Have an archive of a person made.

        Raises:
            ForbiddenError: the principal sees only a part of the store, or not what is frozen.
            PersonNotFoundError: there is no such person.
            ArchiveConflictError: one is being made already, or the person is being erased.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        async with self._database.writing() as connection:
            await lock_orders(connection, principal.store)
            identity = await seen_person(connection, principal, person)
            new = _ordered(caller, principal, identity, language)
            known = await list_archives(connection, principal.store, new.keys)
            return await _keep(connection, caller, principal.store, new, known)

    async def order_own(
        self, caller: Caller, principal: Principal, language: str | None
    ) -> Archive:
        """Have an archive made of all that is kept of the principal; it replaces the one before.

        Raises:
            ForbiddenError: the principal is no user, or the data are frozen.
            PersonNotFoundError: nobody has said which person the user is.
            ArchiveConflictError: one is being made already, or the person is being erased.
            UnavailableError: the database cannot be reached.
        """
        store = principal.store
        async with self._database.writing() as connection:
            await lock_orders(connection, store)
            identity = await own_person(connection, principal)
            new = _ordered(caller, principal, identity, language, principal.user)
            known = await list_archives(connection, store, user=principal.user)
            made = await _keep(connection, caller, store, new, known)
            for each in known:
                await remove_archive(connection, store, each.id)
        return made

    async def list(self, principal: Principal, person: UUID) -> Sequence[Archive]:
        """Return the archives of a person, the last one ordered first.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            PersonNotFoundError: there is no such person.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        async with self._database.primary() as connection:
            identity = await seen_person(connection, principal, person)
            return await list_archives(connection, principal.store, _names_of(identity))

    async def get(self, principal: Principal, person: UUID, archive: UUID) -> Archive:
        """Return an archive of a person.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            PersonNotFoundError: there is no such person.
            ArchiveNotFoundError: there is no such archive of the person.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        async with self._database.primary() as connection:
            return await _find(connection, principal, person, archive)

    async def get_own(self, principal: Principal) -> Archive:
        """Return the archive that the principal has ordered of themselves.

        Raises:
            ForbiddenError: the principal is no user.
            PersonNotFoundError: nobody has said which person the user is.
            ArchiveNotFoundError: there is none, or it holds what is not the principal's any more.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            identity = await own_person(connection, principal)
            known = await list_archives(connection, principal.store, user=principal.user)
        for each in known:
            # Identifiers may have been found to be somebody else's since.
            if each.order.keys <= _names_of(identity):
                return each
        raise ArchiveNotFoundError("you have ordered none, or it has expired")

    async def remove(
        self, caller: Caller, principal: Principal, person: UUID, archive: UUID
    ) -> None:
        """Stop the making of an archive, or let nobody have it any more.

        Raises:
            ForbiddenError: the principal sees only a part of the store.
            PersonNotFoundError: there is no such person.
            ArchiveNotFoundError: there is no such archive of the person.
            UnavailableError: the database cannot be reached.
        """
        require_whole_store(principal)
        async with self._database.primary() as connection:
            found = await _find(connection, principal, person, archive)
        await self._remove(caller, principal, found)

    async def remove_own(self, caller: Caller, principal: Principal) -> None:
        """Do the same with the archive that the principal has ordered; see `remove`."""
        await self._remove(caller, principal, await self.get_own(principal))

    async def download(self, caller: Caller, principal: Principal, archive: Archive) -> Download:
        """Begin to give an archive out, which is recorded.

        Raises:
            ArchiveConflictError: it is not ready.
            UnavailableError: the database cannot be reached.
        """
        if archive.stage is not Stage.READY:
            raise ArchiveConflictError(
                f"the archive is not ready: {percent_of(archive)} % are done"
            )
        name = ArchiveName(principal.store, archive.id)
        event = _event(caller, Action.ARCHIVE_DOWNLOADED, archive.order)
        async with self._database.writing() as connection:
            entries = await list_entries(connection, name)
            await append_record(connection, principal.store, event)
        return Download(name, ZipFile(entries, archive.ordered))

    async def content(self, download: Download, first: int, length: int) -> AsyncIterator[bytes]:
        """Give so many bytes of an archive from a place on.

        No connection is kept while the client takes its time.

        Raises:
            UnavailableError: the database cannot be reached, or the archive was removed meanwhile.
        """
        left = length
        for part in download.file.parts(first):
            async for content in self._bytes(download.name, part):
                if left <= 0:
                    return
                yield content[:left]
                left -= len(content)

    async def _bytes(self, name: ArchiveName, part: bytes | Stretch) -> AsyncIterator[bytes]:
        if isinstance(part, bytes):
            yield part
            return
        place, end = part.start, part.start + part.length
        while place < end:
            number, skipped = divmod(place, PIECE)
            async with self._database.primary() as connection:
                piece = await read_archive_piece(connection, name, part.entry, number)
            if piece is None:
                raise UnavailableError("the archive was removed while it was sent")
            yield piece[skipped:]
            place += len(piece) - skipped

    async def _remove(self, caller: Caller, principal: Principal, archive: Archive) -> None:
        event = _event(caller, Action.ARCHIVE_REMOVED, archive.order)
        async with self._database.writing() as connection:
            await remove_archive(connection, principal.store, archive.id)
            await append_record(connection, principal.store, event)


def percent_of(archive: Archive) -> int:
    """Return how much of an archive is done."""
    return percent(archive.stage, archive.done, archive.total)


async def _keep(
    connection: Connection,
    caller: Caller,
    store: int,
    new: NewArchive,
    known: Sequence[Archive],
) -> Archive:
    """Keep an order, unless the same is being made or the person is being erased."""
    if await is_being_erased(connection, store, [*new.keys]):
        raise ArchiveConflictError("this person is being erased")
    for each in known:
        if each.finished is None and each.order.user == new.user:
            raise ArchiveConflictError(f"the archive {each.id} is being made of this person")
    await insert_archive(connection, store, new)
    made = await find_archive(connection, store, new.id)
    await append_record(connection, store, _event(caller, Action.ARCHIVE_ORDERED, new))
    return made


async def _find(
    connection: Connection, principal: Principal, person: UUID, archive: UUID
) -> Archive:
    identity = await seen_person(connection, principal, person)
    found = await find_archive(connection, principal.store, archive)
    if found.order.keys.isdisjoint(_names_of(identity)):
        raise ArchiveNotFoundError(f"there is no archive {archive} of this person")
    return found


def _ordered(
    caller: Caller,
    principal: Principal,
    identity: Identity,
    language: str | None,
    user: UUID | None = None,
) -> NewArchive:
    return NewArchive(
        id=uuid7(),
        person=identity.id,
        keys=_names_of(identity),
        user=user,
        # English where nobody has said what is written to the person.
        language=language or speech_for(parse_accept_language(identity.language)),
        sees_frozen=principal.may(Scope.PLATFORM),
        ordered_by=caller.name,
    )


def _names_of(identity: Identity) -> frozenset[UUID]:
    """Return the keys of a person's identifiers, and the id, which finds one without any."""
    return frozenset({identity.id, *identity.identifiers})


def _event(caller: Caller, action: Action, order: NewArchive) -> AuditEvent:
    return AuditEvent(caller, action, str(order.person), details={"archive": str(order.id)})
