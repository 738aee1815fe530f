"""Memory that all workers of a host share: a file that each of them has mapped."""

import fcntl
import mmap
import os
from pathlib import Path
from typing import Literal


class SharedMemory:
    """Bytes that several processes see and change, or one alone; at first they are all zero.

    Locks are those of the system on ranges of the file. They hold between processes, not between
    the threads of one, and the system lets go of them when a process ends, however it does.
    """

    def __init__(self, path: Path | None, size: int) -> None:
        """Map a file that was made, or, without one, memory of this process alone.

        Args:
            path: of the file; None if nobody else is to see the memory.
            size: in bytes.
        """
        self._file = None if path is None else os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._mapped = mmap.mmap(-1 if self._file is None else self._file, size)

    def words(self, kind: Literal["Q", "I"]) -> memoryview:
        """Return it as whole numbers of eight ("Q") or four ("I") bytes.

        One of them is written in one instruction, so a process that is killed leaves none in half.
        """
        return memoryview(self._mapped).cast(kind)

    def find(self, content: bytes, start: int, end: int) -> int:
        """Return where between these bytes others begin; -1 if they are not there."""
        return self._mapped.find(content, start, end)

    def lock(self, start: int, length: int) -> None:
        """Have these bytes alone; wait for whoever has them."""
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_EX, length, start)

    def unlock(self, start: int, length: int) -> None:
        """Let go of these bytes."""
        if self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, length, start)

    def is_locked_now(self, start: int, length: int) -> bool:
        """Have these bytes alone if nobody else has them, and tell whether that is so."""
        if self._file is None:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Let go of all locks; the memory goes when nobody looks at it any more."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def make_shared(path: Path, size: int) -> None:
    """Make the file behind shared memory, before anybody maps it.

    Each of its bytes is written, so that where there is no room it fails here, and not later.

    Raises:
        OSError: it cannot be made.
    """
    path.touch(0o600, exist_ok=False)
    path.write_bytes(bytes(size))
