"""Counts and erases in the background, step by step; nothing waits for it.

Every process tries, and a lock in the database lets one of them do it at a time. What one that was
killed had begun never happened, and the next one goes on there: so the end is the same.
"""

import asyncio
import logging
import time
from dataclasses import replace
from uuid import UUID

from lrs.auth.audit import Action, AuditEvent, Caller, WhoKind
from lrs.auth.certificates import CertificateKey
from lrs.services.background import Rhythm, repeat
from lrs.services.erasure_counting import count_on
from lrs.services.erasure_steps import (
    BURY,
    FINISH,
    MOST,
    STEPS,
    Outcome,
    Work,
    added,
    after,
    bury,
    next_step,
)
from lrs.storage import erasures
from lrs.storage.access_changes import count_up
from lrs.storage.audit import NO_STORE, append_records, erase_named
from lrs.storage.engines import Connection, Database
from lrs.storage.erasure_counts import audit_names
from lrs.storage.erasure_ledger import Ledger
from lrs.storage.erasures import (
    Erasure,
    advance,
    erasures_to_do,
    finish_erasure,
    is_only_one,
    lock_erasure,
)
from lrs.storage.stores import name_of_store
from lrs.storage.watermark import watermark
from lrs.xapi.replacing import replace_in_text

_log = logging.getLogger(__name__)

# Seconds between two looks for erasures.
_RHYTHM = Rhythm(pause=1.0)
# Seconds that one step may take beyond the usual.
_PATIENCE = 60.0
_MYSELF = Caller(WhoKind.SYSTEM, "lrs erasure")


class ErasureJob:
    """Does what erasures ask for."""

    def __init__(
        self, database: Database, server_key: bytes, ledger: Ledger, most: int = MOST
    ) -> None:
        """Make it; `most` is how many statements one transaction changes at most."""
        self._database = database
        self._server_key = server_key
        self._ledger = ledger
        self._certificates = CertificateKey(server_key)
        self._most = most

    async def run(self) -> None:
        """Count and erase until cancelled."""
        await repeat(self.go_on, _RHYTHM, _log, "somebody who is to be erased is still there")

    async def go_on(self) -> None:
        """Do all there is to do; half of the time is left to others.

        Raises:
            StartError: the ledger cannot be written.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            waiting = await erasures_to_do(connection)
        for store, erasure in waiting:
            began = time.monotonic()
            while await self.step(store, erasure):
                await asyncio.sleep(time.monotonic() - began)
                began = time.monotonic()

    async def step(self, store: int, identifier: UUID) -> bool:
        """Take the next step of an erasure, and tell whether there may be more to do."""
        async with self._database.primary() as connection:
            reached = await watermark(connection, store)
        async with self._database.writing(_PATIENCE) as connection:
            if not await is_only_one(connection):
                return False
            erasure = await lock_erasure(connection, store, identifier)
            if erasure.subject is None or erasure.state not in ("counting", "running"):
                return False
            work = Work(connection, erasure, erasure.subject, reached.position, self._most)
            if erasure.state == "counting":
                found, place = await count_on(work)
                await erasures.count_on(connection, erasure, found, place)
                return place is not None
            return await self._erase(work)

    async def _erase(self, work: Work) -> bool:
        """Take a step, and note in the same transaction that it was taken."""
        step = work.erasure.step or BURY
        if step == FINISH:
            await self._finish(work)
            return False
        outcome = await self._taken(work, step)
        erasure = added(work.erasure, outcome.done)
        if outcome.place is not None:
            await advance(work.connection, erasure, step, outcome.place)
            return True
        following = after(step)
        if following is None:
            erasure = added(erasure, {"_passes": 1})
            following = await next_step(replace(work, erasure=erasure))
        await advance(work.connection, erasure, following, None)
        return True

    async def _taken(self, work: Work, step: str) -> Outcome:
        if step != BURY:
            return await STEPS[step](work)
        name = await name_of_store(work.connection, work.store)
        return await bury(work, self._server_key, self._ledger, name)

    async def _finish(self, work: Work) -> None:
        """Blank the audit log, and certify what was done; then nothing tells any more who it was.

        The log comes last, since nothing may be written after it.
        """
        connection, erasure, events = work.connection, work.erasure, []
        for store in (NO_STORE, work.store):
            blanked = await erase_named(
                connection,
                store,
                audit_names(work.subject),
                work.subject.patterns,
                lambda text: replace_in_text(text, work.subject.replacing) != text,
            )
            erasure = added(erasure, {"audit_records": blanked.records})
            if blanked.fields:
                details = dict(blanked._asdict())
                events.append((store, AuditEvent(_MYSELF, Action.AUDIT_ERASED, details=details)))
        finished = await erasures.now(connection)
        certificate = self._certificates.sign(
            await _said(connection, erasure, finished.isoformat())
        )
        await advance(connection, erasure, FINISH, None)
        await finish_erasure(connection, erasure, finished, certificate)
        # Every process forgets what it had read lately.
        await count_up(connection)
        done = AuditEvent(_MYSELF, Action.PERSON_ERASED, str(erasure.id), details=erasure.counts)
        await append_records(connection, [*events, (work.store, done)])


async def _said(connection: Connection, erasure: Erasure, finished: str) -> dict[str, object]:
    """Return what a certificate says: what, when and how much, and nothing of whom."""
    return {
        "erasure": str(erasure.id),
        "store": await name_of_store(connection, erasure.store),
        "mode": erasure.mode.value,
        "on_return": erasure.on_return.value,
        "requested": erasure.requested.isoformat(),
        "confirmed": None if erasure.confirmed is None else erasure.confirmed.isoformat(),
        "finished": finished,
        "counts": erasure.counts,
    }
