"""Origins of pages that may use a credential, as browsers write them (RFC 6454 6.2)."""

import re
from urllib.parse import urlsplit

from lrs.errors import InvalidRequestError

# Scheme, host and port: neither a path nor a user, and no pattern.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(?::[0-9]{1,5})?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def read_origin(text: str) -> str:
    """Return an origin in the one form that browsers send: in lower case, no default port.

    `null` is none: every page can have it, by way of a frame in a sandbox.

    Raises:
        InvalidRequestError: it is no origin.
    """
    lower = text.strip().lower()
    # Some letters that are no ASCII become ASCII in lower case.
    if not text.isascii() or not _ORIGIN.fullmatch(lower):
        raise InvalidRequestError(
            f"{text[:100]!r} is no origin such as https://lms.example.org: scheme, host and, where"
            " it is not the usual one, port, without path or slash at the end; a name in other"
            " letters than ASCII in its xn-- form"
        )
    port = _port(lower)
    if port is not None and port == _DEFAULT_PORTS.get(lower.partition(":")[0]):
        return lower.rpartition(":")[0]
    return lower


def _port(origin: str) -> int | None:
    try:
        return urlsplit(origin).port
    except ValueError as error:
        raise InvalidRequestError(f"{origin[:100]!r} has no port that there is") from error
