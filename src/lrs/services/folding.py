"""Folds statements into rollups in the background; nothing waits for it.

Every process tries, and a lock in the database lets one of them do it at a time. What one that
was killed had begun never happened, and the next one begins there again.
"""

import asyncio
import logging
import time
from datetime import timedelta

from lrs.errors import UnavailableError
from lrs.services.background import Rhythm, repeat
from lrs.storage.engines import Database
from lrs.storage.rollups import begin_anew, fold, stores_behind
from lrs.storage.watermark import watermark

_log = logging.getLogger(__name__)

# Seconds between two looks for what is not folded, and before a store that failed is tried again.
_RHYTHM = Rhythm(pause=2.0)
_AFTER_A_FAILURE = 60.0
# Statements that are folded as soon as they are seen, and how long fewer of them wait: each is
# cheaper to fold among many, and nearly as quick to read while it is not.
_WORTH = 10_000
_PATIENCE = timedelta(seconds=15)


class FoldingService:
    """Keeps rollups close behind the statements."""

    def __init__(self, database: Database, timezone: str, worth: int = _WORTH) -> None:
        self._database = database
        self._timezone = timezone
        self._worth = worth
        self._has_zone = False
        self._not_before: dict[int, float] = {}

    async def run(self) -> None:
        """Fold until cancelled; the first thing is to give up rollups of other time zones."""
        await repeat(self._step, _RHYTHM, _log, "rollups are not kept, and sums read statements")

    async def _step(self) -> None:
        if not self._has_zone:
            await self.adopt_zone()
            self._has_zone = True
        await self.catch_up()

    async def adopt_zone(self) -> None:
        """Have rollups of other time zones made anew.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.writing() as connection:
            await begin_anew(connection, self._timezone)

    async def catch_up(self) -> None:
        """Fold all there is, a step of each store in turn; half of the time is left to others.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            behind = await stores_behind(connection, self._worth, _PATIENCE)
        while behind:
            began = time.monotonic()
            behind = [store for store in behind if await self._has_more(store)]
            if behind:
                await asyncio.sleep(time.monotonic() - began)

    async def _has_more(self, store: int) -> bool:
        """Fold one step of a store; one that cannot be folded does not keep the others waiting."""
        if time.monotonic() < self._not_before.get(store, 0):
            return False
        try:
            return await self._fold(store)
        except UnavailableError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the other stores go on
            _log.exception("store %d could not be folded; its sums read statements", store)
            self._not_before[store] = time.monotonic() + _AFTER_A_FAILURE
            return False

    async def _fold(self, store: int) -> bool:
        async with self._database.primary() as connection:
            reached = await watermark(connection, store)
        async with self._database.writing() as connection:
            return await fold(connection, store, reached.position, self._timezone)
