"""What valid JSON may hold and cannot be kept, told with its place (Data 2.2)."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from lrs.xapi.findings import FORMATTING, Finding, Location, cut, quoted

# The limits of what is kept. The statement itself is the first level.
MAX_DEPTH: Final = 64
MAX_NUMBER_LENGTH: Final = 1_000

# One without an end is one too: else each quote in it would be looked at as a beginning.
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_NOT_BRACKETS = re.compile(r"[^\[\]{}]+")
_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")


class FlawError(Exception):
    """A text is JSON, but not such as can be kept."""


class _Members(NamedTuple):
    """An object as it stands in the text, names that come twice included."""

    pairs: list[tuple[str, object]]


class _Refused(NamedTuple):
    """A number that cannot be kept."""

    reason: str


def is_deeper(text: str, levels: int) -> bool:
    """Tell whether a JSON text is nested deeper than so many levels."""
    if text.count("{") + text.count("[") <= levels:
        return False
    depth = 0
    for bracket in _NOT_BRACKETS.sub("", _STRINGS.sub("", text)):
        depth += 1 if bracket in "{[" else -1
        if depth > levels:
            return True
    return False


def kept_decimal(text: str) -> Decimal:
    """Return the value of a number that is no integer.

    Raises:
        FlawError: it is too long, or its exponent too large.
    """
    if len(text) > MAX_NUMBER_LENGTH:
        raise FlawError
    try:
        return Decimal(text)
    except InvalidOperation:
        raise FlawError from None


def flaws(text: str) -> Iterator[Finding]:
    """Find everything in a JSON text that cannot be kept.

    The text must be valid JSON and nested no deeper than `MAX_DEPTH`.
    """
    return _flaws_in(_decode(text), ())


def _flaws_in(value: object, location: Location) -> Iterator[Finding]:
    if isinstance(value, _Members):
        yield from _flaws_in_object(value.pairs, location)
    elif isinstance(value, list):
        for index, element in enumerate(value):
            yield from _flaws_in(element, (*location, index))
    elif isinstance(value, _Refused):
        yield Finding(location, value.reason, FORMATTING)
    elif isinstance(value, str) and (character := _UNKEEPABLE.search(value)):
        yield Finding(location, f"contains {_described(character[0])}", FORMATTING)


def _flaws_in_object(pairs: list[tuple[str, object]], location: Location) -> Iterator[Finding]:
    seen: set[str] = set()
    for name, value in pairs:
        place = (*location, name)
        if name in seen:
            yield Finding(place, f"the property {quoted(name)} comes twice", FORMATTING)
        if character := _UNKEEPABLE.search(name):
            yield Finding(place, f"its name contains {_described(character[0])}", FORMATTING)
        seen.add(name)
        yield from _flaws_in(value, place)


def _described(character: str) -> str:
    if character == "\0":
        return "a NUL character, which cannot be stored"
    return f"half a surrogate pair, \\u{ord(character):04x}, which is no character"


def _kept_number(text: str) -> object:
    if len(text) > MAX_NUMBER_LENGTH:
        return _Refused(f"is a number of more than {MAX_NUMBER_LENGTH} characters: {cut(text)}")
    try:
        Decimal(text)
    except InvalidOperation:
        return _Refused(f"is a number with too large an exponent: {cut(text)}")
    return None


_decode = json.JSONDecoder(
    object_pairs_hook=_Members,
    parse_int=_kept_number,
    parse_float=_kept_number,
).decode
