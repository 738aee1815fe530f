"""Accept-Language, and which entry of a language map it picks (Comm. 2.1.3, RFC 2616 14.4)."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_PART = re.compile(
    r"\s*(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*(0(?:\.\d*)?|1(?:\.0*)?)\s*)?",
    re.ASCII | re.IGNORECASE,
)
_MOST_RANGES = 50  # nobody reads more, and it bounds the work that one header can ask for


class LanguageRange(NamedTuple):
    """One part of the header: a language tag in lower case or `*`, and how much it is wanted."""

    tag: str
    quality: float

    def covers(self, tag: str) -> bool:
        """Tell whether a tag in lower case is this range or begins with it: `de` and `de-at`."""
        return self.tag == "*" or _begins_with(tag, self.tag)

    def continues(self, tag: str) -> bool:
        """Tell whether this range is a tag in lower case or begins with it: `de-at` and `de`."""
        return _begins_with(self.tag, tag)


Languages = tuple[LanguageRange, ...]


def parse_accept_language(header: str | None) -> Languages:
    """Return the ranges of the header, the most wanted first (RFC 2616 14.4).

    Equally wanted ranges keep their order, `*` behind the named ones. What is malformed is left
    out by itself, so the header is never an error. Only the first 50 parts are read.
    """
    parts = (header or "").split(",", _MOST_RANGES)[:_MOST_RANGES]
    ranges = [
        LanguageRange(found[1].lower(), float(found[2] or 1))
        for found in map(_PART.fullmatch, parts)
        if found
    ]
    return tuple(sorted(ranges, key=lambda asked: (-asked.quality, asked.tag == "*")))


def choose(languages: Languages, available: Sequence[str]) -> str:
    """Return which of the tags, at least one, the reader is given (Comm. 2.1.3).

    The quality of a tag is that of the longest range that covers it. Where that leaves several
    equal, or nothing fits, a tag that begins a wanted range is preferred: `de` for `de-AT`.
    Then the order of the language map decides; a tag that is refused with `q=0` comes last.
    """
    return min(available, key=lambda tag: _rank(tag.lower(), languages))


def _rank(tag: str, languages: Languages) -> tuple[float, int, int]:
    """Return the place of a tag in lower case among the others: the lowest is chosen."""
    nearness = next(
        (i for i, asked in enumerate(languages) if asked.quality and asked.continues(tag)),
        len(languages),
    )
    covering = [i for i, asked in enumerate(languages) if asked.covers(tag)]
    if not covering:
        return 0, 0, nearness
    longest = max(covering, key=lambda i: len(languages[i].tag.strip("*")))
    quality = languages[longest].quality
    return (-quality if quality else 1), longest, nearness


def _begins_with(longer: str, shorter: str) -> bool:
    return longer == shorter or longer.startswith(f"{shorter}-")
