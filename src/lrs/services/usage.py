"""Adds up in the background what each store holds; nothing waits for it.

Every process tries, and a lock in the database lets one of them do it at a time.
"""

import asyncio
import logging

from lrs.errors import UnavailableError
from lrs.storage.engines import Database
from lrs.storage.usage import fold_usage

_log = logging.getLogger(__name__)

_BETWEEN_STEPS = 2.0


class UsageService:
    """Adds up in the background what transactions have counted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Add up until cancelled."""
        while True:
            await asyncio.sleep(_BETWEEN_STEPS)
            try:
                await self.add_up()
            except UnavailableError:
                _log.debug("the database is away; what stores hold is added up later")
            except Exception:  # noqa: BLE001 - whatever it is, the service goes on without
                _log.exception("what stores hold is not added up; it is tried again")

    async def add_up(self) -> None:
        """Add up what was counted since the last time.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.writing() as connection:
            await fold_usage(connection)
