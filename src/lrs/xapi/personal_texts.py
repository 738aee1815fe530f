"""What names a person in free text: mail addresses, full names, names of accounts, hashes.

Words count only as whole words. Numbers are names of accounts too, so they count neither within
ids, dates and other numbers, nor in an IRI that does not speak of persons: there 4711 is as likely
the number of a course.
"""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import quote

from lrs.xapi.keys import Ifi

# What stands instead; it may stand in an IRI.
INSTEAD: Final = "anonymous"
SHORTEST_WORD: Final = 4
_MAILTO: Final = "mailto:"
_FEWEST_WORDS_OF_NAME: Final = 2
# Behind an escape such as that of a colon, something begins as well.
_BEGIN: Final = r"(?:(?<![\w])|(?<=%[0-9A-Fa-f]{2}))"
_BEGIN_MAIL: Final = r"(?:(?<![\w.+\-])|(?<=%[0-9A-Fa-f]{2}))"
_END: Final = r"(?!\w)"
_END_MAIL: Final = r"(?![\w\-]|\.\w)"
# UUIDs, dates and moments, and numbers with points or colons.
_NO_WORDS: Final = (
    r"(?<!\w)[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?!\w)"
    r"|(?<!\w)\d{4}-\d\d(?:-\d\d)?(?:T[\d:.]+)?"
    r"|(?<!\w)\d+(?:[.:]\d+)+"
)
_IRI: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.\-]*://|urn:)\S+")
_OF_PERSONS: Final = re.compile(
    r"user|person|people|profile|member|learner|student|account|employee|actor"
    r"|mitarbeiter|teilnehmer|benutzer|konto|profil",
    re.IGNORECASE,
)
_LIKE_SIGNS: Final = re.compile(r"[%_\\]")
_PLAIN: Final = re.compile(r"[A-Za-z0-9.\-]+")


@dataclass(frozen=True)
class PersonalTexts:
    """The texts that name a person.

    Attributes:
        mails: addresses, in any case.
        names: full names, in any case.
        words: names of accounts, hashes and other identifiers, as they are.
    """

    mails: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()

    def replaced(self, text: str, *, in_name_of_another: bool = False) -> str:
        """Return a text in which a neutral word stands for each of them.

        Args:
            text: any text.
            in_name_of_another: it is the name of an Agent with an identifier of somebody else, who
                may have the same name.
        """
        pattern = self._without_names if in_name_of_another else self._all
        if pattern is None:
            return text
        spares_numbers = bool(_IRI.fullmatch(text)) and not _OF_PERSONS.search(text)

        def instead(match: re.Match[str]) -> str:
            is_hit = match["hit"] or (match["number"] and not spares_numbers)
            return INSTEAD if is_hit else match[0]

        return pattern.sub(instead, text)

    def mail_in(self, text: str) -> str | None:
        """Return which of the addresses stands in a text."""
        found = None if self._mail is None else self._mail.search(text)
        if found is None:
            return None
        address = found[0].replace("%40", "@").lower()
        return next((each for each in self.mails if each.lower() == address), None)

    def is_number(self, text: str) -> bool:
        """Tell whether a JSON number is one of the words."""
        return text in self.words

    @cached_property
    def like_patterns(self) -> list[str]:
        """Patterns of SQL's ILIKE, of which JSON text that has any of them matches one.

        What JSON or an IRI may write in another way is left open. Letters that need no escape and
        have one all the same are not found; who looks has to look at such texts too.
        """
        texts = {*self.mails, *self.names, *self.words}
        return sorted({pattern for text in texts for pattern in _like(text)})

    @cached_property
    def _all(self) -> re.Pattern[str] | None:
        return _pattern([*map(_mail, self.mails), *map(_name, self.names)], self.words)

    @cached_property
    def _without_names(self) -> re.Pattern[str] | None:
        return _pattern([*map(_mail, self.mails)], self.words)

    @cached_property
    def _mail(self) -> re.Pattern[str] | None:
        return re.compile("|".join(map(_mail, self.mails))) if self.mails else None


def texts_of(ifis: Iterable[Ifi], names: Iterable[str]) -> PersonalTexts:
    """Return what names a person in free text.

    Args:
        ifis: the identifiers of the person; of accounts the names count, from `SHORTEST_WORD`
            characters on, and as mail addresses if they are some.
        names: all that are known; those of one word are too common to be looked for.
    """
    mails, words = set(), set()
    for ifi in ifis:
        text = ifi.value.partition(" ")[2] if ifi.type == "account" else ifi.value
        text = text.removeprefix(_MAILTO) if ifi.type == "mbox" else text
        if _is_address(text):
            mails.add(text)
        elif len(text.strip()) >= SHORTEST_WORD:
            words.add(text.strip())
    full = (" ".join(name.split()) for name in names)
    long = {name for name in full if len(name.split()) >= _FEWEST_WORDS_OF_NAME}
    return PersonalTexts(
        frozenset(mails | {name for name in names if _is_address(name)}),
        frozenset(long),
        frozenset(words),
    )


def _is_address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(local and at and domain) and not re.search(r"\s", text)


def _pattern(hits: Collection[str], words: Collection[str]) -> re.Pattern[str] | None:
    """Join what is looked for, the longest first, so that a part does not hide the whole."""
    numbers = [re.escape(word) for word in words if word.isdigit()]
    others = [_word(word) for word in words if not word.isdigit()]
    found = sorted([*hits, *others], key=len, reverse=True)
    if not found and not numbers:
        return None
    number = f"{_BEGIN}(?:{'|'.join(numbers)}){_END}" if numbers else r"(?!)"
    hit = "|".join(found) or r"(?!)"
    return re.compile(f"(?P<hit>{hit})|{_NO_WORDS}|(?P<number>{number})")


def _mail(address: str) -> str:
    local, _, domain = address.rpartition("@")
    either = {f"{_escaped(local)}(?:@|%40){_escaped(domain)}"}
    return f"(?i:{_BEGIN_MAIL}(?:{'|'.join(either)}){_END_MAIL})"


def _name(name: str) -> str:
    spaces = r"(?:\s+|%20|\+)"
    return f"(?i:{_BEGIN}{spaces.join(map(_escaped, name.split()))}{_END})"


def _word(word: str) -> str:
    is_hash = re.fullmatch(r"[0-9a-fA-F]{40}", word) is not None
    either = f"{_BEGIN}{_escaped(word)}{_END}"
    return f"(?i:{either})" if is_hash else either


def _escaped(text: str) -> str:
    """Escape a text for a pattern; it may also stand there as an IRI has it."""
    as_in_iri = quote(text, safe="")
    if as_in_iri == text:
        return re.escape(text)
    return f"(?:{re.escape(text)}|(?i:{re.escape(as_in_iri)}))"


def _like(text: str) -> list[str]:
    """Write patterns of LIKE, whose own signs do not count."""
    plain = _PLAIN.findall(text)
    if len("".join(plain)) >= SHORTEST_WORD:
        return ["%" + "%".join(plain) + "%"]
    # Little is left of a name in another script: it stands there as it is, or as escapes.
    forms = (text, json.dumps(text)[1:-1], quote(text))
    return ["%" + _LIKE_SIGNS.sub(_before, form).replace(" ", "%") + "%" for form in forms]


def _before(sign: re.Match[str]) -> str:
    return "\\" + sign[0]
