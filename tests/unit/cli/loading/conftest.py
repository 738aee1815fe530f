from collections.abc import AsyncIterator, Iterator

import pytest

from lrs.cli.loading.sender import Patience, StatementSender
from stand_in_lrs import KEY, SECRET, StandInLRS, running_lrs


@pytest.fixture
def lrs() -> Iterator[StandInLRS]:
    with running_lrs() as stand_in:
        yield stand_in


@pytest.fixture
def quick() -> Patience:
    return Patience(attempts=3, first_wait=0.001)


@pytest.fixture
async def sender(lrs: StandInLRS, quick: Patience) -> AsyncIterator[StatementSender]:
    async with StatementSender(lrs.endpoint + "/", KEY, SECRET, patience=quick) as sender:
        yield sender
