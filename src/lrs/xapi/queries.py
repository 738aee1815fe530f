"""What a reader asks of the Statement Resource, freed from HTTP (Comm. 2.1.3)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID


class Format(StrEnum):
    """How statements are presented."""

    EXACT = "exact"
    IDS = "ids"
    CANONICAL = "canonical"


class Cursor(NamedTuple):
    """The last statement of a page, in the order of answers."""

    position: int
    id: UUID


@dataclass(frozen=True, slots=True)
class StatementFilter:
    """Which statements of a store are wanted, and in which order.

    Attributes:
        agent: key of the agent, as in `lrs.xapi.keys`; so are `verb` and `activity`.
        since: exclusive, aware, compared with `stored`; `until` is inclusive.
        ascending: oldest first.
    """

    agent: UUID | None = None
    verb: UUID | None = None
    activity: UUID | None = None
    registration: UUID | None = None
    related_agents: bool = False
    related_activities: bool = False
    since: datetime | None = None
    until: datetime | None = None
    ascending: bool = False
