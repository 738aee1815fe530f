"""What has become of each person of a list: 17 bytes for one."""

from array import array
from enum import IntEnum
from typing import Final
from uuid import UUID

_BYTES: Final = 16


class Outcome(IntEnum):
    """What has become of a person."""

    LEFT_ALONE = 0
    UNCHANGED = 1
    CHANGED = 2
    CREATED = 3


class Outcomes:
    """Outcomes and ids by the numbers of persons in the list."""

    def __init__(self, people: int) -> None:
        """Make it for so many people, who are left alone until something else is said."""
        self._outcomes = array("b", bytes(people))
        self._ids = bytearray(people * _BYTES)

    def say(self, number: int, outcome: Outcome, person: UUID) -> None:
        """Say what has become of a person, and which one it is."""
        self._outcomes[number] = outcome
        self._ids[number * _BYTES : (number + 1) * _BYTES] = person.bytes

    def of(self, number: int) -> Outcome:
        """Return what has become of a person."""
        return Outcome(self._outcomes[number])

    def person(self, number: int) -> UUID | None:
        """Return which person it is; None of one who was left alone, or is not in the list."""
        if number < 0 or self.of(number) is Outcome.LEFT_ALONE:
            return None
        return UUID(bytes=bytes(self._ids[number * _BYTES : (number + 1) * _BYTES]))

    def change(self, number: int) -> bool:
        """Say that a person is changed, and tell whether they were not so far."""
        was_unchanged = self.of(number) is Outcome.UNCHANGED
        if was_unchanged:
            self._outcomes[number] = Outcome.CHANGED
        return was_unchanged
