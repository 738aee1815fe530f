"""A moment before which nothing can still appear, for answers that are no lists."""

import asyncio
import time
from datetime import datetime

from lrs.errors import UnavailableError
from lrs.storage.consistent_reading import watermark_of_all
from lrs.storage.engines import Database

# Seconds for which a moment counts as recent; it stays true for ever.
_RECENT = 0.5


class ConsistencyService:
    """Knows a recent watermark of all stores, asking the database twice a second at most."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: datetime | None = None
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def recently(self) -> datetime:
        """Return a recent watermark; an older one while the database cannot be reached.

        Raises:
            UnavailableError: none was ever known, and the database cannot be reached.
        """
        is_asking = self._asking.locked()
        if self._known is not None and (is_asking or self._age() <= _RECENT):
            return self._known
        async with self._asking:
            if self._known is None or self._age() > _RECENT:
                self._known = await self._asked()
            return self._known

    def _age(self) -> float:
        return time.monotonic() - self._asked_at

    async def _asked(self) -> datetime:
        self._asked_at = time.monotonic()
        try:
            return (await watermark_of_all(self._database)).instant
        except UnavailableError:
            if self._known is None:
                raise
            return self._known
