"""Joins agents that statements bring, by the exact rules of each store; nothing waits for it.

Every process tries, and a lock in the database lets one of them do it at a time. What one that was
killed had begun never happened, and the next one begins there again.
"""

import asyncio
import logging
import time

from lrs.errors import UnavailableError
from lrs.services.background import Rhythm, repeat
from lrs.storage.engines import Database
from lrs.storage.joining import STEP, join_some, stores_to_join
from lrs.storage.watermark import watermark

_log = logging.getLogger(__name__)

# Seconds between two looks for what came since.
_RHYTHM = Rhythm(pause=2.0)
# Seconds before a store that failed is tried again.
_AFTER_A_FAILURE = 60.0


class JoiningService:
    """Keeps persons close behind the statements."""

    def __init__(self, database: Database, step: int = STEP) -> None:
        """Make it; `step` is how many statements one transaction looks at."""
        self._database = database
        self._step = step
        self._not_before: dict[int, float] = {}

    async def run(self) -> None:
        """Join until cancelled."""
        await repeat(self.catch_up, _RHYTHM, _log, "agents of statements are not joined by rules")

    async def catch_up(self) -> None:
        """Join all there is, a step of each store in turn; half of the time is left to others.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            behind = await stores_to_join(connection)
        while behind:
            began = time.monotonic()
            behind = [store for store in behind if await self._has_more(store)]
            if behind:
                await asyncio.sleep(time.monotonic() - began)

    async def _has_more(self, store: int) -> bool:
        """Take one step of a store; one that fails does not keep the others waiting."""
        if time.monotonic() < self._not_before.get(store, 0):
            return False
        try:
            return await self._join(store)
        except UnavailableError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the other stores go on
            _log.exception("the agents of store %d could not be joined by rules", store)
            self._not_before[store] = time.monotonic() + _AFTER_A_FAILURE
            return False

    async def _join(self, store: int) -> bool:
        async with self._database.primary() as connection:
            reached = await watermark(connection, store)
        async with self._database.writing() as connection:
            return await join_some(connection, store, reached.position, self._step)
