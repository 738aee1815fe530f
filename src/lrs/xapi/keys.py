"""What the store knows agents, verbs and activities by; see `identifiers` (Data 2.4.2.3, 4.0)."""

from uuid import UUID

from lrs.xapi.actors import Agent, Group
from lrs.xapi.identifiers import Ifi, digest, ifi_key, iri_key

__all__ = ["Ifi", "agent_key", "canonical_ifi", "digest", "ifi_key", "iri_key"]


def canonical_ifi(agent: Agent | Group) -> Ifi | None:
    """Return the identifier that an agent is told by; None for an anonymous Group."""
    return agent.ifi


def agent_key(agent: Agent | Group) -> UUID | None:
    """Return the key of an agent; None for an anonymous Group."""
    return agent.key
