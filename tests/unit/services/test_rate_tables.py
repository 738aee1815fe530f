"""The tables of a service go with it, however it ends."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lrs.services.rate_tables import tables_of_workers

_SERVICE = """
import sys, time
from lrs.services.rate_tables import tables_of_workers
with tables_of_workers(2) as directory:
    print(directory, flush=True)
    time.sleep(60)
"""


@contextmanager
def another_service() -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    with subprocess.Popen(
        [sys.executable, "-c", _SERVICE], stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout is not None
        try:
            yield service, Path(service.stdout.readline().strip())
        finally:
            service.kill()


def test_they_go_with_the_block() -> None:
    with tables_of_workers(2) as directory:
        assert Path(directory).is_dir()
    assert not Path(directory).exists()


def test_those_of_a_service_that_was_killed_go_when_the_next_one_starts() -> None:
    with another_service() as (service, abandoned):
        service.kill()
        service.wait()
        assert abandoned.is_dir()
        with tables_of_workers(1):
            assert not abandoned.exists()


def test_those_of_a_service_that_runs_stay() -> None:
    with another_service() as (_, others), tables_of_workers(1) as own:
        assert others.is_dir()
        assert Path(own).is_dir()
