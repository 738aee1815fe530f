"""What the documents name exists, and they are as short and as complete as they should be."""

import re
from pathlib import Path

import pytest

from architecture.source_files import PACKAGE, ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))

_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)(?:#[^)]*)?\)")
_FILE = re.compile(
    r"`(\w[\w./-]*\.(?:py|md|json|toml))(?:(?:::|: )(\w+))?`", re.ASCII | re.MULTILINE
)
_FOLDER = re.compile(r"`((?:docs|openapi|migrations|src|tests)(?:/[\w-]+)+)/?`")
# Where a path in a document may begin.
_STARTS = (ROOT, PACKAGE, ROOT / "tests")
_MOST_LINES = {"README.md": 150, "docs/architecture.md": 250}
_MOST_LINES_OF_A_DECISION = 40
_PARTS_OF_A_DECISION = ["Context", "Decision", "Consequences", "Alternatives"]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
each_decision = pytest.mark.parametrize("decision", DECISIONS, ids=name_of)


def meant(path: str, document: Path) -> Path | None:
    """Return the file that a document means: by its path, or by its bare name in the package."""
    places = [start / path for start in (*_STARTS, document.parent)]
    if "/" not in path:
        places += PACKAGE.rglob(path)
    return next((place for place in places if place.exists()), None)


@each_document
def test_links_lead_somewhere(document: Path) -> None:
    links = _LINK.findall(text_of(document))
    assert [link for link in links if not (document.parent / link).exists()] == []


@each_document
def test_files_that_are_named_exist_and_hold_what_is_said(document: Path) -> None:
    missing = []
    for path, name in _FILE.findall(text_of(document)):
        file = meant(path, document)
        is_there = file is not None and (not name or f"def {name}(" in text_of(file))
        if not is_there:
            missing.append((path, name))
    assert missing == []


@each_document
def test_folders_that_are_named_exist(document: Path) -> None:
    folders = _FOLDER.findall(text_of(document))
    assert [folder for folder in folders if not list(ROOT.glob(f"{folder}*"))] == []


@each_document
def test_no_machine_is_named(document: Path) -> None:
    assert re.findall(r"(?:/work|/home|/root)/\S*", text_of(document)) == []


@pytest.mark.parametrize(("document", "most"), _MOST_LINES.items())
def test_a_document_is_no_longer_than_it_is_read(document: str, most: int) -> None:
    assert len(text_of(ROOT / document).splitlines()) <= most


def test_the_architecture_names_every_room() -> None:
    rooms = [
        room.name if room.is_file() else f"{room.name}/"
        for room in PACKAGE.iterdir()
        if room.suffix == ".py" or (room / "__init__.py").exists()
    ]
    table = text_of(ROOT / "docs" / "architecture.md")
    unnamed = [room for room in rooms if f"| `{room}` |" not in table]
    assert unnamed == ["__init__.py"]


@each_decision
def test_a_decision_is_short_and_has_its_parts(decision: Path) -> None:
    text = text_of(decision)
    assert len(text.splitlines()) <= _MOST_LINES_OF_A_DECISION
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == _PARTS_OF_A_DECISION


def test_decisions_are_numbered_without_a_gap() -> None:
    written = [text_of(decision).partition(":")[0] for decision in DECISIONS]
    assert written == [f"# {number:04}" for number in range(1, len(DECISIONS) + 1)]
    assert [decision.name[:4] for decision in DECISIONS] == [it[2:] for it in written]
