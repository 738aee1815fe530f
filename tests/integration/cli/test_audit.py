"""`lrs audit`: verified, exported for an outsider, and erased, on the command line."""

import json
import re
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from lrs.auth.audit import Action, AuditEvent, Caller, WhoKind
from lrs.storage.audit import append_records
from lrs.storage.engines import DatabaseOptions, open_database
from lrs.storage.migrations import upgrade
from lrs.storage.stores import ensure_store
from running_service import lrs

DOCUMENT = Path(__file__).parents[3] / "docs" / "audit.md"
ADA = Caller(WhoKind.USER, "ada", "192.0.2.1", "request-1")


@pytest.fixture
async def log(empty_database: str) -> str:
    """The address of a database with a log of two stores and of none."""
    await upgrade(empty_database)
    database = await open_database(DatabaseOptions(empty_database, workers=8))
    event = AuditEvent(ADA, Action.CREDENTIAL_MADE, "Schlüssel", details={"label": "Übung"})
    async with database.writing() as connection:
        stores = [await ensure_store(connection, name) for name in ("default", "other")]
        await append_records(connection, [(store, event) for store in (0, *stores, *stores)])
    await database.close()
    return empty_database


async def intrude(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(sql)
    await connection.close()


def run(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    return lrs("audit", *words, LRS_DATABASE_URL=url)


def outsider() -> str:
    (program,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    return str(program)


def check(exported: str) -> subprocess.CompletedProcess[str]:
    """Check an export by the program that the document shows."""
    return subprocess.run(
        [sys.executable, "-c", outsider()],
        input=exported,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_each_log_is_verified_and_its_end_printed(log: str) -> None:
    answer = run(log, "verify")
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert [re.sub(r"[0-9a-f]{64}", "#", line) for line in lines] == [
        "-: 1 records, unbroken, ends in #",
        "default: 2 records, unbroken, ends in #",
        "other: 2 records, unbroken, ends in #",
    ]


async def test_an_altered_record_is_told_with_its_number(log: str) -> None:
    await intrude(log, "UPDATE audit_records SET who = 'eve' WHERE store = 1 AND number = 2")

    answer = run(log, "verify")

    assert answer.returncode == 1
    assert "default: broken at record 2: the record is not what was recorded\n" in answer.stdout
    assert "other: 2 records, unbroken" in answer.stdout
    assert run(log, "verify", "--store", "other").returncode == 0


async def test_a_log_of_which_only_the_end_is_left_is_not_overlooked(log: str) -> None:
    await intrude(log, "DELETE FROM audit_records WHERE store = 0")
    answer = run(log, "verify")
    assert answer.returncode == 1
    assert "-: broken at record 1" in answer.stdout


async def test_an_outsider_comes_to_the_same_end_from_an_export(log: str) -> None:
    exported = run(log, "export", "--store", "default").stdout
    assert json.loads(exported.splitlines()[0])["target"] == "Schlüssel"

    ours = run(log, "verify", "--store", "default").stdout
    theirs = check(exported)

    assert theirs.returncode == 0, theirs.stderr
    number, digest = theirs.stdout.split()
    assert number == "2"
    assert json.loads(exported.splitlines()[-1])["hash"] == digest
    # The export is in the log by now.
    assert "default: 3 records, unbroken" in ours


async def test_an_outsider_sees_what_was_forged(log: str) -> None:
    first, second = run(log, "export").stdout.splitlines()
    for forged in ([second], [first.replace("ada", "eve"), second], [second, first]):
        assert check("\n".join(forged)).returncode == 1


async def test_a_person_is_erased_and_everybody_can_still_verify(log: str) -> None:
    answer = run(log, "erase", "--person", "ada")
    assert (answer.returncode, answer.stdout) == (
        0,
        "2 records do not tell of that person any more\n",
    )
    exported = run(log, "export").stdout
    assert "ada" not in exported
    assert "192.0.2.1" not in exported
    assert check(exported).returncode == 0
    assert run(log, "verify", "--store", "default").returncode == 0
