"""What a figure reports: measurements, the limit measured beside them, and the target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bench.spread import Spread

Unit = Literal["statements/s", "requests/s", "µs", "ms", "s", "MiB", "bytes"]
MILLISECONDS = 1_000


@dataclass(frozen=True, slots=True)
class Target:
    """What a ratio, or where there is no limit the measured value, is to reach."""

    bound: float
    is_most: bool = False

    def __str__(self) -> str:
        """Write it as the issue does."""
        return f"{'<=' if self.is_most else '>='} {self.bound:g}"

    def is_met(self, value: float) -> bool:
        """Tell whether a value reaches it."""
        return value <= self.bound if self.is_most else value >= self.bound


def at_least(bound: float) -> Target:
    """Want this or more."""
    return Target(bound)


def at_most(bound: float) -> Target:
    """Want this or less."""
    return Target(bound, is_most=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        figure: the name by which it is selected.
        label: what was measured.
        unit: of both measurements.
        measured: one value for each round.
        limit: the same of what it is measured beside; empty if there is none.
        beside: what that is.
        target: for the ratio of the two, or for the measured value if there is no limit.
        note: what has to be known to read it.
        details: more figures, for the JSON alone.
        is_detail: whether it stands in the second table, since another row sums it up.
    """

    figure: str
    label: str
    unit: Unit
    measured: Sequence[float]
    limit: Sequence[float] = ()
    beside: str = ""
    target: Target | None = None
    note: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    is_detail: bool = False

    @property
    def ratio(self) -> Spread | None:
        """The ratio of the rounds, each to the limit that was measured right beside it."""
        if not self.limit or not self.measured:
            return None
        pairs = zip(self.measured, self.limit, strict=True)
        return Spread.of([measured / limit for measured, limit in pairs])

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None if there is none, or nothing was measured."""
        if self.target is None or not self.measured:
            return None
        ratio = self.ratio
        return self.target.is_met((ratio or Spread.of(self.measured)).median)
