"""Parts of statements that came lately, to the letter, and were judged then.

Clients send the same actors, verbs and Activities again and again. Each of these parts is read
once by the models and rules that judge all statements, and is remembered by its text. Whether one
is valid does not depend on the statement that it is in, nor on the version of the standard.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec
from pydantic import TypeAdapter

from lrs.xapi.actors import Actor
from lrs.xapi.completion import keeps_activities
from lrs.xapi.contexts import ContextActivities
from lrs.xapi.descriptions import (
    Description,
    described_activities,
    described_object,
    described_verb,
)
from lrs.xapi.rules import statement_rules
from lrs.xapi.statements import PlainObject
from lrs.xapi.usual_json import UnusualError, read_value
from lrs.xapi.verbs import Verb
from lrs.xapi.versions import Version

# Longer texts seldom come again, and what many brackets become takes much memory.
_LONGEST: Final = 1_024
_MOST_BRACKETS: Final = 12

_actors: TypeAdapter[object] = TypeAdapter(Actor)
_objects: TypeAdapter[object] = TypeAdapter(PlainObject)


class Part(NamedTuple):
    """A valid part of a statement.

    Attributes:
        parsed: as `json_text.parse` returns it.
        model: what a model takes in its place.
        described: the verb or the Activities that it names.
        is_kept: whether an LRS keeps it as it came.
    """

    parsed: object
    model: object
    described: tuple[Description, ...] = ()
    is_kept: bool = True


# What forgets the parts of each kind.
_forgetting: list[Callable[[], None]] = []


def forget_parts() -> None:
    """Forget all parts that came lately, since some may tell of somebody who was erased."""
    for forget in _forgetting:
        forget()


def _remembering(most: int, read: Callable[[bytes], Part]) -> Callable[[msgspec.Raw], Part]:
    """Return what reads a part, unless it came lately.

    What is remembered lies in two halves. The older one is forgotten whenever the other is full,
    but for what was asked for meanwhile.

    Args:
        most: how many texts to remember.
        read: reads a text; raises `UnusualError` or `ValidationError` if it is not sure.
    """
    newer: dict[bytes, Part] = {}
    older: dict[bytes, Part] = {}

    def known(raw: msgspec.Raw) -> Part:
        nonlocal newer, older
        text = bytes(raw)
        part = newer.get(text)
        if part is not None:
            return part
        part = older.get(text) or read(text)
        if _may_come_again(text):
            newer[text] = part
        if len(newer) >= most // 2:
            newer, older = {}, newer
        return part

    def forget() -> None:
        nonlocal newer, older
        newer, older = {}, {}

    _forgetting.append(forget)
    return known


def _may_come_again(text: bytes) -> bool:
    """Tell whether a text is worth remembering; a StatementRef is of one statement."""
    return (
        len(text) <= _LONGEST
        and b'"StatementRef"' not in text
        and text.count(b"{") + text.count(b"[") <= _MOST_BRACKETS
    )


def _actor(text: bytes) -> Part:
    parsed = read_value(text)
    _check({"actor": parsed})
    return Part(parsed, _actors.validate_python(parsed))


def _verb(text: bytes) -> Part:
    parsed = read_value(text)
    _check({"verb": parsed})
    return Part(parsed, Verb.model_validate(parsed), described_verb(text).verbs)


def _object(text: bytes) -> Part:
    parsed = read_value(text)
    _check({"object": parsed})
    return Part(parsed, _objects.validate_python(parsed), described_object(text).activities)


def _context_activities(text: bytes) -> Part:
    parsed = read_value(text)
    _check({"context": {"contextActivities": parsed}})
    model = ContextActivities.model_validate(parsed)
    activities = described_activities(text).activities
    return Part(parsed, model, activities, is_kept=keeps_activities(text))


def _check(statement: dict[str, object]) -> None:
    """Judge a part by the rules for a statement that has nothing else in it."""
    if next(statement_rules(statement, Version.V2_0_0), None) is not None:
        raise UnusualError


known_actor = _remembering(4_096, _actor)
known_verb = _remembering(256, _verb)
known_object = _remembering(2_048, _object)
known_context_activities = _remembering(1_024, _context_activities)
