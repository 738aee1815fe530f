"""`lrs people import`: a file into a store, from the command line."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from conftest import SERVER_KEY
from lrs.cli import app

LIST = """Personalnummer;Name;E-Mail;Abteilung
P-1;Anna Berger;anna@firma.example;IT
P-2;=HYPERLINK("http://evil.example");bert@firma.example;IT
P-3;Carla Groß;carla@firma.example;IT
"""
GOOD = [{"personnel_number": "P-1", "name": "Anna", "attributes": {"department": "IT"}}]


@pytest.fixture
def store(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LRS_DATABASE_URL", database_url)
    monkeypatch.setenv("LRS_SERVER_KEY", SERVER_KEY)
    name = f"store-{uuid4().hex}"
    assert CliRunner().invoke(app, ["store", "create", name]).exit_code == 0
    return name


def bring(store: str, file: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["people", "import", str(file), "--store", store, *words])


def test_a_list_is_taken_but_for_its_bad_rows_which_are_told(store: str, tmp_path: Path) -> None:
    file, report = tmp_path / "people.csv", tmp_path / "report.ndjson"
    file.write_text(LIST.replace('"', '""').replace("=HYP", '"=HYP').replace(";bert", '";bert'))
    outcome = bring(store, file, "--dry-run", "--as-of", "2026-09-01", "--report", str(report))
    assert outcome.exit_code == 1, outcome.output
    assert "2 would be created" in outcome.output
    assert "refused: row 3, Name (P-2): begins with '=', which spreadsheets run" in outcome.output
    assert "Nothing was changed: this was a dry run." in outcome.output
    kinds = [json.loads(line)["kind"] for line in report.read_text().splitlines()]
    assert sorted(kinds) == ["created", "created", "refused"]

    assert "2 created" in bring(store, file).output
    again = bring(store, file)
    assert "Nothing has changed: the store knew all of it already." in again.output


def test_json_is_taken_as_an_array_or_line_by_line(store: str, tmp_path: Path) -> None:
    file = tmp_path / "people.json"
    file.write_text(json.dumps(GOOD, indent=2))
    outcome = bring(store, file)
    assert (outcome.exit_code, "1 created" in outcome.output) == (0, True), outcome.output
    file.write_text("\n".join(map(json.dumps, GOOD * 1 + [{"mail": "b@firma.example"}])))
    outcome = bring(store, file)
    assert "1 created" in outcome.output
    assert "1 unchanged" in outcome.output


def test_a_mapping_says_what_columns_are(store: str, tmp_path: Path) -> None:
    file, mapping = tmp_path / "people.csv", tmp_path / "mapping.json"
    file.write_text("Nr\tKst\nP-1\t12,50\n")
    mapping.write_text(
        '{"columns": {"Nr": "personnel_number", "Kst": "attribute:cost_centre"},'
        ' "types": {"cost_centre": "number"}}'
    )
    outcome = bring(store, file, "--mapping", str(mapping), "--separator", "tab")
    assert "cost_centre (number)" in outcome.output, outcome.output


@pytest.mark.parametrize(
    ("content", "words", "expected"),
    [
        (b"Name\nAnna\n", (), "no column is the personnel number"),
        (b"E-Mail\n\0\n", (), "NUL bytes"),
        (LIST.encode(), ("--separator", "dot"), "comma, semicolon or tab"),
        (LIST.encode(), ("--mapping", "people.csv"), "the mapping is not valid"),
        (LIST.encode(), ("--report", "people.csv"), "this is the list itself"),
        (LIST.encode(), ("--as-of", "yesterday"), "yesterday"),
    ],
)
def test_what_cannot_begin_says_why_and_ends_with_2(
    store: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    words: tuple[str, ...],
    expected: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    Path("people.csv").write_bytes(content)
    outcome = bring(store, Path("people.csv"), *words)
    assert outcome.exit_code == 2
    assert expected in outcome.output
    assert Path("people.csv").read_bytes() == content


def test_a_store_that_is_not_there_is_told(store: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(LIST)
    outcome = bring(f"{store}-not", file)
    assert outcome.exit_code == 1
    assert f"{store}-not" in outcome.output
