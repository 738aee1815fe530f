"""Who leads whom, in a list: nobody may lead those by whom they are led on the same day."""

from array import array
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from lrs.people.imports.listed import Listed

# Of somebody of whom the list has no row.
ELSEWHERE: Final = -1
# Longer than any chain of command; a walk that is longer is given up.
_MOST_STEPS: Final = 10_000


class Leading(Struct, frozen=True, array_like=True):
    """That a person of a list has a manager, for a while.

    Attributes:
        person: the number of the person in the list.
        key: by what the list knows the person.
        told: whose value is the key of the manager.
        manager: the number of the manager in the list, or `ELSEWHERE`.
    """

    person: int
    key: str
    told: Listed
    manager: int = ELSEWHERE


class Chains:
    """All that a list says of who leads whom; some dozen bytes for each line of it."""

    def __init__(self, people: int) -> None:
        """Make it for so many people."""
        self._first = array("q", [-1]) * people
        self._next = array("q")
        self._person = array("q")
        self._manager = array("q")
        self._since = array("l")
        self._until = array("l")

    def add(self, leading: Leading) -> None:
        """Take note of one; its number is how many there were before."""
        number = len(self._person)
        self._person.append(leading.person)
        self._manager.append(leading.manager)
        self._since.append(leading.told.since.toordinal())
        self._until.append(leading.told.until.toordinal())
        self._next.append(self._first[leading.person])
        self._first[leading.person] = number

    def cyclic(self) -> dict[int, list[int]]:
        """Return the numbers of what leads back to who is led, each with the persons on the way."""
        found: dict[int, list[int]] = {}
        waiting = bytearray(self._left_of_chains())
        for number, person in enumerate(self._person):
            if waiting[person] and self._manager[number] != ELSEWHERE:
                way = self._way_back(number)
                if way is not None:
                    found[number] = way
        return found

    def _left_of_chains(self) -> bytes:
        """Take away whoever leads nobody, again and again; return who is left as ones."""
        led = array("q", [0]) * len(self._first)
        for manager in self._manager:
            if manager != ELSEWHERE:
                led[manager] += 1
        left = bytearray(b"\1") * len(self._first)
        free = [person for person, count in enumerate(led) if not count]
        while free:
            person = free.pop()
            left[person] = 0
            for number in self._of(person):
                manager = self._manager[number]
                if manager != ELSEWHERE:
                    led[manager] -= 1
                    if not led[manager]:
                        free.append(manager)
        return bytes(left)

    def _way_back(self, number: int) -> list[int] | None:
        """Return the persons from one who is led up to themselves; None if there is no such way."""
        start = self._person[number]
        waiting = [(number, self._since[number], self._until[number], [start])]
        seen: set[tuple[int, int, int]] = set()
        while waiting and len(seen) < _MOST_STEPS:
            last, since, until, way = waiting.pop()
            manager = self._manager[last]
            if manager == start:
                return [*way, start]
            if manager == ELSEWHERE or (manager, since, until) in seen:
                continue
            seen.add((manager, since, until))
            for above in self._of(manager):
                days = max(since, self._since[above]), min(until, self._until[above])
                if days[0] < days[1]:
                    waiting.append((above, *days, [*way, manager]))
        return None

    def _of(self, person: int) -> Iterator[int]:
        number = self._first[person]
        while number >= 0:
            yield number
            number = self._next[number]
