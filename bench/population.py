"""Who learns what: 10,000 learners, 1,000 activities, 30 verbs, used as unevenly as in life.

Everything is kept as the JSON text that statements are put together from.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from itertools import accumulate
from random import Random

from bench.plan import SEED
from bench.vocabulary import COURSE, PARTS, PROGRAMME, SUBJECTS, VERBS, VOIDED, VerbWords

LEARNERS, PROGRAMMES, COURSES, PARTS_COUNT = 10_000, 10, 30, 960
HOME = "https://lms.example.org"
# How much less often the next one in the row is met: its share falls with 1 / place ** skew.
_LEARNER_SKEW, _ACTIVITY_SKEW, _VERB_SKEW = 0.8, 0.9, 1.0


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb: its id, its JSON text, and whether its statements have a result."""

    iri: str
    text: bytes
    has_result: bool


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity: its id, its JSON text, and the course and programme that it belongs to."""

    iri: str
    text: bytes
    course: int
    context: bytes


@dataclass(frozen=True, slots=True)
class Population:
    """The people, things and words that statements speak of, and how often each is met.

    The last learner, activity and verb are met in planted statements alone.
    """

    learners: Sequence[bytes]
    instructors: Sequence[bytes]
    activities: Sequence[Activity]
    verbs: Sequence[Verb]
    voided: Verb
    learner_weights: Sequence[float]
    activity_weights: Sequence[float]
    verb_weights: Sequence[float]

    @property
    def rare_activity(self) -> Activity:
        """The activity of which only planted statements speak."""
        return self.activities[-1]


@cache
def population() -> Population:
    """Make the population, the same one each time."""
    activities = _activities()
    return Population(
        learners=[_learner(number) for number in range(LEARNERS)],
        instructors=[_instructor(number) for number in range(COURSES)],
        activities=activities,
        verbs=[_verb(words) for words in VERBS],
        voided=_verb(VOIDED),
        learner_weights=_weights(LEARNERS - 1, _LEARNER_SKEW),
        activity_weights=_weights(len(activities) - 1, _ACTIVITY_SKEW),
        verb_weights=_weights(len(VERBS) - 1, _VERB_SKEW),
    )


def registration(learner: int, course: int) -> bytes:
    """Return the UUID of a learner's way through a course."""
    return uuid_text(b"registration/%d/%d" % (learner, course))


def programme_of(course: int) -> str:
    """Return the id of the programme that a course belongs to."""
    return f"{HOME}/programmes/{course % PROGRAMMES}"


def uuid_text(seed: bytes) -> bytes:
    """Return a UUID that looks like one of version 4, and is the same for the same seed."""
    digits = blake2b(seed, digest_size=16).hexdigest()
    text = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
    return text.encode()


def _weights(count: int, skew: float) -> list[float]:
    return list(accumulate(1 / place**skew for place in range(1, count + 1)))


def _text(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _learner(number: int) -> bytes:
    name = f"Learner {number:05} of the Example Company"
    if number % 5 == 4:  # noqa: PLR2004 - one in five is known by an address
        return _text({"name": name, "mbox": f"mailto:learner.{number:05}@example.org"})
    account = {"homePage": HOME, "name": f"learner-{number:05}"}
    return _text({"objectType": "Agent", "name": name, "account": account})


def _instructor(number: int) -> bytes:
    account = {"homePage": HOME, "name": f"instructor-{number:02}"}
    return _text({"objectType": "Agent", "name": f"Instructor {number:02}", "account": account})


def _verb(words: VerbWords) -> Verb:
    display = {"en-US": words.english, "de-DE": words.german}
    return Verb(words.iri, _text({"id": words.iri, "display": display}), words.has_result)


def _activities() -> list[Activity]:
    courses = [_activity(f"{HOME}/courses/{n:02}", COURSE, n, n) for n in range(COURSES)]
    parts = [
        _activity(f"{HOME}/courses/{n % COURSES:02}/parts/{n:03}", PARTS[n % 5], n, n % COURSES)
        for n in range(PARTS_COUNT)
    ]
    found = courses + parts[:-1]
    Random(SEED).shuffle(found)
    return [*found, parts[-1]]


def _activity(iri: str, kind: str, number: int, course: int) -> Activity:
    subject = SUBJECTS[number % len(SUBJECTS)]
    name = f"{subject}, part {number:03}"
    about = (
        f"What everybody in the company has to know about it: {subject.lower()}, with examples"
        " from the daily work of the last years, and some questions."
    )
    definition = {"type": kind, "name": {"en-US": name}, "description": {"en-US": about}}
    text = _text({"objectType": "Activity", "id": iri, "definition": definition})
    return Activity(iri, text, course, _context_activities(iri, course))


def _context_activities(iri: str, course: int) -> bytes:
    above = f"{HOME}/courses/{course:02}"
    grouping = [{"id": programme_of(course), "definition": {"type": PROGRAMME}}]
    parent = [{"objectType": "Activity", "id": above}]
    return _text(
        {"grouping": grouping} if iri == above else {"parent": parent, "grouping": grouping}
    )
