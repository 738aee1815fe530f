"""What the connections of a process hold together, and which of them go where it is too much."""

import asyncio
import logging
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from lrs.errors import BusyError, LRSError, TooManyRequestsError

_LOG = logging.getLogger(__name__)

# Connections that are held beyond the most, only to be told that there are too many.
MOST_REFUSED = 100
# Seconds between two looks at who reads its answers.
BETWEEN_LOOKS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """What connections may cost.

    Attributes:
        connections: of one process.
        of_address: connections of one process with one address; None if there is no limit.
        head_timeout: seconds from the first byte of a request to the end of its headers.
        answer_timeout: seconds that a reader may be behind the slowest pace.
        unsent_bytes: of answers, that all readers of one process together may leave unread.
        version: of xAPI, that is told to who has not said which one it speaks.
    """

    connections: int
    of_address: int | None = None
    head_timeout: int
    answer_timeout: int
    unsent_bytes: int
    version: str


class Occupant(Protocol):
    """A connection, as far as the others suffer from it."""

    @property
    def address(self) -> str:
        """Where it comes from."""

    @property
    def idle_since(self) -> float:
        """Since when it has waited for another request, by any clock; infinite if it has not."""

    def is_read(self, seconds: float) -> bool:
        """Tell whether its answers are read fast enough; so long ago it was asked before."""

    def cut_off(self) -> None:
        """End it at once, and leave."""


@dataclass(slots=True)
class Occupancy:
    """The connections of a process; each of them says here what becomes of it.

    One is made for each process, before any connection. The dictionaries are in the order in which
    connections came into them: the one that has waited for longest comes first.
    """

    limits: ConnectionLimits
    _all: set[Occupant] = field(default_factory=set)
    _of_address: Counter[str] = field(default_factory=Counter)
    _unknown: dict[Occupant, None] = field(default_factory=dict)
    _refused: dict[Occupant, None] = field(default_factory=dict)
    _unread: dict[Occupant, int] = field(default_factory=dict)
    _unread_bytes: int = 0
    _cut_off: Counter[str] = field(default_factory=Counter)
    _is_looking: bool = False

    def enter(self, occupant: Occupant) -> LRSError | None:
        """Take a connection in, and return what is to be said on it if there is no room."""
        self._all.add(occupant)
        self._of_address[occupant.address] += 1
        self._look_again()
        refusal = self._refusal(occupant)
        if refusal is None:
            self._unknown[occupant] = None
        else:
            self._refused[occupant] = None
            self._count("told that there are too many")
            if len(self._refused) > MOST_REFUSED:
                next(iter(self._refused)).cut_off()
        return refusal

    def leave(self, occupant: Occupant) -> None:
        """Forget a connection; it may be forgotten already."""
        if occupant not in self._all:
            return
        self._all.remove(occupant)
        self.is_known(occupant)
        self._refused.pop(occupant, None)
        self.is_taken(occupant)
        self._of_address[occupant.address] -= 1
        if not self._of_address[occupant.address]:
            del self._of_address[occupant.address]

    def is_known(self, occupant: Occupant) -> None:
        """Note that a connection has brought a whole head."""
        self._unknown.pop(occupant, None)

    def is_ending(self, occupant: Occupant) -> None:
        """Note that a connection is kept only until its client has read the answer."""
        if occupant in self._all and occupant not in self._refused:
            self._unknown[occupant] = None

    def is_left(self, occupant: Occupant, size: int) -> None:
        """Note that a client does not take so many bytes of an answer for now.

        Where all together leave too many, those are cut off that have been slow for longest.
        """
        self.is_taken(occupant)
        if occupant not in self._all:
            return
        self._unread[occupant] = size
        self._unread_bytes += size
        while self._unread_bytes > self.limits.unsent_bytes:
            slowest = next(iter(self._unread))
            if slowest is occupant:
                return
            self._count("hung up on, since too much waited to be read")
            slowest.cut_off()

    def is_taken(self, occupant: Occupant) -> None:
        """Note that a client takes its answer."""
        self._unread_bytes -= self._unread.pop(occupant, 0)

    def _refusal(self, occupant: Occupant) -> LRSError | None:
        most = self.limits.of_address
        if most is not None and self._of_address[occupant.address] > most:
            return TooManyRequestsError(f"your address holds {most} connections already")
        if len(self._all) - len(self._refused) <= self.limits.connections:
            return None
        longest = next(iter(self._unknown), None) or self._longest_idle()
        if longest is None:
            return BusyError(f"{self.limits.connections} connections are in use")
        self._count("hung up on while they waited for a request, to make room")
        longest.cut_off()
        return None

    def _longest_idle(self) -> Occupant | None:
        # Each connection is looked at only where there are too many: no request has to pay for it.
        taken_in = (each for each in self._all if each not in self._refused)
        longest = min(taken_in, key=lambda each: each.idle_since)
        return longest if longest.idle_since < math.inf else None

    def _look_again(self) -> None:
        if self._all and not self._is_looking:
            self._is_looking = True
            loop = asyncio.get_running_loop()
            loop.call_later(BETWEEN_LOOKS, self._look, loop.time())

    def _look(self, before: float) -> None:
        seconds = asyncio.get_running_loop().time() - before
        for occupant in [each for each in self._all if not each.is_read(seconds)]:
            self._count("hung up on, since they did not read their answers")
            occupant.cut_off()
        for what, count in self._cut_off.items():
            _LOG.warning("Connections that were %s: %d", what, count)
        self._cut_off.clear()
        self._is_looking = False
        self._look_again()

    def _count(self, what: str) -> None:
        # Told at the next look: each by itself, they would fill the log.
        self._cut_off[what] += 1
