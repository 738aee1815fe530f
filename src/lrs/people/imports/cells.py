"""Single cells of a list: what is taken, in its canonical form, and why what is not is not."""

import re
from datetime import date
from typing import Final

from lrs.errors import InvalidRequestError
from lrs.people.attributes import AttributeDefinition, AttributeType, canonical_value, check_text
from lrs.people.validities import OPEN_AFTER

# What spreadsheets take for a formula when they open a file that was written from here.
_RUN_BY_SPREADSHEETS: Final = ("=", "+", "-", "@", "\t", "\r")
# A number or a telephone number begins like a formula and is none.
_NUMBER: Final = re.compile(r"[+-]?[0-9][0-9 .,/()\-]*")
_GERMAN_NUMBER: Final = re.compile(r"[+-]?[0-9.]*[0-9],[0-9]+")
_GERMAN_DAY: Final = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_MIDNIGHT: Final = re.compile(r"[T ]00:00(:00(\.0+)?)?$")
# How systems that need an end write that there is none.
_NO_END: Final = date(9999, 12, 31)
_YES: Final = frozenset(("true", "yes", "y", "1", "ja", "j", "wahr", "x", "aktiv", "active"))
_NO: Final = frozenset(("false", "no", "n", "0", "nein", "falsch", "inaktiv", "inactive"))


class BadCellError(ValueError):
    """A cell is no good; its text says why."""


def read_text(cell: str) -> str:
    """Return the text of a cell without the white space around it.

    Raises:
        BadCellError: it cannot be kept, or a spreadsheet would take it for a formula.
    """
    text = cell.strip()
    is_formula = cell.startswith(_RUN_BY_SPREADSHEETS) or text.startswith(_RUN_BY_SPREADSHEETS)
    if is_formula and not _NUMBER.fullmatch(text):
        raise BadCellError(
            f"begins with {(text or cell)[0]!r}, which spreadsheets run as a formula"
        )
    if not cell.isascii() and any("\ud800" <= each <= "\udfff" for each in cell):
        raise BadCellError("holds bytes that are not in the encoding of the rest of the list")
    try:
        return check_text(cell, "the cell")
    except InvalidRequestError as error:
        raise BadCellError(error.detail) from error


def read_day(text: str) -> date:
    """Return a day as ISO 8601 or people in Germany write it.

    Raises:
        BadCellError: it is none.
    """
    try:
        german = _GERMAN_DAY.fullmatch(text)
        if german:
            day, month, year = map(int, german.groups())
            return date(year, month, day)
        return date.fromisoformat(_MIDNIGHT.sub("", text))
    except ValueError as error:
        raise BadCellError(
            f"{text!r} is no day: it must look like 2026-01-31 or 31.01.2026"
        ) from error


def read_end(text: str) -> date:
    """Return the first day on which something holds no more, from the last on which it does.

    Raises:
        BadCellError: it is no day.
    """
    last = read_day(text)
    return OPEN_AFTER if last >= _NO_END else date.fromordinal(last.toordinal() + 1)


def read_boolean(text: str) -> bool:
    """Return whether a cell says yes, in German or English.

    Raises:
        BadCellError: it says neither yes nor no.
    """
    word = text.casefold()
    if word not in _YES and word not in _NO:
        raise BadCellError(f"{text!r} must be yes or no (ja or nein, true or false, 1 or 0)")
    return word in _YES


def read_value(text: str, definition: AttributeDefinition) -> str:
    """Return the canonical form of the value of an attribute, from how people write it.

    Raises:
        BadCellError: it is no value of its type.
    """
    match definition.type:
        case AttributeType.TEXT:
            return text
        case AttributeType.DATE:
            return read_day(text).isoformat()
        case AttributeType.BOOLEAN:
            return str(read_boolean(text)).lower()
        case AttributeType.NUMBER if _GERMAN_NUMBER.fullmatch(text):
            text = text.replace(".", "").replace(",", ".")
        case _:
            pass
    try:
        return canonical_value(definition, text)
    except InvalidRequestError as error:
        raise BadCellError(error.detail) from error
