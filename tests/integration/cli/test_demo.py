"""A small demo from end to end: six systems post to an LRS, tables are read back."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import typer
from typer.testing import CliRunner, Result

from lrs.cli.credentials import credential
from lrs.cli.database import server_key
from lrs.cli.demo.access import all_access
from lrs.cli.demo.command import demo
from lrs.cli.demo.credentials import ensure_credentials
from lrs.cli.demo.instance import running_instance
from lrs.cli.demo.systems import SYSTEMS
from lrs.cli.reporting import ReportingGroup
from lrs.settings import load_settings

SECRET = "open sesame"
SMALL = ["--learners", "8", "--days", "45"]
TINY = ["--learners", "3", "--days", "7", "--seed", "1"]

app = typer.Typer(cls=ReportingGroup)
app.command()(demo)


@app.callback()
def lrs() -> None:
    """Make `demo` a command among possible others, as it is in `lrs`."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An LRS that runs on the data directory of these tests."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LRS_DATA_DIR", str(tmp_path_factory.mktemp("demo") / "data"))
        environment.setenv("COLUMNS", "160")
        environment.delenv("LRS_DATABASE_URL", raising=False)
        settings = load_settings()
        ensure_credentials(settings, all_access(server_key(settings)))
        with running_instance(settings) as address:
            yield address


def run_demo(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["demo", *arguments])


def posted(outcome: Result) -> list[tuple[int, ...]]:
    """Read how many were stored, already there and refused, system by system."""
    assert outcome.exit_code == 0, outcome.output
    lines = [line.split() for line in outcome.output.splitlines()]
    names = {system.name for system in SYSTEMS}
    rows = [line[2:] for line in lines if len(line) == 5 and line[0] in names]
    return [tuple(int(cell.replace(",", "")) for cell in row) for row in rows]


def tables(outcome: Result) -> str:
    return outcome.output.partition("Use per system and week")[2]


def children() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


@pytest.mark.usefixtures("address")
def test_the_demo_fills_its_tables_and_a_second_run_changes_nothing() -> None:
    first = run_demo(*SMALL)
    assert len(posted(first)) == len(SYSTEMS)
    assert all(stored > 0 and rest == [0, 0] for stored, *rest in posted(first))
    assert all(system.name in tables(first) for system in SYSTEMS)
    for expected in ("Completion rate", "100%", "★", "Working safely", "History of"):
        assert expected in tables(first)

    second = run_demo(*SMALL)
    assert posted(second) == [(0, stored, 0) for stored, *_ in posted(first)]
    assert tables(second) == tables(first)


def test_a_given_lrs_gets_everything_under_one_credential(address: str) -> None:
    words = ["--label", "All", "--system", "All", "--key", "all", "--secret", SECRET]
    scopes = ["--scope", "all", "--scope", "analytics/personal"]
    assert CliRunner().invoke(credential, ["create", *words, *scopes]).exit_code == 0
    outcome = run_demo(*TINY, "--to", f"{address}/xapi/", "--key", "all", "--secret", SECRET)
    assert "cannot be told apart" in outcome.output
    assert sum(stored for stored, *_ in posted(outcome)) > 0


def test_a_refused_credential_is_said_in_one_line(address: str) -> None:
    outcome = run_demo(*TINY, "--to", f"{address}/xapi", "--key", "demo-report", "--secret", "no")
    assert outcome.exit_code == 1
    assert "refuses the key 'demo-report'" in outcome.output
    assert "Traceback" not in outcome.output


def test_an_lrs_that_was_started_for_the_demo_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRS_DATA_DIR", str(tmp_path / "data"))
    before = children()
    assert sum(stored for stored, *_ in posted(run_demo(*TINY))) > 0
    assert children() <= before


def test_an_lrs_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a directory")
    monkeypatch.setenv("LRS_DATA_DIR", str(tmp_path / "file"))
    outcome = run_demo(*TINY)
    assert outcome.exit_code == 1
    assert "LRS_DATA_DIR" in outcome.output
