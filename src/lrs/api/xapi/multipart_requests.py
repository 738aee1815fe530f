"""Reads statements together with the data of their attachments (Comm. 1.5.2)."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from lrs.api.xapi.multipart_tokens import MultipartTokens, Part, PartHeaders, boundary_of
from lrs.api.xapi.received_files import ReceivedFile, received_file
from lrs.errors import InvalidRequestError, TooLargeError
from lrs.xapi.attachments import SHA2_EXPECTED
from lrs.xapi.received_data import ReceivedData

_JSON = "application/json"
_HASH = "x-experience-api-hash"
# By the number of hexadecimal digits.
_ALGORITHMS = {56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_DIGITS = re.compile(r"[0-9a-f]+")
# A larger one would fit into no column.
_LENGTH = re.compile(r"[0-9]{1,18}")
_BINARY = frozenset(("", "binary"))
# What stands there is what was meant; programs for e-mail name it, and JSON may have it.
_AS_IT_IS = _BINARY | {"7bit", "8bit"}
_LINE_END = b"\r\n"
# What is taken apart at once: other requests get their turn, however many parts are in it.
_PIECE = 32 * 1024


@dataclass(frozen=True, slots=True)
class MultipartLimits:
    """How much one request may bring.

    Attributes:
        statements_bytes: of the first part.
        attachment_bytes: of each other part.
        total_bytes: of all other parts together, those that repeat another one included.
        parts: all of them, the first included.
    """

    statements_bytes: int
    attachment_bytes: int
    total_bytes: int
    parts: int


@dataclass(frozen=True, slots=True)
class ReceivedMultipart:
    """What one request brought.

    Attributes:
        statements: JSON, as it was sent.
        data: by SHA-2 in lower case.
    """

    statements: bytes
    data: Mapping[str, ReceivedData]


@asynccontextmanager
async def received_multipart(
    content_type: str, pieces: AsyncIterable[bytes], limits: MultipartLimits
) -> AsyncIterator[ReceivedMultipart]:
    """Read a multipart/mixed body; the data can be read until the end of the context.

    Args:
        content_type: the header of the request.
        pieces: the body, unpacked, cut in any way.
        limits: how much is taken of it.

    Raises:
        InvalidRequestError: it is not multipart, is cut off, its first part is not JSON, or
            another part has no hash, a wrong one, or an encoding.
        TooLargeError: it is over a limit; the rest of it is not read.
        UnavailableError: there is no room for the data.
    """
    boundary = boundary_of(content_type)
    with received_file() as file:
        parts = _Parts(file, limits)
        tokens = MultipartTokens(boundary, parts.open)
        async for piece in pieces:
            for begin in range(0, len(piece), _PIECE):
                tokens.write(piece[begin : begin + _PIECE])
                await asyncio.sleep(0)
        tokens.finish()
        yield parts.received()


class _Parts:
    """The parts of one body."""

    def __init__(self, file: ReceivedFile, limits: MultipartLimits) -> None:
        self.file = file
        self.limits = limits
        self.data: dict[str, ReceivedData] = {}
        self._attachment_bytes = 0
        self._statements: _Statements | None = None

    def open(self, number: int, headers: PartHeaders) -> Part:
        """Begin a part."""
        if number > self.limits.parts:
            raise TooLargeError(f"the body has more than the {self.limits.parts} allowed parts")
        if self._statements is None:
            self._statements = _Statements(headers, self.limits.statements_bytes)
            return self._statements
        return _Attachment(number, headers, self)

    def count(self, size: int) -> None:
        """Count bytes of attachments."""
        self._attachment_bytes += size
        if self._attachment_bytes > self.limits.total_bytes:
            raise TooLargeError(
                f"the attachments are together over the {self.limits.total_bytes} bytes that are"
                " allowed in a request"
            )

    def received(self) -> ReceivedMultipart:
        """Return what came."""
        if self._statements is None:
            raise InvalidRequestError("the body has no parts; the first must hold the statements")
        self.file.flush()
        return ReceivedMultipart(bytes(self._statements.content), self.data)


class _Statements:
    """The first part."""

    def __init__(self, headers: PartHeaders, most: int) -> None:
        kind = _media_type(_header(headers, 1, "content-type"))
        if kind != _JSON:
            raise InvalidRequestError(
                f"the first part must be {_JSON} and hold the statements;"
                f" its Content-Type is {kind[:80] or 'missing'!r}"
            )
        _check_encoding(headers, 1, _AS_IT_IS)
        self._most = most
        self.content = bytearray()

    def add(self, data: bytes | memoryview) -> None:
        if len(self.content) + len(data) > self._most:
            raise TooLargeError(f"the statements are over the {self._most} bytes that are allowed")
        self.content += data

    def would_end(self, _rest: bytes) -> bool:
        return False

    def end(self) -> None:
        """Leave the reading to who knows JSON."""


class _Attachment:
    """Another part: its hash is computed while it arrives."""

    def __init__(self, number: int, headers: PartHeaders, parts: _Parts) -> None:
        self._number = number
        self._parts = parts
        self._type = _header(headers, number, "content-type")
        self._sha2 = self._declared(_header(headers, number, _HASH).lower())
        _check_encoding(headers, number, _BINARY)
        self._length = _length(_header(headers, number, "content-length"), number)
        self._hash = hashlib.new(_ALGORITHMS[len(self._sha2)])
        self._is_repeated = self._sha2 in parts.data
        self._begin = parts.file.size
        self._size = 0

    def add(self, data: bytes | memoryview) -> None:
        self._size += len(data)
        most = self._parts.limits.attachment_bytes
        if self._size > most:
            raise TooLargeError(
                f"part {self._number} is over the {most} bytes that an attachment may have"
            )
        self._parts.count(len(data))
        self._hash.update(data)
        if not self._is_repeated:
            self._parts.file.append(data)

    def would_end(self, rest: bytes) -> bool:
        following = self._hash.copy()
        following.update(rest)
        return following.hexdigest() == self._sha2

    def end(self) -> None:
        # A client that leaves out the line end before a boundary may send data that end in one.
        if not self.would_end(b"") and self.would_end(_LINE_END):
            self.add(_LINE_END)
        if not self.would_end(b""):
            raise InvalidRequestError(
                f"part {self._number} declares the hash {self._sha2}, but the"
                f" {self._hash.name.upper()} of its {self._size} bytes is {self._hash.hexdigest()}"
            )
        if not self._is_repeated:
            self._parts.data[self._sha2] = self._kept()

    def _kept(self) -> ReceivedData:
        pieces = partial(self._parts.file.pieces, self._begin, self._begin + self._size)
        return ReceivedData(self._sha2, self._size, self._type or None, self._length, pieces)

    def _declared(self, sha2: str) -> str:
        if len(sha2) in _ALGORITHMS and _DIGITS.fullmatch(sha2):
            return sha2
        if sha2:
            raise InvalidRequestError(
                f"X-Experience-API-Hash of part {self._number} {SHA2_EXPECTED}"
            )
        if _media_type(self._type) == _JSON:
            raise InvalidRequestError(
                f"part {self._number} is JSON without X-Experience-API-Hash: all statements belong"
                " in the first part, in one array"
            )
        raise InvalidRequestError(f"part {self._number} has no X-Experience-API-Hash")


def _header(headers: PartHeaders, number: int, name: str) -> str:
    values = headers.get(name, ("",))
    if len(values) > 1:
        raise InvalidRequestError(f"part {number} has the header {name} {len(values)} times")
    return values[0]


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()


def _check_encoding(headers: PartHeaders, number: int, known: frozenset[str]) -> None:
    encoding = _header(headers, number, "content-transfer-encoding").lower()
    if encoding not in known:
        raise InvalidRequestError(
            f"Content-Transfer-Encoding of part {number} must be binary, it is {encoding[:80]!r}"
        )


def _length(value: str, number: int) -> int | None:
    if value and not _LENGTH.fullmatch(value):
        raise InvalidRequestError(
            f"Content-Length of part {number} must be a number of bytes, it is {value[:80]!r}"
        )
    return int(value) if value else None
