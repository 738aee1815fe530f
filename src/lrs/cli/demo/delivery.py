"""Sending the story: each system posts its own statements, in the order of time."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lrs.cli.demo.access import Access
from lrs.cli.demo.diary import Entry
from lrs.cli.demo.systems import SYSTEMS, System
from lrs.cli.loading.sender import SendingStoppedError, StatementSender
from lrs.cli.loading.tally import Tally

_BATCH = 250


def by_system(entries: Sequence[Entry]) -> dict[System, list[bytes]]:
    """Return the texts of the statements under the system that sends them."""
    texts: dict[System, list[bytes]] = {system: [] for system in SYSTEMS}
    for entry in entries:
        text = json.dumps(entry.statement, ensure_ascii=False, separators=(",", ":"))
        texts[entry.system].append(text.encode())
    return texts


async def deliver(
    endpoint: str, texts: Mapping[System, Sequence[bytes]], access: Mapping[System, Access]
) -> dict[System, Tally]:
    """Post the statements of all systems at once and return what became of them.

    Raises:
        SendingStoppedError: the LRS refuses a credential, is none, or does not answer.
    """
    tallies = {system: Tally() for system in texts}
    with _progress() as progress:
        senders = [
            _send(endpoint, access[system], texts[system], tallies[system], progress, system.name)
            for system in texts
        ]
        await asyncio.gather(*senders)
    return tallies


async def _send(
    endpoint: str,
    access: Access,
    texts: Sequence[bytes],
    tally: Tally,
    progress: Progress,
    name: str,
) -> None:
    task = progress.add_task(name, total=len(texts))
    say = partial(progress.console.print, markup=False)
    async with StatementSender(endpoint, access.key, access.secret, on_wait=say) as sender:
        for batch in _batches(texts):
            result = await sender.send(batch)
            if result.failure is not None:
                raise SendingStoppedError(result.failure)
            tally.add(result)
            for refusal in result.refusals[:1]:
                say(f"{name}: {refusal.reason}")
            progress.advance(task, len(batch))


def _batches(texts: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(texts), _BATCH):
        yield texts[start : start + _BATCH]


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:<13}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
