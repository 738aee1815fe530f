"""Rules that look at more than one property, so that no single type can state them.

They read the parsed JSON, not the models: a statement with a broken timestamp is still told
that its actor has two identifiers. What has the wrong type is left to the models.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from lrs.xapi import timestamps
from lrs.xapi.activities import ACTIVITY_TYPES
from lrs.xapi.activity_rules import activity_rules
from lrs.xapi.actor_rules import actor_rules, authority_rules
from lrs.xapi.findings import Finding, Location, shown
from lrs.xapi.result_rules import score_rules
from lrs.xapi.verbs import VOIDED
from lrs.xapi.versions import Version

_NEW_IN_2: Final = (("contextAgents", "agent"), ("contextGroups", "group"))
_OF_ACTIVITIES: Final = ("revision", "platform")
_VOIDING: Final = "Data 2.3.2"
_VERSION_1 = re.compile(r"1\.0(?:\.[0-9]{1,9})?")
_VERSION_2 = re.compile(r"2\.0(?:\.[0-9]{1,9})?")


def statement_rules(statement: object, version: Version) -> Iterator[Finding]:
    """Check a Statement as a whole (Data 2.4)."""
    if not isinstance(statement, dict):
        return
    yield from _event_rules(statement, version, ())
    if "version" in statement:
        yield from _version_rules(statement["version"], version)
    if "authority" in statement:
        yield from authority_rules(statement["authority"], ("authority",))
    if "stored" in statement:
        yield from _timestamp_rules(statement["stored"], version, ("stored",))


def _event_rules(
    event: dict[str, object], version: Version, location: Location
) -> Iterator[Finding]:
    """Check what a Statement and a SubStatement have in common."""
    yield from actor_rules(event.get("actor"), (*location, "actor"))
    yield from _object_rules(event.get("object"), version, (*location, "object"))
    yield from _voiding_rules(event, location)
    if "timestamp" in event:
        yield from _timestamp_rules(event["timestamp"], version, (*location, "timestamp"))
    result = event.get("result")
    if isinstance(result, dict) and "score" in result:
        yield from score_rules(result["score"], (*location, "result", "score"))
    context = event.get("context")
    if isinstance(context, dict):
        yield from _context_rules(context, version, (*location, "context"))
        yield from _activity_context_rules(context, event.get("object"), (*location, "context"))


def _object_rules(value: object, version: Version, location: Location) -> Iterable[Finding]:
    """Check an object by its kind (Data 2.4.4)."""
    if not isinstance(value, dict):
        return ()
    match value.get("objectType", "Activity"):
        case "Activity" | "GroupActivity":
            return activity_rules(value, location)
        case "Agent" | "Group":
            return actor_rules(value, location)
        case "SubStatement" if len(location) == 1:  # one in another is refused by the model
            return _event_rules(value, version, location)
    return ()


def _voiding_rules(event: dict[str, object], location: Location) -> Iterable[Finding]:
    """Check that what voids points to a statement (Data 2.3.2)."""
    verb = event.get("verb")
    if not isinstance(verb, dict) or verb.get("id") != VOIDED:
        return ()
    target = event.get("object")
    if not isinstance(target, dict) or target.get("objectType") == "StatementRef":
        return ()
    message = "must be a StatementRef, because the verb is `voided`"
    return (Finding((*location, "object"), message, _VOIDING),)


def _context_rules(
    context: dict[str, object], version: Version, location: Location
) -> Iterator[Finding]:
    """Check the actors and Activities of a context (Data 2.4.6)."""
    for name in ("instructor", "team"):
        if name in context:
            yield from actor_rules(context[name], (*location, name))
    activities = context.get("contextActivities")
    if isinstance(activities, dict):
        yield from _context_activities_rules(activities, (*location, "contextActivities"))
    for name, member in _NEW_IN_2:
        if name in context:
            yield from _context_actors_rules(context[name], member, version, (*location, name))


def _context_activities_rules(
    activities: dict[str, object], location: Location
) -> Iterator[Finding]:
    for name, value in activities.items():
        if isinstance(value, list):
            for index, activity in enumerate(value):
                yield from activity_rules(activity, (*location, name, index))
        else:
            yield from activity_rules(value, (*location, name))


def _context_actors_rules(
    value: object, member: str, version: Version, location: Location
) -> Iterator[Finding]:
    """Check contextAgents or contextGroups, which 1.0.x does not know."""
    if version is Version.V1_0_3:
        message = "is not known in 1.0.x; send it with X-Experience-API-Version 2.0.0"
        yield Finding(location, message)
        return
    for index, element in enumerate(value if isinstance(value, list) else ()):
        if isinstance(element, dict):
            yield from actor_rules(element.get(member), (*location, index, member))


def _activity_context_rules(
    context: dict[str, object], target: object, location: Location
) -> Iterable[Finding]:
    """Check that revision and platform stand with an Activity only (Data 2.4.6)."""
    if not isinstance(target, dict) or target.get("objectType", "Activity") in ACTIVITY_TYPES:
        return ()
    message = "is only allowed when the object is an Activity"
    return [Finding((*location, name), message) for name in _OF_ACTIVITIES if name in context]


def _timestamp_rules(value: object, version: Version, location: Location) -> Iterable[Finding]:
    """Check that 2.0 gets its timestamps in the form of RFC 3339 (Data 4.5)."""
    if version is Version.V1_0_3 or not isinstance(value, str):
        return ()
    if timestamps.is_rfc3339(value) or not timestamps.is_timestamp(value):
        return ()
    message = "must have seconds and a time zone in 2.0, as RFC 3339 asks, not "
    return (Finding(location, message + shown(value)),)


def _version_rules(value: object, version: Version) -> Iterator[Finding]:
    """Check that a statement is of the version of its request, or older (Data 2.4.10)."""
    if not isinstance(value, str) or _VERSION_1.fullmatch(value):
        return
    if version is Version.V2_0_0 and _VERSION_2.fullmatch(value):
        return
    accepted = "1.0.x" if version is Version.V1_0_3 else "1.0.x or 2.0.x"
    yield Finding(("version",), f"must be {accepted}, not {shown(value)}")
