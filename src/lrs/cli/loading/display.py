"""Show how far the loading has come: a bar on a terminal, now and then a line elsewhere."""

from time import monotonic
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from lrs.cli.loading.source import Source
from lrs.cli.loading.tally import Tally

_SECONDS_BETWEEN_LINES = 10.0


class Display(Protocol):
    """What the person in front of it sees while statements are loaded."""

    def __enter__(self) -> Self:
        """Begin to show something."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the screen tidy."""
        ...

    def update(self) -> None:
        """Show the counts as they are now."""
        ...

    def note(self, text: str) -> None:
        """Say something, such as why loading is waiting."""
        ...


def choose_display(console: Console, source: Source, tally: Tally) -> Display:
    """Give the display that suits where the output goes."""
    if console.is_terminal:
        return BarDisplay(console, source, tally)
    return LineDisplay(console, source, tally)


class BarDisplay:
    """A bar with bytes read, statements, rate and time left."""

    def __init__(self, console: Console, source: Source, tally: Tally) -> None:
        self._source = source
        self._tally = tally
        self._progress = Progress(
            TextColumn("Loading"),
            BarColumn(),
            DownloadColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("", total=source.size)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def update(self) -> None:
        """Move the bar."""
        self._progress.update(
            self._task,
            completed=self._source.position,
            description=f"{self._tally.accepted:,} statements, {self._tally.rate:,.0f}/s",
        )

    def note(self, text: str) -> None:
        """Write a line above the bar."""
        self._progress.console.print(text, markup=False, highlight=False)


class LineDisplay:
    """A line every few seconds, for logs."""

    def __init__(self, console: Console, source: Source, tally: Tally) -> None:
        self._console = console
        self._source = source
        self._tally = tally
        self._shown = monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave nothing behind."""

    def update(self) -> None:
        """Write a line if the last one is old enough."""
        if monotonic() - self._shown < _SECONDS_BETWEEN_LINES:
            return
        self._shown = monotonic()
        of_size = "" if self._source.size is None else f" of {decimal(self._source.size)}"
        self.note(
            f"{decimal(self._source.position)}{of_size} read,"
            f" {self._tally.accepted:,} statements, {self._tally.rate:,.0f}/s"
        )

    def note(self, text: str) -> None:
        """Write a line."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
