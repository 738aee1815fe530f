"""The formats `ids` and `canonical` of statements, as text to text (Comm. 2.1.3).

Only the parts that a format reduces are taken apart. Everything else keeps the text that was
received, down to the spelling of numbers. The payloads are statements as they are stored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple
from uuid import UUID

from msgspec import Raw, Struct, field
from msgspec.json import Decoder, encode

from lrs.xapi.accept_language import Languages, choose

_Rewrite = Callable[[Raw], Raw]

_IFIS = frozenset(("mbox", "mbox_sha1sum", "openid", "account"))
_LANGUAGE_MAPS = ("name", "description")
_COMPONENT_LISTS = ("choices", "scale", "source", "target", "steps")
_ACTIVITY = Raw(b'"Activity"')


class _Kind(Struct):
    object_type: str = field(default="Activity", name="objectType")


class _Identified(Struct):
    id: UUID


_properties_of = Decoder(dict[str, Raw]).decode
_items_of = Decoder(list[Raw]).decode
_kind_of = Decoder(_Kind).decode
_iri_of = Decoder(str).decode
_identified = Decoder(list[_Identified]).decode


def ids_of(texts: bytes) -> list[UUID]:
    """Return the ids of statements as they are stored, whose texts are joined by commas."""
    return [each.id for each in _identified(b"[%s]" % texts)]


@dataclass(frozen=True, slots=True)
class Canon:
    """What the LRS itself says of the activities and verbs of a page, and for which reader.

    Attributes:
        definitions: JSON text of the merged definition by the IRI of its Activity.
        displays: JSON text of the merged display by the IRI of its Verb.
        languages: what the reader's Accept-Language asks for.
    """

    definitions: Mapping[str, bytes]
    displays: Mapping[str, bytes]
    languages: Languages = ()


class Mentioned(NamedTuple):
    """The IRIs whose canonical definitions and displays a statement needs."""

    activities: set[str]
    verbs: set[str]


@dataclass(frozen=True, slots=True)
class _Nouns:
    """What a format makes of each noun that it may reduce."""

    actor: _Rewrite
    verb: _Rewrite
    activity: _Rewrite


def ids(payload: bytes) -> bytes:
    """Return a statement with the least that identifies its actors, verbs and activities."""
    return bytes(_statement(Raw(payload), _IDENTITIES))


def canonical(payload: bytes, canon: Canon) -> bytes:
    """Return a statement with the LRS's own activities and verbs, one language in each map.

    Where the canon holds nothing of an activity or verb, what was received stays.
    """
    nouns = _Nouns(
        actor=_as_received,
        verb=partial(_canonical_verb, canon=canon),
        activity=partial(_canonical_activity, canon=canon),
    )
    return bytes(_statement(Raw(payload), nouns))


def mentioned(payload: bytes) -> Mentioned:
    """Return the IRIs of all activities and verbs in a statement, SubStatement included."""
    found = Mentioned(activities=set(), verbs=set())
    nouns = _Nouns(
        actor=_as_received,
        verb=partial(_noted, iris=found.verbs),
        activity=partial(_noted, iris=found.activities),
    )
    _statement(Raw(payload), nouns)
    return found


def merge_definitions(older: bytes, newer: bytes) -> bytes:
    """Return the definition of an Activity that two senders define together (Data 2.4.4.1).

    `name` and `description` are merged by language; of all else the newer replaces the older.
    """
    merged = _properties_of(older)
    received = _properties_of(newer)
    for name in merged.keys() & received.keys() & set(_LANGUAGE_MAPS):
        received[name] = Raw(merge_language_maps(bytes(merged[name]), bytes(received[name])))
    return encode(merged | received)


def merge_language_maps(older: bytes, newer: bytes) -> bytes:
    """Return a language map with the entries of both, the newer for a tag in both (Data 4.2).

    Tags are compared without case; the newer spelling is kept.
    """
    entries = {
        tag.lower(): (tag, text)
        for language_map in (older, newer)
        for tag, text in _properties_of(language_map).items()
    }
    return encode(dict(entries.values()))


def _rewritten(text: Raw, parts: Mapping[str, _Rewrite]) -> Raw:
    """Return an object in which some properties are rewritten and the others keep their text."""
    properties = _properties_of(text)
    for name, rewrite in parts.items():
        if name in properties:
            properties[name] = rewrite(properties[name])
    return Raw(encode(properties))


def _each(text: Raw, rewrite: _Rewrite) -> Raw:
    return Raw(encode([rewrite(item) for item in _items_of(text)]))


# Where the nouns stand


def _statement(text: Raw, nouns: _Nouns) -> Raw:
    """Rewrite a Statement or SubStatement (Data 2.4)."""
    parts: dict[str, _Rewrite] = {
        "actor": nouns.actor,
        "verb": nouns.verb,
        "object": partial(_object, nouns=nouns),
        "context": partial(_context, nouns=nouns),
        "authority": nouns.actor,
    }
    return _rewritten(text, parts)


def _object(text: Raw, nouns: _Nouns) -> Raw:
    """Rewrite the object by its kind (Data 2.4.4)."""
    match _kind_of(text).object_type:
        case "Agent" | "Group":
            return nouns.actor(text)
        case "SubStatement":
            return _statement(text, nouns)
        case "StatementRef":
            return text
        case _:
            return nouns.activity(text)


def _context(text: Raw, nouns: _Nouns) -> Raw:
    """Rewrite the actors and activities of a context (Data 2.4.6)."""
    parts: dict[str, _Rewrite] = {
        "instructor": nouns.actor,
        "team": nouns.actor,
        "contextActivities": partial(_context_activities, nouns=nouns),
        "contextAgents": partial(_each, rewrite=partial(_rewritten, parts={"agent": nouns.actor})),
        "contextGroups": partial(_each, rewrite=partial(_rewritten, parts={"group": nouns.actor})),
    }
    return _rewritten(text, parts)


def _context_activities(text: Raw, nouns: _Nouns) -> Raw:
    """Rewrite the activities of all four kinds, which are stored as arrays (Data 2.4.6.2)."""
    activities = _properties_of(text)
    return Raw(encode({kind: _each(activities[kind], nouns.activity) for kind in activities}))


# What becomes of the nouns


def _as_received(text: Raw) -> Raw:
    return text


def _noted(text: Raw, iris: set[str]) -> Raw:
    iris.add(_iri_of(_properties_of(text)["id"]))
    return text


def _only_id(text: Raw) -> Raw:
    return Raw(encode({"id": _properties_of(text)["id"]}))


def _identity(text: Raw) -> Raw:
    """Reduce an Agent or Group to what identifies it; an anonymous Group to its members."""
    actor = _properties_of(text)
    kept = {name: value for name, value in actor.items() if name == "objectType" or name in _IFIS}
    if "member" in actor and _IFIS.isdisjoint(actor):
        kept["member"] = _each(actor["member"], _identity)
    return Raw(encode(kept))


_IDENTITIES = _Nouns(actor=_identity, verb=_only_id, activity=_only_id)


def _canonical_verb(text: Raw, canon: Canon) -> Raw:
    verb = _properties_of(text)
    display = _held(canon.displays, verb["id"]) or verb.get("display")
    if display is not None:
        verb["display"] = _in_one_language(display, canon.languages)
    return Raw(encode(verb))


def _canonical_activity(text: Raw, canon: Canon) -> Raw:
    received = _properties_of(text)
    activity = {"id": received["id"], "objectType": _ACTIVITY}
    definition = _held(canon.definitions, received["id"]) or received.get("definition")
    if definition is not None:
        activity["definition"] = _canonical_definition(definition, canon.languages)
    return Raw(encode(activity))


def _held(texts: Mapping[str, bytes], iri: Raw) -> Raw | None:
    """Return the text that the canon holds for an IRI, which is given as JSON."""
    text = texts.get(_iri_of(iri))
    return None if text is None else Raw(text)


def _canonical_definition(text: Raw, languages: Languages) -> Raw:
    """Reduce every language map of a definition to one entry (Data 2.4.4.1)."""
    language_map = partial(_in_one_language, languages=languages)
    component = partial(_rewritten, parts={"description": language_map})
    parts = dict.fromkeys(_LANGUAGE_MAPS, language_map)
    components = dict.fromkeys(_COMPONENT_LISTS, partial(_each, rewrite=component))
    return _rewritten(text, parts | components)


def _in_one_language(text: Raw, languages: Languages) -> Raw:
    """Reduce a language map to the entry that the reader asks for."""
    entries = _properties_of(text)
    if len(entries) <= 1:
        return text
    chosen = choose(languages, list(entries))
    return Raw(encode({chosen: entries[chosen]}))
