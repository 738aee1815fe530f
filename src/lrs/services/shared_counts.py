"""Counts of windows of time, shared by all workers of a host: a storage of the library `limits`.

The library's own storages are a server apart or the memory of one process. That one, besides,
grows with every new address, and starts a thread up to a hundred times a second that walks over
all its keys (`docs/decisions/0022-counts-in-shared-memory.md`).
"""

import time
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from math import ceil, floor
from pathlib import Path
from sys import byteorder
from urllib.parse import urlsplit

from limits.storage import SlidingWindowCounterSupport, Storage

from lrs.services.shared_memory import SharedMemory

SIZE = 1024 * 1024  # bytes: 65,536 counts

# A row is two words: what is counted, as a hash, and until when (upper half) how much (lower half).
# The first words of all rows of a bucket come first.
_ROWS_OF_BUCKET = 16
_WORDS_OF_BUCKET = 2 * _ROWS_OF_BUCKET
_BYTES_OF_BUCKET = 8 * _WORDS_OF_BUCKET
_BUCKETS = SIZE // _BYTES_OF_BUCKET
_HASH = 0xFFFF_FFFF_FFFF_FFFF
_COUNT = 0xFFFF_FFFF
_UNTIL = 32


class SharedCounts(Storage, SlidingWindowCounterSupport):
    """A table of fixed size that never fills up.

    A key has one of 4,096 buckets of sixteen rows; all that a decision needs lies in it, under
    one lock. Where a new count finds no row, one that is over makes room, else the smallest of
    them: many that ask once do not push out one that asks a lot. A row is changed by one write of
    eight bytes. So a process that is killed in the middle leaves the count as before or as after;
    where a row was about to go to another key, the old count is gone, as it was to be.
    """

    STORAGE_SCHEME = ["shared-memory"]  # noqa: RUF012 - as the library declares it
    # What may go wrong below.
    base_exceptions = OSError

    def __init__(
        self,
        uri: str | None = None,
        wrap_exceptions: bool = False,  # noqa: FBT001, FBT002 - as the library calls it
        *,
        clock: Callable[[], float] = time.time,
        **options: float | str | bool,
    ) -> None:
        """Open the table.

        Args:
            uri: `shared-memory:///` and the path of a file of `SIZE` bytes, made by `make_shared`;
                without a path nobody else sees the counts.
            wrap_exceptions: as for every storage of the library.
            clock: seconds since 1970, the same for all who share the table.
            options: as for every storage of the library.
        """
        super().__init__(uri, wrap_exceptions, **options)
        path = urlsplit(uri or "").path
        self._memory = SharedMemory(Path(path) if path else None, SIZE)
        self._words = self._memory.words("Q")
        self._clock = clock

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a count, which lives for `expiry` seconds from its first, and return it."""
        hashed = _hash(key)
        bucket = self._lock(hashed)
        try:
            now = self._clock()
            return self._add(bucket, hashed, amount, now, now + expiry)
        finally:
            self._unlock(bucket)

    def get(self, key: str) -> int:
        """Return a count."""
        hashed = _hash(key)
        return self._count(_bucket(hashed), hashed, self._clock())

    def get_expiry(self, key: str) -> float:
        """Return when a count ends, in seconds since 1970; now, if there is none."""
        hashed = _hash(key)
        row = self._row(_bucket(hashed), hashed)
        until = 0 if row is None else self._words[row + _ROWS_OF_BUCKET] >> _UNTIL
        return max(self._clock(), until)

    def check(self) -> bool:
        """Tell that it works."""
        return True

    def reset(self) -> int | None:
        """Forget all counts."""
        for bucket in range(0, len(self._words), _WORDS_OF_BUCKET):
            self._lock_bucket(bucket)
            for row in range(_ROWS_OF_BUCKET):
                self._words[bucket + _ROWS_OF_BUCKET + row] = 0
            self._unlock(bucket)
        return None

    def clear(self, key: str) -> None:
        """Forget a count."""
        self._forget(_hash(key), _hash(key))

    def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Add to the count of a window that slides, if it stays within a limit, and tell whether.

        What was counted in the window before counts for the share of it that the last `expiry`
        seconds still reach into.
        """
        hashed = _hash(key)
        bucket = self._lock(hashed)
        try:
            now = self._clock()
            number = int(now / expiry)
            previous = self._count(bucket, _of_window(hashed, number - 1), now)
            tag = _of_window(hashed, number)
            current = self._count(bucket, tag, now)
            if floor(previous * _left_of_previous(now, expiry) / expiry + current) + amount > limit:
                return False
            self._add(bucket, tag, amount, now, (number + 2) * expiry)
            return True
        finally:
            self._unlock(bucket)

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Return count and seconds to live of the window before, and of the current one."""
        hashed = _hash(key)
        bucket, now = _bucket(hashed), self._clock()
        number = int(now / expiry)
        previous = self._count(bucket, _of_window(hashed, number - 1), now)
        current = self._count(bucket, _of_window(hashed, number), now)
        left = _left_of_previous(now, expiry)
        return previous, left if previous else 0.0, current, left + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget both windows."""
        hashed = _hash(key)
        number = int(self._clock() / expiry)
        for each in (number - 1, number):
            self._forget(hashed, _of_window(hashed, each))

    def close(self) -> None:
        """Let go of the file."""
        self._memory.close()

    def _row(self, bucket: int, tag: int) -> int | None:
        """Return the first word of a row; its state is sixteen words further on."""
        start = 8 * bucket
        at = self._memory.find(tag.to_bytes(8, byteorder), start, start + 8 * _ROWS_OF_BUCKET)
        # What is found across two words, once in an age, is nothing.
        return None if at < 0 or at % 8 else at // 8

    def _count(self, bucket: int, tag: int, now: float) -> int:
        """Return a count that is not over; else 0."""
        row = self._row(bucket, tag)
        state: int = 0 if row is None else self._words[row + _ROWS_OF_BUCKET]
        return state & _COUNT if state >> _UNTIL > now else 0

    def _add(self, bucket: int, tag: int, amount: int, now: float, until: float) -> int:
        """Add to a row of a bucket that is locked; a new one lives until then."""
        row = self._row(bucket, tag)
        if row is None:
            row = self._least(bucket, now)
            self._words[row + _ROWS_OF_BUCKET] = 0  # before the row gets another's name
            self._words[row] = tag
        state: int = self._words[row + _ROWS_OF_BUCKET]
        if state >> _UNTIL <= now:
            state = ceil(until) << _UNTIL
        count = min((state & _COUNT) + amount, _COUNT)
        self._words[row + _ROWS_OF_BUCKET] = state & ~_COUNT | count
        return count

    def _least(self, bucket: int, now: float) -> int:
        """Return the row that has to make room."""
        rows = range(bucket, bucket + _ROWS_OF_BUCKET)
        return min(rows, key=lambda row: _worth(self._words[row + _ROWS_OF_BUCKET], now))

    def _forget(self, hashed: int, tag: int) -> None:
        bucket = self._lock(hashed)
        try:
            row = self._row(bucket, tag)
            if row is not None:
                self._words[row + _ROWS_OF_BUCKET] = 0
        finally:
            self._unlock(bucket)

    def _lock(self, hashed: int) -> int:
        bucket = _bucket(hashed)
        self._lock_bucket(bucket)
        return bucket

    def _lock_bucket(self, bucket: int) -> None:
        self._memory.lock(8 * bucket, _BYTES_OF_BUCKET)

    def _unlock(self, bucket: int) -> None:
        self._memory.unlock(8 * bucket, _BYTES_OF_BUCKET)


@lru_cache(maxsize=4096)
def _hash(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest())


def _bucket(hashed: int) -> int:
    """Return the first word of the bucket of a key."""
    return hashed % _BUCKETS * _WORDS_OF_BUCKET


def _of_window(hashed: int, number: int) -> int:
    """Return what the count of a window of a key is found by, in the bucket of the key."""
    return hashed + number & _HASH


def _left_of_previous(now: float, expiry: int) -> float:
    """Return for how many seconds the window before the current one still counts."""
    return expiry - now % expiry


def _worth(state: int, now: float) -> tuple[int, int]:
    """Return what a row is worth: nothing when it is over, else more the more it has counted."""
    until = state >> _UNTIL
    return (state & _COUNT, until) if until > now else (0, 0)
