"""How many requests of whom go on at once, over all workers of a host."""

from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NewType

from lrs.errors import StartError
from lrs.services.shared_memory import SharedMemory

# Where a request that goes on is counted.
Place = NewType("Place", int)

_BUCKETS = 1024
_ROWS_OF_BUCKET = 16
# Of a row: what is counted, as a hash in two words; then a count for each worker.
_WORDS_OF_NAME = 2
_BYTES = 4


class SharedPlaces:
    """A table of fixed size: a row for each who has requests, with a count for each worker.

    Who takes a place holds the lock of its bucket and sums up, so the limit is exact. A count is
    written by its worker alone, in one write of four bytes, so giving back needs no lock, and a
    worker that is killed leaves behind what it had; who comes after it clears that. A row whose
    counts are all zero is free. Where more than sixteen of one bucket are there at once, the others
    are let in uncounted.
    """

    def __init__(self, path: Path | None, workers: int) -> None:
        """Open the table, and be one of its workers.

        Args:
            path: of the file, of `size(workers)` bytes; None if nobody else is to see the table.
            workers: that there are at most.

        Raises:
            StartError: so many are at work already.
        """
        self._width = _WORDS_OF_NAME + workers
        self._memory = SharedMemory(path, size(workers))
        self._words = self._memory.words("I")
        # The row before all buckets has no name. Its bytes stand for the workers, each of whom has
        # one locked for as long as it lives; its counts are of those who find no row.
        self._worker = _WORDS_OF_NAME + self._be_one_of(workers)
        for row in range(0, len(self._words), self._width):
            self._words[row + self._worker] = 0

    def take(self, key: str, limit: int) -> Place | None:
        """Take a place; None if there are as many as the limit already."""
        name = _name(key)
        bucket = self._bucket(name)
        self._memory.lock(bucket * _BYTES, self._width * _ROWS_OF_BUCKET * _BYTES)
        try:
            row = self._row(bucket, name) or self._new_row(bucket, name)
            if row and self._taken(row) >= limit:
                return None
            place = Place(row + self._worker)
            self._words[place] += 1
            return place
        finally:
            self._memory.unlock(bucket * _BYTES, self._width * _ROWS_OF_BUCKET * _BYTES)

    def give_back(self, place: Place) -> None:
        """Give back a place that was taken."""
        self._words[place] -= 1

    def taken(self, key: str) -> int:
        """Return how many places somebody has."""
        name = _name(key)
        row = self._row(self._bucket(name), name)
        return self._taken(row) if row else 0

    def close(self) -> None:
        """Stop being one of the workers."""
        self._memory.close()

    def _be_one_of(self, workers: int) -> int:
        for worker in range(workers):
            if self._memory.is_locked_now(worker, 1):
                return worker
        raise StartError(f"{workers} workers count requests already; one of them did not end")

    def _bucket(self, name: bytes) -> int:
        number = int.from_bytes(name) % _BUCKETS
        return (1 + number * _ROWS_OF_BUCKET) * self._width

    def _row(self, bucket: int, name: bytes) -> int:
        """Return the row of a name; else the first of all, which is nobody's."""
        end = bucket + _ROWS_OF_BUCKET * self._width
        at = self._memory.find(name, bucket * _BYTES, end * _BYTES)
        # What is found across two rows, once in an age, is nothing.
        return 0 if at < 0 or at % (self._width * _BYTES) else at // _BYTES

    def _new_row(self, bucket: int, name: bytes) -> int:
        """Give a name to a free row of a bucket that is locked; without one it is the first."""
        for row in range(bucket, bucket + _ROWS_OF_BUCKET * self._width, self._width):
            if not self._taken(row):
                self._words[row], self._words[row + 1] = memoryview(name).cast("I")
                return row
        return 0

    def _taken(self, row: int) -> int:
        return sum(self._words[row + _WORDS_OF_NAME : row + self._width])


def size(workers: int) -> int:
    """Return how many bytes the table of so many workers has."""
    return (1 + _BUCKETS * _ROWS_OF_BUCKET) * (_WORDS_OF_NAME + workers) * _BYTES


@lru_cache(maxsize=4096)
def _name(key: str) -> bytes:
    return blake2b(key.encode(), digest_size=_WORDS_OF_NAME * _BYTES).digest()
