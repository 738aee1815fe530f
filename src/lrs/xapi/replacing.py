"""Replaces who is named in a JSON text, wherever it is; all that is not concerned stays as it was.

The texts of statements are otherwise never changed. Erasure, retention and pseudonymous stores do,
and this is the one way in which they do it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from lrs.xapi.json_places import (
    Edit,
    NoJsonError,
    Place,
    Shape,
    edited,
    places,
    string_at,
    without_parts,
    written_string,
)
from lrs.xapi.keys import Ifi
from lrs.xapi.personal_texts import PersonalTexts
from lrs.xapi.uuids import is_uuid

# Who stands instead of whom; None if it is nobody who is replaced.
ReplacementOf: TypeAlias = Callable[[Ifi], Ifi | None]

_MAILTO: Final = "mailto:"
_IFIS: Final = frozenset(("mbox", "mbox_sha1sum", "openid", "account"))
# Of a statement: what is no free text, whatever it looks like. Identifiers are told as a whole.
_NO_TEXT: Final = frozenset(
    (
        "objectType", "timestamp", "stored", "version", "registration", "duration", "sha2",
        "contentType", "language", "interactionType", "homePage", *_IFIS,
    )
)  # fmt: skip


@dataclass(frozen=True)
class Replacing:
    """Who is replaced by whom, and what else tells of them.

    Attributes:
        agents: identifiers in canonical form, and the account that stands instead of each.
        texts: in free text; by default none are looked for.
    """

    agents: Mapping[Ifi, Ifi]
    texts: PersonalTexts = field(default_factory=PersonalTexts)

    def replacement_of(self, ifi: Ifi) -> Ifi | None:
        """Return who stands instead of an identifier.

        One that has a mail address of the person in it is the person's, though nobody said so.
        """
        found = self.agents.get(ifi)
        if found is not None or ifi.type == "mbox_sha1sum":
            return found
        address = self.texts.mail_in(ifi.value)
        if address is None:
            return None
        named = (each for each in self.agents if address.lower() in each.value.lower())
        return next((self.agents[each] for each in named), None)


def replace_in_json(raw: bytes, replacing: Replacing) -> bytes:
    """Replace who is named in the JSON text of a statement, or a part of one.

    An Agent or Group that is told by one of the identifiers gets the other identifier and loses its
    name. Free text is looked through, in extensions also the names of members and the numbers.

    Args:
        raw: a JSON text in UTF-8 that was kept.
        replacing: whom, and by whom.

    Returns:
        The very same bytes if nobody is named.
    """
    return _replaced(raw, _Replacer(replacing.replacement_of, replacing.texts), is_free=False)


def replace_in_document(raw: bytes, replacing: Replacing) -> bytes:
    """Replace who is named in any JSON text; all of it counts as extensions do.

    Raises:
        NoJsonError: it is no JSON text in UTF-8.
    """
    return _replaced(raw, _Replacer(replacing.replacement_of, replacing.texts), is_free=True)


def replace_agents(raw: bytes, replacement_of: ReplacementOf) -> bytes:
    """Replace Agents and Groups by their identifiers wherever they are; free text stays.

    Args:
        raw: the JSON text of a valid statement, or a part of one.
        replacement_of: whom by whom.

    Returns:
        The very same bytes if nobody is replaced.
    """
    return _replaced(raw, _Replacer(replacement_of, PersonalTexts()), is_free=False)


def replace_in_text(text: str, replacing: Replacing) -> str:
    """Replace who is named in free text."""
    return replacing.texts.replaced(text)


def written_identifier(ifi: Ifi) -> str:
    """Return the member of an Agent that an identifier is, as JSON text."""
    return f"{json.dumps(ifi.type)}:{_written(ifi)}"


def _written(ifi: Ifi) -> str:
    if ifi.type != "account":
        return json.dumps(ifi.value, ensure_ascii=False)
    home_page, _, name = ifi.value.partition(" ")
    account = {"homePage": home_page, "name": name}
    return json.dumps(account, ensure_ascii=False, separators=(",", ":"))


def _replaced(raw: bytes, replacer: "_Replacer", *, is_free: bool) -> bytes:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise NoJsonError from error
    edits = [*replacer.edits(text, is_free=is_free)]
    return edited(text, edits).encode() if edits else raw


class _Visit(NamedTuple):
    """A value that is to be looked at.

    Attributes:
        spares_names: it is the name of somebody else, who may be called the same.
        is_free: it stands in extensions, where anything may.
    """

    place: Place
    spares_names: bool
    is_free: bool


@dataclass(frozen=True)
class _Replacer:
    replacement_of: ReplacementOf
    texts: PersonalTexts

    def edits(self, text: str, *, is_free: bool) -> Iterator[Edit]:
        """Give the changes, in no order."""
        waiting = [_Visit(places(text), spares_names=False, is_free=is_free)]
        while waiting:
            visit = waiting.pop()
            if visit.place.shape is Shape.OBJECT:
                members = _Members(text, visit.place)
                done, edits = self._agent(members)
                yield from edits
                yield from self._names(members, done, visit)
                waiting += self._inside(members, done, visit)
            elif visit.place.shape is Shape.ARRAY:
                waiting += [visit._replace(place=part.value) for part in visit.place.parts]
            else:
                yield from self._value(text, visit)

    def _agent(self, members: "_Members") -> "tuple[set[int], list[Edit]]":
        """Replace an Agent or an account; return which members are done with, and the changes."""
        replacements = {
            number: replacement
            for number, ifi in members.identifiers()
            if (replacement := self.replacement_of(ifi)) is not None
        }
        if not replacements:
            return self._bare_account(members)
        # Of several identifiers, which no valid Agent has, the first makes place for the other one.
        first, *others = replacements
        named = [number for number, name in enumerate(members.names) if name == "name"]
        dropped = [*others, *named]
        part = members.place.parts[first]
        instead = Edit(part.start, part.end, written_identifier(replacements[first]))
        return {first, *dropped}, [instead, *without_parts(members.place, dropped)]

    def _bare_account(self, members: "_Members") -> "tuple[set[int], list[Edit]]":
        ifi = members.account()
        replacement = None if ifi is None else self.replacement_of(ifi)
        if replacement is None:
            return set(), []
        place = members.place
        return set(range(len(place.parts))), [Edit(place.start, place.end, _written(replacement))]

    def _names(self, members: "_Members", done: set[int], visit: _Visit) -> Iterator[Edit]:
        """Replace names of members in extensions."""
        if not visit.is_free:
            return
        for number, part in enumerate(members.place.parts):
            if number not in done and part.name is not None:
                yield from self._string(members.text, visit._replace(place=part.name))

    def _inside(self, members: "_Members", done: set[int], visit: _Visit) -> Iterator[_Visit]:
        """Give the values of an object that are to be looked at."""
        is_account = members.account() is not None
        is_agent = any(True for _ in members.identifiers())
        for number, name in enumerate(members.names):
            if number in done or (is_account and name in ("homePage", "name")):
                continue  # an account of the same name elsewhere is somebody else's
            value = members.place.parts[number].value
            spares_names = is_agent and name == "name"
            if visit.is_free or name == "extensions":
                yield _Visit(value, spares_names, is_free=True)
            elif value.shape in (Shape.OBJECT, Shape.ARRAY) or members.is_text(number):
                yield _Visit(value, spares_names, is_free=False)

    def _value(self, text: str, visit: _Visit) -> Iterator[Edit]:
        if visit.place.shape is Shape.STRING:
            yield from self._string(text, visit)
        elif visit.is_free:
            place = visit.place
            if self.texts.is_number(text[place.start : place.end]):
                yield Edit(place.start, place.end, "null")

    def _string(self, text: str, visit: _Visit) -> Iterator[Edit]:
        before = string_at(text, visit.place)
        after = self.texts.replaced(before, in_name_of_another=visit.spares_names)
        if after != before:
            yield written_string(after, text, visit.place)


class _Members:
    """The members of an object in a text.

    Attributes:
        names: of all members, in their order.
    """

    def __init__(self, text: str, place: Place) -> None:
        self.text = text
        self.place = place
        self.names = ["" if name is None else string_at(text, name) for name, _ in place.parts]

    def identifiers(self) -> Iterator[tuple[int, Ifi]]:
        """Give the identifiers that it has as an Agent, each with the number of its member."""
        if _IFIS.isdisjoint(self.names):
            return
        for number, name in enumerate(self.names):
            if name not in _IFIS:
                continue
            part = self.place.parts[number]
            if name == "account":
                ifi = _account(self.text, part.value)
            else:
                ifi = _identifier(name, self.string(number))
            if ifi is not None:
                yield number, ifi

    def account(self) -> Ifi | None:
        """Return the identifier that it is as an account."""
        if "homePage" not in self.names or "name" not in self.names:
            return None
        home_page = self.string(self.names.index("homePage"))
        name = self.string(self.names.index("name"))
        if home_page is None or name is None:
            return None
        return Ifi("account", f"{home_page} {name}")

    def string(self, number: int) -> str | None:
        """Return the value of a member if it is a string."""
        value = self.place.parts[number].value
        return string_at(self.text, value) if value.shape is Shape.STRING else None

    def is_text(self, number: int) -> bool:
        """Tell whether the value of a member of a statement may be free text or an IRI."""
        name = self.names[number]
        return name not in _NO_TEXT and not (name == "id" and is_uuid(self.string(number) or ""))


def _account(text: str, place: Place) -> Ifi | None:
    return _Members(text, place).account() if place.shape is Shape.OBJECT else None


def _identifier(kind: str, value: str | None) -> Ifi | None:
    """Return an identifier in canonical form, as `lrs.xapi.actors` has it."""
    if value is None:
        return None
    if kind == "mbox":
        if "@" not in value:
            return None
        local, _, domain = value.removeprefix(_MAILTO).rpartition("@")
        return Ifi(kind, f"{_MAILTO}{local}@{domain.lower()}")
    return Ifi(kind, value.lower() if kind == "mbox_sha1sum" else value)
