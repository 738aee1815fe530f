"""Applies retention rules in the background, each once a day, and tries those that are to be tried.

Every process tries, and a lock in the database lets one of them do it at a time. When a rule was
applied last stands in the database, so it makes no difference when the service was started.
"""

import asyncio
import logging
import time
from datetime import timedelta

from uuid_utils.compat import uuid7

from lrs.auth.audit import Action, AuditEvent, Caller, WhoKind
from lrs.errors import UnavailableError
from lrs.people.erasures import anonymous_home_page
from lrs.people.retention import RetentionAction
from lrs.services.background import Rhythm, repeat
from lrs.services.retention_steps import Applying
from lrs.storage.audit import append_record
from lrs.storage.engines import Database
from lrs.storage.retention_rules import take_due_rules
from lrs.storage.retention_runs import (
    RunName,
    RunState,
    count_run_failure,
    end_run,
    find_run,
    insert_run,
    is_only_one,
    lock_run,
    unfinished_runs,
)
from lrs.storage.watermark import watermark

_log = logging.getLogger(__name__)

# Seconds between two looks for rules to apply or to try.
_RHYTHM = Rhythm(pause=1.0)
# Seconds before a run that has failed is tried again.
_AFTER_A_FAILURE = 60.0
_EVERY = timedelta(hours=24)
# Statements of one step, for which nobody else writes to the store. To rewrite one takes longer.
_MOST = 500
_MOST_REWRITTEN = 100
_MYSELF = Caller(WhoKind.SYSTEM, "lrs retention")


class RetainingService:
    """Applies rules, and counts what they would take."""

    def __init__(
        self,
        database: Database,
        home_page: str,
        every: timedelta = _EVERY,
        most: int = _MOST,
    ) -> None:
        """Make it.

        Args:
            database: what it works on.
            home_page: of the authorities of this LRS, under which nobody has accounts.
            every: how long after one time a rule is applied again.
            most: statements that one step takes.
        """
        self._database = database
        self._home_page = anonymous_home_page(home_page)
        self._every = every
        self._most = most
        self._not_before: dict[RunName, float] = {}

    async def run(self) -> None:
        """Apply rules until cancelled."""
        await repeat(self.go_on, _RHYTHM, _log, "retention rules are not applied")

    async def go_on(self) -> None:
        """Begin what is due, and go on with all that was begun; half of the time is left to others.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        await self.begin_due()
        async with self._database.primary() as connection:
            waiting = await unfinished_runs(connection)
        for name in waiting:
            if time.monotonic() >= self._not_before.get(name, 0):
                await self._try(name)

    async def begin_due(self) -> None:
        """Begin to apply the rules that were not applied for a day.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.writing() as connection:
            if not await is_only_one(connection):
                return
            for store, rule in await take_due_rules(connection, self._every):
                name = RunName(store, uuid7())
                await insert_run(connection, name, rule, is_dry=False, by=_MYSELF.name)

    async def step(self, name: RunName) -> bool:
        """Take the next step of a run, and tell whether there may be another one.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            reached = await watermark(connection, name.store)
        async with self._database.writing() as connection:
            if not await is_only_one(connection):
                return False
            run = await lock_run(connection, name)
            if run is None:
                return False
            is_slow = run.told.action is RetentionAction.ANONYMISE and not run.is_dry
            most = min(self._most, _MOST_REWRITTEN) if is_slow else self._most
            applying = Applying(connection, name, run, self._home_page, most)
            if run.state is RunState.WAITING:
                await applying.begin(reached.position)
                return True
            if await applying.go_on():
                return True
            if not run.is_dry:
                ended = await find_run(connection, name)
                counts = {"statements": ended.statements, "held": ended.held}
                details = {"run": str(run.id), "action": run.told.action.value, **counts}
                event = AuditEvent(
                    _MYSELF, Action.RETENTION_APPLIED, str(run.rule), details=details
                )
                await append_record(connection, name.store, event)
            return False

    async def _try(self, name: RunName) -> None:
        try:
            await self._go_on(name)
        except UnavailableError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the other runs go on
            _log.exception("the retention run %s has failed; it is tried again", name.id)
            self._not_before[name] = time.monotonic() + _AFTER_A_FAILURE
            async with self._database.writing() as connection:
                if await count_run_failure(connection, name):
                    await end_run(connection, name, RunState.FAILED)
        else:
            self._not_before.pop(name, None)

    async def _go_on(self, name: RunName) -> None:
        began = time.monotonic()
        while await self.step(name):
            await asyncio.sleep(time.monotonic() - began)
            began = time.monotonic()
