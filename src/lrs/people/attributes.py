"""What a store wants to know of its people, and what values of it look like."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from lrs.errors import InvalidRequestError

# A name stands in queries after `person.`.
ATTRIBUTE_NAME: Final = r"^[a-z][a-z0-9_]{0,62}$"
LONGEST_VALUE: Final = 1_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
_BOOLEANS: Final = frozenset(("true", "false"))


class AttributeType(StrEnum):
    """What values of an attribute are."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    # Another person, such as the manager.
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class AttributeDefinition:
    """An attribute that persons of a store can have.

    Attributes:
        is_sensitive: only who manages persons or guards their rights sees its values.
    """

    name: str
    type: AttributeType
    title_de: str
    title_en: str
    is_sensitive: bool = False

    @property
    def is_personal(self) -> bool:
        """Whether sums by it are of single persons: it is sensitive, or tells who they are."""
        return self.is_sensitive or self.type is AttributeType.PERSON


def check_text(text: str, what: str) -> str:
    """Return a text of one line, without the space around it.

    Raises:
        InvalidRequestError: it is empty or too long, has a control character, or no UTF-8.
    """
    found = text.strip()
    if not found or len(found) > LONGEST_VALUE:
        raise InvalidRequestError(f"{what} must have 1 to {LONGEST_VALUE} characters")
    if _CONTROL.search(found):
        raise InvalidRequestError(f"{what} must be one line, without control characters")
    if not found.isascii() and any("\ud800" <= each <= "\udfff" for each in found):
        raise InvalidRequestError(f"{what} has half a surrogate pair, which is no character")
    return found


def canonical_value(definition: AttributeDefinition, value: object) -> str:
    """Return the one form in which a value is kept and compared.

    Args:
        definition: of its attribute.
        value: of JSON in the type's own form, or any of them as a text, as in a CSV.

    Raises:
        InvalidRequestError: it is none of the type.
    """
    name, kind = definition.name, definition.type
    text = _as_text(kind, value)
    found = None if text is None else _READERS[kind](check_text(text, f"the attribute {name!r}"))
    if found is None:
        raise InvalidRequestError(f"the attribute {name!r} wants {_EXPECTED[kind]}")
    return found


def _as_text(kind: AttributeType, value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower() if kind is AttributeType.BOOLEAN else None
    is_number = isinstance(value, int | float | Decimal) and kind is AttributeType.NUMBER
    return format(Decimal(str(value)), "f") if is_number else None


def shown_value(kind: AttributeType, kept: str) -> str | bool | int | float:
    """Return a kept value as JSON has it."""
    if kind is AttributeType.BOOLEAN:
        return kept == "true"
    if kind is AttributeType.NUMBER:
        return float(kept) if "." in kept else int(kept)
    return kept


def _number(text: str) -> str | None:
    if not _NUMBER.fullmatch(text):
        return None
    # More digits than usual stay as they are.
    number = Context(prec=60).create_decimal(text)
    return "0" if number.is_zero() else format(number.normalize(Context(prec=60)), "f")


def _boolean(text: str) -> str | None:
    return text.lower() if text.lower() in _BOOLEANS else None


def _date(text: str) -> str | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _person(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


_READERS: Mapping[AttributeType, Callable[[str], str | None]] = MappingProxyType(
    {
        AttributeType.TEXT: str,
        AttributeType.NUMBER: _number,
        AttributeType.DATE: _date,
        AttributeType.BOOLEAN: _boolean,
        AttributeType.PERSON: _person,
    }
)
_EXPECTED: Mapping[AttributeType, str] = MappingProxyType(
    {
        AttributeType.TEXT: "a text",
        AttributeType.NUMBER: "a number, such as 12 or 12.5",
        AttributeType.DATE: "a day, such as 2024-01-31",
        AttributeType.BOOLEAN: "true or false",
        AttributeType.PERSON: "the id of a person",
    }
)
