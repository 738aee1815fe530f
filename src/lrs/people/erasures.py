"""Whom an erasure is about, and what stands instead; it is kept only until the erasure is done."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid4

import msgspec

from lrs.people.identifiers import account, account_parts, sha1_of
from lrs.people.tombstones import OnReturn, Tombstone, tombstone_macs
from lrs.xapi.keys import Ifi, ifi_key
from lrs.xapi.personal_texts import PersonalTexts, texts_of
from lrs.xapi.replacing import Replacing

_ANYWHERE: Final = "urn:lrs:anywhere"


class Mode(StrEnum):
    """What becomes of what a person did."""

    # It goes; who others speak of becomes nobody.
    ERASE = "erase"
    # It stays, done by nobody.
    ANONYMISE = "anonymise"

    @property
    def on_return(self) -> OnReturn:
        """What is done with what comes again, unless it is said."""
        return OnReturn.REFUSE if self is Mode.ERASE else OnReturn.ANONYMISE


class Replaced(msgspec.Struct, frozen=True):
    """An identifier, and the account that stands instead, as a canonical value."""

    type: str
    value: str
    instead: str

    @property
    def ifi(self) -> Ifi:
        """The identifier."""
        return Ifi(self.type, self.value)

    @property
    def replacement(self) -> Ifi:
        """What stands instead."""
        return Ifi("account", self.instead)


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """All by which a person is found.

    Attributes:
        persons: ids of the person, and of those who were merged into it.
        identifiers: with what stands instead of each.
        names: full names, however often they were changed.
        words: how HR and systems call the person besides.
        users: ids of those who sign in and are this person.
        nobody: the id of the person without a name who has done it all, if it stays.
    """

    persons: tuple[UUID, ...] = ()
    identifiers: tuple[Replaced, ...] = ()
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    users: tuple[UUID, ...] = ()
    nobody: UUID | None = None

    @property
    def keys(self) -> list[UUID]:
        """The keys of all identifiers."""
        return [ifi_key(each.ifi) for each in self.identifiers]

    @property
    def texts(self) -> PersonalTexts:
        """What names the person in free text."""
        called = [account(_ANYWHERE, word) for word in self.words]
        return texts_of([*(each.ifi for each in self.identifiers), *called], self.names)

    @property
    def replacing(self) -> Replacing:
        """What is replaced by what."""
        return Replacing({each.ifi: each.replacement for each in self.identifiers}, self.texts)

    @property
    def patterns(self) -> list[str]:
        """Patterns of ILIKE; JSON text that names the person matches one of them."""
        accounts = (account_parts(each.ifi) for each in self.identifiers if each.type == "account")
        # Too short for free text: only whole strings count.
        short = {f'%"{name}"%' for _, name in accounts if name.isalnum()}
        others = {f"%{each.value}%" for each in self.identifiers if each.type == "openid"}
        return sorted({*self.texts.like_patterns, *short, *others})

    def tombstones(self, server_key: bytes, on_return: OnReturn) -> list[Tombstone]:
        """Return what is to stay of the identifiers."""
        made = {
            mac: Tombstone(mac, on_return, each.replacement)
            for each in reversed(self.identifiers)
            for mac in tombstone_macs(server_key, each.ifi)
        }
        return [*made.values()]

    def written(self) -> str:
        """Return it as JSON text."""
        return msgspec.json.encode(self).decode()


def read_subject(text: str) -> Subject:
    """Read what `Subject.written` wrote."""
    return msgspec.json.decode(text, type=Subject)


def anonymous_home_page(home_page: str) -> str:
    """Return where the accounts of nobody are, in an installation with a home page."""
    return f"{home_page.rstrip('/')}/anonymous"


def replaced_identifiers(
    ifis: Iterable[Ifi], home_page: str, known: Mapping[UUID, Ifi]
) -> tuple[Replaced, ...]:
    """Return identifiers with an account of nobody each.

    Args:
        ifis: of the person; the hashes of mail addresses are found by themselves.
        home_page: see `anonymous_home_page`.
        known: what stands instead of some already, by their keys: an erasure that is repeated.
    """
    given = dict.fromkeys(ifis)
    hashes = [sha1_of(each) for each in given if each.type == "mbox"]
    found = []
    for ifi in {**given, **dict.fromkeys(hashes)}:
        instead = known.get(ifi_key(ifi)) or account(home_page, str(uuid4()))
        found.append(Replaced(ifi.type, ifi.value, instead.value))
    return tuple(found)
