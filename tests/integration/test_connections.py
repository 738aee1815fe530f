"""What a connection may cost below the app, and that all which keeps to HTTP is served."""

import asyncio
import email
import http.client
import inspect
import json
import select
import socket
import tempfile
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from itertools import repeat
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit

import psutil
import pytest
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from builders import activity, agent
from lrs.cli.connections import (
    MOST_HEAD_BYTES,
    MOST_HEADERS,
    MOST_UNREAD_BYTES,
    SECONDS_OF_UNREAD,
    LimitedConnection,
)
from lrs.cli.occupancy import ConnectionLimits, Occupancy
from running_service import KEY, SECRET, Service, known

TIMEOUT = 1
GENEROUS = 10
MOST_BODY = 65_536
MEBIBYTE = 1024 * 1024
CREDENTIALS = "Basic " + b64encode(f"{KEY}:{SECRET}".encode()).decode()
ABOUT = b"GET /xapi/about HTTP/1.1\r\nHost: lrs.test\r\n"
STATE = "/xapi/activities/state?" + urlencode(
    {"activityId": activity()["id"], "agent": json.dumps(agent()), "stateId": "s"}
)
HEADERS = {"X-Experience-API-Version": "1.0.3", "Content-Type": "application/json"}
KNOWN_SENDER = HEADERS | {"Authorization": CREDENTIALS}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with (
        tempfile.TemporaryDirectory(prefix="lrs-connections-") as directory,
        known(
            Path(directory) / "data", LRS_BODY_TIMEOUT=TIMEOUT, LRS_MAX_BODY_BYTES=MOST_BODY
        ) as service,
    ):
        yield service


def occupancy(**limits: int) -> Occupancy:
    most = {"connections": 10, "head_timeout": 1_000, "answer_timeout": 1, "unsent_bytes": 1_000}
    return Occupancy(ConnectionLimits(**most | limits, version="1.0.3"))


def connect(service: Service) -> socket.socket:
    parts = urlsplit(service.address)
    return socket.create_connection((parts.hostname, parts.port), timeout=60)


def speak(service: Service) -> http.client.HTTPConnection:
    parts = urlsplit(service.address)
    return http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)


def head(method: str, target: str, **headers: str) -> bytes:
    fields = {"Host": "lrs.test"} | KNOWN_SENDER
    fields |= {name.replace("_", "-"): text for name, text in headers.items()}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {it}" for name, it in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def send(connection: socket.socket, parts: Iterator[bytes]) -> int:
    """Send until the service hangs up or answers; return how many bytes it took."""
    sent = 0
    try:
        for part in parts:
            connection.sendall(part)
            sent += len(part)
            if select.select([connection], [], [], 0)[0]:
                break
    except ConnectionError:
        pass
    return sent


def rest(connection: socket.socket) -> bytes:
    """Return what is still answered, up to the end of the connection."""
    parts = []
    with connection:
        try:
            while part := connection.recv(65_536):
                parts.append(part)
        except ConnectionError:
            pass
    return b"".join(parts)


def assert_problem(answer: bytes, code: str, told: str) -> None:
    """Expect a problem document with the headers that every answer has."""
    sent, _, body = answer.partition(b"\r\n\r\n")
    headers = email.message_from_bytes(sent.partition(b"\r\n")[2])
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["X-Experience-API-Version"] == "1.0.3"
    problem = json.loads(body)
    assert problem["type"] == f"urn:lrs:error:{code}"
    assert told in problem["detail"]
    assert problem["request_id"] == headers["X-Request-ID"]


def is_hung_up(connection: socket.socket) -> bool:
    """Tell whether the service takes nothing more; its answers are read."""
    try:
        connection.sendall(b"x")
        while select.select([connection], [], [], 0)[0]:
            if not connection.recv(65_536):
                return True
    except ConnectionError:
        return True
    return False


def seconds_until_hung_up(connection: socket.socket, most: float) -> float:
    """Send a byte now and then until the service hangs up."""
    began = time.monotonic()
    while not is_hung_up(connection) and time.monotonic() - began < most:
        time.sleep(0.1)
    return time.monotonic() - began


def trickle_until_answered(connection: socket.socket, most: float) -> None:
    """Send a byte now and then until there is an answer."""
    end = time.monotonic() + most
    while not select.select([connection], [], [], TIMEOUT / 10)[0]:
        assert time.monotonic() < end, "nothing was answered in time"
        connection.sendall(b"a")


# Heads that are too large


HEADS_WITHOUT_END = {
    "a header": (ABOUT + b"X: ", b"a" * 65_536),
    "a name of a header": (ABOUT, b"a" * 65_536),
    "headers": (ABOUT, b"X: a\r\n" * 10_000),
    "headers of nothing": (ABOUT, b"X:\r\n" * 10_000),
    "headers, one after the other": (ABOUT, b"X: a\r\n"),
    "an address": (b"GET /xapi/", b"a" * 65_536),
    "empty lines": (b"\r\n", b"\r\n" * 30_000),
}


@pytest.mark.parametrize(("first", "more"), HEADS_WITHOUT_END.values(), ids=HEADS_WITHOUT_END)
def test_a_head_without_end_is_refused(service: Service, first: bytes, more: bytes) -> None:
    connection = connect(service)
    connection.sendall(first)
    taken = send(connection, repeat(more, 200 * MEBIBYTE // len(more)))
    assert taken < 64 * MEBIBYTE
    answer = rest(connection)
    assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert b"\r\nconnection: close\r\n" in answer
    assert_problem(answer, "large-head", "are over 65536 bytes or 200 headers")
    assert service.answers()


def test_memory_is_bounded_while_a_head_does_not_end(service: Service) -> None:
    process = psutil.Process(service.running.pid)
    before = highest = process.memory_info().rss
    with connect(service) as connection:
        connection.sendall(ABOUT + b"X: ")
        try:
            for _ in range(200):
                connection.sendall(b"a" * MEBIBYTE)
                highest = max(highest, process.memory_info().rss)
        except ConnectionError:
            pass
    assert highest - before < 32 * MEBIBYTE
    assert service.answers()


@pytest.mark.parametrize(("number", "status"), [(MOST_HEADERS, 200), (MOST_HEADERS + 1, 431)])
def test_headers_are_counted(service: Service, number: int, status: int) -> None:
    connection = connect(service)
    others = b"".join(b"X-%d: a\r\n" % it for it in range(number - 2))
    connection.sendall(ABOUT + b"Connection: close\r\n" + others + b"\r\n")
    assert rest(connection).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize(("size", "status"), [(MOST_HEAD_BYTES - 100, 200), (MOST_HEAD_BYTES, 431)])
@pytest.mark.parametrize("pieces", [1, 7])
def test_bytes_of_a_whole_head_are_counted(
    service: Service, size: int, status: int, pieces: int
) -> None:
    connection = connect(service)
    sent = ABOUT + b"Connection: close\r\nX: " + b"a" * size + b"\r\n\r\n"
    step = -(-len(sent) // pieces)
    for start in range(0, len(sent), step):
        connection.sendall(sent[start : start + step])
        time.sleep(0.01)
    assert rest(connection).startswith(b"HTTP/1.1 %d " % status)


def test_each_head_of_a_connection_may_be_large(service: Service) -> None:
    connection = connect(service)
    large = ABOUT + b"X: " + b"a" * (MOST_HEAD_BYTES // 2) + b"\r\n"
    connection.sendall((large + b"\r\n") * 4 + large + b"Connection: close\r\n\r\n")
    assert rest(connection).count(b"HTTP/1.1 200 ") == 5


@pytest.mark.parametrize("more", [b"a" * 65_536, b"b\r\nX: " * 100], ids=["a header", "headers"])
def test_headers_after_a_body_are_bounded_too(service: Service, more: bytes) -> None:
    connection = connect(service)
    connection.sendall(head("PUT", STATE, Transfer_Encoding="chunked") + b"2\r\n{}\r\n0\r\nX: ")
    taken = send(connection, repeat(more, 200 * MEBIBYTE // len(more)))
    assert taken < 64 * MEBIBYTE
    rest(connection)
    assert not service.answers(STATE.removeprefix("/xapi/"))


def test_a_size_of_a_chunk_without_end_is_bounded(service: Service) -> None:
    connection = connect(service)
    connection.sendall(head("PUT", STATE, Transfer_Encoding="chunked") + b"2;x=")
    taken = send(connection, repeat(b"a" * 65_536, 3_200))
    assert taken < 64 * MEBIBYTE
    rest(connection)
    assert not service.answers(STATE.removeprefix("/xapi/"))


def test_what_is_pipelined_before_a_head_too_large_is_answered(service: Service) -> None:
    connection = connect(service)
    connection.sendall(ABOUT + b"\r\n" + ABOUT + b"X: b\r\n" * 300)
    answer = rest(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.endswith(b"}")


# Heads that are too slow


SLOW_HEADS = {"nothing of it": b"\r\n", "a part": b"GE", "no end": ABOUT + b"X: a\r\n"}


@pytest.mark.parametrize("sent", SLOW_HEADS.values(), ids=SLOW_HEADS)
def test_a_head_that_pauses_is_refused(service: Service, sent: bytes) -> None:
    connection = connect(service)
    connection.sendall(sent)
    began = time.monotonic()
    answer = rest(connection)
    assert time.monotonic() - began < GENEROUS * TIMEOUT
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"\r\nconnection: close\r\n" in answer
    assert_problem(answer, "slow-head", "took over 1 seconds")


def test_a_head_that_trickles_is_refused(service: Service) -> None:
    connection = connect(service)
    connection.sendall(ABOUT)
    trickle_until_answered(connection, GENEROUS * TIMEOUT)
    assert rest(connection).startswith(b"HTTP/1.1 408 ")


def test_a_later_head_is_timed_too(service: Service) -> None:
    connection = connect(service)
    connection.sendall(ABOUT + b"\r\n" + ABOUT)
    answer = rest(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1 408 ") == 1


def test_a_connection_may_be_idle_for_longer_than_a_head_may_take(service: Service) -> None:
    connection = speak(service)
    connection.connect()
    for _ in range(2):
        opened = connection.sock
        time.sleep(2 * TIMEOUT)
        connection.request("GET", "/xapi/about")
        assert connection.getresponse().read()
        assert connection.sock is opened
    connection.close()


async def test_a_connection_on_which_no_request_comes_is_closed() -> None:
    async def nothing(scope: object, receive: object, send: object) -> None:
        """Answer nobody."""

    config = Config(nothing, timeout_keep_alive=TIMEOUT, log_config=None)
    made = partial(LimitedConnection, config, ServerState(), {}, occupancy=occupancy())
    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1")
    async with server, asyncio.timeout(GENEROUS * TIMEOUT):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        assert await reader.read() == b""
        writer.close()


# Bodies that nobody reads


UNREAD = {
    "401": head("PUT", STATE, Authorization="Basic eDp5"),
    "404": head("POST", "/nothing/here"),
    "405": head("PATCH", "/xapi/about"),
    "413": head("PUT", STATE),
}


def begun(service: Service, status: str, *headers: bytes) -> socket.socket:
    """Send the head of a large body, and see the answer begin."""
    connection = connect(service)
    fields = b"\r\n".join([b"Content-Length: 1000000000", *headers])
    connection.sendall(UNREAD[status][:-2] + fields + b"\r\n\r\n")
    assert connection.recv(13) == f"HTTP/1.1 {status} ".encode()
    return connection


def test_who_trickles_a_body_that_nobody_reads_is_hung_up_on(service: Service) -> None:
    most = GENEROUS * SECONDS_OF_UNREAD
    began = time.monotonic()
    closing = [b"Connection: close"]
    connections = [begun(service, status, *more) for status in UNREAD for more in ([], closing)]
    for connection in connections:
        with connection:
            assert seconds_until_hung_up(connection, most) < most
    assert time.monotonic() - began < most


@pytest.mark.parametrize("status", UNREAD)
def test_who_sends_much_that_nobody_reads_is_hung_up_on(service: Service, status: str) -> None:
    with begun(service, status) as connection:
        taken = 0
        try:
            while taken < 64 * MEBIBYTE:
                connection.sendall(b"a" * 65_536)
                taken += 65_536
        except ConnectionError:
            pass
    assert taken < 64 * MEBIBYTE
    assert service.answers()


def test_a_client_that_sends_all_before_it_reads_sees_that_it_was_too_much(
    service: Service,
) -> None:
    connection = speak(service)
    for _ in range(5):
        connection.request("PUT", STATE, b"a" * (MOST_UNREAD_BYTES - 1), KNOWN_SENDER)
        answer = connection.getresponse()
        assert answer.status == 413
        assert b"urn:lrs:error:too-large" in answer.read()
    opened = connection.sock
    connection.request("GET", "/xapi/about")
    assert connection.getresponse().read()
    assert connection.sock is opened
    connection.close()


def test_a_client_that_wants_its_connection_closed_sees_it_too(service: Service) -> None:
    for _ in range(5):
        request = urllib.request.Request(  # noqa: S310 # http, and it says so
            service.address + STATE, b"a" * (MOST_UNREAD_BYTES - 1), KNOWN_SENDER, method="PUT"
        )
        with pytest.raises(HTTPError) as caught:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60)
        with caught.value as answer:
            assert answer.code == 413
            assert b"urn:lrs:error:too-large" in answer.read()


# What keeps to HTTP


def test_pipelined_requests_are_answered_in_order(service: Service) -> None:
    connection = connect(service)
    connection.sendall(
        head("PUT", STATE, Content_Length="7") + b'{"a":1}'
        + head("GET", STATE)
        + head("POST", STATE, Transfer_Encoding="chunked") + b'3\r\n{"b\r\n4\r\n":2}\r\n0\r\n\r\n'
        + head("GET", STATE)
        + head("DELETE", STATE, Connection="close")
    )  # fmt: skip
    answer = rest(connection)
    statuses = [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [204, 200, 204, 200, 204]
    assert answer.index(b'{"a":1}') < answer.index(b'"b":2')


def test_a_body_in_tiny_chunks_may_be_larger_than_a_head(service: Service) -> None:
    connection = speak(service)
    chunks = repeat(b"7", MOST_BODY)
    connection.request("PUT", STATE, chunks, KNOWN_SENDER, encode_chunked=True)
    assert connection.getresponse().read() == b""
    connection.request("GET", STATE, headers=KNOWN_SENDER)
    assert connection.getresponse().read() == b"7" * MOST_BODY
    connection.request("DELETE", STATE, headers=KNOWN_SENDER)
    assert connection.getresponse().status == 204
    connection.close()


def test_headers_after_a_body_are_taken(service: Service) -> None:
    connection = connect(service)
    body = b"2\r\n{}\r\n0\r\nX-Checked: yes\r\n\r\n"
    first = head("PUT", STATE, Transfer_Encoding="chunked") + body
    connection.sendall(first + head("DELETE", STATE, Connection="close"))
    assert rest(connection).count(b"HTTP/1.1 204 ") == 2


def test_a_sender_that_waits_to_be_asked_for_the_body_is_asked(service: Service) -> None:
    connection = connect(service)
    connection.sendall(head("PUT", STATE, Content_Length="2", Expect="100-continue"))
    assert connection.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(b"{}" + head("DELETE", STATE, Connection="close"))
    assert rest(connection).count(b"HTTP/1.1 204 ") == 2


@pytest.mark.parametrize("status", ["401", "413"])
def test_a_sender_that_waits_is_told_before_it_sends(service: Service, status: str) -> None:
    connection = begun(service, status, b"Expect: 100-continue")
    began = time.monotonic()
    rest(connection)
    assert time.monotonic() - began < GENEROUS * SECONDS_OF_UNREAD


@pytest.mark.parametrize("protocol", ["h2c", "websocket"])
def test_who_would_like_another_protocol_is_answered_in_this_one(
    service: Service, protocol: str
) -> None:
    connection = connect(service)
    wish = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": protocol, "HTTP2-Settings": "AAMA"}
    connection.sendall(
        head("PUT", STATE, Content_Length="7", **wish) + b'{"a":1}' + head("GET", STATE, **wish)
    )
    time.sleep(TIMEOUT / 10)
    connection.sendall(head("DELETE", STATE, Content_Length="2", **wish))
    connection.sendall(b"{}" + head("DELETE", STATE, Connection="close"))
    answer = rest(connection)
    assert answer.count(b"HTTP/1.1 204 ") == 3
    assert answer.count(b'\r\n\r\n{"a":1}') == 1


def test_wishes_for_another_protocol_may_come_in_any_number(service: Service) -> None:
    connection = connect(service)
    wish = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
    connection.sendall((b"OPTIONS / HTTP/1.1\r\n" + wish + b"\r\n") * 2_000)
    connection.sendall(ABOUT + b"Connection: close\r\n\r\n")
    answer = rest(connection)
    assert answer.count(b"HTTP/1.1 204 ") == 2_000
    assert answer.count(b"HTTP/1.1 200 ") == 1


def test_a_tunnel_is_not_opened(service: Service) -> None:
    connection = connect(service)
    connection.sendall(b"CONNECT example.org:80 HTTP/1.1\r\nHost: example.org\r\n\r\n")
    connection.sendall(ABOUT + b"Connection: close\r\n\r\n")
    assert rest(connection).startswith(b"HTTP/1.1 4")
    assert service.answers()


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_connection_is_closed_after_the_answer_where_that_is_asked(
    service: Service, version: bytes
) -> None:
    connection = connect(service)
    connection.sendall(b"GET /xapi/about HTTP/" + version + b"\r\nConnection: close\r\n\r\n")
    began = time.monotonic()
    assert rest(connection).startswith(b"HTTP/1.1 200 ")
    assert time.monotonic() - began < SECONDS_OF_UNREAD


def test_several_workers_keep_to_the_limits(tmp_path: Path) -> None:
    with known(tmp_path / "data", LRS_WORKERS=2, LRS_BODY_TIMEOUT=TIMEOUT) as service:
        for _ in range(4):
            connection = connect(service)
            connection.sendall(ABOUT + b"X: b\r\n" * 300)
            assert rest(connection).startswith(b"HTTP/1.1 431 ")
        connection = connect(service)
        connection.sendall(ABOUT)
        assert rest(connection).startswith(b"HTTP/1.1 408 ")


# What uvicorn has to offer for this, and does not promise


OVERRIDDEN = [
    "connection_made", "connection_lost", "data_received", "on_message_begin", "on_url",
    "on_header", "on_headers_complete", "on_body", "on_message_complete", "on_response_complete",
    "_should_upgrade", "handle_websocket_upgrade", "send_400_response", "pause_writing",
    "resume_writing",
]  # fmt: skip
READ = [
    "client", "cycle", "flow", "headers", "loop", "scope", "server_state", "timeout_keep_alive",
    "timeout_keep_alive_handler", "timeout_keep_alive_task", "transport",
]  # fmt: skip


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_uvicorn_still_has_the_method(name: str) -> None:
    theirs = inspect.signature(getattr(HttpToolsProtocol, name))
    assert list(inspect.signature(getattr(LimitedConnection, name)).parameters) == list(
        theirs.parameters
    )


def test_no_method_of_uvicorn_is_overridden_unwittingly() -> None:
    both = vars(LimitedConnection).keys() & vars(HttpToolsProtocol).keys()
    assert {name for name in both if not name.startswith("__")} == set(OVERRIDDEN)


async def test_uvicorn_still_has_what_is_read() -> None:
    protocol = HttpToolsProtocol(Config(str, log_config=None), ServerState(), {})
    assert [name for name in READ if not hasattr(protocol, name)] == []
    assert isinstance(protocol.server_state.default_headers, list)
    attributes = vars(FlowControl(asyncio.Transport()))
    assert "read_paused" in attributes
    written = inspect.getsource(RequestResponseCycle)
    for used in ("self.transport.close()", "self.response_complete = True", "self.on_response()"):
        assert used in written
    assert written.index("self.response_started = True") < written.index("self.transport.write(b")
