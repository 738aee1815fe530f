"""The received JSON text: split into statements, read strictly, never altered (Data 2.2).

What cannot be kept is refused: property names that come twice in one object, NUL characters and
lone surrogates, numbers longer than `MAX_NUMBER_LENGTH` characters or with an exponent beyond
that of `decimal`, nesting deeper than `MAX_DEPTH`. Most texts have none of this, and are read by
`usual_json`; the decoder here judges the others, and says what is wrong, and where.
"""

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, NoReturn

import msgspec

from lrs.errors import InvalidRequestError, InvalidStatementError
from lrs.xapi.findings import FORMATTING, Finding, violations
from lrs.xapi.json_flaws import (
    MAX_DEPTH,
    MAX_NUMBER_LENGTH,
    FlawError,
    flaws,
    is_deeper,
    kept_decimal,
)
from lrs.xapi.usual_json import UnusualError, check_usual, read_value

__all__ = ["MAX_DEPTH", "MAX_NUMBER_LENGTH", "check_nesting", "parse", "split"]

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_FIRST_BYTE = re.compile(rb"[^ \t\n\r]")
# NUL and surrogates, in the only form in which they get through UTF-8 and a JSON parser.
_SUSPECT_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_STRING_OR_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*+"?|(NaN|-?Infinity)', re.DOTALL)

# A shorter body cannot have so many elements that they would fill the memory.
_SHORT_BODY: Final = 1024 * 1024

_elements = msgspec.json.Decoder(list[msgspec.Raw])


class _ConstantError(Exception):
    """NaN or an infinity, which are no JSON."""


def split(body: bytes, most: int) -> tuple[Sequence[bytes | msgspec.Raw], bool]:
    """Return the text of each statement in a body, and whether the body was an array.

    The text of a lone object is not read yet; `parse` does that. Those of an array are views of
    the body, which `bytes` copies.

    Args:
        body: the JSON text.
        most: how many statements it may have; of more, one more than these is returned.

    Raises:
        InvalidRequestError: the body is no JSON text in UTF-8, or neither object nor array.
        InvalidStatementError: the body is an array of which no element can be told.
    """
    _check_encoding(body)
    first = _FIRST_BYTE.search(body)
    if first is None:
        raise InvalidRequestError("the body is empty; a statement or an array of them is needed")
    if first[0] == b"{":
        return [body], False
    if first[0] == b"[":
        return _split_array(body, most), True
    raise InvalidRequestError("the body must be a JSON object or an array of JSON objects")


def parse(raw: bytes, path: str = "") -> object:
    """Read one JSON text: integers as int, other numbers as Decimal.

    Args:
        raw: the text in UTF-8.
        path: where it lies in the request, for messages.

    Raises:
        InvalidRequestError: the text is no JSON in UTF-8.
        InvalidStatementError: it is JSON that cannot be kept; every reason is named.
    """
    try:
        check_usual(raw)
        return read_value(raw)
    except UnusualError:
        return _read(raw, path or "the text", path)


def check_nesting(raw: bytes, levels: int, path: str = "") -> None:
    """Refuse a JSON text that is nested deeper than a store wants it; its first level is itself.

    Raises:
        InvalidStatementError: it is.
    """
    # Brackets and quotes are the same bytes in all that may come.
    _check_depth(raw.decode("latin-1"), levels, path)


def separated(texts: bytes) -> list[bytes]:
    """Return each of some JSON texts that are joined by commas."""
    return [bytes(element) for element in _elements.decode(b"[%s]" % texts)]


def _split_array(body: bytes, most: int) -> list[msgspec.Raw]:
    is_short = len(body) <= _SHORT_BODY
    try:
        if is_short:
            return _elements.decode(body)[: most + 1]
        elements = msgspec.structs.astuple(_first_elements(most + 1).decode(body))
        return [element for element in elements if element is not msgspec.UNSET]
    except (msgspec.DecodeError, RecursionError) as error:
        # What is nested too deep is refused before it is read.
        if is_short or isinstance(error, RecursionError):
            _read(body, "the body", "statements")  # says in detail what is wrong, and where
        raise InvalidRequestError(f"the body is not valid JSON: {error}") from error


@cache
def _first_elements(count: int) -> msgspec.json.Decoder[msgspec.Struct]:
    """Return what decodes so many elements of an array and only skips what follows.

    Millions of tiny elements would otherwise be held, at a hundred bytes each.
    """
    fields = [
        (f"_{number}", msgspec.Raw | msgspec.UnsetType, msgspec.UNSET) for number in range(count)
    ]
    return msgspec.json.Decoder(msgspec.defstruct("FirstElements", fields, array_like=True))


def _read(raw: bytes, name: str, path: str) -> object:
    text = _decoded(raw, name)
    _check_depth(text, MAX_DEPTH, path)
    try:
        parsed = _kept(text, path)
    except json.JSONDecodeError as error:
        raise InvalidRequestError(f"{name} is not valid JSON: {error}") from error
    except _ConstantError as error:
        place = _place_of_constant(text)
        raise InvalidRequestError(f"{name} is not valid JSON: {place}") from error
    if "\\u" in text and _SUSPECT_ESCAPE.search(text) and (found := list(flaws(text))):
        _refuse(found, path)
    return parsed


def _check_depth(text: str, levels: int, path: str) -> None:
    if is_deeper(text, levels):
        _refuse([Finding((), f"is nested deeper than {levels} levels", FORMATTING)], path)


def _kept(text: str, path: str) -> object:
    try:
        return _decode(text)
    except FlawError:
        _refuse(flaws(text), path)  # unless the text turns out to be no JSON further on


def _refuse(found: Iterable[Finding], path: str) -> NoReturn:
    raise InvalidStatementError(violations(found, path))


def _check_encoding(body: bytes) -> None:
    """Refuse a body that is not UTF-8; a large one is looked at in parts."""
    if len(body) <= _SHORT_BODY:
        _decoded(body, "the body")
        return
    decoder = getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(body), _SHORT_BODY):
            decoder.decode(body[start : start + _SHORT_BODY])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        _decoded(body, "the body")  # says where


def _decoded(raw: bytes, name: str) -> str:
    if raw.startswith(_BYTE_ORDER_MARK):
        raise InvalidRequestError(f"{name} begins with a byte order mark; send UTF-8 without it")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequestError(
            f"{name} is not valid UTF-8: {error.reason} at offset {error.start}"
        ) from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise FlawError
    return members


def _integer(text: str) -> int:
    if len(text) > MAX_NUMBER_LENGTH:
        raise FlawError
    return int(text)


def _constant(_: str) -> NoReturn:
    raise _ConstantError


def _place_of_constant(text: str) -> str:
    """Return the first constant that JSON does not know, with its line and column."""
    constants = (match for match in _STRING_OR_CONSTANT.finditer(text) if match[1])
    first = next(constants)
    line = text.count("\n", 0, first.start()) + 1
    column = first.start() - text.rfind("\n", 0, first.start())
    return f"{first[1]} at line {line} column {column}"


_decode = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=kept_decimal,
    parse_constant=_constant,
).decode
