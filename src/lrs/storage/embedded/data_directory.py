"""The data directory: the embedded cluster, the server's key, and who uses them just now."""

import contextlib
import fcntl
import json
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from lrs.errors import DataDirectoryInUseError, StartError

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a data directory; kept as JSON in the lock file, for people to read."""

    pid: int
    host: str
    started: str
    address: str

    def __str__(self) -> str:
        """Name the holder in one line."""
        where = f", which answers at {self.address}" if self.address else ""
        return f"lrs (pid {self.pid} on {self.host}, since {self.started}){where}"


class DataDirectory:
    """A directory that at most one `lrs serve` with an embedded PostgreSQL uses at a time.

    The lock is the kernel's (`flock`): it ends with its holder, however that ends.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self._lock = self.path / "lrs.lock"

    @property
    def cluster(self) -> Path:
        """Return where the embedded cluster lies."""
        return self.path / "postgres"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the directory for the length of the block.

        Raises:
            DataDirectoryInUseError: somebody else holds it.
            StartError: the directory cannot be made or written.
        """
        descriptor = self._open_lock()
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DataDirectoryInUseError(
                    f"{self.path} is in use by {self._holder() or 'another lrs'}"
                ) from None
            self._write_holder("")
            yield
            self._lock.write_text("")
        finally:
            os.close(descriptor)

    def announce(self, address: str) -> None:
        """Note where we answer, for others to read; to be called by the one that holds it."""
        self._write_holder(address)

    def announced(self) -> str | None:
        """Return where the one that holds it answers; None if nobody does, as far as is known."""
        holder = self._holder()
        return holder.address or None if holder else None

    def server_key(self) -> str:
        """Return the key kept here, made at the first call, also by many callers at once.

        Raises:
            StartError: it cannot be read or written.
        """
        place = self.path / "server.key"
        try:
            self._make()
            if not place.exists():
                self._make_key(place)
            return place.read_text().strip()
        except OSError as error:
            raise StartError(f"The server's key {place}: {error.strerror}") from error

    def _make(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(
                f"LRS_DATA_DIR: {self.path} cannot be made: {error.strerror}"
            ) from error

    def _make_key(self, place: Path) -> None:
        # A file appears whole or not at all, and the first of many stays.
        descriptor, draft = tempfile.mkstemp(prefix=".server.key.", dir=self.path)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            os.link(draft, place)
        Path(draft).unlink()

    def _open_lock(self) -> int:
        self._make()
        try:
            return os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StartError(
                f"LRS_DATA_DIR: {self._lock} cannot be written: {error.strerror}"
            ) from error

    def _write_holder(self, address: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        holder = Holder(os.getpid(), socket.gethostname(), now, address)
        self._lock.write_text(json.dumps(asdict(holder)) + "\n")

    def _holder(self) -> Holder | None:
        """Read who holds the lock; a text left by a killed holder is not believed."""
        try:
            holder = Holder(**json.loads(self._lock.read_text()))
        except (OSError, ValueError, TypeError):
            return None
        is_here = holder.host == socket.gethostname()
        return None if is_here and not psutil.pid_exists(holder.pid) else holder
