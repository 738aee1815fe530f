"""Cut a stream of JSON text into the raw texts of its statements.

The stream is a sequence of arrays and objects, so that a JSON array, NDJSON, a single statement
and pretty-printed objects one after the other are all the same to the scanner. It knows strings
and brackets; whether a slice is JSON is for `statement_text` to say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lrs.cli.loading.grammar import BETWEEN_LINES, IN_ARRAY, Grammar
from lrs.cli.loading.statement_text import is_json_object

LONGEST_STATEMENT = 16 * 1024 * 1024
LONGEST_SAMPLE = 1000

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_GUESSES = 4
_LOOK_BACK = 64


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the stream that should be one statement.

    Attributes:
        offset: where it begins, in bytes of the (decompressed) stream.
        text: the bytes as they stand there; only their beginning where `flaw` is given.
        flaw: why this cannot be a statement, or None.
    """

    offset: int
    text: bytes
    flaw: str | None = None


class StatementScanner:
    """Takes the stream in chunks of any size and gives each piece as soon as it is complete."""

    def __init__(self, longest: int = LONGEST_STATEMENT) -> None:
        self._longest = longest
        self._longest_sample = min(longest, LONGEST_SAMPLE)
        self._buffer = b""
        self._origin = 0  # where in the stream the buffer begins
        self._position = 0  # up to here the buffer is understood
        self._grammar = BETWEEN_LINES
        self._is_at_beginning = True
        self._is_boundary_ahead = True
        # Of the value that is being read:
        self._is_in_value = False
        self._start = 0
        self._offset = 0
        self._depth = 0  # 0: junk
        self._is_in_string = False
        self._beginning = b""  # kept when the value is too long to be kept as a whole

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        """Read on.

        Yields:
            The pieces that end in this chunk.
        """
        self._buffer += chunk
        self._is_boundary_ahead = True
        if self._is_at_beginning:
            self._skip_byte_order_mark()
        while not self._is_at_beginning and self._has_found_start():
            piece = self._read_junk() if self._depth == 0 else self._read_value()
            if piece is None:
                break
            yield piece
        self._forget_what_is_read()

    def finish(self) -> Iterator[Piece]:
        """Take the stream as ended.

        Yields:
            What is left over: a last piece, or an array that was never closed.
        """
        if self._is_at_beginning:
            self._is_at_beginning = False
            yield from self.feed(b"")
        self._position = len(self._buffer)
        if self._is_in_value:
            yield self._take("not JSON" if self._depth == 0 else "the file ends inside of it")
        elif self._grammar is IN_ARRAY:
            yield Piece(self._here(), b"", "the file ends before its array is closed")

    def _here(self) -> int:
        return self._origin + self._position

    def _next_byte(self) -> bytes:
        return self._buffer[self._position : self._position + 1]

    def _skip_byte_order_mark(self) -> None:
        if self._buffer.startswith(_BYTE_ORDER_MARK):
            self._position = len(_BYTE_ORDER_MARK)
        elif _BYTE_ORDER_MARK.startswith(self._buffer):
            return
        self._is_at_beginning = False

    def _has_found_start(self) -> bool:
        """Go to the next value, through the brackets and commas of the array around it."""
        while not self._is_in_value:
            self._position = _end(self._grammar.separators.match(self._buffer, self._position))
            first = self._next_byte()
            if not first:
                return False
            if first == b"[" and self._grammar is BETWEEN_LINES:
                self._enter(IN_ARRAY)
            elif first == b"]" and self._grammar is IN_ARRAY:
                self._enter(BETWEEN_LINES)
            else:
                self._begin_value(depth=1 if first in b"{[" else 0)
            self._position += 1
        return True

    def _enter(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._is_boundary_ahead = True

    def _begin_value(self, depth: int) -> None:
        self._is_in_value = True
        self._start = self._position
        self._offset = self._here()
        self._depth = depth
        self._is_in_string = False
        self._beginning = b""

    def _read_junk(self) -> Piece | None:
        self._position = _end(self._grammar.junk.match(self._buffer, self._position))
        ahead = len(self._buffer) - self._position
        # A line end is understood only together with the byte behind it.
        is_over = ahead > (0 if self._grammar is IN_ARRAY else 1)
        return self._take("not JSON") if is_over else None

    def _read_value(self) -> Piece | None:
        if self._has_guessed_end():
            return self._take()
        while True:
            before = self._position
            flaw = self._read_string() if self._is_in_string else self._read_to_bracket()
            if flaw is not None or self._depth == 0:
                return self._take(flaw)
            if self._position == before:
                return None

    def _has_guessed_end(self) -> bool:
        """Jump to the end of an object where it can be guessed.

        What looks like the end is the end if the text up to it is a JSON object: no object is
        the beginning of another one. This is many times faster than walking over the brackets,
        which remains for what is unusual or broken.
        """
        if not self._is_boundary_ahead or self._position != self._start + 1:
            return False
        candidate = self._position
        for _ in range(_GUESSES):
            boundary = self._grammar.boundary.search(self._buffer, candidate)
            if boundary is None:
                self._is_boundary_ahead = False
                return False
            candidate = boundary.end()
            if is_json_object(self._buffer[self._start : candidate]):
                self._position = candidate
                return True
        return False

    def _read_to_bracket(self) -> str | None:
        self._position = _end(self._grammar.nested.match(self._buffer, self._position))
        byte = self._next_byte()
        if byte == b"\n":
            return self._read_line_end()
        self._position += len(byte)
        if byte == b'"':
            self._is_in_string = True
        elif byte:
            self._depth += 1 if byte in b"{[" else -1
        return None

    def _read_line_end(self) -> str | None:
        """Read a line end with an opening brace, or with nothing as yet, behind it."""
        if self._position + 1 == len(self._buffer):
            return None
        earliest = max(self._start, self._position - _LOOK_BACK)
        before = self._buffer[earliest : self._position].rstrip()[-1:]
        if before not in b":,[":
            return f"not closed before the next one begins at byte {self._here() + 1}"
        self._position += 1
        return None

    def _read_string(self) -> str | None:
        self._position = _end(self._grammar.rest_of_string.match(self._buffer, self._position))
        ahead = self._buffer[self._position : self._position + 2]
        if ahead.startswith(b'"'):
            self._position += 1
            self._is_in_string = False
        elif ahead.startswith((b"\n", b"\\\n")):
            return f"a string is still open at the end of the line, byte {self._here()}"
        return None

    def _take(self, flaw: str | None = None) -> Piece:
        """End the value here."""
        self._is_in_value = False
        if self._depth > 0 or flaw is None:
            flaw = self._judge_length() or flaw
        if flaw is None:
            return Piece(self._offset, self._buffer[self._start : self._position])
        text = self._beginning or self._buffer[self._start : self._position]
        return Piece(self._offset, text[: self._longest_sample], flaw)

    def _judge_length(self) -> str | None:
        if self._here() - self._offset <= self._longest:
            return None
        return f"longer than {self._longest:,} bytes, or never closed"

    def _forget_what_is_read(self) -> None:
        """Keep only the value that is being read, and of an overlong one only its beginning."""
        keep = self._position
        if self._is_in_value:
            longest = self._longest if self._depth > 0 else self._longest_sample
            if self._here() - self._offset > longest:
                sample = self._buffer[self._start : self._start + self._longest_sample]
                self._beginning = self._beginning or sample
                self._start = max(self._start, self._position - _LOOK_BACK)
            keep = self._start
        self._buffer = self._buffer[keep:]
        self._origin += keep
        self._position -= keep
        self._start = 0


def _end(match: re.Match[bytes] | None) -> int:
    """Give the end of a match that cannot fail, because the pattern matches nothing as well."""
    if match is None:
        raise AssertionError
    return match.end()
