import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from lrs.cli.demo.command import demo
from lrs.cli.demo.systems import SYSTEMS

app = typer.Typer()
app.command()(demo)
TINY = ["--learners", "5", "--days", "10", "--until", "2026-06-30"]


def test_output_writes_a_file_of_lines_for_each_system(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(app, [*TINY, "--output", str(tmp_path / "story")])
    assert outcome.exit_code == 0
    files = sorted((tmp_path / "story").iterdir())
    lists = [file for file in files if file.suffix == ".ndjson"]
    assert [file.name for file in lists] == sorted(f"{s.name.lower()}.ndjson" for s in SYSTEMS)
    for file in lists:
        moments = [json.loads(line)["timestamp"] for line in file.read_text().splitlines()]
        assert all("2026-06-2" in moment or "2026-06-30" in moment for moment in moments)


def test_the_same_options_write_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        CliRunner().invoke(app, [*TINY, "--output", str(tmp_path / name)])
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "other" / file.name).read_bytes()


def test_a_foreign_lrs_needs_a_credential() -> None:
    outcome = CliRunner().invoke(app, [*TINY, "--to", "http://127.0.0.1:1/xapi"])
    assert outcome.exit_code == 2
    assert "--key and --secret" in outcome.output
