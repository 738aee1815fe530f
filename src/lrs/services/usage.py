"""Adds up in the background what each store holds; nothing waits for it.

Every process tries, and a lock in the database lets one of them do it at a time.
"""

import logging

from lrs.services.background import Rhythm, repeat
from lrs.storage.engines import Database
from lrs.storage.usage import fold_usage

_log = logging.getLogger(__name__)

_RHYTHM = Rhythm(pause=2.0, after_a_failure=2.0)


class UsageService:
    """Adds up in the background what transactions have counted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Add up until cancelled."""
        await repeat(self.add_up, _RHYTHM, _log, "what stores hold is not added up")

    async def add_up(self) -> None:
        """Add up what was counted since the last time.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.writing() as connection:
            await fold_usage(connection)
