"""Adds what the LRS adds, to the text that came in (Data 2.3, 2.4, 2.4.6.2).

The received text is kept: only the properties that the standard has the LRS set are added, at
the end; `stored` and `authority` that a client sent are replaced, and a lone contextActivity
becomes an array of one. Nothing is parsed and dumped.
"""

import json
import re
from collections.abc import Callable, Container
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from lrs.xapi.versions import Version


class _Kind(msgspec.Struct, rename="camel"):
    object_type: str = "Activity"


_kinds = msgspec.json.Decoder(_Kind)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
# Of the client's, which the LRS puts its own in the place of (Data 2.4.8, 2.4.9).
REPLACED: Final = frozenset(("stored", "authority"))
_STATEMENT_VERSIONS = {Version.V1_0_3: b'"1.0.0"', Version.V2_0_0: b'"2.0.0"'}
# The end of a kept statement, exactly as `finish` writes it.
_ENDING = re.compile(rb'(,"timestamp":"[^"]+")?,"stored":"[^"]+"\}\Z')


class Completed(NamedTuple):
    """A statement's text but for `stored`, which only the storing transaction knows.

    It is put together where it is needed: a large batch is held in memory once.

    Attributes:
        received: the JSON object as it came in, or without what the LRS replaces.
        added: what comes before its closing brace.
        has_timestamp: whether the client sent one; otherwise it is `stored` (Data 2.4.7).
    """

    received: bytes | msgspec.Raw
    added: bytes
    has_timestamp: bool

    @property
    def text(self) -> bytes:
        """The JSON object without its closing brace."""
        return bytes(self.received).strip()[:-1].rstrip() + self.added


def complete(raw: bytes, identifier: UUID, authority: bytes, version: Version) -> Completed:
    """Add `id` and `version` where they are missing, and the authority, to a valid statement.

    Args:
        raw: the statement as it came in.
        identifier: its id, sent or given.
        authority: the JSON text of the authority that the credential stands for (Data 2.4.9).
        version: the rules it came by.
    """
    members = _members.decode(raw)
    return extend(_received(raw, members), members, identifier, authority, version)


def extend(
    text: bytes | msgspec.Raw,
    names: Container[str],
    identifier: UUID,
    authority: bytes,
    version: Version,
) -> Completed:
    """Add to the text of a valid statement as `complete` does; nothing of it is replaced.

    Args:
        text: the statement, a JSON object.
        names: those of its properties.
        identifier: see `complete`, as for the others.
        authority: see `complete`.
        version: see `complete`.
    """
    added = [b',"authority":', authority]
    if "id" not in names:
        added.append(b',"id":"%s"' % str(identifier).encode())
    if "version" not in names:
        added.append(b',"version":' + _STATEMENT_VERSIONS[version])
    return Completed(text, b"".join(added), "timestamp" in names)


def finish(completed: Completed, stored: str) -> bytes:
    """Close a completed statement with the moment it was stored."""
    moment = stored.encode()
    timestamp = b"" if completed.has_timestamp else b',"timestamp":"%s"' % moment
    return completed.text + timestamp + b',"stored":"%s"}' % moment


def without_stored(kept: bytes) -> bytes:
    """Take off what `finish` added, to compare the statement with one that comes in."""
    return _ENDING.sub(b"}", kept)


def keeps_activities(raw: bytes) -> bool:
    """Tell whether valid contextActivities are kept as they came: all of them are arrays."""
    return _arrays(raw) == raw


def _received(raw: bytes, members: dict[str, msgspec.Raw]) -> bytes:
    """Return the text as it came in, or without what the LRS replaces."""
    kept = {
        name: _with_arrays(name, bytes(value))
        for name, value in members.items()
        if name not in REPLACED
    }
    if len(kept) == len(members) and all(kept[name] == bytes(members[name]) for name in kept):
        return raw
    return _joined(kept)


def _with_arrays(name: str, value: bytes) -> bytes:
    """Make arrays of lone contextActivities in a `context`, or in that of a SubStatement."""
    if name == "context":
        return _changed(value, "contextActivities", _arrays)
    if name == "object" and _is_substatement(value):
        return _changed(value, "context", lambda context: _with_arrays("context", context))
    return value


def _is_substatement(value: bytes) -> bool:
    return _kinds.decode(value).object_type == "SubStatement"


def _arrays(lists: bytes) -> bytes:
    members = {name: bytes(part) for name, part in _members.decode(lists).items()}
    if all(part.startswith(b"[") for part in members.values()):
        return lists
    return _joined(
        {name: part if part[:1] == b"[" else b"[%s]" % part for name, part in members.items()}
    )


def _changed(value: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return an object's text with one member changed, or as it is if nothing changes."""
    members = {key: bytes(part) for key, part in _members.decode(value).items()}
    before = members.get(name)
    if before is None or (after := change(before)) == before:
        return value
    return _joined(members | {name: after})


def _joined(members: dict[str, bytes]) -> bytes:
    pairs = (
        json.dumps(name, ensure_ascii=False).encode() + b":" + text
        for name, text in members.items()
    )
    return b"{" + b",".join(pairs) + b"}"
