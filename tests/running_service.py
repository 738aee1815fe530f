"""A running `lrs serve`: the real program on a free port, with a data directory of a test's own."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from lrs.storage.embedded.postmaster import is_alive, living_postmaster

KEY, SECRET = "ada", "open sesame"
PROGRAM = (sys.executable, "-c", "from lrs.cli import app; app()")
STATEMENT = {
    "actor": {"mbox": "mailto:ada@example.org"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
    "object": {"id": "http://example.org/first-steps"},
}


class Service:
    """A running `lrs serve`, what it has printed so far, and a way to speak to it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.lines: list[str] = []
        self.running = subprocess.Popen(
            [*PROGRAM, "serve"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.running.stdout is not None
        for line in self.running.stdout:
            self.lines.append(line)

    @property
    def text(self) -> str:
        return "".join(self.lines)

    @property
    def address(self) -> str:
        found = re.search(r"xAPI endpoint\s+(\S+)/xapi/", self.text)
        assert found, self.text
        return found[1]

    def wait_until_it_answers(self) -> None:
        until(lambda: "curl " in self.text or self.running.poll() is not None)
        assert self.get("about").is_success, self.text

    def get(self, resource: str, key: str = KEY, secret: str = SECRET) -> httpx.Response:
        with client(self.address, key, secret) as speaking:
            return speaking.get(resource)

    def answers(self, resource: str = "statements", key: str = KEY, secret: str = SECRET) -> bool:
        try:
            return self.get(resource, key, secret).is_success
        except httpx.HTTPError:
            return False

    def store(self) -> str:
        with client(self.address) as speaking:
            answer = speaking.post("statements", json=STATEMENT)
        assert answer.status_code == 200, answer.text
        return str(answer.json()[0])

    def has(self, statement: str) -> bool:
        return self.answers(f"statements?statementId={statement}")

    def workers(self) -> list[psutil.Process]:
        children = psutil.Process(self.running.pid).children()
        return [child for child in children if is_alive(child) and _is_worker(child)]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.running.poll() is None:
            self.running.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        code = self.running.wait(60)
        self._reader.join()
        if self.running.stdout is not None:
            self.running.stdout.close()
        return code


def _is_worker(child: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(child.cmdline())
    except psutil.Error:
        return False


def client(address: str, key: str = KEY, secret: str = SECRET) -> httpx.Client:
    return httpx.Client(
        base_url=f"{address}/xapi",
        auth=(key, secret),
        headers={"X-Experience-API-Version": "1.0.3", "Content-Type": "application/json"},
        timeout=20,
        trust_env=False,
    )


def environment(**variables: object) -> dict[str, str]:
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("LRS_")}
    settings = {"LRS_PORT": "0", **{name: str(value) for name, value in variables.items()}}
    return {**inherited, **settings}


def lrs(*words: str, **variables: object) -> "subprocess.CompletedProcess[str]":
    return answering("", *words, **variables)


def answering(typed: str, *words: str, **variables: object) -> "subprocess.CompletedProcess[str]":
    """Run a command that asks, and type this."""
    return subprocess.run(
        [*PROGRAM, *words],
        env=environment(**variables),
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@contextmanager
def serving(directory: Path, **variables: object) -> Iterator[Service]:
    service = Service(environment(LRS_DATA_DIR=directory, **variables))
    try:
        service.wait_until_it_answers()
        yield service
    finally:
        service.stop()


@contextmanager
def known(directory: Path, **variables: object) -> Iterator[Service]:
    initial = {"LRS_INITIAL_KEY": KEY, "LRS_INITIAL_SECRET": SECRET}
    with serving(directory, **initial, **variables) as service:
        yield service


def postmaster(directory: Path) -> psutil.Process:
    found = living_postmaster(directory / "postgres")
    assert found is not None
    return found
