"""Values are kept in one form, so that equal ones are equal texts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.errors import InvalidRequestError
from lrs.people.attributes import (
    AttributeDefinition,
    AttributeType,
    canonical_value,
    shown_value,
)


def of(kind: AttributeType) -> AttributeDefinition:
    return AttributeDefinition("it", kind, "Es", "It")


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=5, min_value=-(10**20), max_value=10**20
    )
)
def test_equal_numbers_are_one_text(number: Decimal) -> None:
    kept = canonical_value(of(AttributeType.NUMBER), format(number, "f"))
    assert Decimal(kept) == number
    assert kept == canonical_value(of(AttributeType.NUMBER), format(number, "f") + "0" * 3)
    assert "e" not in kept.lower()


@pytest.mark.parametrize("text", ["1e3", "0x1", "1,5", "٣", "nan", "--1", "1" * 31, ".5", "5."])
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="'it'"):
        canonical_value(of(AttributeType.NUMBER), text)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (AttributeType.NUMBER, float("nan")),
        (AttributeType.NUMBER, float("inf")),
        (AttributeType.NUMBER, 1e300),
        (AttributeType.DATE, "2024-1-1"),
        (AttributeType.DATE, "20240101"),
        (AttributeType.TEXT, "a" * 1_001),
        (AttributeType.TEXT, "a\u2028b"),
        (AttributeType.TEXT, "\ud800"),
        (AttributeType.TEXT, ["a"]),
        (AttributeType.TEXT, None),
        (AttributeType.PERSON, "1"),
    ],
)
def test_what_is_none_of_the_type_is_refused(kind: AttributeType, value: object) -> None:
    with pytest.raises(InvalidRequestError):
        canonical_value(of(kind), value)


def test_a_value_is_shown_as_json_has_it() -> None:
    assert shown_value(AttributeType.NUMBER, "12") == 12
    assert shown_value(AttributeType.NUMBER, "12.5") == 12.5
    assert shown_value(AttributeType.BOOLEAN, "false") is False
    assert shown_value(AttributeType.DATE, "2024-01-31") == "2024-01-31"
