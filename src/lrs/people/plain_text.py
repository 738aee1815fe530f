"""Texts that others wrote, made fit to stand in a line that a person reads."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from lrs.xapi.accept_language import Languages, choose

_CUT: Final = "…"
# Two letters of one word may be joined or parted by these, and emoji are put together by them.
_JOINERS: Final = frozenset("\u200c\u200d")
_BREAKS: Final = re.compile(r"[/#:?&=]+")
# `whatHappened` is two words.
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Longer texts are cut before they are looked at sign by sign.
_MOST_READ: Final = 4


def plain(text: str, most: int) -> str:
    """Return a text in one line without what a screen does not show, and no longer than `most`.

    Control characters go, and so does what turns the direction of writing or shows nothing: by
    those a name could make the rest of a sentence read otherwise.
    """
    begin = text[: most * _MOST_READ]
    shown = begin
    if not begin.isprintable():
        shown = "".join(each if _is_shown(each) else " " * each.isspace() for each in begin)
    line = " ".join(shown.split())
    if not line.strip("".join(_JOINERS)):
        return ""
    return line if len(line) <= most else line[: most - 1].rstrip() + _CUT


def _is_shown(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character)[0] not in "CZ"


def last_part(iri: str, most: int) -> str:
    """Return what can be read of an IRI: its last part, as words."""
    parts = [part for part in _BREAKS.split(iri) if part.strip()]
    words = unquote(parts[-1]) if parts else iri
    spaced = _HUMP.sub(" ", words).replace("-", " ").replace("_", " ").replace("+", " ")
    return plain(spaced, most) or plain(iri, most)


def in_language(texts: Mapping[str, str], languages: Languages, most: int) -> str | None:
    """Return the text of a language map that a reader is given; None if there is none to read."""
    readable = {tag: line for tag, text in texts.items() if (line := plain(text, most))}
    return readable[choose(languages, list(readable))] if readable else None
