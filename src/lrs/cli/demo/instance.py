"""The LRS that the demo talks to: the one that runs on the data directory, or an own one."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import httpx
import msgspec

from lrs.errors import StartError
from lrs.settings import Settings

_HOST = "127.0.0.1"
_LONGEST_START = 120.0
_LONGEST_STOP = 60.0
_POLL = 0.1
_TERMINATED = 128 + signal.SIGTERM
_SERVE = "from lrs.cli import app; app(['serve'])"


class _Holder(msgspec.Struct):
    address: str


@contextmanager
def running_instance(settings: Settings) -> Iterator[str]:
    """Give the address of the LRS on the data directory; start it for the block if need be.

    Raises:
        StartError: it does not start.
    """
    address = _running_address(settings)
    if address is not None:
        yield address
        return
    with _ended_by_sigterm(), _own_instance() as address:
        yield address


def _running_address(settings: Settings) -> str | None:
    """Return where an LRS answers on this data directory; what a killed one left is not believed.

    One that runs on `LRS_DATABASE_URL` leaves no such note.
    """
    if settings.database_url is not None:
        return None
    try:
        note = (settings.data_dir / "lrs.lock").read_bytes()
        address = msgspec.json.decode(note, type=_Holder).address
    except (OSError, msgspec.DecodeError):
        return None
    return address if _answers(address) else None


@contextmanager
def _own_instance() -> Iterator[str]:
    port = _free_port()
    environment = {**os.environ, "LRS_HOST": _HOST, "LRS_PORT": str(port)}
    with TemporaryDirectory() as folder:
        output = Path(folder) / "serve.log"
        with output.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program, started with no outside text
                [sys.executable, "-c", _SERVE],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that Ctrl-C ends the demo first, and then this
            )
        try:
            address = f"http://{_HOST}:{port}"
            _wait_for(address, process, output)
            yield address
        finally:
            _stop(process)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block in order, so that no LRS is left behind."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _wait_for(address: str, process: subprocess.Popen[bytes], output: Path) -> None:
    end = time.monotonic() + _LONGEST_START
    while not _answers(address):
        if process.poll() is not None or time.monotonic() > end:
            text = output.read_text(errors="replace").strip()
            raise StartError(f"`lrs serve` did not start:\n{text}")
        time.sleep(_POLL)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_LONGEST_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(address: str) -> bool:
    try:
        with httpx.Client(timeout=5, trust_env=False) as client:
            return client.get(f"{address}/xapi/about").is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
