"""Several processes count in one table, and some of them are killed in the middle."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lrs.errors import StartError
from lrs.services.shared_counts import SIZE, SharedCounts
from lrs.services.shared_memory import make_shared
from lrs.services.shared_places import SharedPlaces, size

PROCESSES = 4
LENGTH = 60
# How often a process is killed; more is for those who doubt.
KILLS = int(os.environ.get("LRS_TEST_KILLS", "40"))

_HITS = """
import sys
from lrs.services.shared_counts import SharedCounts

counts = SharedCounts(sys.argv[1], clock=lambda: 1_800_000_000.0)
sys.stdin.readline()
print("yes", flush=True)
sys.stdin.read()
print(sum(counts.acquire_sliding_window_entry("ada", 5_000, 60, 1) for _ in range(4_000)))
"""

_HOLDS = """
import sys
from lrs.services.shared_counts import SharedCounts

SharedCounts(sys.argv[1])._lock(0)
sys.stdin.readline()
print("yes", flush=True)
sys.stdin.read()
"""

# Forks processes that count for ever, each telling in memory how far it has come, and kills them.
_KILLED = """
import json, mmap, os, random, signal, sys, time
from lrs.services.shared_counts import SharedCounts

KEYS = [f"key {number}" for number in range(40)]
address, processes, kills = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
done = memoryview(mmap.mmap(-1, 8 * len(KEYS) * processes)).cast("Q")

def work(process):
    counts = SharedCounts(address, clock=lambda: 1_800_000_000.0)
    chance = random.Random(os.getpid())
    while True:
        key = chance.randrange(len(KEYS))
        counts.acquire_sliding_window_entry(KEYS[key], 10**9, 60, 1)
        done[process * len(KEYS) + key] += 1

def start(process):
    child = os.fork()
    if child:
        return child
    work(process)

def kill(child):
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

children = [start(process) for process in range(processes)]
chance = random.Random(1)
for _ in range(kills):
    time.sleep(chance.uniform(0.005, 0.03))
    process = chance.randrange(processes)
    kill(children[process])
    children[process] = start(process)
for child in children:
    kill(child)
counts = SharedCounts(address, clock=lambda: 1_800_000_000.0)
print(json.dumps({
    "told": [sum(done[number :: len(KEYS)]) for number in range(len(KEYS))],
    "counted": [counts.get_sliding_window(key, 60)[2] for key in KEYS],
}))
"""

_PLACES = """
import sys
from pathlib import Path
from lrs.services.shared_places import SharedPlaces

places = SharedPlaces(Path(sys.argv[1]), 2)
for line in sys.stdin:
    key, limit = line.split()
    print(places.take(key, int(limit)) is not None, flush=True)
"""


@pytest.fixture
def counts(tmp_path: Path) -> str:
    make_shared(tmp_path / "counts", SIZE)
    return f"shared-memory://{tmp_path / 'counts'}"


@pytest.fixture
def places(tmp_path: Path) -> Path:
    make_shared(tmp_path / "places", size(2))
    return tmp_path / "places"


@contextmanager
def running(program: str, *words: object) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def asked(process: "subprocess.Popen[str]", line: str) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def test_processes_together_pass_the_limit_exactly(counts: str) -> None:
    with ExitStack() as stack:
        programs = [stack.enter_context(running(_HITS, counts)) for _ in range(PROCESSES)]
        for program in programs:
            assert asked(program, "are you there") == "yes"
        for program in programs:
            assert program.stdin is not None
            program.stdin.close()
        passed = [int(program.stdout.read()) for program in programs if program.stdout]
    assert sum(passed) == 5_000


def test_no_hit_is_lost_when_processes_are_killed(counts: str) -> None:
    """Only what a process was in the middle of may be counted without having been told."""
    printed = subprocess.run(
        [sys.executable, "-c", _KILLED, counts, str(PROCESSES), str(KILLS)],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    ).stdout
    outcome = json.loads(printed)
    beyond = [a - b for a, b in zip(outcome["counted"], outcome["told"], strict=True)]
    assert sum(outcome["told"]) > 10_000
    assert min(beyond) >= 0
    assert sum(beyond) <= KILLS + PROCESSES


def test_a_killed_process_holds_no_lock(counts: str) -> None:
    with running(_HOLDS, counts) as process:
        assert asked(process, "are you there") == "yes"
        process.kill()
        process.wait()
    mine = SharedCounts(counts)
    bucket = mine._lock(0)  # would wait for ever
    mine._unlock(bucket)
    mine.close()


def test_workers_share_the_places(places: Path) -> None:
    with running(_PLACES, places) as one, running(_PLACES, places) as other:
        assert [asked(one, "ada 3"), asked(other, "ada 3"), asked(one, "ada 3")] == ["True"] * 3
        assert [asked(one, "ada 3"), asked(other, "ada 3")] == ["False"] * 2
        assert asked(other, "bob 3") == "True"


def test_what_a_killed_worker_had_is_free_when_another_comes_after_it(places: Path) -> None:
    with running(_PLACES, places) as one:
        assert asked(one, "ada 2") == "True"
        with running(_PLACES, places) as other:
            assert asked(other, "ada 2") == "True"
            other.send_signal(signal.SIGKILL)
            other.wait()
        assert asked(one, "ada 2") == "False"
        with running(_PLACES, places) as after:
            assert asked(after, "ada 2") == "True"
            assert asked(after, "ada 2") == "False"


def test_more_workers_than_there_are_to_be_do_not_start(places: Path) -> None:
    with running(_PLACES, places) as one, running(_PLACES, places) as other:
        asked(one, "ada 3")
        asked(other, "ada 3")
        with pytest.raises(StartError, match="2 workers"):
            SharedPlaces(places, 2)
