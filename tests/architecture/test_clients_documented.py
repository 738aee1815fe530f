"""docs/clients.md names every leniency and the clients that need it, and no other."""

import re

import pytest

from architecture.source_files import ROOT
from lrs.xapi.leniencies import Leniency, Mode

_TEXT = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| `(\S+)` \|$", re.MULTILINE)
_ACCEPTED_OR_NOT = {"always", "never"}


def accepted() -> list[str]:
    """Return what the third column says, row by row."""
    return [column for _, _, column, _, _ in _ROW.findall(_TEXT)]


def test_every_leniency_has_a_client_and_every_rule_that_is_named_is_one() -> None:
    rules = {column for column in accepted() if column not in _ACCEPTED_OR_NOT}
    assert rules == {f"`{leniency.value}`" for leniency in Leniency}


def test_every_row_says_who_sends_what_what_becomes_of_it_and_what_shows_it() -> None:
    table = _TEXT.partition("\n## The clients\n")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == len(accepted()) > len(Leniency)


@pytest.mark.parametrize("test", sorted({row[4] for row in _ROW.findall(_TEXT)}))
def test_what_shows_it_exists(test: str) -> None:
    file, _, name = test.partition("::")
    assert f"def {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8")


def test_both_modes_are_explained() -> None:
    assert all(f"`{mode.value}`" in _TEXT for mode in Mode)
