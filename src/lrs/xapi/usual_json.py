"""A fast reader of JSON texts that have nothing unusual in them.

It gives the values that `json_text.parse` gives, or none: then `parse` has to read the text, and
tells what is wrong with it, if anything is. The decoder here is written in C, and has two gaps:

- Of properties that come twice in one object, it drops one. So what it read is written again: if
  something was dropped, the text has more quotes than that. Texts with escaped quotes, which are
  written in another way, are left to `parse`.
- It reads NUL characters, and integers of any length. Texts that may have these are left to
  `parse` as well.
"""

import re
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from lrs.xapi.json_flaws import MAX_DEPTH, MAX_NUMBER_LENGTH, FlawError, is_deeper, kept_decimal

_UNUSUAL_ESCAPE = re.compile(rb"\\u00(?:00|22)")
# Ten digits a hundred characters apart: every number that is too long has them, little else does.
_STRIDE: Final = MAX_NUMBER_LENGTH // 10
_DIGITS_OF_LONG_NUMBER = re.compile(rb"[0-9]{10}")

Structure = TypeVar("Structure")


class UnusualError(Exception):
    """The text has to be read by `json_text.parse`."""


def check_usual(raw: bytes) -> None:
    """Look for what a reader must not meet.

    Raises:
        UnusualError: it may be in the text.
    """
    # To look for one byte first is far the fastest.
    if b"\\" in raw and _UNUSUAL_ESCAPE.search(raw):
        raise UnusualError
    if _DIGITS_OF_LONG_NUMBER.search(raw[::_STRIDE]):
        raise UnusualError


def reader(structure: type[Structure]) -> Callable[[bytes], Structure]:
    """Return what reads a text that passed `check_usual`, or a part of one.

    It raises `UnusualError` if the text is nested deeper than `MAX_DEPTH`, if a property comes
    twice in one object, or if the structure does not hold all of the text.

    Args:
        structure: `object` for any value, or a TypedDict. What this takes as `msgspec.Raw` is not
            looked into, and needs a reader of its own.
    """
    decode = msgspec.json.Decoder(structure, float_hook=kept_decimal).decode

    def read(raw: bytes) -> Structure:
        # Brackets and quotes are the same bytes in all that may come.
        if is_deeper(raw.decode("latin-1"), MAX_DEPTH):
            raise UnusualError
        try:
            value = decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, FlawError):
            raise UnusualError from None
        if _encode(value).count(b'"') != raw.count(b'"'):
            raise UnusualError
        return value

    return read


_encode = msgspec.json.Encoder(decimal_format="number").encode
read_value = reader(object)
