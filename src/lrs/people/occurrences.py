"""Where a statement names a person: for who has to know before anything is changed."""

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

from lrs.xapi.replacing import Replacing, replace_in_json


class Where(StrEnum):
    """A place in a statement."""

    ACTOR = "actor"
    OBJECT = "object"
    MEMBER = "member"
    INSTRUCTOR = "instructor"
    TEAM = "team"
    CONTEXT_AGENTS = "context_agents"
    SUBSTATEMENT = "substatement"
    AUTHORITY = "authority"
    EXTENSION = "extension"
    TEXT = "text"


_decode: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_AGENTS: Final = ("Agent", "Group")


def occurrences(text: bytes, replacing: Replacing) -> frozenset[Where]:
    """Return where a statement names somebody.

    Args:
        text: of a kept statement.
        replacing: who it is.
    """
    if replace_in_json(text, replacing) is text:
        return frozenset()
    members = _decode(text)
    return frozenset(where for name in members for where in _in(name, members[name], replacing))


def _in(name: str, raw: msgspec.Raw, replacing: Replacing) -> Iterator[Where]:
    """Give the places in one member of a statement."""
    value = bytes(raw)
    if not _names(name, value, replacing):
        return
    if name == "context":
        for part, inner in _decode(value).items():
            yield from _in_context(part, bytes(inner), replacing)
    elif name == "object" and _kind(value) == "SubStatement":
        yield Where.SUBSTATEMENT
    elif name == "actor" or (name == "object" and _kind(value) in _AGENTS):
        yield from _of_agent(value, Where(name), replacing)
    elif name == "authority":
        yield Where.AUTHORITY
    else:
        yield from _of_text(name, value, replacing)


def _in_context(name: str, value: bytes, replacing: Replacing) -> Iterator[Where]:
    if not _names(name, value, replacing):
        return
    if name in ("instructor", "team"):
        yield from _of_agent(value, Where(name), replacing)
    elif name in ("contextAgents", "contextGroups"):
        yield Where.CONTEXT_AGENTS
    else:
        yield from _of_text(name, value, replacing)


def _of_agent(value: bytes, where: Where, replacing: Replacing) -> Iterator[Where]:
    members = _decode(value)
    group = bytes(members.pop("member", msgspec.Raw(b"[]")))
    if _names("member", group, replacing):
        yield Where.MEMBER
    name = bytes(members.pop("name", msgspec.Raw(b'""')))
    if _names(where, msgspec.json.encode(members), replacing):
        yield where
    elif _names("name", name, replacing):
        yield Where.TEXT


def _of_text(name: str, value: bytes, replacing: Replacing) -> Iterator[Where]:
    """Tell extensions, at whatever depth, from other text."""
    if name == "extensions":
        yield Where.EXTENSION
    elif value[:1] == b"{":
        for part, inner in _decode(value).items():
            if _names(part, bytes(inner), replacing):
                yield from _of_text(part, bytes(inner), replacing)
    else:
        yield Where.TEXT


def _kind(value: bytes) -> str:
    raw = _decode(value).get("objectType")
    return "Activity" if raw is None else str(msgspec.json.decode(raw))


def _names(name: str, value: bytes, replacing: Replacing) -> bool:
    """Tell whether a member names the person; what it is called tells how it is to be read."""
    member = b"{%s:%s}" % (json.dumps(name).encode(), value)
    return replace_in_json(member, replacing) is not member
