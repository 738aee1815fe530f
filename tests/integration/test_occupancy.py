"""What all connections of a service may hold together, and that good clients are served beside."""

import contextlib
import email
import json
import resource
import select
import socket
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psutil
import pytest

from builders import activity, agent
from running_service import KEY, SECRET, Service, client, known, until

CONNECTIONS, TIMEOUT = 12, 4
OF_ADDRESS = 10
MEBIBYTE = 1024 * 1024
UNSENT = 24 * MEBIBYTE
LARGE = 6 * MEBIBYTE
# What the systems of both ends take of an answer that nobody reads, and more.
TAKEN_BY_SYSTEM = MEBIBYTE
GENEROUS = 60
STATE = "/xapi/activities/state?" + urlencode(
    {"activityId": activity()["id"], "agent": json.dumps(agent()), "stateId": "large"}
)
KNOWN = (
    f"Authorization: Basic {b64encode(f'{KEY}:{SECRET}'.encode()).decode()}",
    "X-Experience-API-Version: 1.0.3",
    "Content-Type: application/json",
)


pytestmark = pytest.mark.skipif(
    not hasattr(select, "POLLRDHUP"), reason="only Linux tells the end of what is not read"
)


@contextlib.contextmanager
def holding_a_document(**limits: int) -> Iterator[Service]:
    with (
        tempfile.TemporaryDirectory(prefix="lrs-occupancy-") as directory,
        known(Path(directory) / "data", **limits) as service,
    ):
        with client(service.address) as speaking:
            answer = speaking.put(service.address + STATE, content=b"x" * LARGE)
            assert answer.status_code == 204
        yield service


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    # Whoever begins a body in these tests goes on with it, and is not to be hurried.
    with holding_a_document(
        LRS_MAX_CONNECTIONS=CONNECTIONS, LRS_ANSWER_TIMEOUT=TIMEOUT, LRS_BODY_TIMEOUT=GENEROUS
    ) as service:
        yield service


@pytest.fixture(scope="module")
def patient() -> Iterator[Service]:
    """A service that waits for slow readers for long."""
    with holding_a_document(
        LRS_MAX_CONNECTIONS_PER_ADDRESS=OF_ADDRESS,
        LRS_MAX_UNSENT_BYTES=UNSENT,
        LRS_ANSWER_TIMEOUT=10 * GENEROUS,
    ) as service:
        yield service


@pytest.fixture
def held() -> Iterator[contextlib.ExitStack]:
    """Connections that are closed at the end of a test."""
    with contextlib.ExitStack() as stack:
        yield stack


def connect(service: Service, held: contextlib.ExitStack, buffer: int = 0) -> socket.socket:
    parts = urlsplit(service.address)
    connection = held.enter_context(socket.socket())
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.settimeout(GENEROUS)
    connection.connect((parts.hostname, parts.port))
    return connection


def head(method: str, target: str, *more: str) -> bytes:
    lines = (f"{method} {target} HTTP/1.1", "Host: lrs.test", *KNOWN, *more)
    return "\r\n".join((*lines, "", "")).encode()


def rest(connection: socket.socket) -> bytes:
    """Return what is still answered, up to the end of the connection."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


def is_ended(connection: socket.socket) -> bool:
    """Tell whether the service has ended a connection, without reading what it has sent."""
    polled = select.poll()
    polled.register(connection, select.POLLRDHUP)
    return bool(polled.poll(0))


def ask_and_not_read(service: Service, held: contextlib.ExitStack) -> socket.socket:
    connection = connect(service, held, buffer=4096)
    connection.sendall(head("GET", STATE))
    assert select.select([connection], [], [], GENEROUS)[0]
    return connection


def begin_body(service: Service, held: contextlib.ExitStack) -> socket.socket:
    """Send a head and less than its body, and wait until it is looked at."""
    connection = connect(service, held)
    connection.sendall(head("PUT", STATE, "Content-Length: 10", "Expect: 100-continue"))
    assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
    return connection


def assert_refused(answer: bytes, status: int, code: str) -> None:
    sent, _, body = answer.partition(b"\r\n\r\n")
    assert sent.startswith(b"HTTP/1.1 %d " % status)
    headers = email.message_from_bytes(sent.partition(b"\r\n")[2])
    assert headers["Retry-After"] == "1"
    assert headers["Connection"] == "close"
    assert headers["X-Experience-API-Version"] == "1.0.3"
    assert headers["Access-Control-Allow-Origin"] == "https://page.test"
    problem = json.loads(body)
    assert problem["type"] == f"urn:lrs:error:{code}"
    assert problem["request_id"] == headers["X-Request-ID"]


def ask_from_page(connection: socket.socket) -> bytes:
    connection.sendall(head("GET", "/xapi/statements", "Origin: https://page.test"))
    return rest(connection)


# Who does not read


def test_who_does_not_read_an_answer_is_hung_up_on(
    service: Service, held: contextlib.ExitStack
) -> None:
    connection = ask_and_not_read(service, held)
    until(lambda: is_ended(connection), GENEROUS)
    assert len(rest(connection)) < TAKEN_BY_SYSTEM
    assert service.answers()


def test_who_asks_again_and_again_and_reads_nothing_is_hung_up_on(
    service: Service, held: contextlib.ExitStack
) -> None:
    connection = connect(service, held, buffer=4096)
    connection.sendall(head("GET", "/xapi/about") * 2_000)
    until(lambda: is_ended(connection), GENEROUS)
    assert service.answers()


def test_who_wants_the_connection_closed_and_does_not_read_is_hung_up_on(
    service: Service, held: contextlib.ExitStack
) -> None:
    process = psutil.Process(service.running.pid)
    connection = connect(service, held, buffer=4096)
    connection.sendall(head("GET", STATE, "Connection: close"))
    own = connection.getsockname()

    def is_held() -> bool:
        return any(each.raddr == own for each in process.net_connections("tcp"))

    until(is_held, GENEROUS)
    until(lambda: not is_held(), GENEROUS)


def test_a_reader_that_keeps_its_pace_may_take_longer_than_the_timeout(
    service: Service, held: contextlib.ExitStack
) -> None:
    connection = ask_and_not_read(service, held)
    size, began = 0, time.monotonic()
    while time.monotonic() - began < 3 * TIMEOUT:
        part = connection.recv(32_768)
        assert part
        size += len(part)
        time.sleep(0.1)
    while size < LARGE:
        part = connection.recv(65_536)
        assert part
        size += len(part)
    assert size >= LARGE


def test_all_together_may_leave_so_much_unread(
    patient: Service, held: contextlib.ExitStack
) -> None:
    opened = [ask_and_not_read(patient, held) for _ in range(OF_ADDRESS - 1)]
    too_many = OF_ADDRESS - 1 - UNSENT // (LARGE - TAKEN_BY_SYSTEM)
    until(lambda: sum(map(is_ended, opened)) >= too_many, GENEROUS)
    assert not is_ended(opened[-1])
    assert patient.answers()


# Too many connections


def test_idle_connections_make_room(service: Service, held: contextlib.ExitStack) -> None:
    opened = [connect(service, held) for _ in range(3 * CONNECTIONS)]
    assert service.answers()
    until(lambda: sum(map(is_ended, opened)) >= 2 * CONNECTIONS, GENEROUS)
    assert service.answers()


def test_who_has_brought_no_request_yet_goes_before_who_has(
    service: Service, held: contextlib.ExitStack
) -> None:
    kept = connect(service, held)
    kept.sendall(head("GET", "/xapi/about"))
    assert kept.recv(65_536).startswith(b"HTTP/1.1 200 ")
    opened = [connect(service, held) for _ in range(3 * CONNECTIONS)]
    for connection in opened:
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"GET /xapi")
    until(lambda: sum(map(is_ended, opened)) > 2 * CONNECTIONS, GENEROUS)
    kept.sendall(head("GET", "/xapi/about"))
    assert kept.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_where_all_are_busy_more_are_told_to_come_back(
    service: Service, held: contextlib.ExitStack
) -> None:
    busy = [begin_body(service, held) for _ in range(CONNECTIONS)]
    for _ in range(3):
        assert_refused(ask_from_page(connect(service, held)), 503, "busy")
    for connection in busy:
        connection.sendall(b"0123456789")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 204 ")
    assert service.answers()
    with client(service.address) as speaking:
        speaking.put(service.address + STATE, content=b"x" * LARGE)


def test_who_is_only_told_is_held_in_small_numbers(
    service: Service, held: contextlib.ExitStack
) -> None:
    for _ in range(CONNECTIONS):
        begin_body(service, held)
    told = [connect(service, held) for _ in range(150)]
    until(lambda: sum(map(is_ended, told)) >= 50, GENEROUS)
    assert_refused(ask_from_page(told[-1]), 503, "busy")


def test_one_address_has_its_share(patient: Service, held: contextlib.ExitStack) -> None:
    first, *_ = [begin_body(patient, held) for _ in range(OF_ADDRESS)]
    assert_refused(ask_from_page(connect(patient, held)), 429, "too-many-requests")
    first.close()
    until(patient.answers, GENEROUS)


def test_as_many_open_files_are_asked_for_as_connections_need() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        with holding_a_document() as service:
            allowed, _ = psutil.Process(service.running.pid).rlimit(psutil.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert allowed >= min(2_000, hard)


def test_the_log_tells_how_many_had_to_go(service: Service, held: contextlib.ExitStack) -> None:
    for _ in range(2 * CONNECTIONS):
        connect(service, held)
    until(lambda: "to make room: " in service.text, GENEROUS)
