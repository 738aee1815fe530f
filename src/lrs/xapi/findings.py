"""Where something is wrong in a statement, and how it is told to a person."""

import json
from collections.abc import Iterable
from decimal import Decimal
from itertools import islice
from typing import Final, NamedTuple

from lrs.errors import Violation
from lrs.xapi.leniencies import Leniency

# What a statement breaks beyond this is counted, not listed, and not even counted beyond that.
MAX_VIOLATIONS: Final = 100
MAX_FINDINGS: Final = 10_000
_MAX_SHOWN = 60

Location = tuple[str | int, ...]

FORMATTING: Final = "Data 2.2"
# The section of the property that stands last in a location; see `section_of`.
_SECTIONS: Final = {
    "actor": "Data 2.4.2",
    "member": "Data 2.4.2.2",
    "mbox": "Data 2.4.2.3",
    "mbox_sha1sum": "Data 2.4.2.3",
    "openid": "Data 2.4.2.3",
    "account": "Data 2.4.2.4",
    "verb": "Data 2.4.3",
    "object": "Data 2.4.4",
    "definition": "Data 2.4.4.1",
    "result": "Data 2.4.5",
    "score": "Data 2.4.5.1",
    "context": "Data 2.4.6",
    "registration": "Data 2.4.6.1",
    "contextActivities": "Data 2.4.6.2",
    "timestamp": "Data 2.4.7",
    "stored": "Data 2.4.8",
    "authority": "Data 2.4.9",
    "version": "Data 2.4.10",
    "attachments": "Data 2.4.11",
    "extensions": "Data 4.1",
}
_STATEMENT_ID = "Data 2.4.1"
_STATEMENT = "Data 2.4"


class Finding(NamedTuple):
    """One thing that is wrong, before its place is put into words.

    Attributes:
        location: keys and indexes that lead to it from the statement.
        message: what is wrong, for a person.
        section: where the standard says so; empty for that of the property.
        leniency: by which a tolerant store lets it pass.
    """

    location: Location
    message: str
    section: str = ""
    leniency: Leniency | None = None


def violations(findings: Iterable[Finding], path: str) -> list[Violation]:
    """Put findings into words; beyond `MAX_VIOLATIONS` they are only counted."""
    found = list(islice(findings, MAX_FINDINGS))
    listed = [_violation(finding, path) for finding in found[:MAX_VIOLATIONS]]
    more = len(found) - MAX_VIOLATIONS
    if more > 0:
        number = f"at least {more}" if len(found) == MAX_FINDINGS else str(more)
        listed.append(Violation(path, f"has {number} more violations, not listed", FORMATTING))
    return listed


def _violation(finding: Finding, path: str) -> Violation:
    section = finding.section or section_of(finding.location)
    return Violation(path_of(finding.location, path), finding.message, section)


def path_of(location: Location, start: str = "") -> str:
    """Return a location as a JSON path: `context.extensions["http://x/y"][0]`."""
    path = start
    for step in location:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step.isidentifier() and step.isascii():
            path += f".{cut(step)}" if path else cut(step)
        else:
            path += f"[{quoted(step)}]"
    return path


def section_of(location: Location) -> str:
    """Return the section of the property that a location lies in."""
    if location == ("id",):
        return _STATEMENT_ID
    for step in reversed(location):
        if step in _SECTIONS:
            return _SECTIONS[str(step)]
    return _STATEMENT


def shown(value: object) -> str:
    """Return a JSON value as it is shown in a message: cut, and never a whole object."""
    if isinstance(value, dict):
        return "an object" if value else "an empty object"
    if isinstance(value, list):
        return "an array" if value else "an empty array"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    return cut(str(value)) if isinstance(value, int | Decimal) else "a value"


def quoted(text: str) -> str:
    """Return a text in quotes, cut, without characters that cannot be printed or encoded."""
    short = cut(text)
    return json.dumps(short, ensure_ascii=not short.isprintable())


def cut(text: str) -> str:
    """Return a text that is short enough to be part of a message."""
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"
