"""Folds statements into rollups in the background; nothing waits for it.

Every process tries, and a lock in the database lets one of them do it at a time. What one that
was killed had begun never happened, and the next one begins there again.
"""

import logging
from datetime import timedelta

from lrs.services.background import InTurn, Rhythm, repeat
from lrs.storage.engines import Database
from lrs.storage.rollups import begin_anew, fold, stores_behind
from lrs.storage.watermark import watermark

_log = logging.getLogger(__name__)

# How often is looked for what is not folded, and when a store that failed is tried again.
_RHYTHM = Rhythm(pause=2.0)
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
        failure = "store %d could not be folded; its sums read statements"
        self._in_turn = InTurn(self._fold, _log, failure, _RHYTHM.after_a_failure)

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
        await self._in_turn.take(behind)

    async def _fold(self, store: int) -> bool:
        async with self._database.primary() as connection:
            reached = await watermark(connection, store)
        async with self._database.writing() as connection:
            return await fold(connection, store, reached.position, self._timezone)
