"""Numbers, lengths of time and things as they are said in German and in English."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from lrs.xapi.accept_language import LanguageRange, Languages

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
# From so many minutes on nobody asks for seconds.
_LONG: Final = 10 * _MINUTE
# More stars than these are points.
_MOST_STARS: Final = 10
# Nobody reads more digits.
_LARGE: Final = 1e12


class Speech(StrEnum):
    """A language whose grammar is known."""

    DE = "de"
    EN = "en"


def speech_for(languages: Languages) -> Speech:
    """Return the language of the two that a reader wants more; English if they want neither."""
    return _wanted(languages)[0]


def preferring(languages: Languages) -> Languages:
    """Return languages with the one of the sentence, so that names follow it: `de` for `de-AT`."""
    named = [each for each in languages if each.tag != "*"]
    any_other = [each for each in languages if each.tag == "*"]
    return (*named, LanguageRange(*_wanted(languages)), *any_other)


def _wanted(languages: Languages) -> tuple[Speech, float]:
    for tag, quality in languages:
        primary = tag.partition("-")[0]
        if quality and primary in _SPOKEN:
            return Speech(primary), quality
        if quality and tag == "*":
            return Speech.EN, quality
    return Speech.EN, _UNASKED


_SPOKEN: Final = frozenset(Speech)
# How much a language is wanted that nobody has asked for.
_UNASKED: Final = 0.001


@dataclass(frozen=True, slots=True)
class _Units:
    """Singular and plural of the units, as they stand behind `in`."""

    day: tuple[str, str]
    hour: tuple[str, str]
    minute: tuple[str, str]
    second: tuple[str, str]


_UNITS: Mapping[Speech, _Units] = MappingProxyType(
    {
        Speech.DE: _Units(
            ("Tag", "Tagen"),
            ("Stunde", "Stunden"),
            ("Minute", "Minuten"),
            ("Sekunde", "Sekunden"),
        ),
        Speech.EN: _Units(
            ("day", "days"), ("hour", "hours"), ("minute", "minutes"), ("second", "seconds")
        ),
    }
)
# The outer marks, and the inner ones that stand for them within.
_QUOTES: Mapping[Speech, tuple[str, str]] = MappingProxyType(
    {Speech.DE: ("»«", "\u203a\u2039"), Speech.EN: ("“”", "\u2018\u2019")}
)
_MINUS: Final = "\u2212"


def quoted(text: str, speech: Speech) -> str:
    """Return a text in quotation marks, with those in it made inner ones."""
    outer, inner = _QUOTES[speech]
    return outer[0] + text.translate(str.maketrans(outer, inner)) + outer[1]


def number(value: float, speech: Speech, places: int = 1) -> str:
    """Return a number with few decimals, none where they are zero."""
    text = f"{value:.{places}f}".rstrip("0").rstrip(".")
    if abs(value) >= _LARGE:
        text = f"{value:.3g}"
    text = "0" if text == "-0" else text.replace("-", _MINUS)
    return text.replace(".", ",") if speech is Speech.DE else text


def percent(share: float, speech: Speech) -> str:
    """Return a share of one as percent."""
    return f"{number(share * 100, speech)} %"


def points(raw: float, most: float | None, speech: Speech) -> str:
    """Return a score in points, as it stands behind `mit` or `with`."""
    got = number(raw, speech, 2)
    if most is not None:
        best = number(most, speech, 2)
        return f"{got} von {best} Punkten" if speech is Speech.DE else f"{got} of {best} points"
    if got == "1":
        return "1 Punkt" if speech is Speech.DE else "1 point"
    return f"{got} Punkten" if speech is Speech.DE else f"{got} points"


def stars(raw: float, most: float | None, speech: Speech) -> str | None:
    """Return a rating in stars; None if it is more likely one in points."""
    if not 0 <= raw <= _MOST_STARS or (most is not None and not raw <= most <= _MOST_STARS):
        return None
    got = number(raw, speech)
    if most is None:
        one, several = ("Stern", "Sternen") if speech is Speech.DE else ("star", "stars")
        return f"{got} {one if got == '1' else several}"
    best = number(most, speech)
    return f"{got} von {best} Sternen" if speech is Speech.DE else f"{got} out of {best} stars"


def length_of_time(seconds: float, speech: Speech) -> str | None:
    """Return a length of time by its two largest units; None for less than half a second."""
    units = _UNITS[speech]
    whole = round(seconds)
    if whole < 1:
        return None
    if whole >= _DAY:
        return _said(divmod(round(whole / _HOUR), _DAY // _HOUR), units.day, units.hour)
    if whole >= _LONG:
        return _of_hours(round(whole / _MINUTE), units)
    return _said(divmod(whole, _MINUTE), units.minute, units.second)


def _of_hours(minutes: int, units: _Units) -> str:
    hours, rest = divmod(minutes, 60)
    if hours == _DAY // _HOUR:
        return _said((1, 0), units.day, units.hour)
    return _said((hours, rest), units.hour, units.minute)


def _said(amounts: tuple[int, int], *names: tuple[str, str]) -> str:
    pairs = zip(amounts, names, strict=True)
    return " ".join(f"{amount} {name[amount != 1]}" for amount, name in pairs if amount)
