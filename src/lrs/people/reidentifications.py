"""Whose a pseudonym is: how far it is that two people are told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

# For how long somebody else may agree, and for how long after that the answer is given.
MAY_BE_APPROVED_FOR: Final = timedelta(hours=24)
IS_OPEN_FOR: Final = timedelta(hours=1)


class State(StrEnum):
    """How far it is."""

    ASKED = "asked"
    OPEN = "open"
    # It was agreed to, and that was too long ago.
    CLOSED = "closed"
    # Nobody has agreed in time.
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Reidentification:
    """That somebody wants to know whose a pseudonym is.

    Attributes:
        agent: the key of the pseudonym.
        asked_by: a user, as is `approved_by`.
        now: by the clock of the database, when this was read.
    """

    id: UUID
    agent: UUID
    reason: str
    asked_by: UUID
    asked: datetime
    approved_by: UUID | None
    approved: datetime | None
    now: datetime

    @property
    def expires(self) -> datetime:
        """Until when it can be agreed to or, if it was, be answered."""
        if self.approved is None:
            return self.asked + MAY_BE_APPROVED_FOR
        return self.approved + IS_OPEN_FOR

    @property
    def state(self) -> State:
        """How far it is."""
        if self.now < self.expires:
            return State.ASKED if self.approved is None else State.OPEN
        return State.LAPSED if self.approved is None else State.CLOSED
