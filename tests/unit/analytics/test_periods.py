from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from lrs.analytics.dimensions import TIME_DIMENSIONS
from lrs.analytics.periods import Buckets, Granularity, at_zone, parse_moment


def bucket(moment: str, granularity: str, zone: str = "Europe/Berlin") -> str:
    buckets = Buckets(TIME_DIMENSIONS["timestamp"], Granularity(granularity), ZoneInfo(zone))
    return buckets.start(datetime.fromisoformat(moment)).isoformat()


@pytest.mark.parametrize(
    ("granularity", "start"),
    [
        ("hour", "2026-07-01T23:00:00+02:00"),
        ("day", "2026-07-01T00:00:00+02:00"),
        ("week", "2026-06-29T00:00:00+02:00"),
        ("month", "2026-07-01T00:00:00+02:00"),
    ],
)
def test_buckets_begin_in_the_time_zone(granularity: str, start: str) -> None:
    assert bucket("2026-07-01T21:59:59.999999Z", granularity) == start


def test_the_day_of_the_spring_change_has_23_hours() -> None:
    assert bucket("2026-03-28T23:00Z", "day") == "2026-03-29T00:00:00+01:00"
    assert bucket("2026-03-29T21:59Z", "day") == "2026-03-29T00:00:00+01:00"
    assert bucket("2026-03-29T22:00Z", "day") == "2026-03-30T00:00:00+02:00"


def test_the_hour_that_spring_leaves_out_is_no_bucket() -> None:
    assert bucket("2026-03-29T00:59Z", "hour") == "2026-03-29T01:00:00+01:00"
    assert bucket("2026-03-29T01:00Z", "hour") == "2026-03-29T03:00:00+02:00"


def test_the_hour_that_autumn_repeats_is_two_buckets() -> None:
    assert bucket("2026-10-25T00:30Z", "hour") == "2026-10-25T02:00:00+02:00"
    assert bucket("2026-10-25T01:30Z", "hour") == "2026-10-25T02:00:00+01:00"


def test_a_month_over_the_change_begins_with_the_offset_of_its_start() -> None:
    assert bucket("2026-03-31T12:00Z", "month") == "2026-03-01T00:00:00+01:00"


def test_sunday_belongs_to_the_week_of_the_monday_before() -> None:
    assert bucket("2027-01-03T12:00Z", "week") == "2026-12-28T00:00:00+01:00"


def test_a_day_without_midnight_begins_when_the_clock_jumps() -> None:
    assert bucket("2018-11-04T12:00Z", "day", "America/Sao_Paulo") == "2018-11-04T01:00:00-02:00"


def test_a_day_with_two_midnights_begins_with_the_first() -> None:
    assert bucket("2026-11-01T05:10Z", "day", "America/Havana") == "2026-11-01T00:00:00-04:00"


def test_hours_of_a_zone_with_half_hours() -> None:
    assert bucket("2026-01-01T00:29Z", "hour", "Asia/Kolkata") == "2026-01-01T05:00:00+05:30"


@pytest.mark.parametrize("moment", ["0001-01-01T00:00Z", "9999-12-31T23:59Z"])
@pytest.mark.parametrize("granularity", Granularity)
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_ends_of_the_calendar_have_buckets(moment: str, granularity: str, zone: str) -> None:
    assert bucket(moment, granularity, zone)


def test_equal_wall_clocks_of_autumn_stay_apart() -> None:
    zone = ZoneInfo("Europe/Berlin")
    first = at_zone(datetime(2026, 10, 25, 0, tzinfo=UTC), zone)
    second = at_zone(datetime(2026, 10, 25, 1, tzinfo=UTC), zone)
    assert first < second


def test_a_date_is_its_first_instant_in_the_zone() -> None:
    moment = parse_moment("2026-07-01", ZoneInfo("Europe/Berlin"))
    assert moment == datetime(2026, 6, 30, 22, tzinfo=UTC)


def test_an_instant_keeps_its_own_offset() -> None:
    moment = parse_moment("2026-07-01T00:00:00-05:00", ZoneInfo("Europe/Berlin"))
    assert moment == datetime(2026, 7, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-02-30", "2026-07-01T00:00:00", "yesterday", ""])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_moment(text, ZoneInfo("UTC"))
