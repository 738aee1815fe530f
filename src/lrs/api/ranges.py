"""Which part of a file a client asks for (RFC 9110 14)."""

import re
from typing import NamedTuple

from fastapi import Request

from lrs.errors import UnsatisfiableRangeError

# One range of bytes. Several at once, and other units, are left unheard, as the standard allows.
_RANGE = re.compile(r"bytes=(?:([0-9]{1,100})-([0-9]{1,100})?|-([0-9]{1,100}))")


class Part(NamedTuple):
    """Bytes of a file, from the first to the last one.

    Attributes:
        is_all: it was asked for all of it, or for what is not understood.
    """

    first: int
    length: int
    is_all: bool

    def headers(self, size: int) -> dict[str, str]:
        """Return what is said of the part of a file of this size."""
        said = {"Accept-Ranges": "bytes", "Content-Length": str(self.length)}
        if not self.is_all:
            last = self.first + self.length - 1
            said["Content-Range"] = f"bytes {self.first}-{last}/{size}"
        return said


def part_asked_for(request: Request, size: int, etag: str) -> Part:
    """Return which part of a file a request asks for.

    Args:
        request: GET of the file.
        size: of the file, at least one byte.
        etag: of the file, with its quotes.

    Raises:
        UnsatisfiableRangeError: it begins behind the end.
    """
    found = _RANGE.fullmatch(request.headers.get("range", "").strip())
    # Who has the beginning of another file than this one needs all of it.
    if found is None or request.headers.get("if-range", etag) != etag:
        return Part(0, size, is_all=True)
    begin, end, length = found.groups()
    if length is not None:
        return _part(size - min(int(length), size), size - 1, size)
    last = size - 1 if end is None else int(end)
    if end is not None and last < int(begin):
        # No range at all.
        return Part(0, size, is_all=True)
    return _part(int(begin), min(last, size - 1), size)


def _part(first: int, last: int, size: int) -> Part:
    if first >= size:
        raise UnsatisfiableRangeError(f"there are {size} bytes, numbered from 0", size)
    return Part(first, last - first + 1, is_all=False)
