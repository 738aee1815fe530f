"""The audit log: what is noted while requests are served, and what is read of it.

A change of power is recorded in its own transaction, by `storage/audit.py: append_record`. What
must not slow a request down, such as a refusal or a look at a person, is noted:

    services_of(request).audit.note(
        principal.store,
        AuditEvent(caller_of(request, principal), Action.PERSON_READ, target=str(agent.key)),
    )

That costs a look into a dictionary, never waits and never fails. What was noted is recorded within
a second. The same again within a minute (same caller, address, action, target and outcome) is
counted, and recorded as one when the minute is over. `details` of a recorded note say how often
(`count`), and when for the `first` and the `last` time.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lrs.auth.audit import Action, AuditEvent, Caller, Outcome, WhoKind
from lrs.auth.audit_chain import moment
from lrs.errors import UnavailableError
from lrs.services.background import Rhythm, repeat
from lrs.storage.audit import NO_STORE, append_records
from lrs.storage.engines import Database

_log = logging.getLogger(__name__)

_RHYTHM = Rhythm(pause=1.0)
# Seconds for which the same is counted.
_COUNTED_FOR = 60.0
# Different notes of one store that are held, so that none can push out those of another; those of
# refusals apart, so that who is refused cannot push out what was done.
_MOST_OF_A_STORE = 2_000
# Records of one transaction: the ends of their chains are held for as long as it takes.
_MOST_AT_ONCE = 500
_SERVICE = Caller(WhoKind.SYSTEM, "lrs")

_Key = tuple[object, ...]


@dataclass(slots=True)
class _Note:
    """What was noted, and how often since it was recorded last."""

    event: AuditEvent
    first: float
    last: float
    count: int = 1
    recorded: float | None = None

    def add(self, event: AuditEvent, now: float) -> None:
        """Note it once more."""
        if not self.count:
            self.event, self.first = event, now
        self.count += 1
        self.last = now

    def give_back(self, taken: "_Note") -> None:
        """Have what was taken to be recorded, and was not, recorded later."""
        if not self.count:
            self.last = taken.last
        self.event, self.first, self.recorded = taken.event, taken.first, taken.recorded
        self.count += taken.count


class AuditService:
    """Notes events, records them in the background, and reads the log."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float] = time.time,
        most: int = _MOST_OF_A_STORE,
    ) -> None:
        self._database = database
        self._clock = clock
        self._most = most
        self._notes: dict[tuple[int, Outcome], dict[_Key, _Note]] = {}
        self._dropped: dict[int, int] = {}

    def note(self, store: int | None, event: AuditEvent) -> None:
        """Have an event recorded soon, in the log of a store, or of what belongs to none."""
        store = NO_STORE if store is None else store
        notes = self._notes.setdefault((store, event.outcome), {})
        caller = event.caller
        key = (caller.kind, caller.name, caller.address, event.action, event.target, event.outcome)
        now = self._clock()
        known = notes.get(key)
        if known is None:
            if len(notes) < self._most:
                notes[key] = _Note(event, now, now)
            else:
                self._dropped[store] = self._dropped.get(store, 0) + 1
        else:
            known.add(event, now)

    async def run(self) -> None:
        """Record what was noted, once a second, until cancelled."""
        await repeat(self.flush, _RHYTHM, _log, "what was noted for the audit log is not recorded")

    async def close(self) -> None:
        """Record all that was noted; what cannot be recorded now is lost, and logged as a sum."""
        try:
            await self.flush(is_last=True)
        except UnavailableError:
            lost = sum(note.count for notes in self._notes.values() for note in notes.values())
            _log.warning("%d events were not recorded in the audit log", lost)

    async def flush(self, *, is_last: bool = False) -> None:
        """Record what was noted, except what is counted for a while yet, unless this is the last.

        Raises:
            UnavailableError: the database cannot be reached; what was noted stays.
        """
        due = self._due(is_last=is_last)
        for start in range(0, len(due), _MOST_AT_ONCE):
            await self._record(due[start : start + _MOST_AT_ONCE])
        self._make_room()
        await self._record_dropped()

    def _make_room(self) -> None:
        """Forget what was done and is recorded, where that is much: else further looks would drop.

        Refusals stay for their minute: who is refused can think up as many as they like.
        """
        for (_, outcome), notes in self._notes.items():
            if outcome is Outcome.DONE and len(notes) > self._most // 2:
                for key in [key for key, note in notes.items() if not note.count]:
                    del notes[key]

    def _due(self, *, is_last: bool) -> list[tuple[int, _Note]]:
        began = self._clock() - _COUNTED_FOR
        due: list[tuple[int, _Note]] = []
        for (store, _), notes in self._notes.items():
            # In place: somebody may be about to note something.
            for key, note in [*notes.items()]:
                if not (is_last or note.recorded is None or note.recorded <= began):
                    continue
                if note.count:
                    due.append((store, note))
                else:
                    del notes[key]
        return due

    async def _record(self, due: Sequence[tuple[int, _Note]]) -> None:
        taken = [(store, note, replace(note)) for store, note in due]
        for _, note in due:
            note.count, note.recorded = 0, self._clock()
        try:
            async with self._database.writing() as connection:
                events = [(store, _counted(note)) for store, _, note in taken]
                await append_records(connection, events)
        except BaseException:
            for _, note, before in taken:
                note.give_back(before)
            raise

    async def _record_dropped(self) -> None:
        while self._dropped:
            store, count = self._dropped.popitem()
            event = AuditEvent(_SERVICE, Action.AUDIT_DROPPED, details={"count": count})
            try:
                async with self._database.writing() as connection:
                    await append_records(connection, [(store, event)])
            except BaseException:
                self._dropped[store] = self._dropped.get(store, 0) + count
                raise


def _counted(note: _Note) -> AuditEvent:
    times = {"first": _moment(note.first), "last": _moment(note.last)}
    return replace(note.event, details={**note.event.details, "count": note.count, **times})


def _moment(seconds: float) -> str:
    return moment(datetime.fromtimestamp(seconds, UTC))
