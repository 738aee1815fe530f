"""What a person did, statement by statement, as another person reads it.

Names come from what the store knows of verbs and activities, merged over all statements, and else
from the statement itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Raw

from lrs.people.plain_text import in_language, last_part
from lrs.people.sentence_words import preferring
from lrs.people.sentences import (
    MOST_OF_A_TITLE,
    Kind,
    Thing,
    Told,
    sentence,
    speaking_name,
)
from lrs.xapi.accept_language import Languages
from lrs.xapi.records import Measures

# How far somebody has come, from 0 to 100 (cmi5 9.5.5.1).
_PROGRESS: Final = "https://w3id.org/xapi/cmi5/result/extensions/progress"
_WHOLE: Final = 100


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which statements of a person are wanted: all that is set must hold.

    Attributes:
        systems: the tools of which one must have brought it.
        verbs: IRIs of which one must be its verb; empty are none, and nothing is found.
        course: IRI of an activity that must be its object or named in its context.
        activity_type: of its object.
        since: at this moment or later, by its `timestamp`; `until` is before this moment.
    """

    systems: tuple[str, ...] | None = None
    verbs: tuple[str, ...] | None = None
    course: str | None = None
    activity_type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    success: bool | None = None
    completion: bool | None = None


class Described(NamedTuple):
    """A verb or an activity, as the store knows it.

    Attributes:
        names: JSON text of its merged display or name; None if nobody has told one.
        type: of an activity.
    """

    iri: str
    names: bytes | None = None
    type: str | None = None


class System(NamedTuple):
    """Who brought a statement: the credential, and the tool that holds it."""

    name: str
    kind: str
    label: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A statement of somebody, as it is kept.

    Attributes:
        object: the Activity that is its object; None if it is none.
        course: that it belongs to.
        payload: its JSON text; None if that is too long to be read for this.
    """

    id: UUID
    timestamp: datetime
    stored: datetime
    verb: Described
    object_type: str
    object: Described | None
    course: Described | None
    result: Measures
    payload: bytes | None
    system: System


class Named(NamedTuple):
    """Something, by its id and by a name in the language of the reader."""

    id: str | None
    name: str | None
    type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a history.

    Attributes:
        verb: its name is the display.
        object: its type is that of the Activity, or the `objectType` of what is none.
    """

    statement: UUID
    timestamp: datetime
    stored: datetime
    verb: Named
    object: Named
    course: Named | None
    result: Measures
    system: System
    sentence: str


class _Verb(msgspec.Struct, frozen=True):
    display: Raw = Raw(b"{}")


class _Definition(msgspec.Struct, frozen=True):
    name: Raw = Raw(b"{}")


class _Object(msgspec.Struct, frozen=True, rename="camel"):
    id: str | None = None
    object_type: str = "Activity"
    name: str | None = None
    definition: _Definition = _Definition()
    # Of a SubStatement.
    object: "_Object | None" = None


class _Result(msgspec.Struct, frozen=True):
    response: str | None = None
    extensions: dict[str, Raw] = {}


class _Statement(msgspec.Struct, frozen=True):
    verb: _Verb = _Verb()
    object: _Object = _Object()
    result: _Result = _Result()


_EMPTY: Final = _Statement()
_statements = msgspec.json.Decoder(_Statement)
_language_maps = msgspec.json.Decoder(dict[str, Any])
_numbers = msgspec.json.Decoder(float)


def entry_of(deed: Deed, who: str | None, languages: Languages) -> Entry:
    """Return the line that tells a statement.

    Args:
        deed: the statement.
        who: the name of the person; None if nobody has told it.
        languages: that the reader wants, most wanted first.
    """
    said = _read(deed.payload)
    preferred = preferring(languages)
    displays = _names(deed.verb.names) or _names(said.verb.display)
    thing = _thing(deed, said.object)
    told = Told(
        who=who,
        verb=deed.verb.iri,
        displays=displays,
        thing=thing,
        result=deed.result,
        response=said.result.response,
        share=_share(said.result),
    )
    return Entry(
        statement=deed.id,
        timestamp=deed.timestamp,
        stored=deed.stored,
        verb=named(deed.verb._replace(type=None), displays, preferred),
        object=Named(said.object.id or thing.iri, thing.title(preferred), _type(deed)),
        course=named(deed.course, None, preferred) if deed.course else None,
        result=deed.result,
        system=deed.system,
        sentence=sentence(told, languages),
    )


def named(known: Described, names: Mapping[str, str] | None, languages: Languages) -> Named:
    """Return what a verb or an activity is called in the language of a reader."""
    texts = _names(known.names) if names is None else names
    name = in_language(texts, languages, MOST_OF_A_TITLE)
    return Named(known.iri, name or last_part(known.iri, MOST_OF_A_TITLE), known.type)


def _read(payload: bytes | None) -> _Statement:
    """Read what a sentence tells; what a tolerant store let pass may be of any shape."""
    if payload is None:
        return _EMPTY
    try:
        return _statements.decode(payload)
    except msgspec.MsgspecError:
        return _EMPTY


def _names(text: bytes | Raw | None) -> dict[str, str]:
    try:
        entries = _language_maps.decode(text or b"{}")
    except msgspec.MsgspecError:
        return {}
    return {tag: name for tag, name in entries.items() if isinstance(name, str)}


def _thing(deed: Deed, said: _Object) -> Thing:
    kind = Kind(deed.object_type)
    match kind:
        case Kind.ACTIVITY:
            names = _names(deed.object.names) if deed.object else {}
            iri = deed.object.iri if deed.object else said.id
            return Thing(kind, iri, names or _names(said.definition.name))
        case Kind.AGENT | Kind.GROUP:
            name = speaking_name([said.name], ())
            return Thing(kind, None, {"": name} if name else {})
        case Kind.SUB_STATEMENT if said.object is not None:
            return Thing(kind, said.object.id, _names(said.object.definition.name))
    return Thing(kind)


def _type(deed: Deed) -> str | None:
    if deed.object_type != Kind.ACTIVITY:
        return deed.object_type
    return deed.object.type if deed.object else None


def _share(result: _Result) -> float | None:
    text = result.extensions.get(_PROGRESS)
    if text is None:
        return None
    try:
        share = _numbers.decode(text)
    except msgspec.MsgspecError:
        return None
    return share / _WHOLE if 0 <= share <= _WHOLE else None
