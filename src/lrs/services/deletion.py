"""Deletes stores in the background, step by step; nothing waits for it.

Every process tries, and a lock in the database lets one of them do it at a time. What one that was
killed had begun never happened, and the next one goes on there.
"""

import asyncio
import logging
import time

from lrs.auth.audit import Action, AuditEvent, Caller, WhoKind
from lrs.services.background import Rhythm, repeat
from lrs.storage.audit import NO_STORE, append_records
from lrs.storage.engines import Database
from lrs.storage.store_deletion import (
    STEP,
    StoreDeletion,
    count_rows,
    delete_some,
    finish_deletion,
    unfinished_deletions,
)

_log = logging.getLogger(__name__)

# Seconds between two looks for stores to delete.
_RHYTHM = Rhythm(pause=1.0)
# Seconds that the counting of all rows may take.
_COUNTING = 3600.0
_MYSELF = Caller(WhoKind.SYSTEM, "lrs store deletion")


class DeletionService:
    """Deletes what the stores hold that are to be deleted."""

    def __init__(self, database: Database, step: int = STEP) -> None:
        """Make it; `step` is how many rows one transaction deletes at most."""
        self._database = database
        self._step = step

    async def run(self) -> None:
        """Delete until cancelled."""
        await repeat(self.go_on, _RHYTHM, _log, "a store that is to be deleted is still there")

    async def go_on(self) -> None:
        """Delete all there is to delete; half of the time is left to others.

        A store whose last requests may not have ended is left for the next time.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            waiting = await unfinished_deletions(connection)
        for deletion in waiting:
            if deletion.total is None:
                async with self._database.writing(_COUNTING) as connection:
                    await count_rows(connection, deletion.store)
            began = time.monotonic()
            while await self._delete_some(deletion):
                await asyncio.sleep(time.monotonic() - began)
                began = time.monotonic()
            await self._finish(deletion)

    async def _delete_some(self, deletion: StoreDeletion) -> int:
        async with self._database.writing() as connection:
            return await delete_some(connection, deletion.store, self._step)

    async def _finish(self, deletion: StoreDeletion) -> None:
        """Delete the store itself; its audit log stays, and says that it is gone."""
        details = {"requested_by": deletion.requested_by}
        event = AuditEvent(_MYSELF, Action.STORE_DELETED, deletion.name, details=details)
        async with self._database.writing() as connection:
            if await finish_deletion(connection, deletion.store):
                await append_records(connection, [(deletion.store, event), (NO_STORE, event)])
