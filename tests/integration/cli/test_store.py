"""`lrs store`, and what the processes of `lrs serve` count together."""

import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from running_service import (
    KEY,
    SECRET,
    STATEMENT,
    Service,
    answering,
    client,
    known,
    lrs,
    until,
)

LENIENT = STATEMENT | {"object": {"objectType": "GroupActivity", "id": "http://example.org/two"}}


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lrs-") as directory:
        yield Path(directory) / "data"


def set_mode(data: Path, store: str, mode: str) -> None:
    answer = lrs("store", "set", store, "--mode", mode, LRS_DATA_DIR=data)
    assert (answer.returncode, answer.stdout) == (0, f"{store} is {mode}\n"), answer.stderr


def status_of(service: Service, statement: object, key: str = KEY, secret: str = SECRET) -> int:
    """Post a statement on a connection of its own, to whichever process takes it."""
    with client(service.address, key, secret) as speaking:
        return speaking.post("statements", json=statement).status_code


def counted(service: Service) -> str:
    with client(service.address) as speaking:
        answer = speaking.get(f"{service.address}/metrics")
    assert answer.status_code == 200, answer.text
    found = re.search(r'\{rule="group-activity",store="default"\} (\S+)', answer.text)
    return found[1] if found else "none"


def until_started(service: Service, times: int) -> None:
    """Wait until so many workers have begun to serve, those that have ended since too."""
    until(lambda: service.text.count("startup complete") == times)


def until_gone(service: Service, victim: psutil.Process) -> None:
    until(lambda: victim not in service.workers())


def until_accepted(service: Service) -> None:
    until(lambda: status_of(service, LENIENT) == 200, seconds=5)


def test_a_store_is_set_while_it_runs_and_the_others_stay_strict(data: Path) -> None:
    words = ("--label", "x", "--system", "edX", "--store", "exams")
    with known(data) as service:
        assert status_of(service, LENIENT) == 400
        set_mode(data, "default", "tolerant")
        until_accepted(service)

        made = lrs("credential", "create", *words, LRS_DATA_DIR=data)
        key, secret = re.findall(r"(?:key|secret)\s+(\S+)", made.stdout)
        assert status_of(service, LENIENT, key, secret) == 400
        stores = lrs("store", "list", LRS_DATA_DIR=data).stdout
        assert re.search(r"default .* tolerant", stores)
        assert re.search(r"exams .* strict", stores)
        assert re.search(rf"{key} .* exams", lrs("credential", "list", LRS_DATA_DIR=data).stdout)


def test_workers_count_together_and_those_that_died_are_not_forgotten(data: Path) -> None:
    with known(data, LRS_WORKERS=2) as service, ThreadPoolExecutor(4) as pool:
        until_started(service, 2)
        set_mode(data, "default", "tolerant")
        until_accepted(service)
        before = float(counted(service))
        answers = list(pool.map(lambda _: status_of(service, LENIENT), range(12)))
        expected = str(before + answers.count(200))
        assert {counted(service) for _ in range(4)} == {expected}

        for number, victim in enumerate(service.workers()):
            victim.kill()
            until_gone(service, victim)
            until_started(service, 3 + number)
        assert counted(service) == expected


def test_a_store_is_made_set_and_deleted_from_the_command_line(data: Path) -> None:
    words = ("--label", "x", "--system", "edX", "--store", "exams")
    with known(data) as service:
        made = lrs("store", "create", "exams", "--setting", "max_batch=2", LRS_DATA_DIR=data)
        assert (made.returncode, made.stdout) == (0, "exams is strict\n"), made.stderr
        created = lrs("credential", "create", *words, LRS_DATA_DIR=data)
        key, secret = re.findall(r"(?:key|secret)\s+(\S+)", created.stdout)
        until(lambda: status_of(service, [STATEMENT] * 3, key, secret) == 413, seconds=5)

        cleared = lrs("store", "set", "exams", "--setting", "max_batch=", LRS_DATA_DIR=data)
        assert (cleared.returncode, cleared.stdout) == (0, "exams is strict\n"), cleared.stderr
        until(lambda: status_of(service, [STATEMENT] * 3, key, secret) == 200, seconds=5)

        refused = lrs("store", "delete", "exams", "--confirm", "exam", LRS_DATA_DIR=data)
        assert (refused.returncode, "`confirm`" in refused.stderr) == (1, True), refused.stderr
        assert status_of(service, STATEMENT, key, secret) == 200

        deleted = lrs("store", "delete", "exams", "--confirm", "exams", LRS_DATA_DIR=data)
        assert deleted.returncode == 0, deleted.stderr
        assert re.fullmatch(r"exams is gone, with [1-9]\d* rows\n", deleted.stdout)
        assert status_of(service, STATEMENT, key, secret) == 401
        assert status_of(service, STATEMENT) == 200
        assert "exams" not in lrs("store", "list", LRS_DATA_DIR=data).stdout


def test_a_deletion_asks_for_the_name(data: Path) -> None:
    with known(data):
        for typed, code in (("defaults\n", 1), ("default\n", 0)):
            answer = answering(typed, "store", "delete", "default", LRS_DATA_DIR=data)
            assert answer.returncode == code, answer.stderr
            assert "All that default holds will be gone" in answer.stdout


REFUSED = {
    ("set", "default"): "say --mode, --setting, or both",
    ("set", "default", "--setting", "max_batch"): "must look like",
    ("set", "default", "--setting", "colour=red"): "no setting 'colour'",
    ("create", "two words"): "letters, digits",
    ("delete", "exams", "--confirm", "exams"): "no store with the name 'exams'",
}


def test_what_cannot_be_is_refused(data: Path) -> None:
    with known(data):
        for words, said in REFUSED.items():
            answer = lrs("store", *words, LRS_DATA_DIR=data)
            assert answer.returncode > 0, words
            assert said in answer.stderr, words
