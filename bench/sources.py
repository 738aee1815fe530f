"""What the client processes send: small recipes that travel there and are made into requests."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random
from typing import Protocol

from bench.plan import BLOCK, SEED
from bench.population import population
from bench.requests import STATEMENTS, Exchange, get, post_statements, put_and_get_state
from bench.statements import Lane

STATE_BYTES = 700
_DOCUMENTS = 500
# Of 100 requests; a PUT and a GET of a state document are one exchange.
_POSTS, _GETS, _STATES = 80.0, 15.0, 2.5


class Source(Protocol):
    """A recipe for requests."""

    def exchanges(self) -> Iterator[Exchange]:
        """Make the requests; those of one exchange go over one connection, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Batches:
    """The statements of some blocks of a lane, in batches of a size that divides 1,000."""

    lane: Lane
    first: int
    end: int
    size: int

    def exchanges(self) -> Iterator[Exchange]:
        """Make the POSTs."""
        for number in range(self.first, self.end):
            block = self.lane.block(number)
            for start in range(0, BLOCK, self.size):
                yield (post_statements(block[start : start + self.size]),)


@dataclass(frozen=True, slots=True)
class Singles:
    """The first statements of a lane, one by one."""

    lane: Lane
    count: int

    def exchanges(self) -> Iterator[Exchange]:
        """Make the POSTs."""
        return ((post_statements([text]),) for text in self.lane.texts(self.count))


@dataclass(frozen=True, slots=True)
class Fixed:
    """Requests that are made already."""

    made: tuple[Exchange, ...]

    def exchanges(self) -> Iterator[Exchange]:
        """Give the requests."""
        return iter(self.made)


@dataclass(frozen=True, slots=True)
class States:
    """State documents that are put and got again."""

    number: int = 0

    def exchanges(self) -> Iterator[Exchange]:
        """Make a PUT and a GET for each document."""
        people = population()
        for place in range(_DOCUMENTS):
            learner = people.learners[(self.number * _DOCUMENTS + place) % len(people.learners)]
            activity = people.activities[place % len(people.activities)]
            yield put_and_get_state(learner, activity.iri, STATE_BYTES)


@dataclass(frozen=True, slots=True)
class AgentPages:
    """First pages of learners, the busy ones more often."""

    number: int = 0

    def exchanges(self) -> Iterator[Exchange]:
        """Make GETs without end."""
        people, chance = population(), Random(f"{SEED}/{self.number}")
        places = range(len(people.learner_weights))
        while True:
            for place in chance.choices(places, cum_weights=people.learner_weights, k=100):
                agent = people.learners[place].decode()
                yield (get(STATEMENTS, {"agent": agent, "limit": 50}, "GET by agent"),)


@dataclass(frozen=True, slots=True)
class Mixed:
    """What a busy LRS meets: 80 % single POSTs, 15 % GETs by agent, 5 % state documents.

    Statements are made while they are sent, since those of some minutes would fill the memory; it
    takes a few hundredths of a millisecond each, between two requests.
    """

    lane: Lane

    def exchanges(self) -> Iterator[Exchange]:
        """Make requests for as long as the lane lasts."""
        chance = Random(f"{SEED}/{self.lane.number}/mixed")
        posts = Singles(self.lane, self.lane.length).exchanges()
        pages = AgentPages(self.lane.number).exchanges()
        states = cycle(States(self.lane.number).exchanges())
        while True:
            drawn = chance.random() * (_POSTS + _GETS + _STATES)
            if drawn < _POSTS:
                following = next(posts, None)
                if following is None:
                    return
                yield following
            else:
                yield next(pages) if drawn < _POSTS + _GETS else next(states)


def first_of(source: Source, count: int) -> tuple[Exchange, ...]:
    """Make the first requests of a source."""
    return tuple(islice(source.exchanges(), count))
