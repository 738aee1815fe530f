"""The ZIP format, as far as a file needs it that is put together while it is sent.

All sizes are known beforehand, so each byte has its place: a download can go on anywhere. What is
larger than the first form of the format allows is told in the second one (ZIP64).
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from struct import pack
from typing import NamedTuple

# What the first form cannot say is told as this, and apart.
_MOST_OF_16, _MOST_OF_32 = 0xFFFF, 0xFFFFFFFF
# Which version of the format a reader needs: 2.0 has deflate, 4.5 has ZIP64.
_VERSION, _VERSION_64 = 20, 45
# The name is UTF-8.
_FLAGS = 0x0800
# An ordinary file that its owner may read and write, made on Unix.
_MADE_ON_UNIX, _MODE = 3 << 8, 0o100600 << 16
_EARLIEST_YEAR = 1980


class Method(IntEnum):
    """How the data of a file stand in it."""

    AS_IS = 0
    DEFLATED = 8


class ZipEntry(NamedTuple):
    """A file in it.

    Attributes:
        size: of the file; `packed` of its data as they stand in it.
        crc: CRC-32 of the file.
    """

    name: str
    method: Method
    size: int
    packed: int
    crc: int


class Stretch(NamedTuple):
    """Some of the data of a file: so many bytes from a place on."""

    entry: int
    start: int
    length: int


class Packing:
    """Deflates what it is given, and counts.

    Attributes:
        size: bytes that it was given.
        crc: CRC-32 of those.
    """

    def __init__(self) -> None:
        self.size = 0
        self.crc = 0
        self._deflating = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._packed: list[bytes] = []

    def add(self, content: bytes) -> None:
        """Take some more of a file."""
        self.size += len(content)
        self.crc = zlib.crc32(content, self.crc)
        self._packed.append(self._deflating.compress(content))

    def finish(self) -> bytes:
        """Return the whole file, deflated."""
        return b"".join([*self._packed, self._deflating.flush()])


@dataclass(frozen=True, slots=True)
class ZipFile:
    """A file that is made of others.

    Attributes:
        entries: those that are in it, in their order.
        made: what each of them says of its time; a year before 1980 cannot be said.
    """

    entries: Sequence[ZipEntry]
    made: datetime

    @property
    def size(self) -> int:
        """How many bytes it has."""
        data = sum(each.packed for each in self.entries)
        return data + sum(len(part) for part in self._parts() if isinstance(part, bytes))

    def parts(self, first: int = 0) -> Iterator[bytes | Stretch]:
        """Give the bytes from a place on; those that lie elsewhere as where they lie."""
        place = 0
        for part in self._parts():
            length = len(part) if isinstance(part, bytes) else part.length
            skipped = min(max(first - place, 0), length)
            place += length
            if skipped == length:
                continue
            if isinstance(part, bytes):
                yield part[skipped:]
            else:
                yield Stretch(part.entry, skipped, length - skipped)

    def _parts(self) -> Iterator[bytes | Stretch]:
        time = _time_of(self.made)
        offsets = []
        offset = 0
        for number, entry in enumerate(self.entries):
            offsets.append(offset)
            header = _local_header(entry, time)
            offset += len(header) + entry.packed
            yield header
            yield Stretch(number, 0, entry.packed)
        length = 0
        for entry, begin in zip(self.entries, offsets, strict=True):
            header = _central_header(entry, time, begin)
            length += len(header)
            yield header
        yield _end(len(self.entries), length, offset)


def _time_of(moment: datetime) -> int:
    day = (max(moment.year, _EARLIEST_YEAR) - _EARLIEST_YEAR) << 9 | moment.month << 5 | moment.day
    return day << 16 | moment.hour << 11 | moment.minute << 5 | moment.second // 2


def _local_header(entry: ZipEntry, time: int) -> bytes:
    is_large = max(entry.size, entry.packed) >= _MOST_OF_32
    sizes = (_MOST_OF_32, _MOST_OF_32) if is_large else (entry.packed, entry.size)
    extra = pack("<HHQQ", 1, 16, entry.size, entry.packed) if is_large else b""
    name = entry.name.encode()
    version = _VERSION_64 if is_large else _VERSION
    fixed = (version, _FLAGS, entry.method, time, entry.crc, *sizes, len(name), len(extra))
    return b"PK\3\4" + pack("<HHHIIIIHH", *fixed) + name + extra


def _central_header(entry: ZipEntry, time: int, offset: int) -> bytes:
    told = (entry.size, entry.packed, offset)
    apart = [number for number in told if number >= _MOST_OF_32]
    extra = pack(f"<HH{len(apart)}Q", 1, 8 * len(apart), *apart) if apart else b""
    size, packed, begin = (min(number, _MOST_OF_32) for number in told)
    name = entry.name.encode()
    version = _VERSION_64 if apart else _VERSION
    fixed = (_MADE_ON_UNIX | version, version, _FLAGS, entry.method, time, entry.crc, packed, size)
    lengths = (len(name), len(extra), 0, 0, 0, _MODE, begin)
    return b"PK\1\2" + pack("<HHHHIIII", *fixed) + pack("<HHHHHII", *lengths) + name + extra


def _end(count: int, length: int, offset: int) -> bytes:
    few, short, near = min(count, _MOST_OF_16), min(length, _MOST_OF_32), min(offset, _MOST_OF_32)
    end = b"PK\5\6" + pack("<HHHHIIH", 0, 0, few, few, short, near, 0)
    if few < _MOST_OF_16 and max(short, near) < _MOST_OF_32:
        return end
    told = (_VERSION_64, _VERSION_64, 0, 0, count, count, length, offset)
    end_64 = b"PK\6\6" + pack("<QHHIIQQQQ", 44, *told)
    return end_64 + b"PK\6\7" + pack("<IQI", 0, offset + length, 1) + end
