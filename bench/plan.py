"""How much a run measures, and for how long."""

from dataclasses import dataclass

# Positions of lanes and batches are whole blocks of so many statements.
BLOCK = 1_000
SEED = 20_260_101


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The size of a run; times are seconds.

    Attributes:
        statements: in the large store.
        small: in the small store, which pages are compared with.
        references: share of StatementRefs in both stores.
        written_references: share of them among what is written while it is measured.
        rounds: how often each figure and its limit take turns.
        seconds: of one round under load.
        requests: of one round of single requests, one after the other.
        chunk: statements of one round of batches.
        mixed: how long the mixed load goes on.
        steady: how long the load goes on before the memory is read.
        large_body: bytes of the largest batch.
        pages: how far the walk through `more` goes.
    """

    statements: int
    small: int = 20_000
    references: float = 0.4
    written_references: float = 0.1
    rounds: int = 4
    seconds: float = 2.0
    requests: int = 40
    chunk: int = 10_000
    mixed: float = 30.0
    steady: float = 30.0
    large_body: int = 100_000_000
    pages: int = 1_000

    @property
    def checkpoints(self) -> list[int]:
        """The sizes of the large store at which pages and sums are measured for the plots."""
        shares = (self.statements * share // 100 for share in (10, 25, 50, 100))
        sizes = {max(2 * BLOCK, size - size % (2 * BLOCK)) for size in shares}
        return sorted(sizes | {self.small})


def quick(statements: int) -> Plan:
    """Plan a run of a minute or two, whose figures only show that each can be measured."""
    return Plan(
        statements=statements,
        small=4_000,
        rounds=2,
        seconds=0.7,
        requests=10,
        chunk=2_000,
        mixed=4.0,
        steady=4.0,
        large_body=5_000_000,
        pages=100,
    )


def usual(statements: int) -> Plan:
    """Plan a run of less than ten minutes at 200,000 statements."""
    return Plan(statements=statements)


def long(statements: int) -> Plan:
    """Plan a run with the loads of five and ten minutes that the targets name."""
    return Plan(
        statements=statements,
        rounds=5,
        seconds=5.0,
        requests=100,
        chunk=20_000,
        mixed=300.0,
        steady=600.0,
    )
