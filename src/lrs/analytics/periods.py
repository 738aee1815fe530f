"""Time in queries: instants and local dates, and the buckets of the calendar in a time zone.

A day, week or month begins with the first instant of its first local day, also where the clock
is put forward or back at midnight. An hour is cut by the offset in force: the hour that happens
twice in autumn is two buckets.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from zoneinfo import ZoneInfo

from lrs.analytics.dimensions import TimeDimension

# Moments beyond count as these: their local date would leave the calendar in some time zones.
FIRST_MOMENT = datetime(1, 2, 1, tzinfo=UTC)
LAST_MOMENT = datetime(9999, 12, 30, tzinfo=UTC)


class Granularity(StrEnum):
    """The size of a bucket."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Buckets:
    """Grouping by time: of which moment, how coarse, in which zone."""

    dimension: TimeDimension
    granularity: Granularity
    zone: ZoneInfo

    def start(self, moment: datetime) -> datetime:
        """Return the first instant of the bucket that an aware moment falls into."""
        local = min(max(moment, FIRST_MOMENT), LAST_MOMENT).astimezone(self.zone)
        if self.granularity is Granularity.HOUR:
            hour = local.replace(tzinfo=None, minute=0, second=0, microsecond=0)
            return at_zone(hour.replace(tzinfo=timezone(_offset(local))), self.zone)
        return start_of_day(_first_day(local.date(), self.granularity), self.zone)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a local day: midnight, or when the clock jumps over it."""
    # Of two midnights, `combine` means the first; one that does not exist, it reads with the
    # offset before the jump, which is the instant of the jump.
    midnight = datetime.combine(day, time.min, zone)
    return at_zone(midnight.replace(tzinfo=timezone(_offset(midnight))), zone)


def at_zone(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return the same instant with the offset that is in force there.

    The offset is fixed: datetimes of one ZoneInfo compare by their wall clock, for which the two
    hours of autumn are the same.
    """
    local = instant.astimezone(zone)
    return local.replace(tzinfo=timezone(_offset(local)))


def parse_moment(text: str, zone: ZoneInfo) -> datetime:
    """Read an instant with its offset, or a local date as its first instant, in UTC.

    Raises:
        ValueError: it is neither.
    """
    if len(text) == len("2026-01-31"):
        return start_of_day(date.fromisoformat(text), zone).astimezone(UTC)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant needs an offset, such as Z or +02:00")
    return moment.astimezone(UTC)


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()


def _first_day(day: date, granularity: Granularity) -> date:
    if granularity is Granularity.WEEK:
        return day - timedelta(days=day.weekday())
    if granularity is Granularity.MONTH:
        return day.replace(day=1)
    return day
