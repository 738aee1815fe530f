"""Judges a JSON value by a model and by rules, and names everything that is wrong (Data 2.2)."""

from collections.abc import Callable, Iterable
from functools import cache
from itertools import islice
from typing import Final, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from lrs.errors import InvalidStatementError
from lrs.xapi import actors, attachments, durations, iris, languages, timestamps, uuids
from lrs.xapi.findings import (
    FORMATTING,
    MAX_FINDINGS,
    Finding,
    Location,
    quoted,
    shown,
    violations,
)
from lrs.xapi.properties import BRANCH, StrictModel

# The last step of a location when the name of a property is wrong and not its value.
_NAME_STEP: Final = "[key]"

_EXPECTED_BY_PATTERN: Final = {
    uuids.PATTERN: uuids.EXPECTED,
    iris.IRI_PATTERN: iris.IRI_EXPECTED,
    iris.URI_PATTERN: iris.URI_EXPECTED,
    languages.PATTERN: languages.EXPECTED,
    timestamps.PATTERN: timestamps.EXPECTED,
    durations.PATTERN: durations.EXPECTED,
    actors.MBOX_PATTERN: actors.MBOX_EXPECTED,
    actors.SHA1_PATTERN: actors.SHA1_EXPECTED,
    attachments.MEDIA_TYPE_PATTERN: attachments.MEDIA_TYPE_EXPECTED,
    attachments.SHA2_PATTERN: attachments.SHA2_EXPECTED,
}
_EXPECTED_BY_TYPE: Final = {
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "greater_than_equal": "must be at least {ge}",
    "int_type": "must be a whole number, written without fraction or exponent",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be an array",
    "literal_error": "must be {expected}",
    "model_type": "must be an object",
    "object_type": "must be {allowed}",
    "refused": "{reason}",
    "string_too_long": "must have at most {max_length} characters",
    "string_type": "must be a string",
    "too_short": "must hold at least one element",
}

Model = TypeVar("Model")


def validated(
    parsed: object,
    validate: Callable[[object], Model],
    rules: Iterable[Finding],
    *,
    path: str = "",
) -> Model:
    """Return the model of a JSON value that breaks no rule.

    Args:
        parsed: the value, as `json_text.parse` returns it.
        validate: makes the model of it, or raises what Pydantic raises.
        rules: what the rules find that look at more than one property.
        path: where the value lies in the request, for messages.

    Raises:
        InvalidStatementError: something is wrong; it names all of it.
    """
    found = list(islice(rules, MAX_FINDINGS))
    try:
        model = validate(parsed)
    except ValidationError as error:
        found = [*_findings(error, parsed), *found]
    else:
        if not found:
            return model
    raise InvalidStatementError(violations(found, path))


def _findings(error: ValidationError, parsed: object) -> list[Finding]:
    """Return one finding for each error, unless there are so many that it would take long."""
    if error.error_count() > MAX_FINDINGS:
        message = f"breaks the rules in {error.error_count()} places, too many to list"
        return [Finding((), message, FORMATTING)]
    return [_finding(details, parsed) for details in error.errors(include_url=False)]


def _finding(details: ErrorDetails, parsed: object) -> Finding:
    location = _location(details["loc"], parsed)
    value = details["input"]
    match details["type"]:
        case "missing":
            return Finding(location, "is required")
        case "extra_forbidden":
            return Finding(location, _unknown_property(str(location[-1])), FORMATTING)
        case "object_type" if isinstance(value, dict):
            location = (*location, "objectType")
            return _wrong_value(location, _expected(details), value.get("objectType"))
        case "object_type":
            return _wrong_value(location, "must be an object", value)
    subject = "its name " if details["loc"][-1:] == (_NAME_STEP,) else ""
    return _wrong_value(location, subject + _expected(details), value)


def _wrong_value(location: Location, expected: str, value: object) -> Finding:
    if value is None:
        return Finding(location, f"{expected}; null is only allowed in extensions", FORMATTING)
    return Finding(location, f"{expected}, not {shown(value)}")


def _expected(details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    if details["type"] == "string_pattern_mismatch":
        return _EXPECTED_BY_PATTERN[context["pattern"]]
    return _EXPECTED_BY_TYPE.get(details["type"], "is not allowed here").format_map(context)


def _unknown_property(name: str) -> str:
    spelling = _spellings().get(name.lower(), name)
    if spelling == name:
        return "is not a property that the standard allows here"
    return f"is unknown; names are case-sensitive: {quoted(spelling)}"


@cache
def _spellings() -> dict[str, str]:
    """Return the names of all properties of the standard by their lower-case form."""
    models = StrictModel.__subclasses__()
    names = (field.alias for model in models for field in model.model_fields.values())
    return {name.lower(): name for name in names if name}


def _location(steps: Location, parsed: object) -> Location:
    """Return the place of an error in the JSON, without what Pydantic adds to it.

    Those are the branches of unions, the index of a lone Activity that is read as an array,
    and the mark of a wrong name.
    """
    location: list[str | int] = []
    value = parsed
    for step in steps:
        if isinstance(step, int):
            if isinstance(value, list):
                location.append(step)
                value = value[step]
        elif not step.startswith(BRANCH) and not (step == _NAME_STEP and not _has(value, step)):
            location.append(step)
            value = value.get(step) if isinstance(value, dict) else None
    return tuple(location)


def _has(value: object, name: str) -> bool:
    return isinstance(value, dict) and name in value
