from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lrs.cli.loading.batches import Batch, Batcher
from lrs.cli.loading.loader import Loader
from lrs.cli.loading.refusal_report import RefusalReport
from lrs.cli.loading.sender import Patience, StatementSender
from lrs.cli.loading.statement_scanner import Piece
from lrs.cli.loading.tally import Tally
from stand_in_lrs import Answer, StandInLRS, a_batch


async def batches_of(length: int, *batches: list[bytes]) -> AsyncIterator[Batch]:
    batcher = Batcher(length)
    for texts in batches:
        for text in texts:
            for batch in batcher.add(Piece(0, text)):
                yield batch


@pytest.fixture
def loader(sender: StatementSender, tmp_path: Path) -> Loader:
    return Loader(sender, RefusalReport(tmp_path / "report"), Tally(), lambda: None)


async def test_a_batch_that_cannot_be_sent_does_not_keep_the_others_back(
    lrs: StandInLRS, loader: Loader, quick: Patience
) -> None:
    lrs.next_answers.extend([Answer(500)] * quick.attempts)
    await loader.load(batches_of(10, a_batch(50)), 1)
    assert (loader.tally.accepted, loader.tally.unsent, loader.stopped_by) == (40, 10, None)


async def test_three_batches_in_a_row_that_cannot_be_sent_end_it(
    lrs: StandInLRS, loader: Loader, quick: Patience
) -> None:
    lrs.only_answer = Answer(0)
    await loader.load(batches_of(10, a_batch(1000)), 1)
    assert len(lrs.bodies) == 3 * quick.attempts
    assert "no answer from" in str(loader.stopped_by)
    assert 30 <= loader.tally.unsent <= 60


async def test_a_report_that_cannot_be_written_ends_it(
    sender: StatementSender, tmp_path: Path
) -> None:
    report = RefusalReport(tmp_path / "missing" / "report")
    loader = Loader(sender, report, Tally(), lambda: None)
    await loader.load(batches_of(1, a_batch(100, bad=[0])), 2)
    assert isinstance(loader.stopped_by, FileNotFoundError)
