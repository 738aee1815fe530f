"""The socket that the service listens on."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from lrs.errors import StartError
from lrs.settings import Settings

_BACKLOG = 2048
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
