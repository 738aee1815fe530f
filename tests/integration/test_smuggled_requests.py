"""Requests whose end two readers could see in different places (RFC 9112 11.2), and odd addresses.

A proxy in front and the service must never disagree on where a request ends: what is ambiguous is
refused, and the connection ends, so that nothing behind it is taken for a request.
"""

import json
import re
import socket
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from builders import a_statement
from running_service import KEY, SECRET, Service, known

pytestmark = pytest.mark.timeout(120)

BASIC = b64encode(f"{KEY}:{SECRET}".encode()).decode()
GOOD = f"Host: lrs\r\nAuthorization: Basic {BASIC}\r\nX-Experience-API-Version: 1.0.3\r\n"
STATEMENT = json.dumps(a_statement())
# What would be stored if it were taken for a request of its own.
HIDDEN = (
    f"POST /xapi/statements HTTP/1.1\r\n{GOOD}Content-Type: application/json\r\n"
    f"Content-Length: {len(STATEMENT)}\r\nConnection: close\r\n\r\n{STATEMENT}"
)
CHUNKED = f"{len(STATEMENT):x}\r\n{STATEMENT}\r\n0\r\n\r\n"


def post(*lines: str, end: str = "\r\n") -> str:
    head = [f"POST /xapi/statements HTTP/1.1{end}", GOOD.replace("\r\n", end)]
    head += [f"{line}{end}" for line in ("Content-Type: application/json", *lines)]
    return "".join([*head, end])


CODED = "Transfer-Encoding: chunked"
IN_CHUNKS = post(CODED)
LENGTH = f"Content-Length: {len(STATEMENT)}"
SHAPES = {
    "both a length and chunks": post(LENGTH, CODED) + CHUNKED,
    "both, the other way round": post(CODED, LENGTH) + CHUNKED,
    "a length of nothing, and chunks": post("Content-Length: 0", CODED) + CHUNKED,
    "two lengths": post(LENGTH, "Content-Length: 5") + STATEMENT,
    "two lengths that are the same": post(LENGTH, LENGTH) + STATEMENT,
    "a list of lengths": post(f"{LENGTH}, {len(STATEMENT)}") + STATEMENT,
    "a length with a sign": post(f"Content-Length: +{len(STATEMENT)}") + STATEMENT,
    "a negative length": post("Content-Length: -1") + STATEMENT,
    "a length in hexadecimal": post(f"Content-Length: 0x{len(STATEMENT):x}") + STATEMENT,
    "a length that overflows": post("Content-Length: 18446744073709551617") + STATEMENT,
    "a length with a space in it": post("Content-Length: 1 0") + STATEMENT,
    "an unknown coding": post("Transfer-Encoding: xchunked") + CHUNKED,
    "chunked, and another coding": post("Transfer-Encoding: chunked, identity") + CHUNKED,
    "chunked twice": post(CODED, CODED) + CHUNKED,
    "a vertical tab before chunked": post("Transfer-Encoding: \x0bchunked") + CHUNKED,
    "a space before the colon": post("Transfer-Encoding : chunked") + CHUNKED,
    "a folded line": post("Transfer-Encoding:\r\n chunked") + CHUNKED,
    "a folded header": post("X-A: b\r\n\tc", LENGTH) + STATEMENT,
    "line feeds alone": post(LENGTH, end="\n") + STATEMENT,
    "returns alone": post(LENGTH, end="\r") + STATEMENT,
    "a return in a header": post("X-A: b\rTransfer-Encoding: chunked", LENGTH) + STATEMENT,
    "a NUL in a header": post("X-A: b\0c", LENGTH) + STATEMENT,
    "a header without a name": post(": b", LENGTH) + STATEMENT,
    "a space at the first header": f"POST /xapi/statements HTTP/1.1\r\n {GOOD}{LENGTH}\r\n\r\n",
    "a chunk of a negative size": IN_CHUNKS + f"-1\r\n{STATEMENT}\r\n0\r\n\r\n",
    "a chunk in other digits": IN_CHUNKS + f"0x5\r\n{STATEMENT}\r\n0\r\n\r\n",
    "a chunk longer than it says": IN_CHUNKS + f"5\r\n{STATEMENT}\r\n0\r\n\r\n",
    "a chunk of a huge size": IN_CHUNKS + f"{'f' * 17}\r\n{STATEMENT}\r\n0\r\n\r\n",
    "chunks with line feeds alone": IN_CHUNKS + CHUNKED.replace("\r\n", "\n"),
    "two requests in one line": f"GET /xapi/about HTTP/1.1 GET /xapi/about HTTP/1.1\r\n{GOOD}\r\n",
    "a version of two digits": f"GET /xapi/about HTTP/1.10\r\n{GOOD}\r\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with (
        tempfile.TemporaryDirectory(prefix="lrs-smuggled-") as directory,
        known(Path(directory) / "data", LRS_BODY_TIMEOUT=3) as service,
    ):
        yield service


def answers(service: Service, sent: str) -> tuple[list[int], str]:
    """Send bytes, and return the statuses and the text of all that comes until the end."""
    parts = urlsplit(service.address)
    received = bytearray()
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(sent.encode("latin-1"))
        try:
            while piece := connection.recv(65_536):
                received += piece
        except ConnectionError:
            pass  # it was in the middle of a request that was not to be read
    text = received.decode("latin-1")
    return [int(status) for status in re.findall(r"HTTP/1\.1 (\d{3})", text)], text


def stored(service: Service) -> int:
    return len(service.get("statements").json()["statements"])


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_what_is_ambiguous_ends_the_connection(service: Service, shape: str) -> None:
    before = stored(service)
    statuses, text = answers(service, shape + HIDDEN)
    assert statuses in ([400], []), text
    assert stored(service) == before


def test_two_requests_that_end_where_they_should_are_two(service: Service) -> None:
    before = stored(service)
    assert answers(service, IN_CHUNKS + CHUNKED + HIDDEN)[0] == [200, 200]
    assert stored(service) == before + 2


def test_chunks_of_the_older_version_end_the_connection(service: Service) -> None:
    """RFC 9112 6.1: a proxy that speaks 1.0 may have seen no chunks."""
    before = stored(service)
    older = IN_CHUNKS.replace("HTTP/1.1", "HTTP/1.0")
    assert answers(service, older + CHUNKED + HIDDEN)[0] == [200]
    assert stored(service) == before + 1
