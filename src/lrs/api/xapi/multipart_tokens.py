"""Takes multipart bodies apart while they arrive (RFC 2046 5.1.1).

The tokeniser is python-multipart's. It is made for forms, so what it does not bear is put right
before it: text in front of the first boundary, and boundaries that do not begin a line.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from lrs.errors import InvalidRequestError

_BOUNDARY = re.compile(rb"[ -~]{0,69}[!-~]")
# A preamble is a sentence for people whose programs know no MIME.
_LONGEST_PREAMBLE = 16 * 1024
_MOST_HEADERS = 32
_MOST_HEADER_BYTES = 16 * 1024
# Each costs as much as a thousand other bytes.
_MOST_WITHIN_LINES = 1_000
# A tab may stand in a value, a line end may not, and PostgreSQL's text cannot hold a NUL.
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_LINE_END = b"\r\n"

# By their names in lower case; a header that comes twice has two values.
PartHeaders = Mapping[str, Sequence[str]]


class Part(Protocol):
    """Takes the bytes of one part."""

    def add(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""

    def would_end(self, rest: bytes) -> bool:
        """Tell whether the part is sure to be whole with these bytes added."""

    def end(self) -> None:
        """Learn that there are no more."""


def boundary_of(content_type: str) -> bytes:
    """Return the boundary that a Content-Type header names, quoted or not.

    Raises:
        InvalidRequestError: it names none, or what can be none (RFC 2046 5.1.1).
    """
    _, parameters = parse_options_header(content_type.encode("latin-1", "replace"))
    boundary = parameters.get(b"boundary", b"")
    if not boundary:
        raise InvalidRequestError(
            "Content-Type must name the boundary, as in multipart/mixed; boundary=abc"
        )
    if not _BOUNDARY.fullmatch(boundary):
        raise InvalidRequestError(
            "the boundary in Content-Type must be 1 to 70 characters of ASCII, the last no space"
        )
    return boundary


class MultipartTokens:
    """Finds the parts of one body, however it is cut into pieces.

    xAPI.js, TinCanJS and xAPIWrapper leave out the line end between an attachment and the boundary
    of the next. So a boundary within a line ends a part if the part knows that it is whole then.
    """

    def __init__(self, boundary: bytes, open_part: Callable[[int, PartHeaders], Part]) -> None:
        """Begin a body.

        Args:
            boundary: as `boundary_of` gives it.
            open_part: called with the number of each part, from 1, and its headers.
        """
        self._preamble: _Preamble | None = _Preamble(boundary)
        self._delimiter = b"--%s\r\n" % boundary
        self._held = b""
        self._parts = _Parts(open_part)
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._parts.begin,
                "on_header_field": self._parts.add_name,
                "on_header_value": self._parts.add_value,
                "on_header_end": self._parts.end_header,
                "on_headers_finished": self._parts.end_headers,
                "on_part_data": self._parts.add_data,
                "on_part_end": self._parts.end,
                "on_end": self._parts.end_all,
            },
            max_header_count=_MOST_HEADERS,
            max_header_size=_MOST_HEADER_BYTES,
        )

    def write(self, piece: bytes) -> None:
        """Take the next bytes of the body.

        Raises:
            InvalidRequestError: they are not multipart, or the headers of a part over a limit.
        """
        if self._preamble is not None:
            piece = self._preamble.skip(piece)
            if not piece:
                return
            self._preamble = None
        seen = self._held + piece
        begin = 0
        while (end := seen.find(self._delimiter, begin)) >= 0:
            self._parse(seen[begin:end])
            self._parse(_LINE_END + self._delimiter if self._lacks_line_end() else self._delimiter)
            begin = end + len(self._delimiter)
        # What is left may end in the beginning of a boundary.
        end = max(begin, len(seen) - len(self._delimiter) + 1)
        self._parse(seen[begin:end])
        self._held = seen[end:]

    def finish(self) -> None:
        """Learn that the body ends here.

        Raises:
            InvalidRequestError: its last boundary did not come.
        """
        if self._preamble is not None:
            raise InvalidRequestError("no line of the body begins with the boundary")
        self._parse(self._held)
        if not self._parts.is_ended:
            raise InvalidRequestError(
                f"the body ends within {self._parts.place()}: the last boundary is missing"
            )

    def _lacks_line_end(self) -> bool:
        # What may be the beginning of a boundary was not given to the part yet.
        held_back = self._parser.boundary[: self._parser.index]
        return held_back != _LINE_END and self._parts.would_end(held_back)

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.write(data)
        except MultipartParseError as error:
            raise InvalidRequestError(self._parts.told()) from error


class _Preamble:
    """What is in front of the first boundary, and means nothing."""

    def __init__(self, boundary: bytes) -> None:
        self._boundary = boundary
        self._delimiter = re.compile(
            rb"^--%s(?:(--)|[ \t]*(\r?\n))" % re.escape(boundary), re.MULTILINE
        )
        self._seen = b""
        self._line = 0

    def skip(self, piece: bytes) -> bytes:
        """Return what follows, from the first boundary on; nothing until it has come."""
        self._seen += piece
        found = self._delimiter.search(self._seen, self._line)
        if (found.end() if found else len(self._seen)) > _LONGEST_PREAMBLE:
            raise InvalidRequestError(
                f"no line in the first {_LONGEST_PREAMBLE} bytes of the body begins with the"
                " boundary"
            )
        self._line = self._seen.rfind(b"\n") + 1
        if found is None:
            return b""
        if found[2] == b"\n":
            raise InvalidRequestError("the lines of a multipart body must end in CRLF, not in LF")
        return b"--" + self._boundary + (found[1] or _LINE_END) + self._seen[found.end() :]


class _Parts:
    """What the tokeniser calls."""

    def __init__(self, open_part: Callable[[int, PartHeaders], Part]) -> None:
        self.is_ended = False
        self._open_part = open_part
        self._number = 0
        self._part: Part | None = None
        self._within_lines = 0
        self._is_in_headers = False
        self._headers: dict[str, list[str]] = {}
        self._header_bytes = 0
        self._name = b""
        self._value = b""

    def place(self) -> str:
        """Name what is being read, for a person."""
        return f"{'the headers of ' * self._is_in_headers}part {self._number}"

    def told(self) -> str:
        """Say what the tokeniser cannot have borne, for a person."""
        if self._is_in_headers:
            return (
                f"{self.place()} cannot be read: each must be a name, a colon and a value, on one"
                f" line that ends in CRLF, and they may be {_MOST_HEADERS} with together"
                f" {_MOST_HEADER_BYTES} bytes"
            )
        return f"{self.place()} ends in a boundary whose line goes on with something else"

    def would_end(self, rest: bytes) -> bool:
        """Tell whether a boundary within a line ends what is being read."""
        if self._part is None:
            return False
        if self._part.would_end(rest):
            return True
        self._within_lines += 1
        if self._within_lines > _MOST_WITHIN_LINES:
            raise InvalidRequestError(
                f"the boundary stands in {self.place()} again and again; take another one"
            )
        return False

    def begin(self) -> None:
        self._number += 1
        self._is_in_headers = True
        self._headers = {}
        self._header_bytes = 0

    def add_name(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._name += data[start:end]

    def add_value(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._value += data[start:end]

    def end_header(self) -> None:
        name = self._name.decode("ascii").lower()
        if _CONTROL.search(self._value):
            raise InvalidRequestError(f"{self.place()} hold a control character in {name[:80]}")
        value = self._value.decode("latin-1").strip(" \t")
        self._headers.setdefault(name, []).append(value)
        self._name = self._value = b""

    def end_headers(self) -> None:
        self._is_in_headers = False
        self._part = self._open_part(self._number, self._headers)

    def add_data(self, data: bytes, start: int, end: int) -> None:
        if self._part is not None:
            self._part.add(memoryview(data)[start:end])

    def end(self) -> None:
        if self._part is not None:
            self._part.end()
        self._part = None

    def end_all(self) -> None:
        self.is_ended = True

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > _MOST_HEADER_BYTES:
            raise InvalidRequestError(self.told())
