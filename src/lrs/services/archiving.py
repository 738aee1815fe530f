"""Makes the archives of persons in the background, step by step; nothing waits for it.

Every process tries, and a lock in the database lets one of them do it at a time. What one that was
killed had begun never happened, and the next one goes on after the last file that is kept.
"""

import asyncio
import logging
import time
from datetime import timedelta

from lrs.auth.audit import Action, AuditEvent, Caller, WhoKind
from lrs.errors import UnavailableError
from lrs.people.archive_stages import FOLLOWING, Stage
from lrs.services.archive_steps import STEPS, Making, Progress
from lrs.services.background import Rhythm, repeat
from lrs.storage.archive_contents import (
    count_attachments,
    dead_archives,
    delete_some,
    forget_archive,
)
from lrs.storage.archive_sources import count_documents_of, count_statements_of
from lrs.storage.archives import (
    Archive,
    ArchiveName,
    advance_archive,
    begin_archive,
    begin_stage,
    count_failure,
    end_archive,
    is_only_maker,
    lock_archive,
    unfinished_archives,
)
from lrs.storage.audit import append_record
from lrs.storage.engines import Connection, Database
from lrs.storage.watermark import watermark

_log = logging.getLogger(__name__)

# Seconds between two looks for archives to make.
_RHYTHM = Rhythm(pause=1.0)
# Seconds before one that has failed is tried again.
_AFTER_A_FAILURE = 60.0
# Seconds that a step may take beyond the usual: an overview of all that somebody did is one.
_EXTRA = 300.0
# How long an archive can be had.
_LIFETIME = timedelta(days=7)
# Bytes of a file of statements.
_MOST = 8 * 1024 * 1024
_MYSELF = Caller(WhoKind.SYSTEM, "lrs archives")


class ArchivingService:
    """Makes the archives that were ordered, and deletes those that nobody can have any more."""

    def __init__(
        self, database: Database, lifetime: timedelta = _LIFETIME, most: int = _MOST
    ) -> None:
        """Make it; `most` is how large a file of statements in an archive gets, in bytes."""
        self._database = database
        self._lifetime = lifetime
        self._most = most
        self._not_before: dict[ArchiveName, float] = {}

    async def run(self) -> None:
        """Make archives until cancelled."""
        await repeat(self.go_on, _RHYTHM, _log, "archives of persons are not made")

    async def go_on(self) -> None:
        """Make all that were ordered; half of the time is left to others.

        One that fails again and again is given up, and keeps no other one waiting.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            waiting = await unfinished_archives(connection)
        for name in waiting:
            if time.monotonic() >= self._not_before.get(name, 0):
                await self._try(name)
        await self._clear()

    async def step(self, name: ArchiveName) -> bool:
        """Take the next step of an archive, and tell whether there may be another one.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            reached = await watermark(connection, name.store)
        async with self._database.writing(_EXTRA) as connection:
            if not await is_only_maker(connection):
                return False
            archive = await lock_archive(connection, name)
            if archive is None:
                return False
            if archive.stage is Stage.WAITING:
                await _begin(connection, name, archive, reached.position)
                return True
            making = Making(connection, name, archive, self._most)
            progress = await STEPS[archive.stage](making)
            return await self._keep(making, progress)

    async def _try(self, name: ArchiveName) -> None:
        try:
            await self._make(name)
        except UnavailableError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the others go on
            _log.exception("archive %s could not be made; it is tried again", name.id)
            self._not_before[name] = time.monotonic() + _AFTER_A_FAILURE
            await self._note_failure(name)
        else:
            self._not_before.pop(name, None)

    async def _make(self, name: ArchiveName) -> None:
        began = time.monotonic()
        while await self.step(name):
            await asyncio.sleep(time.monotonic() - began)
            began = time.monotonic()

    async def _keep(self, making: Making, progress: Progress) -> bool:
        connection, name, archive = making.connection, making.name, making.archive
        if progress.place is not None:
            await advance_archive(connection, name, archive, progress.place, progress.done)
            return True
        if FOLLOWING[archive.stage] is not Stage.READY:
            total = await _total(making)
            await begin_stage(connection, name, archive, progress.done, total)
            return True
        await end_archive(connection, name, Stage.READY, archive.entries, self._lifetime)
        await append_record(connection, name.store, _event(archive, Action.ARCHIVE_FINISHED))
        return False

    async def _note_failure(self, name: ArchiveName) -> None:
        async with self._database.writing() as connection:
            if await count_failure(connection, name):
                await end_archive(connection, name, Stage.FAILED, 0, self._lifetime)

    async def _clear(self) -> None:
        """Delete what nobody can have any more, some rows at a time."""
        async with self._database.primary() as connection:
            dead = await dead_archives(connection)
        for name, is_over in dead:
            while await self._delete_some(name, is_over=is_over):
                pass

    async def _delete_some(self, name: ArchiveName, *, is_over: bool) -> bool:
        async with self._database.writing() as connection:
            if not await is_only_maker(connection):
                return False
            if await delete_some(connection, name):
                return True
            await forget_archive(connection, name)
            if is_over:
                details = {"archive": str(name.id), "expired": True}
                event = AuditEvent(_MYSELF, Action.ARCHIVE_REMOVED, details=details)
                await append_record(connection, name.store, event)
            return False


async def _begin(connection: Connection, name: ArchiveName, archive: Archive, until: int) -> None:
    total = await count_statements_of(connection, name.store, archive.order.keys, until)
    await begin_archive(connection, name, until, total)


async def _total(making: Making) -> int:
    """Count what there is of the following stage."""
    match FOLLOWING[making.archive.stage]:
        case Stage.ATTACHMENTS:
            return await count_attachments(making.connection, making.name)
        case Stage.DOCUMENTS:
            return await count_documents_of(making.connection, making.name.store, making.keys)
    return 0


def _event(archive: Archive, action: Action) -> AuditEvent:
    person = str(archive.order.person)
    return AuditEvent(_MYSELF, action, person, details={"archive": str(archive.id)})
