"""`lrs credential`: what is said on the command line is what is kept."""

import re
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from conftest import SERVER_KEY
from lrs.cli import app

SYSTEM = ("--label", "Nightly sync", "--system", "Moodle", "--system-kind", "LMS")


@pytest.fixture(autouse=True)
def environment(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRS_DATABASE_URL", database_url)
    monkeypatch.setenv("LRS_SERVER_KEY", SERVER_KEY)


@pytest.fixture
def store() -> str:
    return f"store-{uuid4().hex}"


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["credential", *words])


def create(store: str, *words: str) -> str:
    """Make a credential and return its key."""
    outcome = run("create", *SYSTEM, "--store", store, *words)
    assert outcome.exit_code == 0, outcome.output
    found = re.search(r"^key     (\S+)\nsecret  \S{43,}$", outcome.stdout, re.MULTILINE)
    assert found, outcome.stdout
    return found[1]


def row(store: str, key: str) -> list[str]:
    """Return the cells of a credential in the list."""
    outcome = run("list", "--store", store)
    assert outcome.exit_code == 0, outcome.output
    (line,) = [line for line in outcome.stdout.splitlines() if key in line]
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_the_list_shows_scopes_and_when_it_ends(store: str) -> None:
    scopes = ("--scope", "state", "--scope", "analytics/read")
    key = create(store, *scopes, "--expires", "2999-01-31T18:00+01:00")
    cells = row(store, key)
    assert cells[:6] == [key, "Nightly sync", "Moodle", "LMS", store, "analytics/read, state"]
    assert cells[7:] == ["2999-01-31 17:00", ""]


def test_without_scopes_the_default_is_shown(store: str) -> None:
    assert row(store, create(store))[5] == "statements/read/mine, statements/write"


def test_what_is_changed_is_shown_and_the_rest_stays(store: str) -> None:
    key = create(store, "--origin", "https://a.example", "--expires", "2999-01-31")
    outcome = run("change", key, "--scope", "all", "--label", "Weekly sync", "--expires", "never")
    assert (outcome.exit_code, outcome.stdout) == (0, f"{key} is changed\n")
    cells = row(store, key)
    assert (cells[1], cells[2], cells[5], cells[7]) == ("Weekly sync", "Moodle", "all", "")
    assert run("change", key, "--origin", "any", "--network", "any").exit_code == 0


def test_a_rotated_secret_is_shown_once(store: str) -> None:
    key = create(store)
    outcome = run("rotate", key, "--overlap", "3600")
    assert outcome.exit_code == 0
    assert re.search(rf"^key     {key}\nsecret  \S{{43,}}$", outcome.stdout, re.MULTILINE)


def test_a_revoked_credential_cannot_be_changed(store: str) -> None:
    key = create(store)
    assert run("revoke", key).stdout == f"{key} is revoked\n"
    assert row(store, key)[8] != ""
    for words in (("revoke", key), ("rotate", key), ("change", key, "--label", "x")):
        outcome = run(*words)
        assert outcome.exit_code == 1
        assert "no valid credential" in outcome.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--scope", "everything"], "everything"),
        (["--expires", "tomorrow"], "no moment"),
        (["--expires", "2000-01-01"], "in the future"),
        (["--origin", "https://a.example/path"], "no origin"),
        (["--network", "everywhere"], "neither an address nor a network"),
        (["--authority", "{}"], "mbox"),
        (["--key", "a:b"], "colon"),
        (["--key", ""], "1 to 200"),
        (["--secret", "lrs_launch_x"], "launch tokens"),
        (["--label", "a\nb"], "control characters"),
    ],
)
def test_what_cannot_be_meant_is_told_in_a_line(store: str, words: list[str], said: str) -> None:
    outcome = run("create", *SYSTEM, "--store", store, *words)
    assert outcome.exit_code in {1, 2}
    assert said in re.sub(r"[\s│]+", " ", outcome.output)
    assert "Traceback" not in outcome.output


def test_a_change_of_nothing_is_told(store: str) -> None:
    outcome = run("change", create(store))
    assert outcome.exit_code == 2
