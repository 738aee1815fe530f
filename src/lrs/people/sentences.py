"""Sentences that tell a person what somebody did, in German and in English.

Known verbs have a grammar of their own (`sentence_verbs.py`). Others are told by their display in
the language that is wanted, else in another one, else by the last part of their IRI.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from lrs.people.identifiers import account_parts, address_of
from lrs.people.plain_text import in_language, last_part, plain
from lrs.people.sentence_verbs import PHRASES, Phrase
from lrs.people.sentence_words import (
    Speech,
    length_of_time,
    percent,
    points,
    preferring,
    quoted,
    speech_for,
    stars,
)
from lrs.xapi.accept_language import Languages
from lrs.xapi.keys import Ifi
from lrs.xapi.known_verbs import KNOWN_VERBS
from lrs.xapi.records import Measures

MOST_OF_A_NAME: Final = 120
MOST_OF_A_TITLE: Final = 200
_MOST_OF_A_VERB: Final = 80
_MOST_SAID: Final = 240
# How several parts of a response are parted (Data 2.4.4.1).
_PARTS: Final = re.compile(r"\[[,.:]\]")
_ADDRESS: Final = re.compile(r"\S@\S|://")
# Shorter identifiers may be a part of a name by chance.
_SHORTEST_TOLD: Final = 4
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_SOMEBODY: Final = MappingProxyType({Speech.DE: "Jemand", Speech.EN: "Somebody"})


class Kind(StrEnum):
    """What the object of a statement is."""

    ACTIVITY = "Activity"
    AGENT = "Agent"
    GROUP = "Group"
    STATEMENT_REF = "StatementRef"
    SUB_STATEMENT = "SubStatement"


@dataclass(frozen=True, slots=True)
class Thing:
    """What somebody did something with.

    Attributes:
        iri: of the Activity, or of the object of the SubStatement if that is one.
        names: of it, by their languages; of an Agent or a Group there is one, whose tag is empty.
    """

    kind: Kind
    iri: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def title(self, languages: Languages) -> str | None:
        """Return its name in the language that is wanted, with fall-backs; None without any."""
        name = in_language(self.names, languages, MOST_OF_A_TITLE)
        return name or (last_part(self.iri, MOST_OF_A_TITLE) if self.iri else None)


@dataclass(frozen=True, slots=True)
class Told:
    """What a statement says, as far as a sentence tells it.

    Attributes:
        who: the name of the person; None if nobody has told it.
        verb: its IRI; `displays` are by their languages.
        response: what was answered or written.
        share: how far somebody has come, from 0 to 1.
    """

    who: str | None
    verb: str
    displays: Mapping[str, str]
    thing: Thing
    result: Measures = Measures()  # noqa: RUF009 - it cannot be changed
    response: str | None = None
    share: float | None = None


def sentence(told: Told, languages: Languages) -> str:
    """Return what somebody did, as one sentence.

    It is German or English, whichever is wanted more; texts of others stand in it as they are.

    Args:
        told: what is said.
        languages: that the reader wants, most wanted first.
    """
    speech = speech_for(languages)
    preferred = preferring(languages)
    slots = _slots(told, speech, preferred)
    phrase = _phrase(told, slots) or _by_display(told, preferred)
    who = plain(told.who or "", MOST_OF_A_NAME) or _SOMEBODY[speech]
    said = (phrase.de if speech is Speech.DE else phrase.en).format_map(slots)
    line = " ".join(f"{who} {said}".split()).replace(" ,", ",")
    if phrase.is_told and "said" in slots:
        line += f": {slots['said']}"
    return f"{line}."


def speaking_name(names: Iterable[str | None], identifiers: Collection[Ifi]) -> str | None:
    """Return the first of the names that is one, and tells no identifier of the person."""
    told = {text.casefold() for ifi in identifiers for text in _told_by(ifi)}
    lines = (plain(name or "", MOST_OF_A_NAME) for name in names)
    return next((line for line in lines if line and not _tells(line.casefold(), told)), None)


def _tells(name: str, told: Collection[str]) -> bool:
    if name in told or _ADDRESS.search(name):
        return True
    return any(len(text) >= _SHORTEST_TOLD and text in name for text in told)


def _told_by(ifi: Ifi) -> tuple[str, ...]:
    if ifi.type == "account":
        return (account_parts(ifi)[1],)
    return (address_of(ifi) or ifi.value,)


def _phrase(told: Told, slots: Mapping[str, str]) -> Phrase | None:
    phrase = PHRASES.get(KNOWN_VERBS.get(told.verb, ""))
    if phrase is not None and phrase.needs is not None and phrase.needs not in slots:
        return phrase.otherwise
    return phrase


def _by_display(told: Told, languages: Languages) -> Phrase:
    """Tell a verb that is not known by what its display says."""
    display = in_language(told.displays, languages, _MOST_OF_A_VERB)
    did = (display or last_part(told.verb, _MOST_OF_A_VERB)).replace("{", "{{").replace("}", "}}")
    return Phrase(
        f"{did} {{acc}} {{how}} {{judged}}", f"{did} {{it}} {{how}} {{judged}}", is_told=True
    )


def _slots(told: Told, speech: Speech, languages: Languages) -> Mapping[str, str]:
    accusative, dative = _object(told.thing, speech, languages)
    found = {
        "acc": accusative,
        "dat": dative,
        "it": accusative,
        "how": _how(told.result, speech),
        "rightly": _rightly(told.result.success, speech),
        "passed": _and(_passed(told.result, speech), speech),
        "outcome": _and(_ended(told.result, speech) + _passed(told.result, speech), speech),
        "judged": _judged(told.result, speech),
        "score": _score(told.result, speech),
        "share": percent(told.share, speech) if told.share is not None else None,
        "stars": _stars(told.result, speech),
        "said": _said(told.response, speech),
    }
    return {name: text for name, text in found.items() if text is not None}


def _object(thing: Thing, speech: Speech, languages: Languages) -> tuple[str, str]:
    """Return the object in the accusative and in the dative; in English they are the same."""
    title = thing.title(languages)
    named = quoted(title, speech) if title else None
    if speech is Speech.EN:
        words = _in_english(thing.kind, title, named)
        return words, words
    return _in_german(thing.kind, title, named)


def _in_english(kind: Kind, title: str | None, named: str | None) -> str:
    match kind:
        case Kind.AGENT:
            return title or "somebody"
        case Kind.GROUP:
            return f"the group {named}" if named else "a group"
        case Kind.STATEMENT_REF:
            return "an earlier entry"
        case Kind.SUB_STATEMENT:
            return f"a note about {named}" if named else "a note"
    return named or "something"


def _in_german(kind: Kind, title: str | None, named: str | None) -> tuple[str, str]:
    match kind:
        case Kind.AGENT:
            return (title, title) if title else ("jemanden", "jemandem")
        case Kind.GROUP if named:
            return f"die Gruppe {named}", f"der Gruppe {named}"
        case Kind.GROUP:
            return "eine Gruppe", "einer Gruppe"
        case Kind.STATEMENT_REF:
            return "einen früheren Eintrag", "einem früheren Eintrag"
        case Kind.SUB_STATEMENT:
            about = f" zu {named}" if named else ""
            return f"eine Angabe{about}", f"einer Angabe{about}"
    return (named, named) if named else ("etwas", "etwas")


def _how(result: Measures, speech: Speech) -> str:
    """Return how it went: the score, and the time that it took."""
    score, seconds = _score(result, speech), result.duration
    took = length_of_time(seconds, speech) if seconds is not None else None
    by = "mit" if speech is Speech.DE else "with"
    parts = [f"{by} {score}" if score else "", f"in {took}" if took else ""]
    return " ".join(part for part in parts if part)


def _score(result: Measures, speech: Speech) -> str | None:
    if result.score_scaled is not None:
        return percent(result.score_scaled, speech)
    if result.score_raw is not None:
        return points(result.score_raw, result.score_max, speech)
    return None


def _stars(result: Measures, speech: Speech) -> str | None:
    if result.score_raw is None:
        return None
    return stars(result.score_raw, result.score_max, speech)


def _rightly(success: bool | None, speech: Speech) -> str:  # noqa: FBT001 - a value of a result
    if success is None:
        return ""
    words = ("falsch", "richtig") if speech is Speech.DE else ("wrongly", "correctly")
    return words[success]


def _ended(result: Measures, speech: Speech) -> list[str]:
    if not result.completion:
        return []
    return ["abgeschlossen"] if speech is Speech.DE else ["completed it"]


def _passed(result: Measures, speech: Speech) -> list[str]:
    if result.success is None:
        return []
    if speech is Speech.DE:
        return ["bestanden" if result.success else "nicht bestanden"]
    return ["passed" if result.success else "did not pass"]


def _and(parts: list[str], speech: Speech) -> str:
    """Return what else became of it, as the end of a sentence."""
    if not parts:
        return ""
    word = "und" if speech is Speech.DE else "and"
    return "".join(f", {part}" for part in parts[:-1]) + f" {word} {parts[-1]}"


def _judged(result: Measures, speech: Speech) -> str:
    parts = _ended(result, speech) + _passed(result, speech)
    return f"({', '.join(parts)})" if parts else ""


def _said(response: str | None, speech: Speech) -> str | None:
    line = plain(_PARTS.sub(", ", response or ""), _MOST_SAID)
    return quoted(line, speech) if line else None
