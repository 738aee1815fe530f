from datetime import date

import pytest

from lrs.cli.demo.workdays import Period, bustle, easter, holidays, is_workday, next_workday


@pytest.mark.parametrize(
    "sunday",
    [
        date(1818, 3, 22),
        date(1954, 4, 18),
        date(1981, 4, 19),
        date(2000, 4, 23),
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2026, 4, 5),
        date(2038, 4, 25),
        date(2076, 4, 19),
    ],
)
def test_easter_falls_on_the_known_sundays(sunday: date) -> None:
    assert easter(sunday.year) == sunday


def test_public_holidays_of_a_year_are_the_twelve_of_baden_wuerttemberg() -> None:
    assert holidays(2026) == {
        date(2026, 1, 1),
        date(2026, 1, 6),
        date(2026, 4, 3),
        date(2026, 4, 6),
        date(2026, 5, 1),
        date(2026, 5, 14),
        date(2026, 5, 25),
        date(2026, 6, 4),
        date(2026, 10, 3),
        date(2026, 11, 1),
        date(2026, 12, 25),
        date(2026, 12, 26),
    }


def test_a_holiday_in_the_week_is_no_workday() -> None:
    assert is_workday(date(2026, 6, 3))
    assert not is_workday(date(2026, 6, 4))


def test_after_maundy_thursday_work_goes_on_on_tuesday() -> None:
    assert next_workday(date(2026, 4, 2)) == date(2026, 4, 7)


def test_august_is_quieter_than_june_and_sunday_quieter_than_august() -> None:
    assert bustle(date(2026, 6, 10)) > bustle(date(2026, 8, 12)) > bustle(date(2026, 6, 14))


def test_period_holds_both_its_ends() -> None:
    period = Period.ending(date(2026, 8, 16), 90)
    assert period.first == date(2026, 5, 19)
    assert len(period) == len(list(period)) == 90
    assert period.last in period
