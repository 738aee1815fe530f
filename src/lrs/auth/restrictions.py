"""Which part of a store a principal may see, and where that is decided: nowhere else."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Restriction:
    """What a statement must be for a principal to see it: all that is set must hold.

    It holds for the statement itself: not for one that it refers to.

    Attributes:
        authority: the key of the Agent that must be its authority (`statements/read/mine`).
        credentials: the numbers of those of which one must have brought it, since they are the
            ones whose authority that Agent is.
        agents: the keys of those of whom one must be its actor.
        activities: the keys of those of which one must be its object or named besides it: in its
            context, or in a SubStatement.
        frozen: the keys of those whom it must not name, but as its authority: the processing of
            their data is restricted.
    """

    authority: UUID | None = None
    credentials: frozenset[int] | None = None
    agents: frozenset[UUID] | None = None
    activities: frozenset[UUID] | None = None
    frozen: frozenset[UUID] | None = None


NOTHING_HIDDEN = Restriction()


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody may see at most, as it was granted.

    Attributes:
        agents: each an Agent as JSON text; None is everybody.
        activities: IRIs; None is all.
        teams: names of teams, whose members of the day may be seen, and `agents` beside them; None
            is no team.
    """

    agents: tuple[str, ...] | None = None
    activities: tuple[str, ...] | None = None
    teams: tuple[str, ...] | None = None

    @property
    def is_of_some(self) -> bool:
        """Whether it names whom it is limited to, one by one or by their teams."""
        return self.agents is not None or self.teams is not None

    @classmethod
    def of(
        cls,
        agents: Sequence[str] | None,
        activities: Sequence[str] | None,
        teams: Sequence[str] | None = None,
    ) -> "Grant":
        """Make it of lists."""
        return cls(
            None if agents is None else tuple(agents),
            None if activities is None else tuple(activities),
            None if teams is None else tuple(teams),
        )


EVERYTHING = Grant()
