"""The tables that limits are counted in: of one process, or of all workers of a host.

Principals and addresses have tables of their own, so that many addresses cannot push out what
credentials have used.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lrs.services.shared_counts import SIZE, SharedCounts
from lrs.services.shared_memory import make_shared
from lrs.services.shared_places import SharedPlaces, size

# In the environment of the workers: where their tables are.
DIRECTORY_OF_RATES: Final = "_LRS_DIRECTORY_OF_RATES"

# Linux keeps files there in memory and never writes them to a disk.
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of our own is made there
_PREFIX = "lrs-rates-"
_OWNER = "owner"
_PRINCIPALS, _ADDRESSES = "principals", "addresses"


@dataclass(frozen=True, slots=True)
class RateTables:
    """What is counted, of whom."""

    counts_of_principals: SharedCounts
    counts_of_addresses: SharedCounts
    places_of_principals: SharedPlaces
    places_of_addresses: SharedPlaces

    def close(self) -> None:
        """Let go of them all."""
        self.counts_of_principals.close()
        self.counts_of_addresses.close()
        self.places_of_principals.close()
        self.places_of_addresses.close()


def open_tables(directory: str | None, workers: int) -> RateTables:
    """Open the tables in a directory made by `tables_of_workers`, or this process's own.

    Raises:
        StartError: so many workers are there already.
    """
    if directory is None:
        alone = SharedCounts(), SharedCounts(), SharedPlaces(None, 1), SharedPlaces(None, 1)
        return RateTables(*alone)
    place = Path(directory)
    return RateTables(
        SharedCounts(f"shared-memory://{_counts(place, _PRINCIPALS)}"),
        SharedCounts(f"shared-memory://{_counts(place, _ADDRESSES)}"),
        SharedPlaces(_places(place, _PRINCIPALS), workers),
        SharedPlaces(_places(place, _ADDRESSES), workers),
    )


@contextmanager
def tables_of_workers(workers: int) -> Iterator[str]:
    """Make tables for so many workers, and return their directory; they go with the block.

    Those of services that were killed lie in memory still, and go now.
    """
    needed = 2 * (SIZE + size(workers))
    place = _directory(needed)
    _clear(place or Path(tempfile.gettempdir()))
    with (
        tempfile.TemporaryDirectory(
            prefix=_PREFIX, dir=place, ignore_cleanup_errors=True
        ) as directory,
        _owned(Path(directory)),
    ):
        for whose in (_PRINCIPALS, _ADDRESSES):
            make_shared(_counts(Path(directory), whose), SIZE)
            make_shared(_places(Path(directory), whose), size(workers))
        yield directory


@contextmanager
def _owned(directory: Path) -> Iterator[None]:
    """Hold a lock on a directory that ends with this process, however that ends."""
    # It has its name when it is locked: so nobody ever finds it free before.
    draft = directory / f"{_OWNER}.draft"
    with draft.open("wb") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        draft.rename(directory / _OWNER)
        yield


def _clear(place: Path) -> None:
    """Remove the directories that nobody holds any more; those of other users stay."""
    for directory in place.glob(f"{_PREFIX}*"):
        with suppress(OSError), (directory / _OWNER).open("rb") as owner:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory, ignore_errors=True)


def _directory(needed: int) -> Path | None:
    """Return where there is room in memory for so many bytes; None where there is none."""
    if not os.access(_IN_MEMORY, os.W_OK | os.X_OK):
        return None
    return _IN_MEMORY if shutil.disk_usage(_IN_MEMORY).free > needed else None


def _counts(directory: Path, whose: str) -> Path:
    return directory / f"counts-of-{whose}"


def _places(directory: Path, whose: str) -> Path:
    return directory / f"places-of-{whose}"
