"""Durations: their length, and when two are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.formats import BAD_DURATIONS, GOOD_DURATIONS
from lrs.xapi.durations import seconds, truncated

_AMOUNTS = st.integers(0, 10**6)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT0S", 0),
        ("PT4H35M59.14S", 16_559.14),
        ("PT1,5H", 5_400),
        ("P1D", 86_400),
        ("P4W", 2_419_200),
        ("P1M", 30 * 86_400),
        ("P1Y", 365 * 86_400),
        ("P1Y2M3DT4H5M6.5S", 36_993_906.5),
    ],
)
def test_seconds_count_years_of_365_and_months_of_30_days(text: str, length: float) -> None:
    assert seconds(text) == pytest.approx(length)


@pytest.mark.parametrize("text", [*BAD_DURATIONS, ""])
def test_what_is_no_duration_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="must be an ISO 8601 duration"):
        seconds(text)


@pytest.mark.parametrize("text", [*GOOD_DURATIONS, "P" + "9" * 15 + "Y"])
def test_every_duration_has_a_length_and_equals_itself(text: str) -> None:
    assert 0 <= seconds(text) < float("inf")
    assert truncated(text) == truncated(text)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("PT1.234S", "PT1.23S"),
        ("PT1.239999999999999999999999999999S", "PT1.23S"),
        ("PT1.5S", "PT1,50S"),
        ("PT1H0M5S", "PT1H5S"),
        ("PT0.001S", "PT0S"),
        ("P0D", "PT0S"),
        ("PT01M", "PT1M"),
    ],
)
def test_durations_are_the_same_when_cut_to_hundredths(first: str, second: str) -> None:
    assert truncated(first) == truncated(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [("PT1.23S", "PT1.24S"), ("PT60S", "PT1M"), ("P1M", "PT1M"), ("P1Y", "P365D"), ("P7D", "P1W")],
)
def test_other_durations_differ(first: str, second: str) -> None:
    assert truncated(first) != truncated(second)


@given(hours=_AMOUNTS, whole=_AMOUNTS, digits=st.text("0123456789", min_size=2, max_size=30))
def test_digits_beyond_the_second_never_count(hours: int, whole: int, digits: str) -> None:
    duration = f"PT{hours}H{whole}.{digits}S"
    assert truncated(duration) == truncated(f"PT{hours}H{whole}.{digits[:2]}S")
    assert seconds(duration) == pytest.approx(hours * 3_600 + float(f"{whole}.{digits}"))
