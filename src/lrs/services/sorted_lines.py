"""Lines in order, however many: what does not fit into memory waits in temporary files."""

import heapq
from collections.abc import Iterator
from contextlib import ExitStack
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Final, Self

_MOST_BYTES: Final = 16 * 1024 * 1024


class SortedLines:
    """Takes lines without their ends, and gives them in the order of their bytes.

    The files have no name and are gone with the process.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """Make it; `most_bytes` is how much is held in memory."""
        self._most_bytes = most_bytes
        self._lines: list[bytes] = []
        self._bytes = 0
        self._files: list[IO[bytes]] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def add(self, line: bytes) -> None:
        """Take a line, which has no line end in it."""
        self._lines.append(line + b"\n")
        self._bytes += len(line)
        if self._bytes > self._most_bytes:
            self._put_away()

    def __iter__(self) -> Iterator[bytes]:
        """Give all lines from the first on; only one iteration may be under way."""
        self._lines.sort()
        for file in self._files:
            file.seek(0)
        return (line[:-1] for line in heapq.merge(*self._files, self._lines))

    def _put_away(self) -> None:
        self._lines.sort()
        file = self._stack.enter_context(TemporaryFile())  # noqa: SIM115 - the stack closes it
        file.writelines(self._lines)
        self._files.append(file)
        self._lines, self._bytes = [], 0
