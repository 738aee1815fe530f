"""Refusals derived from a good statement.

Every property in turn becomes null, gets another type or a miscased name, is dropped where it is
required, or emptied where it has a format; in the Statement and in a SubStatement.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from cases.good_statements import (
    BOTH,
    CONTEXT_ACTORS,
    FULL,
    FULL_SUB_STATEMENT,
    ONLY_2,
    Json,
)
from cases.requirements_of_places import requirements_of
from lrs.xapi.versions import Version

Steps = tuple[str | int, ...]

_LANGUAGE_MAPS = {"display", "name", "description"}


@dataclass(frozen=True, slots=True)
class BadStatement:
    """A statement to be refused.

    Attributes:
        name: what is wrong with it.
        body: the statement, or its JSON text where the spelling matters.
        path: where a violation must be found.
        versions: under which it is to be refused.
        requirements: ids of the public conformance suite that it shows, the first above all.
    """

    name: str
    body: object
    path: str
    versions: tuple[Version, ...] = BOTH
    requirements: tuple[str, ...] = ()

    def showing(self, *requirements: str) -> "BadStatement":
        """Return the case with the requirements that it shows."""
        return replace(self, requirements=requirements)

    @property
    def text(self) -> str:
        """The JSON text to be read or posted."""
        return self.body if isinstance(self.body, str) else json.dumps(self.body)


def spelled(steps: Iterable[str | int]) -> str:
    """Write a place the way violations do."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step.isidentifier():
            path += f".{step}" if path else step
        else:
            path += f'["{step}"]'
    return path


def changed(body: Json, steps: Sequence[str | int], value: object) -> Json:
    """Return a copy with another value in one place."""
    copy = deepcopy(body)
    _parent(copy, steps)[steps[-1]] = value
    return copy


def _without(body: Json, steps: Sequence[str | int]) -> Json:
    copy = deepcopy(body)
    del _parent(copy, steps)[steps[-1]]
    return copy


def _parent(body: Any, steps: Sequence[str | int]) -> Any:
    for step in steps[:-1]:
        body = body[step]
    return body


def places(value: object, steps: Steps = ()) -> Iterator[Steps]:
    """Walk all places of a statement, but not into extensions."""
    if steps:
        yield steps
    if isinstance(value, dict) and steps[-1:] != ("extensions",):
        for name, part in value.items():
            yield from places(part, (*steps, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from places(part, (*steps, index))


def _is_language_map(steps: Steps, value: object) -> bool:
    return isinstance(value, dict) and steps[-1:][0] in _LANGUAGE_MAPS


_OTHER_TYPES: dict[type, tuple[object, ...]] = {
    str: (12_345, {"key": "value"}, ["text"], True),
    bool: ("true", 1),
    int: ("100", True, {}),
    float: ("0.5", False, []),
    dict: ("text", 12_345, ["text"]),
    list: (12_345, "text"),
}


def _derived(body: Json, versions: tuple[Version, ...], inside: str) -> Iterator[BadStatement]:
    """Spoil a good statement in each of its places under `inside`, one at a time."""
    for steps in places(body):
        if spelled(steps).startswith(inside):
            for case in _spoiled(body, steps):
                name = f"{case.name} (under {inside or 'the statement'})"
                shown = _shown(body, case.requirements)
                yield replace(case, name=name, versions=versions, requirements=shown)


def _spoiled(body: Json, steps: Steps) -> Iterator[BadStatement]:
    """Spoil one place in every way."""
    path = spelled(steps)
    name = steps[-1]
    parent = _parent(body, steps)
    value = parent[name]
    yield BadStatement(f"null at {path}", changed(body, steps, None), path).showing("XAPI-00001")
    for other in _OTHER_TYPES[type(value)]:
        is_read_as_array = isinstance(other, list) and _may_be_array(steps)
        place = (*steps, 0) if is_read_as_array else steps
        case = BadStatement(
            f"{json.dumps(other)} at {path}", changed(body, steps, other), spelled(place)
        )
        yield case.showing(*_asked(body, steps), "XAPI-00006")
    if isinstance(value, dict) and not _is_free(steps, value):
        place = (*steps, "unknown")
        unknown = changed(body, place, "value")
        case = BadStatement(f"unknown property in {path}", unknown, spelled(place))
        yield case.showing("XAPI-00010")
    if isinstance(name, str) and not (len(steps) > 1 and _is_free(steps[:-1], parent)):
        place = (*steps[:-1], name[0].swapcase() + name[1:])
        miscased = changed(_without(body, steps), place, value)
        case = BadStatement(f"miscased {spelled(place)}", miscased, spelled(place))
        yield case.showing("XAPI-00008")


def _is_sub_statement(body: Json) -> bool:
    return bool(body["object"].get("objectType") == "SubStatement")


def _asked(body: Json, steps: Steps) -> tuple[str, ...]:
    """Return what requirements ask of a place, in a Statement or in its SubStatement."""
    return requirements_of(steps[1:] if _is_sub_statement(body) else steps)


def _shown(body: Json, requirements: tuple[str, ...]) -> tuple[str, ...]:
    """Add that a SubStatement has to keep what a Statement has to keep."""
    return (*requirements, "XAPI-00066") if _is_sub_statement(body) else requirements


def _may_be_array(steps: Steps) -> bool:
    return len(steps) > 1 and steps[-2] == "contextActivities"


def _is_free(steps: Steps, value: object) -> bool:
    """Tell whether the names in an object are not given by the standard."""
    return steps[-1] == "extensions" or _is_language_map(steps, value)


_REQUIRED: tuple[Steps, ...] = (
    ("actor",),
    ("verb",),
    ("verb", "id"),
    ("object",),
    ("object", "id"),
    ("object", "definition", "choices", 0, "id"),
    ("object", "definition", "scale", 0, "id"),
    ("object", "definition", "source", 1, "id"),
    ("object", "definition", "target", 0, "id"),
    ("object", "definition", "steps", 0, "id"),
    ("actor", "member", 1, "account", "homePage"),
    ("actor", "member", 1, "account", "name"),
    ("context", "team", "objectType"),
    ("context", "statement", "objectType"),
    ("context", "statement", "id"),
    ("context", "contextActivities", "parent", "id"),
    ("context", "contextActivities", "other", 0, "id"),
    ("attachments", 0, "usageType"),
    ("attachments", 0, "display"),
    ("attachments", 0, "contentType"),
    ("attachments", 0, "length"),
    ("attachments", 0, "sha2"),
)
_REQUIRED_IN_2: tuple[Steps, ...] = (
    ("context", "contextAgents", 0, "objectType"),
    ("context", "contextAgents", 0, "agent"),
    ("context", "contextGroups", 0, "objectType"),
    ("context", "contextGroups", 0, "group"),
    ("context", "contextGroups", 0, "group", "objectType"),
    ("context", "contextGroups", 0, "group", "member"),
)
_REQUIREMENTS_OF_REQUIRED: dict[Steps, str] = {
    ("actor",): "XAPI-00003",
    ("verb",): "XAPI-00004",
    ("object",): "XAPI-00005",
}
# Dropping these breaks a rule that is told at the place in the second column.
_NEEDED: tuple[tuple[Steps, Steps, tuple[str, ...]], ...] = (
    (("actor", "member", 0, "mbox"), ("actor", "member", 0), ("XAPI-00034", "XAPI-00036")),
    (("actor", "objectType"), ("actor", "member"), ("XAPI-00035",)),
    (
        ("object", "definition", "interactionType"),
        ("object", "definition", "choices"),
        ("XAPI-00064",),
    ),
    (("context", "instructor", "openid"), ("context", "instructor"), ("XAPI-00034", "XAPI-00087")),
    (("context", "team", "mbox"), ("context", "team", "member"), ("XAPI-00035", "XAPI-00088")),
)
_FORMATTED: tuple[Steps, ...] = (
    ("verb", "id"),
    ("object", "id"),
    ("object", "objectType"),
    ("object", "definition", "type"),
    ("object", "definition", "moreInfo"),
    ("object", "definition", "interactionType"),
    ("actor", "objectType"),
    ("actor", "mbox_sha1sum"),
    ("actor", "member", 0, "mbox"),
    ("actor", "member", 1, "account", "homePage"),
    ("result", "duration"),
    ("context", "registration"),
    ("context", "instructor", "openid"),
    ("context", "contextActivities", "parent", "id"),
    ("context", "language"),
    ("context", "statement", "id"),
    ("timestamp",),
    ("attachments", 0, "usageType"),
    ("attachments", 0, "contentType"),
    ("attachments", 0, "sha2"),
    ("attachments", 0, "fileUrl"),
)


def _dropped_or_emptied() -> Iterator[BadStatement]:
    """Drop what is required and empty what has a format, in Statement and SubStatement."""
    for body, start in ((FULL, ()), (FULL_SUB_STATEMENT, ("object",))):
        for steps in _REQUIRED:
            place = (*start, *steps)
            path = spelled(place)
            asked = _REQUIREMENTS_OF_REQUIRED.get(steps)
            shown = (asked,) if asked else requirements_of(steps)
            case = BadStatement(f"no {path}", _without(body, place), path)
            yield case.showing(*_shown(body, shown))
        for steps, told, shown in _NEEDED:
            place = (*start, *steps)
            path = spelled((*start, *told))
            case = BadStatement(f"no {spelled(place)}", _without(body, place), path)
            yield case.showing(*_shown(body, shown))
        for steps in _FORMATTED:
            place = (*start, *steps)
            path = spelled(place)
            case = BadStatement(f"empty {path}", changed(body, place, ""), path)
            yield case.showing(*_shown(body, ("XAPI-00007", *requirements_of(steps))))
    with_actors = {**FULL, "context": CONTEXT_ACTORS}
    for steps in _REQUIRED_IN_2:
        path = spelled(steps)
        yield BadStatement(f"no {path}", _without(with_actors, steps), path, ONLY_2)
    for steps in (("id",), ("stored",), ("version",)):
        case = BadStatement(f"empty {spelled(steps)}", changed(FULL, steps, ""), spelled(steps))
        yield case.showing("XAPI-00007", *requirements_of(steps))


SPOILED_STATEMENTS: tuple[BadStatement, ...] = (
    *_derived(FULL, BOTH, inside=""),
    *_derived(FULL_SUB_STATEMENT, BOTH, inside="object."),
    *_derived({**FULL, "context": CONTEXT_ACTORS}, ONLY_2, inside="context.context"),
    *_dropped_or_emptied(),
)
