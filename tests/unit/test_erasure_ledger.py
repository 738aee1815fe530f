"""The ledger of erasures has each that began, whatever its writer was killed at."""

import stat
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from lrs.errors import StartError
from lrs.storage.erasure_ledger import Ledger, LedgerEntry, LedgerIdentifier


def entry(erasure: UUID | None = None) -> LedgerEntry:
    return LedgerEntry(
        at=datetime.now(UTC),
        store="default",
        erasure=erasure or uuid4(),
        mode="erase",
        on_return="refuse",
        identifiers=(LedgerIdentifier("00", "https://lrs.example/anonymous 1"),),
    )


def test_what_was_added_is_read_again(tmp_path: Path) -> None:
    ledger, entries = Ledger(tmp_path / "made"), [entry(), entry()]
    assert list(ledger.entries()) == []
    for each in (*entries, entries[0]):
        ledger.append(each)
    assert list(ledger.entries()) == entries
    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600


def test_a_line_that_was_not_ended_is_none(tmp_path: Path) -> None:
    ledger, first, second = Ledger(tmp_path), entry(), entry()
    ledger.append(first)
    with ledger.path.open("a") as file:
        file.write('{"at":"2026-')
    assert list(ledger.entries()) == [first]
    ledger.append(second)
    assert list(ledger.entries()) == [first, second]


def test_a_line_of_somebody_else_is_told(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.append(entry())
    with ledger.path.open("a") as file:
        file.write("{}\n")
    with pytest.raises(StartError, match="line 2"):
        list(ledger.entries())
