"""Where the values of a JSON text stand in it, so that some can be changed and the rest stays.

A text that is parsed and written again loses its spaces, its escapes, the spelling of its numbers
and names that come twice. Here nothing but what is changed is touched.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(
    r'[ \t\n\r]*(?:("(?:[^"\\]|\\.)*+")|([{}\[\],:])|([^\s{}\[\],:"]++))', re.DOTALL
)
_REST: Final = re.compile(r"[ \t\n\r]*\Z")
_CLOSING: Final = {"{": "}", "[": "]"}


class Shape(Enum):
    """What sort of value stands at a place."""

    OBJECT = auto()
    ARRAY = auto()
    STRING = auto()
    # A number, true, false or null.
    OTHER = auto()


@dataclass(slots=True)
class Place:
    """A value in a text, from `start` up to `end`.

    Attributes:
        parts: the members of an object, the elements of an array.
    """

    shape: Shape
    start: int
    end: int = 0
    parts: "list[Part]" = field(default_factory=list)


class Part(NamedTuple):
    """A member of an object, or an element of an array, whose name is None."""

    name: Place | None
    value: Place

    @property
    def start(self) -> int:
        """Where it begins."""
        return self.value.start if self.name is None else self.name.start

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.value.end


class Edit(NamedTuple):
    """What stands instead of a part of a text."""

    start: int
    end: int
    text: str


class NoJsonError(Exception):
    """A text is no JSON."""


class _Token(NamedTuple):
    kind: str
    start: int
    end: int


def places(text: str) -> Place:
    """Return where the values of a JSON text stand.

    Raises:
        NoJsonError: it is none.
    """
    root = Place(Shape.ARRAY, 0)
    # Containers that are open, each with the name of a member whose value is still to come.
    opened: list[Place] = [root]
    name: Place | None = None
    names: list[Place | None] = []
    for token in _tokens(text):
        inner = opened[-1]
        if token.kind in "{[":
            shape = Shape.OBJECT if token.kind == "{" else Shape.ARRAY
            _check_name(inner, name)
            opened.append(Place(shape, token.start))
            names.append(name)
            name = None
        elif token.kind in "}]":
            name = _closed(opened, names, token, text)
        elif token.kind == ":":
            name = _named(inner, name)
        elif token.kind != ",":
            shape = Shape.STRING if token.kind == '"' else Shape.OTHER
            _check_name(inner, name)
            inner.parts.append(Part(name, Place(shape, token.start, token.end)))
            name = None
    if len(opened) != 1 or len(root.parts) != 1:
        raise NoJsonError
    return root.parts[0].value


def _tokens(text: str) -> Iterable[_Token]:
    position = 0
    while match := _TOKEN.match(text, position):
        group = match.lastindex or 0
        start, position = match.span(group)
        yield _Token(('"', text[start], "0")[group - 1], start, position)
    if not _REST.match(text, position):
        raise NoJsonError


def _check_name(inner: Place, name: Place | None) -> None:
    """Refuse a name where there can be none; in an object, a name comes as a value at first."""
    if inner.shape is Shape.ARRAY and name is not None:
        raise NoJsonError


def _named(inner: Place, name: Place | None) -> Place:
    """Take back what turns out to be the name of a member."""
    if name is not None or inner.shape is not Shape.OBJECT or not inner.parts:
        raise NoJsonError
    last = inner.parts.pop()
    if last.name is not None or last.value.shape is not Shape.STRING:
        raise NoJsonError
    return last.value


def _closed(
    opened: list[Place], names: list[Place | None], token: _Token, text: str
) -> Place | None:
    closed = opened.pop()
    if not opened or _CLOSING[text[closed.start]] != token.kind:
        raise NoJsonError
    if closed.shape is Shape.OBJECT and any(part.name is None for part in closed.parts):
        raise NoJsonError
    closed.end = token.end
    opened[-1].parts.append(Part(names.pop(), closed))
    return None


def string_at(text: str, place: Place) -> str:
    """Return the value of the string at a place."""
    inner = text[place.start + 1 : place.end - 1]
    if "\\" not in inner:
        return inner
    value: str = json.loads(text[place.start : place.end], strict=False)
    return value


def written_string(value: str, text: str, place: Place) -> Edit:
    """Write another string at a place, with escapes where it had some."""
    has_escapes = "\\u" in text[place.start : place.end]
    return Edit(place.start, place.end, json.dumps(value, ensure_ascii=has_escapes))


def without_parts(container: Place, dropped: Iterable[int]) -> list[Edit]:
    """Leave out parts of a container by their numbers, each with one of its commas."""
    gone, parts = sorted(set(dropped)), container.parts
    edits = []
    for number in gone:
        part = parts[number]
        if any(before not in gone for before in range(number)):
            edits.append(Edit(parts[number - 1].end, part.end, ""))
        elif number + 1 < len(parts):
            edits.append(Edit(part.start, parts[number + 1].start, ""))
        else:
            edits.append(Edit(part.start, part.end, ""))
    return edits


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return a text after changes that do not overlap."""
    pieces, position = [], 0
    for edit in sorted(edits):
        pieces += [text[position : edit.start], edit.text]
        position = edit.end
    pieces.append(text[position:])
    return "".join(pieces)
