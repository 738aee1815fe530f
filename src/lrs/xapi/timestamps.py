"""Timestamps: ISO 8601 in 1.0.x, RFC 3339 in 2.0 (Data 4.5).

The calendar form of ISO 8601 is read, extended and basic: date and time, at least to the minute.
Week and ordinal dates are refused, and so is `24:00`. A leap second stands for the second that
follows. Without a zone, which 1.0.x allows, the time is UTC.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints, WithJsonSchema

from lrs.xapi.properties import refusal

EXPECTED = "must be a date and time such as 2025-03-01T12:30:00.123Z"

_FRACTION = r"(?:[.,][0-9]+)?"
_EXTENDED = rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt][0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}{_FRACTION})?"
_COMPACT = rf"[0-9]{{8}}[Tt][0-9]{{4}}(?:[0-9]{{2}}{_FRACTION})?"
_OFFSET = r"[+\-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?"
PATTERN = rf"^(?:{_EXTENDED}|{_COMPACT})(?:[Zz]|{_OFFSET})?$"

_TIMESTAMP = re.compile(PATTERN)
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?:[Zz]|[+\-][0-9]{2}:[0-9]{2})"
)
_LEAP_SECOND = re.compile(r"(T[0-9]{2}:?[0-9]{2}:?)60")
_NEGATIVE_ZERO = ("-00", "-0000", "-00:00")
# A timestamp may have any number of digits; only usual ones are remembered.
_LONGEST_REMEMBERED: Final = 40


def instant(text: str) -> datetime:
    """Return the moment of a timestamp in UTC; digits beyond microseconds are cut.

    Raises:
        ValueError: the text is no timestamp, or names no moment of the years 1 to 9999.
    """
    if not _TIMESTAMP.fullmatch(text):
        raise ValueError(EXPECTED)
    return judged_instant(text)


def judged_instant(text: str) -> datetime:
    """Return the moment of a text that has the form of a timestamp, as those in models have.

    Raises:
        ValueError: it names no moment of the years 1 to 9999.
    """
    return _remembered(text) if len(text) <= _LONGEST_REMEMBERED else _moment(text)


def written(moment: datetime) -> str:
    """Write a moment as the LRS does: UTC with microseconds (Data 4.5)."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def is_timestamp(text: str) -> bool:
    """Tell whether a text is a timestamp by the wider rules of 1.0.x."""
    try:
        instant(text)
    except ValueError:
        return False
    return True


def is_rfc3339(text: str) -> bool:
    """Tell whether a timestamp has the form that 2.0 asks for: seconds and zone included."""
    return _RFC_3339.fullmatch(text) is not None


def _moment(text: str) -> datetime:
    """Return the moment of a text that has the form of a timestamp."""
    if text.endswith(_NEGATIVE_ZERO):
        raise ValueError("must have an offset other than -00; Z and +00:00 stand for UTC")
    text = text.upper()
    try:
        return _in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        following = _after_leap_second(text)
        if following is None:
            raise ValueError(f"must be a moment on the calendar ({error})") from error
        return following


# Whoever judges a timestamp soon asks for its moment.
_remembered = lru_cache(maxsize=1_024)(_moment)


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def _after_leap_second(text: str) -> datetime | None:
    """Return the second after a leap second, which is the last of a day in UTC."""
    earlier, found = _LEAP_SECOND.subn(r"\g<1>59", text)
    if not found:
        return None
    last = _moment(earlier).replace(microsecond=0)
    is_last_of_day = (last.hour, last.minute) == (23, 59) and last.date() < date.max
    return last + timedelta(seconds=1) if is_last_of_day else None


def _on_the_calendar(text: str) -> str:
    try:
        judged_instant(text)
    except ValueError as error:
        raise refusal(str(error)) from error
    return text


Timestamp = Annotated[
    str,
    StringConstraints(pattern=PATTERN, strict=True),
    AfterValidator(_on_the_calendar),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
