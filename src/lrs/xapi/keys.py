"""Identifiers in canonical form, and the 128-bit keys that are hashes of them.

A key needs no look-up and no coordination: every node derives the same one (Data 2.4.2.3, 4.0).
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple
from uuid import UUID

# Identifiers come again and again; those of unusual length are not remembered.
_REMEMBERED: Final = 16_384
_LONGEST_REMEMBERED: Final = 512


class Ifi(NamedTuple):
    """An inverse functional identifier in canonical form: equal for the same agent."""

    type: str
    value: str


def ifi_key(ifi: Ifi) -> UUID:
    """Return the key of an agent or identified Group; `objectType` plays no part."""
    return _key(f"{ifi.type}\n{ifi.value}")


def iri_key(iri: str) -> UUID:
    """Return the key of a verb or an activity."""
    return _key(iri)


def digest(text: bytes) -> UUID:
    """Return what tells one definition or display from another."""
    return UUID(bytes=blake2b(text, digest_size=16).digest())


def forget_keys() -> None:
    """Forget which identifiers came lately."""
    _remembered_key.cache_clear()


def _key(text: str) -> UUID:
    return _remembered_key(text) if len(text) <= _LONGEST_REMEMBERED else digest(text.encode())


@lru_cache(maxsize=_REMEMBERED)
def _remembered_key(text: str) -> UUID:
    return digest(text.encode())
