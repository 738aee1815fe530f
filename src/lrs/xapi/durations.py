"""Durations of ISO 8601:2004, 4.4.3.2: `P1Y2M3DT4H5M6.7S` or `P4W` (Data 4.6).

Years and months have no fixed length: where seconds are asked for, a year counts 365 days and a
month 30. A component has at most 15 digits, and 30 more after the decimal sign.
"""

import re
from fractions import Fraction
from functools import lru_cache
from typing import Annotated

from pydantic import StringConstraints, WithJsonSchema

EXPECTED = "must be an ISO 8601 duration such as PT1H30M or P4W"

_INTEGER = r"[0-9]{1,15}"
_DECIMAL = rf"{_INTEGER}(?:[.,][0-9]{{1,30}})?"


def _optional(*units: str) -> str:
    return "".join(rf"(?:{_INTEGER}{unit})?" for unit in units)


# A fraction may stand in the last component only, so there is one form for each possible last.
PATTERN = (
    rf"^P(?:{_DECIMAL}W"
    rf"|{_optional('Y', 'M')}{_DECIMAL}D|{_optional('Y')}{_DECIMAL}M|{_DECIMAL}Y"
    rf"|{_optional('Y', 'M', 'D')}T"
    rf"(?:{_optional('H', 'M')}{_DECIMAL}S|{_optional('H')}{_DECIMAL}M|{_DECIMAL}H))$"
)

Duration = Annotated[
    str,
    StringConstraints(pattern=PATTERN, strict=True),
    WithJsonSchema({"type": "string", "format": "duration"}),
]

_DURATION = re.compile(PATTERN)
_COMPONENT = re.compile(r"([0-9.]+)([WYMDHS])")
_DAY = 86_400
_DATE_UNITS = {"Y": 365 * _DAY, "M": 30 * _DAY, "W": 7 * _DAY, "D": _DAY}
_TIME_UNITS = {"H": 3_600, "M": 60, "S": 1}


@lru_cache(maxsize=4_096)
def seconds(text: str) -> float:
    """Return the length of a duration, with years of 365 and months of 30 days.

    Raises:
        ValueError: the text is no duration.
    """
    return sum(float(amount) * unit for amount, unit in _components(text))


def truncated(text: str) -> tuple[tuple[int, int], ...]:
    """Return what is equal for durations that differ only beyond 0.01 s (Data 4.6).

    Components keep their units, so `PT60S` and `PT1M` stay different; those that are zero do
    not count.

    Raises:
        ValueError: the text is no duration.
    """
    hundredths = ((unit, int(Fraction(amount) * unit * 100)) for amount, unit in _components(text))
    return tuple((unit, length) for unit, length in hundredths if length)


def _components(text: str) -> list[tuple[str, int]]:
    """Return the amount and the length of the unit, in seconds, of each component."""
    if not _DURATION.fullmatch(text):
        raise ValueError(EXPECTED)
    date, _, time = text.replace(",", ".").partition("T")
    return [
        (amount, units[unit])
        for part, units in ((date, _DATE_UNITS), (time, _TIME_UNITS))
        for amount, unit in _COMPONENT.findall(part)
    ]
