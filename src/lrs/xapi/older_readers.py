"""Statements of 2.0 for readers of 1.0.x that fail on what they do not know (Comm. 3.3).

The standard has an LRS return newer statements as they are; who sets `LRS_NEWER_STATEMENTS` to
`reduced` departs from it. Only what is new in 2.0 is taken out. All else keeps the text that was
received, but for the spaces between the properties of what had to be changed.
"""

import re
from collections.abc import Callable, Mapping

from msgspec import Raw, Struct, field
from msgspec.json import Decoder, encode

_NEW_IN_CONTEXTS = frozenset(("contextAgents", "contextGroups"))
_OLD_VERSION = Raw(b'"1.0.0"')
# One of these is in the text of each statement of 2.0, if its letters are not escaped.
_MARKS = (b'"contextAgents"', b'"contextGroups"', b'"2.0')
_ESCAPED_ASCII = re.compile(rb"\\u00[2-7]")


class _Kind(Struct):
    object_type: str = field(default="Activity", name="objectType")


_properties_of = Decoder(dict[str, Raw]).decode
_kind_of = Decoder(_Kind).decode
_text_of = Decoder(str).decode


def reduced(payload: bytes) -> bytes:
    """Return a stored statement as 1.0.x knows it.

    Without `contextAgents` and `contextGroups`, also in the context of a SubStatement, without a
    context that would be left empty, and with 1.0.0 in place of a `version` of 2.0.
    """
    return bytes(_statement(Raw(payload))) if _may_be_newer(payload) else payload


def _may_be_newer(payload: bytes) -> bool:
    """Tell by a look at the text whether it needs to be parsed; most statements do not."""
    if any(mark in payload for mark in _MARKS):
        return True
    return b"\\u00" in payload and _ESCAPED_ASCII.search(payload) is not None


def _statement(text: Raw) -> Raw:
    """Reduce a Statement or SubStatement (Data 2.4)."""
    received = _properties_of(text)
    kept = {name: _PARTS[name](part) if name in _PARTS else part for name, part in received.items()}
    if all(kept[name] is part for name, part in received.items()):
        return text
    return Raw(encode({name: part for name, part in kept.items() if part is not None}))


def _version(text: Raw) -> Raw:
    return _OLD_VERSION if _text_of(text).startswith("2.") else text


def _context(text: Raw) -> Raw | None:
    """Return the context that 1.0.x would have, none if nothing is left of it (Data 2.4.6)."""
    received = _properties_of(text)
    if _NEW_IN_CONTEXTS.isdisjoint(received):
        return text
    kept = {name: part for name, part in received.items() if name not in _NEW_IN_CONTEXTS}
    return Raw(encode(kept)) if kept else None


def _object(text: Raw) -> Raw:
    return _statement(text) if _kind_of(text).object_type == "SubStatement" else text


_PARTS: Mapping[str, Callable[[Raw], Raw | None]] = {
    "version": _version,
    "context": _context,
    "object": _object,
}
