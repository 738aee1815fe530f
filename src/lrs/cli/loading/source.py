"""Read the bytes of a file or of standard input, unpacked if they are gzip."""

import asyncio
import os
import stat
import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

STDIN = Path("-")

_CHUNK = 256 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31  # tells zlib to expect a gzip header


class Source:
    """A file being read once, from its beginning.

    Attributes:
        size: in bytes as they lie there, or None where it cannot be known.
        position: how many of these bytes have been read.
        offset: how many bytes they have become after unpacking.
        damage: why reading ended too early, or None.
    """

    def __init__(self, path: Path) -> None:
        self._file = (
            open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)  # noqa: SIM115 -- standard input has no path, and close() closes it
            if path == STDIN
            else path.open("rb", buffering=0)
        )
        status = os.fstat(self._file.fileno())
        self._is_regular = stat.S_ISREG(status.st_mode)
        self.size = status.st_size if self._is_regular else None
        self.position = 0
        self.offset = 0
        self.damage: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Read to the end, or to the place where the gzip data are damaged.

        Yields:
            Unpacked bytes, each time a bounded number of them.
        """
        first = await self._read_beginning()
        unpacker = _Gunzip() if first.startswith(_GZIP_MAGIC) else None
        chunk = first
        while chunk and self.damage is None:
            for part in unpacker.unpack(chunk) if unpacker else (chunk,):
                self.offset += len(part)
                yield part
            self.damage = unpacker.damage if unpacker else None
            chunk = await self._read()
        if unpacker and self.damage is None and not unpacker.is_complete:
            self.damage = "the gzip data are cut off"

    async def _read_beginning(self) -> bytes:
        """Read enough to see whether this is gzip, even if the bytes come one by one."""
        beginning = await self._read()
        while beginning and len(beginning) < len(_GZIP_MAGIC):
            more = await self._read()
            if not more:
                break
            beginning += more
        return beginning

    async def _read(self) -> bytes:
        if not self._is_regular:
            await _until_readable(self._file.fileno())
        chunk = self._file.read(_CHUNK) or b""
        self.position += len(chunk)
        return chunk


async def _until_readable(descriptor: int) -> None:
    """Wait in the event loop, which keeps requests in flight, and Ctrl-C, alive.

    What cannot be waited for, such as a device, is read at once.
    """
    loop = asyncio.get_running_loop()
    is_readable = asyncio.Event()
    with suppress(OSError, NotImplementedError):
        loop.add_reader(descriptor, is_readable.set)
        try:
            await is_readable.wait()
        finally:
            loop.remove_reader(descriptor)


class _Gunzip:
    """Unpacks gzip data of one or more members, never much of it at a time."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self.damage: str | None = None

    @property
    def is_complete(self) -> bool:
        return self._member.eof

    def unpack(self, packed: bytes) -> Iterator[bytes]:
        while packed:
            if self._member.eof:
                packed = packed.lstrip(b"\0")  # some programs pad the end of the file
                if not packed:
                    return
                self._member = zlib.decompressobj(_GZIP_WINDOW)
            try:
                part = self._member.decompress(packed, _CHUNK)
            except zlib.error as error:
                self.damage = f"the gzip data are damaged: {error}"
                return
            if part:
                yield part
            packed = self._member.unconsumed_tail or self._member.unused_data
