"""Judge the raw text of one statement, and give it an id without touching the rest of it."""

import json
from array import array
from hashlib import blake2b
from typing import Never
from uuid import UUID, uuid5

import msgspec

_NAMESPACE = UUID("c5b1ab37-6a3c-5f0e-9a52-0f2f3a6f4d11")


class MalformedTextError(Exception):
    """The text is not one JSON object; the message says where and why."""


class _Outline(msgspec.Struct):
    """The one property that loading asks for; the others are checked for syntax and skipped."""

    id: msgspec.Raw = msgspec.Raw()


_OUTLINE = msgspec.json.Decoder(_Outline)


def is_json_object(text: bytes) -> bool:
    """Tell whether the text is certainly one JSON object, fast."""
    try:
        _OUTLINE.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def has_id(text: bytes) -> bool:
    """Tell whether the statement brings an id, whatever its value.

    Raises:
        MalformedTextError: the text is not one JSON object.
    """
    try:
        return bool(bytes(_OUTLINE.decode(text).id))
    except (msgspec.DecodeError, RecursionError):
        return _has_id_by_second_opinion(text)


def _has_id_by_second_opinion(text: bytes) -> bool:
    """Ask the standard library, which accepts lone surrogates and tells positions better.

    What is well-formed is for the LRS to judge. Read as Latin-1 the text has one character for
    each byte, so that positions are offsets.
    """
    try:
        statement = json.loads(
            text.decode("latin-1"), parse_constant=_refuse_constant, parse_int=str, parse_float=str
        )
    except json.JSONDecodeError as error:
        raise MalformedTextError(f"not JSON: {error.msg} at byte {error.pos} of it") from error
    except RecursionError as error:
        raise MalformedTextError("nested too deeply") from error
    if not isinstance(statement, dict):
        raise MalformedTextError("not a JSON object")
    return "id" in statement


def _refuse_constant(name: str) -> Never:
    raise MalformedTextError(f"not JSON: {name} is not a JSON number")


class MissingIds:
    """Gives statements without an id the same id at every run.

    The id is made from the text and from how often the same text came before, because equal
    anonymous statements of one file are different events. The counts stand in a count-min
    sketch: 64 MiB whatever the size of the file, never too low for a text that is repeated (so
    no two ids are equal), and too high for a few among millions, whose ids then depend on what
    stands before them in the file.
    """

    _ROWS = 4
    _COLUMNS = 1 << 22

    def __init__(self) -> None:
        self._counts: list[array[int]] = []

    def complete(self, text: bytes) -> bytes:
        """Give the text of a JSON object with an id as its first property."""
        rest = text[1:]
        comma = b"" if rest.lstrip().startswith(b"}") else b","
        return b'{"id":"%s"%s%s' % (str(self._next_id(text)).encode(), comma, rest)

    def _next_id(self, text: bytes) -> UUID:
        digest = blake2b(text, digest_size=32).digest()
        return uuid5(_NAMESPACE, f"{digest.hex()}:{self._count(digest)}")

    def _count(self, digest: bytes) -> int:
        if not self._counts:
            empty = bytes(4 * self._COLUMNS)
            self._counts = [array("I", empty) for _ in range(self._ROWS)]
        before = []
        for row, counts in enumerate(self._counts):
            column = int.from_bytes(digest[4 * row : 4 * row + 4], "big") % self._COLUMNS
            before.append(counts[column])
            counts[column] += 1
        return min(before)
