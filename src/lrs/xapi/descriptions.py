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
_verb = msgspec.json.Decoder(_Verb)
_object = msgspec.json.Decoder(_Object)
_context_activities = msgspec.json.Decoder(_ContextActivities)
_definitions = msgspec.json.Decoder(_Definition)


def described(raw: bytes) -> Descriptions:
    """Return the verbs and activities of a valid statement."""
    statement = _statements.decode(raw)
    return Descriptions(
        tuple(_of_verb(verb) for verb in _verbs(statement)),
        tuple(_of_activity(activity) for activity in _activities(statement)),
    )


def described_verb(raw: bytes) -> Descriptions:
    """Return what a valid Verb is described as."""
    return Descriptions((_of_verb(_verb.decode(raw)),), ())


def described_object(raw: bytes) -> Descriptions:
    """Return the description of a valid object, if it is an Activity."""
    return Descriptions((), tuple(_of_activity(each) for each in _of_object(_object.decode(raw))))


def described_activities(raw: bytes) -> Descriptions:
    """Return the descriptions of valid contextActivities."""
    lists = _context_activities.decode(raw)
    return Descriptions((), tuple(_of_activity(each) for each in _of_lists(lists)))


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
    if context is not None and context.context_activities is not None:
        yield from _of_lists(context.context_activities)


def _of_lists(lists: _ContextActivities) -> Iterator[_Activity]:
    for several in (lists.parent, lists.grouping, lists.category, lists.other):
        yield from several if isinstance(several, list) else (several,)


def _of_verb(verb: _Verb) -> Description:
    return Description(verb.id, _text(verb.display))


def _of_activity(activity: _Activity | _Object) -> Description:
    return Description(activity.id, _text(activity.definition))


def _text(raw: msgspec.Raw | msgspec.UnsetType) -> bytes | None:
    return None if raw is msgspec.UNSET else bytes(raw)
