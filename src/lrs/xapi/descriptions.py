"""What a statement says about verbs and activities: displays and definitions, as they came in."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from lrs.xapi.activities import ACTIVITY_TYPES


class Description(NamedTuple):
    """A verb or an activity that a statement names.

    Attributes:
        iri: its id.
        text: the JSON text of its `display` or `definition` (Data 2.4.3, 2.4.4.1); None if absent.
    """

    iri: str
    text: bytes | None


class Descriptions(NamedTuple):
    """All verbs and activities that a statement names, SubStatements included."""

    verbs: tuple[Description, ...]
    activities: tuple[Description, ...]


class _Verb(msgspec.Struct):
    id: str
    display: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Activity(msgspec.Struct):
    id: str
    definition: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _ContextActivities(msgspec.Struct):
    parent: list[_Activity] | _Activity = []
    grouping: list[_Activity] | _Activity = []
    category: list[_Activity] | _Activity = []
    other: list[_Activity] | _Activity = []


class _Context(msgspec.Struct, rename="camel"):
    context_activities: _ContextActivities | None = None


class _Object(msgspec.Struct, rename="camel"):
    object_type: str = "Activity"
    id: str = ""
    definition: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    # Of a SubStatement (Data 2.4.4.3).
    verb: _Verb | None = None
    object: "_Object | None" = None
    context: _Context | None = None


class _Statement(msgspec.Struct):
    verb: _Verb
    object: _Object
    context: _Context | None = None


class _Definition(msgspec.Struct):
    type: str | None = None


_statements = msgspec.json.Decoder(_Statement)
_definitions = msgspec.json.Decoder(_Definition)


def described(raw: bytes) -> Descriptions:
    """Return the verbs and activities of a valid statement."""
    statement = _statements.decode(raw)
    return Descriptions(
        tuple(Description(verb.id, _text(verb.display)) for verb in _verbs(statement)),
        tuple(Description(a.id, _text(a.definition)) for a in _activities(statement)),
    )


def activity_type(definition: bytes) -> str | None:
    """Return the `type` of an Activity definition."""
    return _definitions.decode(definition).type


def _verbs(statement: _Statement) -> Iterator[_Verb]:
    yield statement.verb
    if statement.object.verb is not None:
        yield statement.object.verb


def _activities(statement: _Statement) -> Iterator[_Activity | _Object]:
    yield from _of_object(statement.object)
    yield from _of_context(statement.context)


def _of_object(thing: _Object) -> Iterator[_Activity | _Object]:
    if thing.object_type in ACTIVITY_TYPES:
        yield thing
    if thing.object is not None:
        yield from _of_object(thing.object)
    yield from _of_context(thing.context)


def _of_context(context: _Context | None) -> Iterator[_Activity]:
    if context is None or context.context_activities is None:
        return
    lists = context.context_activities
    for several in (lists.parent, lists.grouping, lists.category, lists.other):
        yield from several if isinstance(several, list) else (several,)


def _text(raw: msgspec.Raw | msgspec.UnsetType) -> bytes | None:
    return None if raw is msgspec.UNSET else bytes(raw)
