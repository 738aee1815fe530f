"""A body that comes too slowly is refused, on every resource that reads one (RFC 9110 15.5.9)."""

import json
import select
import socket
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from builders import a_statement, activity, agent
from running_service import KEY, SECRET, Service, client, known

TIMEOUT = 1
BODY = json.dumps(a_statement()).encode()
QUERY = b'{"measures": ["statements.count"]}'
FORM = urlencode({"content": BODY}).encode()
MULTIPART = b"--x\r\nContent-Type: application/json\r\n\r\n%s\r\n--x--" % BODY
JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
_ACTIVITY = {"activityId": activity()["id"]}
_AGENT = {"agent": json.dumps(agent())}
STATEMENT = "/xapi/statements?statementId=0b7c2f4e-5f5b-4f6c-9d0c-2f1c1b6a7d10"
STATE = "/xapi/activities/state?" + urlencode(_ACTIVITY | _AGENT | {"stateId": "slow"})
ACTIVITY_PROFILE = "/xapi/activities/profile?" + urlencode(_ACTIVITY | {"profileId": "slow"})
AGENT_PROFILE = "/xapi/agents/profile?" + urlencode(_AGENT | {"profileId": "slow"})
READERS = {
    "POST statements": ("POST", "/xapi/statements", JSON_TYPE, BODY),
    "PUT statement": ("PUT", STATEMENT, JSON_TYPE, BODY),
    "PUT state": ("PUT", STATE, "text/plain", BODY),
    "POST state": ("POST", STATE, JSON_TYPE, BODY),
    "PUT activity profile": ("PUT", ACTIVITY_PROFILE, "text/plain", BODY),
    "POST agent profile": ("POST", AGENT_PROFILE, JSON_TYPE, BODY),
    "multipart": ("POST", "/xapi/statements", "multipart/mixed; boundary=x", MULTIPART),
    "alternate syntax": ("POST", "/xapi/statements?method=POST", FORM_TYPE, FORM),
    "analytics": ("POST", "/api/v1/analytics/query", JSON_TYPE, QUERY),
}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with (
        tempfile.TemporaryDirectory(prefix="lrs-slow-") as directory,
        known(Path(directory) / "data", LRS_BODY_TIMEOUT=TIMEOUT) as service,
    ):
        yield service


class Connection:
    """A connection on which a test sends a request as slowly as it likes."""

    def __init__(self, service: Service, method: str, target: str, *headers: str) -> None:
        parts = urlsplit(service.address)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=20)
        credentials = b64encode(f"{KEY}:{SECRET}".encode()).decode()
        lines = [
            f"{method} {target} HTTP/1.1",
            "Host: lrs.test",
            f"Authorization: Basic {credentials}",
            "X-Experience-API-Version: 1.0.3",
            "If-None-Match: *",
            *headers,
        ]
        self.send("\r\n".join([*lines, "", ""]).encode())

    def send(self, part: bytes) -> None:
        self._socket.sendall(part)

    def trickle(self, body: bytes, seconds: float) -> None:
        """Send a byte at a time with pauses, until there is an answer."""
        for number in range(len(body)):
            self.send(body[number : number + 1])
            if select.select([self._socket], [], [], seconds)[0]:
                return

    def answer(self) -> tuple[bytes, bytes]:
        """Return head and body of the answer, which ends when the service hangs up."""
        with self._socket as closing:
            parts = iter(lambda: closing.recv(65_536), b"")
            head, _, body = b"".join(parts).partition(b"\r\n\r\n")
        return head, body


def assert_too_slow(answer: tuple[bytes, bytes]) -> None:
    head, body = answer
    assert head.startswith(b"HTTP/1.1 408 "), head
    assert b"\r\nconnection: close" in head.lower()
    problem = json.loads(body)
    assert problem["type"] == "urn:lrs:error:slow-body"
    assert "bytes a second" in problem["detail"]


def assert_nothing_happened(service: Service) -> None:
    """Expect that nothing is stored, and that the next requests work."""
    with client(service.address) as speaking:
        assert speaking.get("statements").json()["statements"] == []
        for address in (STATE, ACTIVITY_PROFILE, AGENT_PROFILE):
            assert speaking.get(service.address + address).status_code == 404


@pytest.mark.parametrize(("method", "target", "kind", "body"), READERS.values(), ids=READERS.keys())
def test_a_body_that_pauses_is_refused(
    service: Service, method: str, target: str, kind: str, body: bytes
) -> None:
    headers = (f"Content-Type: {kind}", f"Content-Length: {len(body)}")
    connection = Connection(service, method, target, *headers)
    connection.send(body[:-1])
    assert_too_slow(connection.answer())
    assert_nothing_happened(service)


def test_a_fast_beginning_does_not_excuse_a_long_pause(service: Service) -> None:
    content = b"x" * 1_000_000
    headers = ("Content-Type: text/plain", f"Content-Length: {len(content) + 1}")
    connection = Connection(service, "PUT", STATE, *headers)
    connection.send(content)
    assert_too_slow(connection.answer())
    assert_nothing_happened(service)


def test_a_body_that_never_begins_is_refused(service: Service) -> None:
    headers = (f"Content-Type: {JSON_TYPE}", "Transfer-Encoding: chunked")
    assert_too_slow(Connection(service, "POST", "/xapi/statements", *headers).answer())
    assert_nothing_happened(service)


def test_a_body_that_trickles_is_refused_though_it_never_pauses_for_long(service: Service) -> None:
    headers = (f"Content-Type: {JSON_TYPE}", f"Content-Length: {len(BODY)}")
    connection = Connection(service, "POST", "/xapi/statements", *headers)
    connection.trickle(BODY[:-1], TIMEOUT / 5)
    assert_too_slow(connection.answer())
    assert_nothing_happened(service)


def test_a_body_that_keeps_its_pace_may_take_longer_than_the_timeout(service: Service) -> None:
    content = b"x" * 65_536
    headers = ("Content-Type: text/plain", f"Content-Length: {8 * len(content)}")
    connection = Connection(service, "PUT", STATE, *headers, "Connection: close")
    for _ in range(8):
        connection.send(content)
        time.sleep(TIMEOUT / 4)
    head, _ = connection.answer()
    assert head.startswith(b"HTTP/1.1 204 "), head
    with client(service.address) as speaking:
        assert speaking.get(service.address + STATE).content == 8 * content
        assert speaking.delete(service.address + STATE).status_code == 204
