"""The socket that the service listens on."""

import errno
import logging
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from lrs.errors import StartError
from lrs.settings import Settings

_LOG = logging.getLogger(__name__)

_BACKLOG = 2048
# Files that a process has open beside its connections: those to PostgreSQL, logs, listeners.
_OTHER_FILES = 256
# What the system takes of an answer beyond what is on its way. Otherwise it takes megabytes for
# each client that does not read, and nobody could tell that they were not read.
_MOST_NOT_SENT = 128 * 1024
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - named here to be replaced


@contextmanager
def bound_socket(settings: Settings) -> Iterator[socket.socket]:
    """Reserve the address; until `listen` is called, connections are refused.

    Raises:
        StartError: the address is taken, not of this machine, or not allowed.
    """
    listener = _bind(settings)
    try:
        yield listener
    finally:
        listener.close()


def listen(listener: socket.socket) -> None:
    """Take connections from now on; they wait until a worker serves them.

    Raises:
        StartError: another program was quicker.
    """
    try:
        listener.listen(_BACKLOG)
    except OSError as error:
        raise StartError(f"LRS_PORT: {error.strerror}") from error


def allow_connections(count: int) -> None:
    """Have the system let this process and its workers hold so many, if it lets us ask for it.

    Many systems allow 1,024 open files, unless a program asks for more.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Each may bring attachments, which lie in a file meanwhile.
    wanted = 2 * count + _OTHER_FILES
    if hard != resource.RLIM_INFINITY and hard < wanted:
        _LOG.warning(
            "LRS_MAX_CONNECTIONS: %d open files are allowed, %d may be needed", hard, wanted
        )
        wanted = hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def address_of(listener: socket.socket) -> str:
    """Return the address as an URL that works on this machine."""
    host, port = listener.getsockname()[:2]
    host = _WILDCARDS.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _bind(settings: Settings) -> socket.socket:
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise StartError(f"LRS_HOST: {settings.host!r}: {error.strerror}") from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # on Linux and macOS; connections inherit it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_NOT_SENT)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise StartError(_refusal(settings, error)) from error
    return listener


def _refusal(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"LRS_PORT: port {settings.port} of {settings.host} is taken by another program; "
            "choose another one, or 0 for a free one"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"LRS_HOST: {settings.host} is no address of this machine"
    return f"LRS_PORT: port {settings.port} of {settings.host}: {error.strerror}"
