"""The order of answers as one number: microseconds of `stored` times 1,024, plus a place."""

from datetime import UTC, datetime, timedelta
from typing import Final

# Statements that can be stored within one microsecond.
PLACES: Final = 1_024
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def stored_at(position: int) -> datetime:
    """Return `stored` of the statement at a position."""
    return EPOCH + timedelta(microseconds=position // PLACES)
