import io
from pathlib import Path

import pytest
from rich.console import Console

from lrs.cli.loading import display as displays
from lrs.cli.loading.display import choose_display
from lrs.cli.loading.sender import SendResult
from lrs.cli.loading.source import Source
from lrs.cli.loading.tally import Tally


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "statements.json"
    path.write_bytes(b"x" * 2500)
    return path


async def show(file: Path, *, is_terminal: bool) -> str:
    console = Console(file=io.StringIO(), force_terminal=is_terminal, width=120)
    tally = Tally()
    with Source(file) as source, choose_display(console, source, tally) as display:
        async for _ in source.chunks():
            tally.add(SendResult(accepted=1500, stored=1500))
        display.update()
        display.note("[the LRS] is busy")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


async def test_a_terminal_sees_a_bar_with_bytes_statements_and_rate(file: Path) -> None:
    shown = await show(file, is_terminal=True)
    assert "2.5/2.5 kB" in shown
    assert "1,500 statements" in shown
    assert "[the LRS] is busy" in shown


async def test_a_log_gets_only_notes_at_first(file: Path) -> None:
    assert await show(file, is_terminal=False) == "[the LRS] is busy\n"


async def test_a_log_gets_a_plain_line_now_and_then(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(displays, "_SECONDS_BETWEEN_LINES", 0.0)
    shown = await show(file, is_terminal=False)
    assert shown.startswith("2.5 kB of 2.5 kB read, 1,500 statements, ")
    assert "\x1b" not in shown
