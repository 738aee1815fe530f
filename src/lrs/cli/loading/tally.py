"""Count what became of the statements of a source."""

from dataclasses import dataclass, field
from time import monotonic

from lrs.cli.loading.sender import SendResult


@dataclass(slots=True)
class Tally:
    """The counts of a run.

    Attributes:
        accepted: statements that the LRS has now.
        stored: those of them that were new, as far as the LRS says so.
        untold: those of them of which the LRS did not say whether they were new.
        refused: statements that the LRS refuses, and places that are no statement.
        unsent: statements that were read and got no answer.
    """

    accepted: int = 0
    stored: int = 0
    untold: int = 0
    refused: int = 0
    unsent: int = 0
    _began: float = field(default_factory=monotonic)

    def add(self, result: SendResult) -> None:
        """Count a batch."""
        self.accepted += result.accepted
        self.stored += result.stored
        self.untold += result.untold
        self.refused += len(result.refusals)
        self.unsent += result.unsent

    @property
    def already_there(self) -> int:
        """How many accepted statements the LRS had before."""
        return max(0, self.accepted - self.untold - self.stored)

    @property
    def seconds(self) -> float:
        """How long the run has taken."""
        return monotonic() - self._began

    @property
    def rate(self) -> float:
        """How many statements a second were accepted."""
        return self.accepted / max(self.seconds, 1e-3)

    def summarise(self) -> str:
        """Say everything in one line."""
        counts = [f"{self.stored:,} stored", f"{self.already_there:,} already there"]
        if self.untold:
            untold = f"{self.untold:,} accepted (the LRS does not say how many of them are new)"
            counts = [untold] if self.untold == self.accepted else [*counts, untold]
        counts.append(f"{self.refused:,} refused")
        if self.unsent:
            counts.append(f"{self.unsent:,} not sent")
        read = self.accepted + self.refused + self.unsent
        speed = f"{self.seconds:.1f} s, {self.rate:,.0f} statements/s"
        return f"{read:,} read: {', '.join(counts)}. {speed}"
