"""What a running, a dying and a killed PostgreSQL leave to be read from outside.

A process counts as a server of a cluster only if it is a postgres whose working directory is the
cluster: after a crash the number in `postmaster.pid` may belong to anybody.
"""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

_LOG = logging.getLogger(__name__)
_FILE = "postmaster.pid"
_LINES_WITH_STATUS = 8
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class PostmasterFile:
    """What `postmaster.pid` says; the later lines appear while the server starts."""

    pid: int
    socket_directory: Path | None
    status: str

    @property
    def is_ready(self) -> bool:
        """Tell whether the server takes connections."""
        return self.status == "ready"


def read_postmaster_file(cluster: Path) -> PostmasterFile | None:
    """Return what the file says, or None if it is missing or not yet written."""
    try:
        lines = (cluster / _FILE).read_text().splitlines()
    except FileNotFoundError:
        return None
    if not lines or not lines[0].strip().lstrip("-").isdigit():
        return None
    lines += [""] * (_LINES_WITH_STATUS - len(lines))
    directory = Path(lines[4]) if lines[4] else None
    return PostmasterFile(abs(int(lines[0])), directory, lines[7].strip())


def living_postmaster(cluster: Path) -> psutil.Process | None:
    """Return the server that really runs on this cluster, whatever the file says."""
    written = read_postmaster_file(cluster)
    if written is None or not psutil.pid_exists(written.pid):
        return None
    return _server(written.pid, cluster)


def _server(pid: int, cluster: Path) -> psutil.Process | None:
    try:
        found = psutil.Process(pid)
        # A backend calls itself "postgres: ..."; only the postmaster shows its command line.
        is_backend = found.cmdline()[:1] == [] or found.cmdline()[0].startswith("postgres:")
    except psutil.Error:
        return None
    return found if _serves(found, cluster) and not is_backend else None


def _serves(candidate: psutil.Process, cluster: Path) -> bool:
    try:
        return (
            candidate.name() in {"postgres", "postmaster"}
            and candidate.status() != psutil.STATUS_ZOMBIE
            and Path(candidate.cwd()).samefile(cluster)
        )
    except (psutil.Error, OSError):
        return False


def clear_leftovers(cluster: Path, socket_directory: Path) -> None:
    """Remove what a killed server left behind and a new one would stumble over.

    To be called only when no postmaster runs. Backends that outlived it still write to shared
    memory, so they must be gone before the file that warns of them is.
    """
    _await_orphans(cluster)
    written = read_postmaster_file(cluster)
    if written is not None and psutil.pid_exists(written.pid):
        _LOG.info("Removed a stale %s; its number %s is in other use now", _FILE, written.pid)
        (cluster / _FILE).unlink(missing_ok=True)
    for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (socket_directory / name).unlink(missing_ok=True)


def _await_orphans(cluster: Path) -> None:
    """Wait until backends without a postmaster have ended; end them if they do not."""
    orphans = [found for found in psutil.process_iter() if _serves(found, cluster)]
    if not orphans:
        return
    _LOG.info("Waiting for %d processes of a killed PostgreSQL to end", len(orphans))
    _, stubborn = psutil.wait_procs(orphans, timeout=_PATIENCE)
    for orphan in stubborn:
        _LOG.warning("Ending process %d, which outlived its PostgreSQL", orphan.pid)
        orphan.kill()
    psutil.wait_procs(stubborn, timeout=_PATIENCE)


def wait_until_ended(server: psutil.Process, seconds: float) -> bool:
    """Wait for the end of a server that is not our child; tell whether it came."""
    end = time.monotonic() + seconds
    while is_alive(server):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def is_alive(server: psutil.Process) -> bool:
    """Tell whether a server still runs; one that nobody has reaped yet does not."""
    try:
        return server.is_running() and server.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
