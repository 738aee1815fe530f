"""Send the batches of a source over several connections and keep count."""

import asyncio
from collections.abc import AsyncIterator, Callable

from lrs.cli.loading.batches import Batch
from lrs.cli.loading.refusal_report import RefusalReport
from lrs.cli.loading.sender import SendingStoppedError, SendResult, StatementSender
from lrs.cli.loading.tally import Tally

_HOPELESS = 3


class Loader:
    """Sends batches in their order, as far as several connections allow.

    With one connection the order of the source is kept exactly. At most one batch waits for a
    free connection, so memory is bounded by the connections and not by the source.

    Attributes:
        tally: the counts so far.
        stopped_by: what ended the loading early, or None.
    """

    def __init__(
        self,
        sender: StatementSender,
        report: RefusalReport,
        tally: Tally,
        on_progress: Callable[[], None],
    ) -> None:
        self.tally = tally
        self.stopped_by: Exception | None = None
        self._sender = sender
        self._report = report
        self._on_progress = on_progress
        self._failures_in_a_row = 0

    async def load(self, batches: AsyncIterator[Batch], connections: int) -> None:
        """Send everything, or as much as can be sent."""
        queue: asyncio.Queue[Batch | None] = asyncio.Queue(maxsize=1)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(connections):
                tasks.create_task(self._send_from(queue))
            await self._read_into(queue, batches)
            for _ in range(connections):
                await queue.put(None)

    async def _read_into(
        self, queue: asyncio.Queue[Batch | None], batches: AsyncIterator[Batch]
    ) -> None:
        try:
            async for batch in batches:
                await queue.put(batch)
                if self.stopped_by is not None:
                    return
        except OSError as error:
            self.stopped_by = error

    async def _send_from(self, queue: asyncio.Queue[Batch | None]) -> None:
        while (batch := await queue.get()) is not None:
            if self.stopped_by is not None:
                self.tally.unsent += len(batch.statements)
                continue
            try:
                await self._send(batch)
            except (SendingStoppedError, OSError) as error:
                self.tally.unsent += len(batch.statements)
                self.stopped_by = error
            self._on_progress()

    async def _send(self, batch: Batch) -> None:
        for flaw in batch.flaws:
            self._report.add(flaw.index, flaw.offset, None, flaw.reason, flaw.text)
        self.tally.refused += len(batch.flaws)
        result = await self._sender.send([statement.outgoing for statement in batch.statements])
        self.tally.add(result)
        for refusal in result.refusals:
            refused = batch.statements[refusal.position]
            self._report.add(
                refused.index, refused.offset, refusal.status, refusal.reason, refused.text
            )
        self._watch_for_hopelessness(result)

    def _watch_for_hopelessness(self, result: SendResult) -> None:
        if result.failure is None:
            self._failures_in_a_row = 0
            return
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= _HOPELESS:
            self.stopped_by = ConnectionError(result.failure)
