"""What makes two persons look like one: never enough to join them, enough to ask somebody.

Names are compared without case, accents, order and what stands between their parts; `ä` is `ae`.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations
from typing import Final
from uuid import UUID

from lrs.people.identifiers import account_parts, address_of
from lrs.xapi.keys import Ifi

# More persons than this who share a sign are taken for a name that many have.
MOST_ALIKE: Final = 8
# What is shorter says nothing about who it is.
_SHORTEST: Final = 4
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae"})
_WORD = re.compile(r"\w+")


class Reason(StrEnum):
    """Why two may be one."""

    # The same name, but for case, accents and the order of its parts.
    NAMES_ALIKE = "names_alike"
    # What stands before the @ of the mail address of one is the name of an account of the other.
    ACCOUNT_IS_LOCAL_PART = "account_is_local_part"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of somebody.

    Attributes:
        id: of a person, or the key of the identifier of an Agent whom nobody has joined.
    """

    id: UUID
    names: Sequence[str] = ()
    identifiers: Sequence[Ifi] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """That two persons may be one; `first` has the smaller id."""

    first: UUID
    second: UUID
    reasons: Sequence[Reason] = field(default=())


def name_sign(name: str) -> str | None:
    """Return what names that are alike have in common; None of one that says too little.

    A name of one word is what many are called.
    """
    spelled = unicodedata.normalize("NFC", name).casefold().translate(_UMLAUTS)
    plain = "".join(
        each for each in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(each)
    )
    words = sorted(_WORD.findall(plain))
    sign = " ".join(words)
    return sign if len(words) > 1 and len(sign) >= _SHORTEST else None


def suggest(everybody: Iterable[Known]) -> list[Suggestion]:
    """Return pairs who may be one, those with most reasons first."""
    signs: dict[tuple[Reason, str], dict[UUID, bool]] = {}
    for known in everybody:
        for reason, sign, is_account in _signs(known):
            there = signs.setdefault((reason, sign), {})
            there[known.id] = there.get(known.id, False) or is_account
    found: dict[tuple[UUID, UUID], list[Reason]] = {}
    for (reason, _), persons in sorted(signs.items()):
        for pair in _pairs(reason, persons):
            if reason not in found.setdefault(pair, []):
                found[pair].append(reason)
    suggestions = [Suggestion(first, second, why) for (first, second), why in found.items()]
    return sorted(suggestions, key=lambda each: (-len(each.reasons), each.first, each.second))


def _signs(known: Known) -> Iterator[tuple[Reason, str, bool]]:
    for name in known.names:
        if (sign := name_sign(name)) is not None:
            yield Reason.NAMES_ALIKE, sign, False
    for ifi in known.identifiers:
        address = address_of(ifi)
        is_account = ifi.type == "account"
        local = address.partition("@")[0] if address else account_parts(ifi)[1] * is_account
        if len(local) >= _SHORTEST:
            yield Reason.ACCOUNT_IS_LOCAL_PART, local.casefold(), is_account


def _pairs(reason: Reason, persons: dict[UUID, bool]) -> Iterator[tuple[UUID, UUID]]:
    """Give the pairs who share a sign; two addresses, or two accounts, say nothing by that."""
    if len(persons) > MOST_ALIKE:
        return
    for first, second in combinations(sorted(persons), 2):
        if reason is Reason.NAMES_ALIKE or persons[first] != persons[second]:
            yield first, second
