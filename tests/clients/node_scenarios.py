"""Runs the scenarios of the JavaScript clients with Node, and tells what each client saw."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from running_service import KEY, SECRET, Service

CLIENTS = Path(__file__).parent
SCENARIOS = CLIENTS / "scenarios"
PACKAGES = CLIENTS / "node_modules"
# What is set where a missing Node is no reason to skip.
REQUIRED = "LRS_TEST_NODE"
# The first with fetch and Blob, which the clients use.
OLDEST_NODE = 18


@dataclass(frozen=True)
class Seen:
    """What a client saw in each of its scenarios."""

    client: str
    options: tuple[str, ...]
    lines: dict[str, dict[str, Any]] = field(repr=False)

    def __call__(self, scenario: str) -> Any:
        line = self.lines.get(scenario)
        assert line is not None, f"{self.client} has not run {scenario!r}"
        assert "error" not in line, f"{self.client}, {scenario}: {line['error']}"
        return line["saw"]


class Clients:
    """Runs each client once against a service, however many tests look at what it saw."""

    def __init__(self, service: Service) -> None:
        self._endpoint = f"{service.address}/xapi/"
        self._seen: dict[tuple[str, ...], Seen] = {}

    def seen(self, client: str, *options: str) -> Seen:
        run = (client, *options)
        if run not in self._seen:
            self._seen[run] = Seen(client, options, self._run(client, options))
        return self._seen[run]

    def _run(self, client: str, options: tuple[str, ...]) -> dict[str, dict[str, Any]]:
        node = str(find_node())
        script = SCENARIOS / client
        ended = subprocess.run(
            # One of them is so old that half of Node's warnings are about it.
            [node, "--no-deprecation", script, self._endpoint, KEY, SECRET, *options],
            env=_without_proxies(),
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        # The end alone: an uncaught error shows its line, and the lines of clients are minified.
        assert ended.returncode == 0, f"{client} ended early: {ended.stderr[-2000:]}"
        lines = [json.loads(line) for line in ended.stdout.splitlines()]
        return {line["scenario"]: line for line in lines}


def _without_proxies() -> dict[str, str]:
    """Return the environment without proxies, which some clients would ask for this host too."""
    return {name: it for name, it in os.environ.items() if not name.lower().endswith("_proxy")}


class NodeMissingError(Exception):
    """Why the JavaScript clients cannot be run."""


def require_node() -> None:
    """Skip a test, or fail it if LRS_TEST_NODE is `required`, where its client cannot be run."""
    found = find_node()
    if isinstance(found, str):
        return
    told = f"JavaScript clients are not tested: {found}"
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(f"{told}, but {REQUIRED} is 'required'", pytrace=False)
    pytest.skip(told)


@cache
def find_node() -> str | NodeMissingError:
    """Return the path of Node, with the clients of `package-lock.json` installed once."""
    try:
        return _node_with_packages()
    except NodeMissingError as error:
        return error


def _node_with_packages() -> str:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NodeMissingError("node and npm are not installed")
    if _major(node) < OLDEST_NODE:
        raise NodeMissingError(f"node is older than {OLDEST_NODE}")
    with _alone():
        if not _are_installed():
            _install(npm)
    return node


def _major(node: str) -> int:
    told = subprocess.run([node, "--version"], capture_output=True, encoding="utf-8", check=True)
    return int(told.stdout.removeprefix("v").partition(".")[0])


@contextmanager
def _alone() -> Iterator[None]:
    """Hold back other test processes that would install at the same time."""
    directory = os.open(CLIENTS, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _lock_read() -> str:
    return hashlib.sha256((CLIENTS / "package-lock.json").read_bytes()).hexdigest()


def _are_installed() -> bool:
    stamp = PACKAGES / ".installed"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _lock_read()


def _install(npm: str) -> None:
    try:
        subprocess.run(
            [npm, "ci"], cwd=CLIENTS, capture_output=True, encoding="utf-8", timeout=60, check=True
        )
    except subprocess.CalledProcessError as error:
        raise NodeMissingError(f"npm ci failed: {_first_error(error.stderr)}") from None
    except subprocess.TimeoutExpired:
        raise NodeMissingError("npm ci took too long") from None
    (PACKAGES / ".installed").write_text(_lock_read(), encoding="utf-8")


def _first_error(told: str) -> str:
    """Return what npm says first of a failure, after which comes advice."""
    errors = [line for line in told.splitlines() if line.startswith("npm error")]
    return " ".join(line.removeprefix("npm error").strip() for line in errors[:3])
