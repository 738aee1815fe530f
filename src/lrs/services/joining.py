"""Joins agents that statements bring, by the exact rules of each store; nothing waits for it.

Every process tries, and a lock in the database lets one of them do it at a time. What one that was
killed had begun never happened, and the next one begins there again.
"""

import logging

from lrs.services.background import InTurn, Rhythm, repeat
from lrs.storage.engines import Database
from lrs.storage.joining import STEP, join_some, stores_to_join
from lrs.storage.watermark import watermark

_log = logging.getLogger(__name__)

# How often is looked for what came since, and when a store that failed is tried again.
_RHYTHM = Rhythm(pause=2.0)


class JoiningService:
    """Keeps persons close behind the statements."""

    def __init__(self, database: Database, step: int = STEP) -> None:
        """Make it; `step` is how many statements one transaction looks at."""
        self._database = database
        self._step = step
        failure = "the agents of store %d could not be joined by rules"
        self._in_turn = InTurn(self._join, _log, failure, _RHYTHM.after_a_failure)

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
        await self._in_turn.take(behind)

    async def _join(self, store: int) -> bool:
        async with self._database.primary() as connection:
            reached = await watermark(connection, store)
        async with self._database.writing() as connection:
            return await join_some(connection, store, reached.position, self._step)
