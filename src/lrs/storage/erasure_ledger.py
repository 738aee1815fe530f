"""The ledger of erasures: a file beside the database, so that a restored one can be told of them.

It has a line for each erasure, added and forced to the disk before anything is erased; none tells
who it was. The directory has to be backed up apart from the database, and shared by all hosts.
"""

import fcntl
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from lrs.errors import StartError

_FILE: Final = "erasures.ndjson"


class LedgerIdentifier(msgspec.Struct, frozen=True):
    """What stands for an identifier (hexadecimal), and for what stands instead of it."""

    mac: str
    instead: str


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An erasure that has begun.

    Attributes:
        store: by name, which a restored database has too.
        nobody: the id of the person without a name who has done it all, if it stays.
    """

    at: datetime
    store: str
    erasure: UUID
    mode: str
    on_return: str
    identifiers: tuple[LedgerIdentifier, ...]
    nobody: UUID | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(LedgerEntry).decode


class Ledger:
    """The file in a directory, which is made when it is needed."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / _FILE

    def append(self, entry: LedgerEntry) -> None:
        """Add a line, and return when it is on the disk.

        Raises:
            StartError: it cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                _append(descriptor, _encode(entry))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            _sync_directory(self.path.parent)
        except OSError as error:
            raise StartError(
                f"The ledger of erasures {self.path} cannot be written: {error.strerror};"
                " nothing is erased without it"
            ) from error

    def entries(self) -> Iterator[LedgerEntry]:
        """Give all erasures, each once, the first one first.

        Raises:
            StartError: it cannot be read, or has a line that is none of ours.
        """
        seen: set[UUID] = set()
        for number, line in enumerate(self._lines(), 1):
            try:
                entry = _decode(line)
            except msgspec.MsgspecError as error:
                raise StartError(
                    f"The ledger of erasures {self.path}, line {number}: {error}"
                ) from error
            if entry.erasure not in seen:
                seen.add(entry.erasure)
                yield entry

    def _lines(self) -> list[bytes]:
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StartError(
                f"The ledger of erasures {self.path} cannot be read: {error.strerror}"
            ) from error
        # A line without an end was being written when its process was killed: nothing was erased.
        return [line for line in text.split(b"\n")[:-1] if line.strip()]


def _append(descriptor: int, line: bytes) -> None:
    """Write a line; what somebody left without an end before is ended first."""
    size = os.fstat(descriptor).st_size
    is_ended = not size or os.pread(descriptor, 1, size - 1) == b"\n"
    if not is_ended:
        os.ftruncate(descriptor, _end_of_last_line(descriptor, size))
    os.write(descriptor, line + b"\n")


def _end_of_last_line(descriptor: int, size: int) -> int:
    return os.pread(descriptor, size, 0).rfind(b"\n") + 1


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
