"""A moment before which nothing can still appear, for answers that are no lists."""

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

    async def recently(self) -> datetime:
        """Return a recent watermark; an older one while the database cannot be reached.

        Raises:
            UnavailableError: none was ever known, and the database cannot be reached.
        """
        if time.monotonic() - self._asked_at > _RECENT:
            self._asked_at = time.monotonic()
            try:
                self._known = (await watermark_of_all(self._database)).instant
            except UnavailableError:
                if self._known is None:
                    raise
        if self._known is None:
            raise UnavailableError("no watermark is known yet")
        return self._known
