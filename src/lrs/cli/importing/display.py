"""How far an import has come: a bar on a terminal, now and then a line elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from lrs.services.import_runs import Progress as Watching
from lrs.services.import_runs import Stage

_TEXTS: Final = {
    Stage.READING: "rows read",
    Stage.PEOPLE: "people",
    Stage.MANAGERS: "managers",
}
_SECONDS_BETWEEN_LINES: Final = 10.0


@contextmanager
def watched(console: Console) -> Iterator[Watching]:
    """Give what shows how far the import has come."""
    if not console.is_terminal:
        yield _Lines(console).show
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)

        def show(stage: Stage, done: int, total: int | None) -> None:
            of = "" if total is None else f" of {total:,}"
            text = f"{done:,}{of} {_TEXTS[stage]}"
            progress.update(task, description=text, completed=done, total=total)

        yield show


class _Lines:
    """A line every few seconds, for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown = monotonic()

    def show(self, stage: Stage, done: int, total: int | None) -> None:
        """Write a line if the last one is old enough."""
        if monotonic() - self._shown >= _SECONDS_BETWEEN_LINES:
            self._shown = monotonic()
            of = "" if total is None else f" of {total:,}"
            self._console.print(f"{done:,}{of} {_TEXTS[stage]}", highlight=False)
