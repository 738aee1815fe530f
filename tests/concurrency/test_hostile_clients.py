"""Hostile clients of a running service: its memory stays bounded, and others are served."""

import gzip
import hashlib
import json
import re
import socket
import struct
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from builders import Json, a_statement
from multipart_requests import Part, joined, multipart, with_headers
from running_service import KEY, SECRET, Service, client, known, until
from signing import ATTACHMENT, base64url

STATUS = Path("/proc/self/status")
pytestmark = [
    pytest.mark.skipif(not STATUS.exists(), reason="only Linux tells the peak of a process"),
    pytest.mark.timeout(300),
]

MEBIBYTE = 1024 * 1024
MOST = 16 * MEBIBYTE
LIMITS = {
    "LRS_MAX_BODY_BYTES": MOST,
    "LRS_MAX_ATTACHMENT_BYTES": 2 * MOST,
    "LRS_MAX_MULTIPART_BYTES": 4 * MOST,
}
# What the largest body and its reading may take. What these bodies hold would take gigabytes, if it
# were unpacked or read as a whole.
MOST_GROWTH = 256 * MEBIBYTE
# Two statements of 4 MiB, made of tiny objects, that are compared.
MOST_GROWTH_OF_A_COMPARISON = 512 * MEBIBYTE

JSON_BODY = {"Content-Type": "application/json"}
PACKED = JSON_BODY | {"Content-Encoding": "gzip"}
GOOD = json.dumps(a_statement()).encode()
Request = tuple[bytes, dict[str, str]]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with (
        tempfile.TemporaryDirectory(prefix="lrs-hostile-") as directory,
        known(Path(directory) / "data", **LIMITS) as service,
    ):
        yield service


class Peak:
    """How much memory a service takes more than when the watch began."""

    def __init__(self, service: Service) -> None:
        self._process = Path(f"/proc/{service.running.pid}")
        (self._process / "clear_refs").write_text("5")  # forgets the peak so far
        self._start = self._in_kibibytes("VmRSS")

    @property
    def growth(self) -> int:
        return (self._in_kibibytes("VmHWM") - self._start) * 1024

    def _in_kibibytes(self, name: str) -> int:
        found = re.search(rf"{name}:\s+(\d+)", (self._process / "status").read_text())
        assert found
        return int(found[1])


def in_parts(first: bytes, *parts: bytes) -> Request:
    return joined(with_headers(JSON_BODY, first), *parts)


def with_signature(jws: bytes, **properties: Any) -> Request:
    digest = hashlib.sha256(jws).hexdigest()
    attachments = [ATTACHMENT | {"sha2": digest, "length": len(jws)}]
    return multipart(a_statement(attachments=attachments, **properties), Part(jws))


def unsigned(payload: bytes) -> bytes:
    """Return a JWS without certificate, whose signature nobody looks at."""
    return b".".join((base64url(b'{"alg":"RS256"}'), base64url(payload), b"AA"))


def with_more(members: str) -> bytes:
    return GOOD[:-1] + f",{members}}}".encode()


# Made when they are sent: together they are large.
BODIES: dict[str, Callable[[], Request]] = {
    "deep arrays": lambda: (b"[" * 2_000_000, JSON_BODY),
    "deep objects": lambda: (b'{"a":' * 600_000, JSON_BODY),
    "a batch of numbers": lambda: (b"[" + b"0," * 7_000_000 + b"0]", JSON_BODY),
    "a batch of objects": lambda: (b"[" + b"{}," * 5_000_000 + b"{}]", JSON_BODY),
    "a batch without end": lambda: (b"[" + b"{}," * 5_000_000, JSON_BODY),
    "unknown properties": lambda: (
        with_more(",".join(f'"u{number}":1' for number in range(250_000))),
        JSON_BODY,
    ),
    "a property again and again": lambda: (with_more(",".join(['"actor":1'] * 300_000)), JSON_BODY),
    "one long text": lambda: (with_more('"x":"' + "x" * (MOST - 1_000) + '"'), JSON_BODY),
    "one long text of four bytes": lambda: (
        with_more('"x":"' + "\U0001f600" * 4_000_000 + '"'),
        JSON_BODY,
    ),
    "bytes that are no text": lambda: (b"\xff" * MOST, JSON_BODY),
    "a packed bomb of spaces": lambda: (gzip.compress(b" " * 400_000_000, 1), PACKED),
    "a packed bomb of arrays": lambda: (gzip.compress(b"[" * 400_000_000, 1), PACKED),
    "more than is allowed": lambda: (b" " * (2 * MOST), JSON_BODY),
    "ten thousand parts": lambda: multipart(a_statement(), *[Part(b"x")] * 10_000),
    "a header of a part without end": lambda: in_parts(GOOD, b"A: " + b"b" * MOST),
    "headers of a part without end": lambda: in_parts(GOOD, b"A: b\r\n" * 2_000_000),
    "deep arrays in a part": lambda: in_parts(b"[" * 2_000_000),
    "a batch of numbers in a part": lambda: in_parts(b"[" + b"0," * 7_000_000 + b"0]"),
    "an attachment of nobody": lambda: multipart(a_statement(), Part(b"x" * 2 * MOST)),
    "no last boundary": lambda: (
        multipart(a_statement(), Part(b"x" * 2 * MOST))[0][:-40],
        multipart(a_statement())[1],
    ),
    "a signature of dots": lambda: with_signature(b"." * MOST),
    "a signature with a large payload": lambda: with_signature(b"e30." + b"A" * MOST + b".AA"),
    "a signature with a deep header": lambda: with_signature(base64url(b"[" * 90_000) + b".e30.AA"),
}


def post(service: Service, request: Request) -> httpx.Response:
    body, headers = request
    with client(service.address) as speaking:
        return speaking.post("statements", content=body, headers=headers, timeout=240)


def stored(service: Service) -> list[Json]:
    statements: list[Json] = service.get("statements").json()["statements"]
    return statements


@pytest.mark.parametrize("made", BODIES.values(), ids=BODIES.keys())
def test_memory_is_bounded_whatever_is_posted(
    service: Service, made: Callable[[], Request]
) -> None:
    request = made()
    peak = Peak(service)
    answer = post(service, request)
    assert answer.status_code in {400, 413}, answer.text[:500]
    assert answer.json()["detail"]
    assert peak.growth < MOST_GROWTH
    assert stored(service) == []


def test_memory_is_bounded_where_a_large_signature_is_compared(service: Service) -> None:
    payload = b'{"actor":[' + b'{"a":1},' * 550_000 + b"1]}"
    request = with_signature(unsigned(payload), result={"response": "x" * 3_900_000})
    peak = Peak(service)
    answer = post(service, request)
    assert answer.status_code == 400
    assert 'differ in "actor"' in answer.json()["detail"]
    assert peak.growth < MOST_GROWTH_OF_A_COMPARISON
    assert stored(service) == []


def test_memory_is_bounded_however_many_post_at_once(service: Service) -> None:
    names = ("deep arrays", "a packed bomb of arrays", "ten thousand parts", "no last boundary")
    requests = [BODIES[name]() for name in names] * 4
    peak = Peak(service)
    with ThreadPoolExecutor(len(requests)) as senders:
        answers = list(senders.map(lambda request: post(service, request), requests))
    assert {each.status_code for each in answers} <= {400, 413}
    assert peak.growth < MOST_GROWTH
    assert stored(service) == []


# Clients that do not keep to HTTP


def connected(service: Service, *lines: str) -> socket.socket:
    """Begin a POST with these headers on a connection of its own."""
    parts = urlsplit(service.address)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=60)
    credentials = b64encode(f"{KEY}:{SECRET}".encode()).decode()
    usual = ("Host: lrs.test", f"Authorization: Basic {credentials}")
    version = "X-Experience-API-Version: 1.0.3"
    head = ("POST /xapi/statements HTTP/1.1", *usual, version, *lines, "", "")
    connection.sendall("\r\n".join(head).encode())
    return connection


def gone(connection: socket.socket) -> None:
    """End a connection at once, without the usual farewell."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("kind", ["application/json", "multipart/mixed; boundary=x"])
def test_who_announces_much_and_goes_away_leaves_nothing(service: Service, kind: str) -> None:
    process = psutil.Process(service.running.pid)
    assert service.answers()
    before = process.num_fds()
    peak = Peak(service)
    for _ in range(30):
        connection = connected(service, f"Content-Type: {kind}", f"Content-Length: {MOST - 1}")
        connection.sendall(b"--x\r\nContent-Type: application/json\r\n\r\n" + GOOD + b"\r\n--x\r\n")
        connection.sendall(b"X-Experience-API-Hash: " + b"ab" * 32 + b"\r\n\r\n" + b"x" * MEBIBYTE)
        gone(connection)
    # Fewer than a leak of each would be; the pools of connections to PostgreSQL may have grown.
    until(lambda: process.num_fds() < before + 20)
    assert peak.growth < MOST_GROWTH
    assert stored(service) == []


@pytest.mark.parametrize(
    "chunk", [b"zz\r\nx\r\n", b"f" * 40 + b"\r\nx\r\n", b"-1\r\nx\r\n", b"1\r\nxx\r\n"],
    ids=["no number", "a huge number", "a negative number", "a wrong number"],
)  # fmt: skip
def test_a_body_in_broken_chunks_ends_its_connection(service: Service, chunk: bytes) -> None:
    connection = connected(service, "Content-Type: application/json", "Transfer-Encoding: chunked")
    with connection, connection.makefile("rb") as answer:
        connection.sendall(chunk)
        assert answer.readline().startswith(b"HTTP/1.1 400 ")
        assert answer.read()  # up to the end of the connection
    assert stored(service) == []


@pytest.mark.parametrize("kind", ["application/json", "multipart/mixed; boundary=x"])
def test_who_announces_gigabytes_is_told_before_sending_them(service: Service, kind: str) -> None:
    connection = connected(service, f"Content-Type: {kind}", f"Content-Length: {10**10}")
    with connection, connection.makefile("rb") as answer:
        assert answer.readline().startswith(b"HTTP/1.1 413 ")
    assert stored(service) == []


def test_an_address_of_a_megabyte_is_refused(service: Service) -> None:
    parts = urlsplit(service.address)
    address = b"/xapi/statements?verb=http://example.org/" + b"a" * 1_000_000
    with (
        socket.create_connection((parts.hostname, parts.port), timeout=60) as connection,
        connection.makefile("rb") as answer,
    ):
        connection.sendall(b"GET " + address + b" HTTP/1.1\r\nHost: lrs.test\r\n\r\n")
        assert answer.readline().startswith(b"HTTP/1.1 431 ")
    assert service.answers()
