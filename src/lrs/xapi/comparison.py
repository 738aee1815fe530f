"""When two texts are the same Statement (Data 2.3.1).

Each text becomes a value in which everything that plays no part is left out or written in one
way; two statements are the same when these values are equal. JSON objects become sets of their
properties, arrays tuples, and the members of a Group a set that counts.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from lrs.xapi.durations import truncated
from lrs.xapi.timestamps import instant
from lrs.xapi.versions import Version


@dataclass(frozen=True, slots=True)
class _Number:
    """A JSON number by its exact value; not a bare Decimal, because `Decimal(1) == True`."""

    value: Decimal | str


_Json = dict[str, "_Json"] | list["_Json"] | _Number | str | bool | None
_Canonical = Callable[[_Json], Hashable]

_SET_BY_THE_LRS = ("id", "authority", "stored", "version")


def match(
    received: bytes, kept: bytes, version: Version, *, ignore_attachments: bool = False
) -> bool:
    """Tell whether two JSON texts are the same Statement by the rules of a version.

    A SubStatement's own `timestamp` and `attachments` count in both versions, because the LRS
    sets none there.

    Args:
        received: the text that came in.
        kept: the text as stored, completed by the LRS.
        version: the version of the request.
        ignore_attachments: for signatures, which cannot list themselves (Data 2.6).
    """
    statements = _parsed(received), _parsed(kept)
    ignored = set(_SET_BY_THE_LRS)
    if version is Version.V2_0_0 or not all(map(_has_timestamp, statements)):
        ignored.add("timestamp")
    if version is Version.V2_0_0 or ignore_attachments:
        ignored.add("attachments")
    first, second = (_properties(it, _STATEMENT, ignored) for it in statements)
    return first == second


def _parsed(text: bytes) -> _Json:
    parsed: _Json = json.loads(text, parse_int=_number, parse_float=_number)
    return parsed


def _number(text: str) -> _Number:
    try:
        return _Number(Decimal(text))
    except InvalidOperation:  # an exponent of 19 digits and more, which only equals its own text
        return _Number(text)


def _has_timestamp(statement: _Json) -> bool:
    return isinstance(statement, dict) and "timestamp" in statement


# What a value is worth, whatever it means


def _value(value: _Json) -> Hashable:
    """Return any JSON value exactly, without key order: extensions and all that has no rule."""
    if isinstance(value, dict):
        return frozenset((name, _value(part)) for name, part in value.items())
    if isinstance(value, list):
        return tuple(map(_value, value))
    return value


def _properties(
    value: _Json, properties: Mapping[str, _Canonical], ignored: Collection[str] = ()
) -> Hashable:
    """Return an object whose properties have rules; those without one are compared exactly."""
    if not isinstance(value, dict):
        return _value(value)
    return frozenset(
        (name, properties.get(name, _value)(part))
        for name, part in value.items()
        if name not in ignored
    )


def _items(canonical: _Canonical) -> _Canonical:
    return lambda value: tuple(map(canonical, value)) if isinstance(value, list) else _value(value)


def _text(canonical: Callable[[str], Hashable]) -> _Canonical:
    """Make a rule for texts a rule for any value: what the rule does not know stays exact."""

    def canonical_or_exact(value: _Json) -> Hashable:
        if not isinstance(value, str):
            return _value(value)
        try:
            return canonical(value)
        except ValueError:
            return value

    return canonical_or_exact


def _typed(value: _Json, default: str) -> _Json:
    """Return an object with the objectType that it has where none is written."""
    return {"objectType": default, **value} if isinstance(value, dict) else value


def _language_map(value: _Json) -> Hashable:
    """Return a language map; the case of its tags plays no part (Data 4.2)."""
    if not isinstance(value, dict):
        return _value(value)
    return frozenset((tag.lower(), _value(text)) for tag, text in value.items())


# What the nouns are worth


def _actor(value: _Json) -> Hashable:
    """Return an Agent or Group (Data 2.4.2)."""
    return _properties(_typed(value, "Agent"), _ACTOR)


def _mailto(mbox: str) -> str:
    """Fold scheme and domain of a mailto IRI, not the part before the `@` (Data 2.4.2.3)."""
    address, at, domain = mbox.rpartition("@")
    scheme, colon, local = address.partition(":")
    return f"{scheme.lower()}{colon}{local}{at}{domain.lower()}"


def _members(value: _Json) -> Hashable:
    """Return how often a Group has which member, because their order has no meaning."""
    if not isinstance(value, list):
        return _value(value)
    return frozenset(Counter(map(_actor, value)).items())


def _verb(value: _Json) -> Hashable:
    """Return a Verb without its display (Data 2.4.3)."""
    return _properties(value, {}, ignored=("display",))


def _activity(value: _Json) -> Hashable:
    """Return an Activity without its definition (Data 2.4.4.1)."""
    return _properties(_typed(value, "Activity"), {}, ignored=("definition",))


def _object(value: _Json) -> Hashable:
    """Return the object of a Statement or SubStatement by its kind (Data 2.4.4)."""
    match value:
        case {"objectType": "Agent" | "Group"}:
            return _actor(value)
        case {"objectType": "SubStatement"}:
            return _properties(value, _STATEMENT)
        case {"objectType": "StatementRef"}:
            return _properties(value, _STATEMENT_REF)
        case _:
            return _activity(value)


def _activities(value: _Json) -> Hashable:
    """Return the contextActivities of one kind; a lone one is an array of one (Data 2.4.6.2)."""
    return tuple(map(_activity, value if isinstance(value, list) else [value]))


_ACTOR: Mapping[str, _Canonical] = {
    "mbox": _text(_mailto),
    "mbox_sha1sum": _text(str.lower),
    "member": _members,
}
_STATEMENT_REF: Mapping[str, _Canonical] = {"id": _text(str.lower)}
_CONTEXT_ACTIVITIES: Mapping[str, _Canonical] = dict.fromkeys(
    ("parent", "grouping", "category", "other"), _activities
)
_CONTEXT: Mapping[str, _Canonical] = {
    "registration": _text(str.lower),
    "instructor": _actor,
    "team": _actor,
    "contextActivities": lambda value: _properties(value, _CONTEXT_ACTIVITIES),
    "contextAgents": _items(lambda value: _properties(value, {"agent": _actor})),
    "contextGroups": _items(lambda value: _properties(value, {"group": _actor})),
    "language": _text(str.lower),
    "statement": lambda value: _properties(value, _STATEMENT_REF),
}
_ATTACHMENT: Mapping[str, _Canonical] = {
    "display": _language_map,
    "description": _language_map,
    "sha2": _text(str.lower),
}
_STATEMENT: Mapping[str, _Canonical] = {
    "actor": _actor,
    "verb": _verb,
    "object": _object,
    "result": lambda value: _properties(value, {"duration": _text(truncated)}),
    "context": lambda value: _properties(value, _CONTEXT),
    "timestamp": _text(instant),
    "attachments": _items(lambda value: _properties(value, _ATTACHMENT)),
}
