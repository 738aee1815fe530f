"""The PostgreSQL that the service brings along: one cluster, its start and its end."""

import contextlib
import hashlib
import logging
import os
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import psutil

from lrs.errors import ClusterError
from lrs.storage.embedded.account import Account, choose_account, let_enter, let_read
from lrs.storage.embedded.creation import DATABASE, SUPERUSER, create_cluster, is_cluster
from lrs.storage.embedded.options import server_options
from lrs.storage.embedded.postmaster import (
    clear_leftovers,
    is_alive,
    living_postmaster,
    read_postmaster_file,
    wait_until_ended,
)
from lrs.storage.embedded.programs import PostgresPrograms, clean_environment, find_programs

_LOG = logging.getLogger(__name__)
_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH = 107
_MEANINGFUL = frozenset(',:"')  # what PostgreSQL and its clients would read as separators
_POLL = 0.02
_SECONDS_BETWEEN_MESSAGES = 5.0
_SECONDS_FOR_SHARED_MEMORY = 30.0
_STILL_IN_USE = "pre-existing shared memory block"

# Fast shutdown writes a checkpoint, which takes its time on a slow disk. What comes after it
# loses nothing that was committed, but the next start has to recover.
_ENDINGS = ((signal.SIGINT, 120.0), (signal.SIGQUIT, 15.0), (signal.SIGKILL, 5.0))


class Cluster:
    """A PostgreSQL cluster in a directory of its own; made at the first start.

    A server that already runs on the directory, because only its starter was killed, is adopted.
    The caller sees to it that nobody else starts the same cluster (see `DataDirectory`).
    """

    def __init__(
        self,
        directory: Path,
        binaries: Path | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory.absolute()
        self._binaries = binaries
        self._options = dict(options or {})
        self._child: subprocess.Popen[bytes] | None = None
        self._postmaster: psutil.Process | None = None
        self._start_log: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Return the address of the database for SQLAlchemy."""
        host = quote(str(self.socket_directory), safe="/")
        return f"postgresql+asyncpg://{SUPERUSER}@/{DATABASE}?host={host}"

    @property
    def socket_directory(self) -> Path:
        """Return where the socket lies: in the cluster, or elsewhere if that path is too long."""
        written = read_postmaster_file(self.directory)
        if written is not None and written.socket_directory is not None:
            return written.socket_directory
        return _socket_directory(self.directory)

    @property
    def postmaster_pid(self) -> int:
        """Return the number of the running server."""
        if self._postmaster is None:
            raise ClusterError(f"The PostgreSQL of {self.directory} is not running")
        return self._postmaster.pid

    @property
    def version(self) -> str:
        """Return the version of the programs."""
        return find_programs(self._binaries).version

    @property
    def is_running(self) -> bool:
        """Tell whether the server is alive."""
        if self._child is not None:
            return self._child.poll() is None
        return self._postmaster is not None and is_alive(self._postmaster)

    @property
    def is_ready(self) -> bool:
        """Tell whether a server, whoever started it, takes connections on this cluster."""
        written = read_postmaster_file(self.directory)
        return living_postmaster(self.directory) is not None and bool(written and written.is_ready)

    def start(self) -> None:
        """Make the cluster if there is none, start the server and wait until it answers.

        Raises:
            ClusterError: it cannot be; the text says why and ends with what PostgreSQL logged.
        """
        try:
            self.launch()
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def launch(self) -> None:
        """Start the server, or adopt the one that runs, without waiting until it answers."""
        if self.is_running:
            return
        programs = find_programs(self._binaries)
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        account = choose_account(self.directory)
        let_enter(account, programs.postgres)
        let_read(account, programs.trees)
        let_enter(account, self.directory)
        if not is_cluster(self.directory):
            is_durable = self._options.get("fsync") != "off"
            create_cluster(self.directory, programs, account, is_durable=is_durable)
        self._check_version(programs)
        if not self._adopt():
            self._spawn(programs, account)

    def stop(self) -> None:
        """Stop the server; what was committed is kept however it ends. No server: nothing."""
        for order, patience in _ENDINGS:
            if self._ended_after(order, patience):
                break
            _LOG.warning("PostgreSQL did not end within %d s of %s", patience, order.name)
        self._child = self._postmaster = None
        self._forget_start_log()
        _remove_socket_directory(self.directory)

    def _ended_after(self, order: signal.Signals, patience: float) -> bool:
        if self._postmaster is None or not self.is_running:
            return True
        self._postmaster.send_signal(order)
        if self._child is None:
            return wait_until_ended(self._postmaster, patience)
        try:
            self._child.wait(patience)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _check_version(self, programs: PostgresPrograms) -> None:
        made_with = (self.directory / "PG_VERSION").read_text().strip()
        if made_with != str(programs.major):
            raise ClusterError(
                f"The cluster in {self.directory} was made by PostgreSQL {made_with}, "
                f"the programs in {programs.directory} are {programs.version}"
            )

    def _adopt(self) -> bool:
        found = living_postmaster(self.directory)
        if found is None:
            return False
        written = read_postmaster_file(self.directory)
        if written is not None and written.status == "stopping":
            _LOG.info("Waiting for the end of a PostgreSQL that is stopping")
            wait_until_ended(found, _ENDINGS[0][1])
            return self._adopt()
        _LOG.info("PostgreSQL (%d) runs already on %s: taken over", found.pid, self.directory)
        self._child, self._postmaster = None, found
        return True

    def _spawn(self, programs: PostgresPrograms, account: Account) -> None:
        socket_directory = _socket_directory(self.directory)
        _prepare_socket_directory(socket_directory, account)
        clear_leftovers(self.directory, socket_directory)
        options = {
            **server_options(self.directory),
            "unix_socket_directories": f'"{socket_directory}"',
            **self._options,
        }
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self._forget_start_log()
        self._start_log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the server
        self._child = subprocess.Popen(  # noqa: S603 - our own program, no shell
            [programs.postgres, "-D", self.directory, *settings],
            env=clean_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=self._start_log,
            stderr=self._start_log,
            start_new_session=True,  # Ctrl-C is for us to answer
            **account.child_identity,
        )
        self._postmaster = psutil.Process(self._child.pid)

    def _wait_until_ready(self) -> None:
        retry_until = time.monotonic() + _SECONDS_FOR_SHARED_MEMORY
        next_message = time.monotonic() + _SECONDS_BETWEEN_MESSAGES
        while not self._answers():
            if not self.is_running:
                self._fail_or_launch_again(retry_until)
            if time.monotonic() > next_message:
                _LOG.info("PostgreSQL is still starting; after a crash it first recovers")
                next_message += _SECONDS_BETWEEN_MESSAGES
            time.sleep(_POLL)

    def _answers(self) -> bool:
        written = read_postmaster_file(self.directory)
        return bool(written and written.is_ready and written.pid == self.postmaster_pid)

    def _fail_or_launch_again(self, retry_until: float) -> None:
        said = self._last_words()
        if _STILL_IN_USE not in said or time.monotonic() > retry_until:
            raise ClusterError(f"PostgreSQL did not start:\n{said}")
        self.stop()
        time.sleep(1.0)
        self.launch()

    def _forget_start_log(self) -> None:
        if self._start_log is not None:
            self._start_log.close()
            self._start_log = None

    def _last_words(self) -> str:
        said: list[str] = []
        if self._start_log is not None:
            self._start_log.seek(0)
            said += self._start_log.read().decode(errors="replace").splitlines()
        logs = sorted(self.directory.glob("log/*.log"), key=lambda path: path.stat().st_mtime)
        if logs:
            said += logs[-1].read_text(errors="replace").splitlines()[-15:]
        return "\n".join(said[-25:])


def _socket_directory(cluster: Path) -> Path:
    is_short = len(os.fsencode(cluster / _SOCKET)) <= _LONGEST_SOCKET_PATH
    if is_short and not _MEANINGFUL & set(str(cluster)):
        return cluster
    mark = hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"lrs-{mark}"


def _remove_socket_directory(cluster: Path) -> None:
    directory = _socket_directory(cluster)
    if directory != cluster:
        with contextlib.suppress(OSError):  # not there, or still in use
            directory.rmdir()


def _prepare_socket_directory(directory: Path, account: Account) -> None:
    """Make a private directory, or make sure that the one in this place is ours."""
    try:
        directory.mkdir(mode=stat.S_IRWXU)
        account.take(directory)
    except FileExistsError:
        pass
    status = directory.lstat()
    is_private = stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) & 0o077 == 0
    if not is_private or not account.owns(directory):
        raise ClusterError(f"{directory}, where the socket is to lie, is not private to its owner")
