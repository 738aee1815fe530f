"""Makes statements: realistic, quickly, and the same ones for the same seed.

Statements come in lanes. Within a lane they have an order, and what refers to another statement
refers to an earlier one of its lane, so that one client who sends a lane in its order never sends
a reference before its target.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from bench.plan import BLOCK, SEED
from bench.population import Activity, Population, Verb, population, registration, uuid_text
from bench.vocabulary import COMMENTED

# Planted statements of each sort in a lane; two lanes make more than a page of fifty.
PLANTED = 30
_PLACE_OF_RARE, _PLACE_OF_PAIR = 7, 11
_VOIDING = 0.005
# A reference reaches back over what other connections may still have on their way.
_NEAREST_TARGET = 64
_FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
_SPAN = timedelta(days=730)
_GOLDEN, _WORD = 0x9E3779B1, 2**32
_RARE_LEARNER, _RARE_VERB = -1, -1

_PLAIN = (
    b'{"id":"%b","actor":%b,"verb":%b,"object":%b,%b"context":{"registration":"%b",'
    b'"contextActivities":%b,"instructor":%b,"platform":"Example LMS 5.2","language":"en-US",'
    b'"extensions":{"https://lms.example.org/extensions/session":{"id":"%b","page":%d}}},'
    b'"timestamp":"%b"}'
)
_RESULT = (
    b'"result":{"score":{"scaled":%.2f,"raw":%d,"min":0,"max":100},"success":%b,'
    b'"completion":%b,"duration":"PT%dM%dS"},'
)
_REFERENCE = (
    b'{"id":"%b","actor":%b,"verb":%b,"object":{"objectType":"StatementRef","id":"%b"},'
    b'"result":{"response":"A word on what was done there, so that others can learn from it."},'
    b'"context":{"registration":"%b","language":"en-US"},"timestamp":"%b"}'
)
_VOID = (
    b'{"id":"%b","actor":%b,"verb":%b,"object":{"objectType":"StatementRef","id":"%b"},'
    b'"timestamp":"%b"}'
)


@dataclass(frozen=True, slots=True)
class Lane:
    """A row of statements.

    Attributes:
        number: tells it from other lanes.
        length: how many statements it is meant to have; they spread over two years.
        references: share of StatementRefs.
        is_planted: whether statements are strewn in that rare learners, verbs and activities are
            looked up by.
    """

    number: int
    length: int
    references: float
    is_planted: bool = False

    def id(self, place: int) -> bytes:
        """Return the id of a statement of the lane."""
        return uuid_text(b"statement/%d/%d/%d" % (SEED, self.number, place))

    def refers(self, place: int) -> bool:
        """Tell whether a statement refers to another."""
        return not self.planted(place) and self._share(place) < self.references

    def voids(self, place: int) -> bool:
        """Tell whether a statement voids another."""
        return not self.planted(place) and self._share(place) >= 1 - _VOIDING

    def planted(self, place: int) -> int:
        """Return where within its stretch a planted statement lies, or 0."""
        stretch = self.length // PLANTED
        if not self.is_planted or place >= stretch * PLANTED:
            return 0
        return place % stretch if place % stretch in {_PLACE_OF_RARE, _PLACE_OF_PAIR} else 0

    def plain_before(self, place: int) -> int:
        """Return the nearest place at or before another that holds a plain statement."""
        while self.refers(place) or self.voids(place):
            place -= 1
        return max(place, 0)

    def block(self, number: int) -> list[bytes]:
        """Make the JSON texts of a block of 1,000 statements."""
        return list(_Block(self, number).texts())

    def texts(self, count: int) -> Iterator[bytes]:
        """Make the JSON texts of the first statements of the lane."""
        for number in range(-(-count // BLOCK)):
            yield from self.block(number)[: count - number * BLOCK]

    def moment(self, place: int) -> bytes:
        """Return the `timestamp` of a statement."""
        moment = _FIRST_DAY + _SPAN * (place / self.length)
        return moment.isoformat(timespec="milliseconds").encode()

    def _share(self, place: int) -> float:
        # Multiples of the golden ratio lie evenly, in no order that a reader would notice.
        return (place * _GOLDEN + self.number * 40_503) % _WORD / _WORD


class _Block:
    """The chances of a thousand statements, drawn at once because that is fast."""

    def __init__(self, lane: Lane, number: int) -> None:
        people: Population = population()
        chance = Random(f"{SEED}/{lane.number}/{number}")
        self._lane, self._people, self._chance = lane, people, chance
        self._first = number * BLOCK
        self._learners = _drawn(chance, people.learner_weights)
        self._activities = _drawn(chance, people.activity_weights)
        self._verbs = _drawn(chance, people.verb_weights)

    def texts(self) -> Iterator[bytes]:
        lane = self._lane
        for index in range(BLOCK):
            place = self._first + index
            if place > _NEAREST_TARGET and lane.refers(place):
                yield self._reference(index)
            elif place > _NEAREST_TARGET and lane.voids(place):
                yield self._voiding(index)
            else:
                yield self._plain(index)

    def _plain(self, index: int) -> bytes:
        people, place = self._people, self._first + index
        learner, activity, verb = self._subject(index)
        return _PLAIN % (
            self._lane.id(place),
            people.learners[learner],
            verb.text,
            activity.text,
            self._result() if verb.has_result else b"",
            registration(learner, activity.course),
            activity.context,
            people.instructors[activity.course],
            uuid_text(b"session/%d/%d" % (learner, place >> 5)),
            place % 40,
            self._lane.moment(place),
        )

    def _subject(self, index: int) -> tuple[int, Activity, Verb]:
        people = self._people
        match self._lane.planted(self._first + index):
            case 0:
                activity = people.activities[self._activities[index]]
                return self._learners[index], activity, people.verbs[self._verbs[index]]
            case place if place == _PLACE_OF_RARE:
                last = len(people.learners) + _RARE_LEARNER
                return last, people.rare_activity, people.verbs[0]
            case _:
                return 0, people.activities[0], people.verbs[_RARE_VERB]

    def _result(self) -> bytes:
        chance = self._chance.random()
        raw = int(100 * chance**0.5)
        is_passed = b"true" if chance > 0.2 else b"false"  # noqa: PLR2004 - four of five pass
        return _RESULT % (raw / 100, raw, is_passed, is_passed, raw % 45, raw % 60)

    def _reference(self, index: int) -> bytes:
        lane, place = self._lane, self._first + index
        learner = self._learners[index]
        return _REFERENCE % (
            lane.id(place),
            self._people.learners[learner],
            self._people.verbs[COMMENTED].text,
            lane.id(self._target(place)),
            registration(learner, index % len(self._people.instructors)),
            lane.moment(place),
        )

    def _voiding(self, index: int) -> bytes:
        lane, place = self._lane, self._first + index
        return _VOID % (
            lane.id(place),
            self._people.instructors[index % len(self._people.instructors)],
            self._people.voided.text,
            lane.id(self._target(place)),
            lane.moment(place),
        )

    def _target(self, place: int) -> int:
        """Choose an earlier plain statement, a near one more likely than a far one."""
        distance = _NEAREST_TARGET * (place / _NEAREST_TARGET) ** self._chance.random()
        return self._lane.plain_before(place - int(distance))


def _drawn(chance: Random, weights: Sequence[float]) -> list[int]:
    return chance.choices(range(len(weights)), cum_weights=weights, k=BLOCK)
