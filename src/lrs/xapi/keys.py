"""128-bit keys of agents, verbs and activities: hashes of their canonical identifiers.

A key needs no look-up and no coordination: every node derives the same one (Data 2.4.2.3, 4.0).
"""

from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from lrs.xapi.actors import Agent, Group


class Ifi(NamedTuple):
    """An inverse functional identifier in canonical form: equal for the same agent."""

    type: str
    value: str


def canonical_ifi(agent: Agent | Group) -> Ifi | None:
    """Return the identifier that an agent is told by; None for an anonymous Group.

    Only what is case-insensitive is folded: the domain of `mbox`, the hex digits of
    `mbox_sha1sum`. IRIs are compared as simple strings (Data 4.3).
    """
    if agent.mbox is not None:
        return Ifi("mbox", _canonical_mailto(agent.mbox))
    if agent.account is not None:
        return Ifi("account", f"{agent.account.home_page} {agent.account.name}")
    if agent.mbox_sha1sum is not None:
        return Ifi("mbox_sha1sum", agent.mbox_sha1sum.lower())
    if agent.openid is not None:
        return Ifi("openid", agent.openid)
    return None


def agent_key(agent: Agent | Group) -> UUID | None:
    """Return the key of an agent; None for an anonymous Group."""
    ifi = canonical_ifi(agent)
    return None if ifi is None else ifi_key(ifi)


def _canonical_mailto(mbox: str) -> str:
    local, _, domain = mbox[len("mailto:") :].rpartition("@")
    return f"mailto:{local}@{domain.lower()}"


@lru_cache(maxsize=65_536)
def ifi_key(ifi: Ifi) -> UUID:
    """Return the key of an agent or identified Group; `objectType` plays no part."""
    return _hashed(f"{ifi.type}\n{ifi.value}")


@lru_cache(maxsize=65_536)
def iri_key(iri: str) -> UUID:
    """Return the key of a verb or an activity."""
    return _hashed(iri)


def digest(text: bytes) -> UUID:
    """Return what tells one definition or display from another."""
    return UUID(bytes=blake2b(text, digest_size=16).digest())


def _hashed(text: str) -> UUID:
    return UUID(bytes=blake2b(text.encode(), digest_size=16).digest())
