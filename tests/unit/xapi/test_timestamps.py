"""Timestamps: their forms and the moments they name."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.formats import BAD_TIMESTAMPS, GOOD_TIMESTAMPS, TIMESTAMPS_OF_1_0
from lrs.xapi.timestamps import instant, is_rfc3339, is_timestamp, written

_OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-03-01T12:30:00Z", datetime(2025, 3, 1, 12, 30, tzinfo=UTC)),
        ("2025-03-01T12:30:00", datetime(2025, 3, 1, 12, 30, tzinfo=UTC)),
        ("2025-03-01T12:30", datetime(2025, 3, 1, 12, 30, tzinfo=UTC)),
        ("20250301T123001,5+0130", datetime(2025, 3, 1, 11, 0, 1, 500_000, tzinfo=UTC)),
        ("2025-03-01t00:30:00+01", datetime(2025, 2, 28, 23, 30, tzinfo=UTC)),
        ("2025-03-01T12:30:00.1239999999Z", datetime(2025, 3, 1, 12, 30, 0, 123_999, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-12-31T18:59:60.9-05:00", datetime(2017, 1, 1, tzinfo=UTC)),
    ],
)
def test_instant_is_in_utc_and_cut_to_microseconds(text: str, moment: datetime) -> None:
    assert instant(text) == moment
    assert instant(text).tzinfo is UTC


@pytest.mark.parametrize("text", [*BAD_TIMESTAMPS, "", "9999-12-31T23:59:60Z"])
def test_what_names_no_moment_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must "):
        instant(text)
    assert not is_timestamp(text)


@pytest.mark.parametrize("text", GOOD_TIMESTAMPS)
def test_rfc_3339_is_known(text: str) -> None:
    assert is_timestamp(text)
    assert is_rfc3339(text)


@pytest.mark.parametrize("text", TIMESTAMPS_OF_1_0)
def test_other_forms_of_iso_8601_are_told_apart(text: str) -> None:
    assert is_timestamp(text)
    assert not is_rfc3339(text)


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=_OFFSETS))  # noqa: DTZ001  # the strategy adds the zones
def test_every_written_moment_is_read_back(moment: datetime) -> None:
    assert instant(moment.isoformat()) == moment
    assert instant(written(moment)) == moment


@pytest.mark.requirement("XAPI-00122")
def test_moments_are_written_in_utc_with_microseconds() -> None:
    moment = datetime(2025, 3, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert written(moment) == "2025-02-28T23:00:00.000000Z"
