"""What a store gives up after a while, and what it must not give up: rules and legal holds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

from lrs.errors import InvalidRequestError
from lrs.people.identifiers import account
from lrs.xapi.keys import Ifi

LONGEST_AGE: Final = 36_500


class RetentionAction(StrEnum):
    """What becomes of the statements that a rule takes."""

    ERASE = "erase"
    ANONYMISE = "anonymise"


class AgeBy(StrEnum):
    """From which moment on a statement gets older."""

    # When it came; nobody but the store says so.
    STORED = "stored"
    # When it happened, as the client has said.
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a statement must be for a rule to take it: all that is set must hold.

    Attributes:
        days: older than so many.
        systems: of which one must have brought it.
        verbs: IRIs of which one must be its verb; `verb_families` are added to them.
        activities: IRIs of which one must be its object or named in its context.
        attribute: name and value that its actor must have had on its day, in UTC. The value is as
            values are kept, once the rule is.
    """

    days: int | None = None
    age_by: AgeBy = AgeBy.STORED
    systems: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    verb_families: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    attribute: tuple[str, Any] | None = None

    def check(self) -> None:
        """Refuse conditions that there are none of: they would take all that a store has.

        Raises:
            InvalidRequestError: nothing is set, or an age is none.
        """
        asked = (self.systems, self.verbs, self.verb_families, self.activities, self.attribute)
        if self.days is None and not any(asked):
            raise InvalidRequestError("a rule without any condition would take all statements")
        if self.days is not None and not 0 < self.days <= LONGEST_AGE:
            raise InvalidRequestError(f"an age is 1 to {LONGEST_AGE} days")

    def as_json(self) -> dict[str, Any]:
        """Return what is kept of them: what is set."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in told.items() if value not in (None, ())}

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> "Conditions":
        """Read what was kept."""
        told: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()
        }
        told["age_by"] = AgeBy(told.get("age_by", AgeBy.STORED))
        return cls(**told)


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """What a legal hold asks of a statement.

    Attributes:
        agents: keys of all whom it names.
        activities: keys of its object and of those that its context names.
        timestamp: when it happened.
    """

    system: str
    agents: frozenset[UUID]
    activities: frozenset[UUID]
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """What must not go: all that is set must hold of a statement.

    Attributes:
        agents: all keys of the identifiers of a person; None is everybody.
        since: happened at this moment or later; `until` is before this one.
    """

    agents: frozenset[UUID] | None = None
    system: str | None = None
    activity: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    def covers(self, statement: StatementFacts) -> bool:
        """Tell whether a statement must not go."""
        is_of_person = self.agents is None or not self.agents.isdisjoint(statement.agents)
        is_of_system = self.system is None or self.system == statement.system
        is_of_course = self.activity is None or self.activity in statement.activities
        return is_of_person and is_of_system and is_of_course and self._has(statement.timestamp)

    def _has(self, moment: datetime) -> bool:
        is_after = self.since is None or moment >= self.since
        return is_after and (self.until is None or moment < self.until)


def is_covered(holds: Sequence[Hold], statement: StatementFacts) -> bool:
    """Tell whether one of these holds keeps a statement."""
    return any(hold.covers(statement) for hold in holds)


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Anonymous Agents of a run: one for each identifier, which nobody can derive afterwards.

    Attributes:
        home_page: of their accounts.
        secret: forgotten when the run is over.
    """

    home_page: str
    secret: bytes

    def instead_of(self, ifi: Ifi) -> Ifi:
        """Return who stands instead of an identifier."""
        text = f"{ifi.type}\n{ifi.value}".encode()
        digest = blake2b(text, key=self.secret, digest_size=16).digest()
        return account(self.home_page, str(UUID(bytes=digest, version=4)))

    def of_all(self, ifis: Collection[Ifi]) -> dict[Ifi, Ifi]:
        """Return who stands instead of each of these."""
        return {ifi: self.instead_of(ifi) for ifi in ifis}
