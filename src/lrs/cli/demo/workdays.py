"""When the company works: weekdays, public holidays, the weeks when many are away."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from zoneinfo import ZoneInfo

OFFICE_TIME = ZoneInfo("Europe/Berlin")

_DAY = timedelta(days=1)
_SATURDAY = 5
_FIXED_HOLIDAYS = ((1, 1), (1, 6), (5, 1), (10, 3), (11, 1), (12, 25), (12, 26))
_DAYS_FROM_EASTER = (-2, 1, 39, 50, 60)  # Good Friday to Corpus Christi
_SCHOOL_SUMMER = ((7, 20), (9, 5))
_CHRISTMAS_WEEK = ((12, 23), (12, 31))


@dataclass(frozen=True, slots=True)
class Period:
    """The days of the story, both ends included."""

    first: date
    last: date

    @classmethod
    def ending(cls, last: date, days: int) -> "Period":
        """Return the period of so many days that ends with this one."""
        return cls(last - (days - 1) * _DAY, last)

    def __iter__(self) -> Iterator[date]:
        """Walk the days in order."""
        day = self.first
        while day <= self.last:
            yield day
            day += _DAY

    def __contains__(self, day: date) -> bool:
        """Tell whether the day belongs to the period."""
        return self.first <= day <= self.last

    def __len__(self) -> int:
        """Count the days."""
        return (self.last - self.first).days + 1


def easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar, after Gauss and Lichtenberg."""
    century = year // 100
    moon_shift = 15 + (3 * century + 3) // 4 - (8 * century + 13) // 25
    sun_shift = 2 - (3 * century + 3) // 4
    cycle = year % 19
    seed = (19 * cycle + moon_shift) % 30
    correction = (seed + cycle // 11) // 29
    full_moon = 21 + seed - correction
    first_sunday = 7 - (year + year // 4 + sun_shift) % 7
    days_of_march = full_moon + 7 - (full_moon - first_sunday) % 7
    return date(year, 3, 1) + (days_of_march - 1) * _DAY


@cache
def holidays(year: int) -> frozenset[date]:
    """Return the public holidays of Baden-Württemberg, where the company sits."""
    fixed = {date(year, month, day) for month, day in _FIXED_HOLIDAYS}
    sunday = easter(year)
    return frozenset(fixed | {sunday + days * _DAY for days in _DAYS_FROM_EASTER})


def is_weekend(day: date) -> bool:
    """Tell Saturday and Sunday from the other days."""
    return day.weekday() >= _SATURDAY


def is_workday(day: date) -> bool:
    """Tell whether the company works on this day."""
    return not is_weekend(day) and day not in holidays(day.year)


def bustle(day: date) -> float:
    """Return how much of the usual learning goes on at this day of the year, 0 to 1."""
    if not is_workday(day):
        return 0.04
    if _within(day, _CHRISTMAS_WEEK):
        return 0.15
    if _within(day, _SCHOOL_SUMMER):
        return 0.7
    return 0.85 if day.weekday() in {0, 4} else 1.0


def next_workday(day: date) -> date:
    """Return the first day after this one on which the company works."""
    day += _DAY
    while not is_workday(day):
        day += _DAY
    return day


def first_workday(period: Period) -> date:
    """Return the first day of the period on which the company works."""
    return next_workday(period.first - _DAY)


def _within(day: date, span: tuple[tuple[int, int], tuple[int, int]]) -> bool:
    first, last = span
    return first <= (day.month, day.day) <= last
