"""From when until when something holds of a person, and which of several values shows.

Values of one person and one name never overlap, so that a sum by department counts a statement
once. What is set from a day on ends what was open before it; everything else that overlaps is a
contradiction, and is told with both periods.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from lrs.errors import InvalidRequestError, PersonConflictError

# Where a validity is open; PostgreSQL's -infinity and infinity are given as these.
OPEN_BEFORE: Final = date.min
OPEN_AFTER: Final = date.max


class Validity(NamedTuple):
    """Days from `since` up to, and without, `until`."""

    since: date = OPEN_BEFORE
    until: date = OPEN_AFTER

    @property
    def is_open(self) -> bool:
        """Whether no end is known."""
        return self.until == OPEN_AFTER

    def covers(self, day: date) -> bool:
        """Tell whether a day is in it."""
        return self.since <= day < self.until

    def overlaps(self, other: "Validity") -> bool:
        """Tell whether both have a day in common."""
        return self.since < other.until and other.since < self.until

    def __str__(self) -> str:
        """Name it, for a person."""
        since = "always" if self.since == OPEN_BEFORE else str(self.since)
        return f"from {since} on" if self.is_open else f"from {since} until before {self.until}"


ALWAYS: Final = Validity()


def read_validity(since: date | None, until: date | None) -> Validity:
    """Return the validity between two days; None is open.

    Raises:
        InvalidRequestError: it has no day.
    """
    validity = Validity(since or OPEN_BEFORE, until or OPEN_AFTER)
    if validity.since >= validity.until:
        raise InvalidRequestError(
            f"`until` ({validity.until}) must be later than `from` ({validity.since})"
        )
    return validity


def told_validity(validity: Validity) -> dict[str, str | None]:
    """Return a validity as JSON; what is open is null."""
    since, until = validity
    return {
        "from": None if since == OPEN_BEFORE else since.isoformat(),
        "until": None if until == OPEN_AFTER else until.isoformat(),
    }


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a person for a while.

    Attributes:
        own: the person whose it was before all merges; None is who it is set for.
    """

    value: str
    validity: Validity = ALWAYS
    own: UUID | None = None


def with_value(values: Iterable[Value], new: Value) -> list[Value]:
    """Return the values of one name when one more is set.

    One that begins on the same day is corrected by it. One that is open and began before a new
    open one ends there; if it says the same, it simply goes on.

    Raises:
        PersonConflictError: it overlaps another one.
    """
    kept: list[Value] = []
    for each in values:
        if each.validity.since == new.validity.since:
            new = replace(new, own=each.own)
        elif not each.validity.overlaps(new.validity):
            kept.append(each)
        elif not _gives_way(each, new):
            raise PersonConflictError(
                f"a value that holds {new.validity} contradicts the one that holds {each.validity}:"
                " end that one first, or take it away"
            )
        elif each.value == new.value:
            new = each
        else:
            kept.append(replace(each, validity=Validity(each.validity.since, new.validity.since)))
    return sorted([*kept, new], key=_since)


def without(values: Iterable[Value], gone: Validity) -> list[Value]:
    """Return the values of one name when a period is taken out of all of them."""
    kept: list[Value] = []
    for each in values:
        since, until = each.validity
        parts = (Validity(since, min(until, gone.since)), Validity(max(since, gone.until), until))
        kept += [replace(each, validity=part) for part in parts if part.since < part.until]
    return sorted(kept, key=_since)


def _gives_way(old: Value, new: Value) -> bool:
    is_later = old.validity.since < new.validity.since
    return is_later and old.validity.is_open and new.validity.is_open


def _since(value: Value) -> date:
    return value.validity.since


class Row(NamedTuple):
    """A value or a membership of a person who may have been merged.

    Attributes:
        own: whose it is before all merges.
        name: of the attribute, or the id of the team.
    """

    own: UUID
    name: str | UUID
    validity: Validity


def shown(rows: Iterable[Row], preferred: Sequence[UUID]) -> set[Row]:
    """Return which rows are those of the merged person: no two of one name overlap.

    Args:
        rows: of all who were merged.
        preferred: the persons, whose rows come first the first.
    """
    rank = {person: number for number, person in enumerate(preferred)}
    taken: dict[str | UUID, list[Validity]] = {}
    found: set[Row] = set()
    for row in sorted(rows, key=lambda each: (rank[each.own], each.name, each.validity)):
        others = taken.setdefault(row.name, [])
        if not any(row.validity.overlaps(other) for other in others):
            others.append(row.validity)
            found.add(row)
    return found
