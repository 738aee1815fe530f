"""What a person did, summed up by system and by course."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lrs.people.histories import Described


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Sums over some statements of a person.

    Attributes:
        started: how many activities, as are `completed`, `passed`, `failed` and `mastered`.
        best_score: the highest scaled score, `last_score` that of the newest timestamp.
        seconds: of all durations that were told.
        ratings: how many were given; `rating` is their average between 0 and 1.
        first_seen: the earliest timestamp; None without statements.
    """

    statements: int = 0
    started: int = 0
    completed: int = 0
    passed: int = 0
    failed: int = 0
    mastered: int = 0
    best_score: float | None = None
    last_score: float | None = None
    seconds: float = 0.0
    ratings: int = 0
    rating: float | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class OfSystem:
    """What a person did with one tool."""

    system: str
    kind: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class OfCourse:
    """What a person did in one course; its scores are those of the course itself.

    Attributes:
        started: when something in it was started for the first time.
        completed: when the course itself was completed for the first time.
    """

    course: Described
    systems: Sequence[str]
    started: datetime | None
    completed: datetime | None
    sums: Sums


@dataclass(frozen=True, slots=True)
class Competence:
    """What a person has shown to master."""

    activity: Described
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Summary:
    """All that a person did, summed up.

    Attributes:
        courses: the newest first, as are `competences`.
        truncated: there are more courses or competences than these.
    """

    total: Sums
    systems: Sequence[OfSystem]
    courses: Sequence[OfCourse]
    competences: Sequence[Competence]
    truncated: bool
