"""Make batches of the statements of a source, and set aside what cannot be a statement."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace

from lrs.cli.loading.source import Source
from lrs.cli.loading.statement_scanner import LONGEST_SAMPLE, Piece, StatementScanner
from lrs.cli.loading.statement_text import MalformedTextError, MissingIds, has_id

LARGEST_BATCH = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LoadedStatement:
    """One statement of the source.

    Attributes:
        index: its place in the source, counted from 0.
        offset: where it begins, in bytes of the unpacked source.
        text: as it stands in the source.
        outgoing: as it is sent, with an id.
    """

    index: int
    offset: int
    text: bytes
    outgoing: bytes


@dataclass(frozen=True, slots=True)
class Flaw:
    """A place of the source that cannot be read as a statement."""

    index: int
    offset: int
    reason: str
    text: bytes


@dataclass(slots=True)
class Batch:
    """Statements that are sent together, and the flaws found between them."""

    statements: list[LoadedStatement] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    size: int = 0


class Batcher:
    """Fills batches up to a number of statements and a number of bytes."""

    def __init__(self, length: int, largest: int = LARGEST_BATCH) -> None:
        self._length = length
        self._largest = largest
        self._batch = Batch()
        self._next_index = 0
        self._missing_ids = MissingIds()

    def add(self, piece: Piece) -> Iterator[Batch]:
        """Take the next piece of the source.

        Yields:
            The batch before it, if this one does not fit in, and the one that it fills.
        """
        index = self._next_index
        self._next_index += 1
        try:
            statement = self._judge(piece, index)
        except MalformedTextError as error:
            text = piece.text[:LONGEST_SAMPLE]
            self._batch.flaws.append(Flaw(index, piece.offset, str(error), text))
        else:
            if self._batch.size + len(statement.outgoing) > self._largest:
                yield from self.flush()
            self._batch.statements.append(statement)
            self._batch.size += len(statement.outgoing)
        if len(self._batch.statements) + len(self._batch.flaws) >= self._length:
            yield from self.flush()

    def flush(self) -> Iterator[Batch]:
        """Give the batch that is being filled, unless there is nothing in it."""
        if self._batch.statements or self._batch.flaws:
            yield self._batch
        self._batch = Batch()

    def _judge(self, piece: Piece, index: int) -> LoadedStatement:
        if piece.flaw is not None:
            raise MalformedTextError(piece.flaw)
        text = piece.text
        outgoing = text if has_id(text) else self._missing_ids.complete(text)
        return LoadedStatement(index, piece.offset, text, outgoing)


async def read_batches(source: Source, length: int) -> AsyncIterator[Batch]:
    """Read a source to its end.

    Yields:
        Its statements in their order, at most `length` at a time.
    """
    scanner = StatementScanner()
    batcher = Batcher(length)
    async for chunk in source.chunks():
        for piece in scanner.feed(chunk):
            for batch in batcher.add(piece):
                yield batch
    for piece in _leftovers(scanner, source):
        for batch in batcher.add(piece):
            yield batch
    for batch in batcher.flush():
        yield batch


def _leftovers(scanner: StatementScanner, source: Source) -> Iterator[Piece]:
    """End the scan; where the source is damaged, that is the reason of the last flaw."""
    leftovers = list(scanner.finish())
    if source.damage is not None:
        last = leftovers.pop() if leftovers else Piece(source.offset, b"")
        leftovers.append(replace(last, flaw=f"{source.damage} at byte {source.offset}"))
    yield from leftovers
