"""Programs in JavaScript that tests need: run by Node, with the packages of a lock beside them."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

# What is set where a missing Node is no reason to skip.
REQUIRED = "LRS_TEST_NODE"
# The first with fetch and Blob, which the clients use.
OLDEST_NODE = 18


class NodeMissingError(Exception):
    """Why programs in JavaScript cannot be run."""


def require_node(directory: Path, what: str) -> None:
    """Skip a test, or fail it if LRS_TEST_NODE is `required`, where its programs cannot be run."""
    found = find_node(directory)
    if isinstance(found, str):
        return
    told = f"{what}: {found}"
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(f"{told}, but {REQUIRED} is 'required'", pytrace=False)
    pytest.skip(told)


@cache
def find_node(directory: Path) -> str | NodeMissingError:
    """Return the path of Node, with the packages of `package-lock.json` installed once."""
    try:
        return _node_with_packages(directory)
    except NodeMissingError as error:
        return error


def without_proxies() -> dict[str, str]:
    """Return the environment without proxies, which some programs would ask for this host too."""
    return {name: it for name, it in os.environ.items() if not name.lower().endswith("_proxy")}


def _node_with_packages(directory: Path) -> str:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NodeMissingError("node and npm are not installed")
    if _major(node) < OLDEST_NODE:
        raise NodeMissingError(f"node is older than {OLDEST_NODE}")
    with _alone(directory):
        if not _are_installed(directory):
            _install(npm, directory)
    return node


def _major(node: str) -> int:
    told = subprocess.run([node, "--version"], capture_output=True, encoding="utf-8", check=True)
    return int(told.stdout.removeprefix("v").partition(".")[0])


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold back other test processes that would install at the same time."""
    directory = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _lock_read(directory: Path) -> str:
    return hashlib.sha256((directory / "package-lock.json").read_bytes()).hexdigest()


def _stamp(directory: Path) -> Path:
    return directory / "node_modules" / ".installed"


def _are_installed(directory: Path) -> bool:
    stamp = _stamp(directory)
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _lock_read(directory)


def _install(npm: str, directory: Path) -> None:
    installing = [npm, "ci"]
    try:
        subprocess.run(
            installing,
            cwd=directory,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise NodeMissingError(f"npm ci failed: {_first_error(error.stderr)}") from None
    except subprocess.TimeoutExpired:
        raise NodeMissingError("npm ci took too long") from None
    _stamp(directory).write_text(_lock_read(directory), encoding="utf-8")


def _first_error(told: str) -> str:
    """Return what npm says first of a failure, after which comes advice."""
    errors = [line for line in told.splitlines() if line.startswith("npm error")]
    return " ".join(line.removeprefix("npm error").strip() for line in errors[:3])
