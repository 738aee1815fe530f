"""Limits of a running service with two workers: shared by both, and against who guesses."""

import os
import re
import signal
import socket
import tempfile
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from running_service import KEY, SECRET, Service, client, known, until

pytestmark = pytest.mark.timeout(300)

AT_ONCE = 4
FAILURES = 60
# For how long somebody guesses a hundred times a second; longer runs are for those who doubt.
SECONDS = float(os.environ.get("LRS_TEST_SECONDS", "4"))
A_SECOND = 100
MEBIBYTE = 1024 * 1024
MOST_GROWTH = 24 * MEBIBYTE


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    settings = {
        "LRS_WORKERS": 2,
        "LRS_REQUESTS_AT_ONCE": AT_ONCE,
        "LRS_TRUSTED_PROXIES": "127.0.0.1",
    }
    with (
        tempfile.TemporaryDirectory(prefix="lrs-rates-test-") as directory,
        known(Path(directory) / "data", **settings) as service,
    ):
        yield service


def basic(key: str, secret: str) -> str:
    return "Basic " + b64encode(f"{key}:{secret}".encode()).decode()


@contextmanager
def unfinished(service: Service) -> Iterator[socket.socket]:
    """A request whose body does not come."""
    place = urlsplit(service.address)
    lines = (
        "POST /xapi/statements HTTP/1.1",
        "Host: lrs",
        f"Authorization: {basic(KEY, SECRET)}",
        "X-Experience-API-Version: 1.0.3",
        "Content-Type: application/json",
        "Content-Length: 1000",
        "",
        "[",
    )
    with socket.create_connection((str(place.hostname), int(place.port or 0))) as connection:
        connection.sendall("\r\n".join(lines).encode())
        yield connection


def status_of_another(service: Service) -> int:
    """Ask on a connection of its own, so that either worker may get it."""
    with client(service.address) as speaking:
        return speaking.get("statements", params={"limit": 1}).status_code


def test_workers_share_what_goes_on_at_once(service: Service) -> None:
    with ExitStack() as stack:
        for _ in range(AT_ONCE):
            stack.enter_context(unfinished(service))
        until(lambda: status_of_another(service) == 429)
        assert {status_of_another(service) for _ in range(20)} == {429}
    until(lambda: status_of_another(service) == 200)  # they hung up, and so ended
    assert {status_of_another(service) for _ in range(20)} == {200}


def test_what_killed_workers_had_going_on_ends_with_them(service: Service) -> None:
    with ExitStack() as stack:
        for _ in range(AT_ONCE):
            stack.enter_context(unfinished(service))
        until(lambda: status_of_another(service) == 429)
        for worker in service.workers():
            worker.send_signal(signal.SIGKILL)
        until(service.answers)
        assert {status_of_another(service) for _ in range(20)} == {200}


def memory(service: Service) -> int:
    return max(worker.memory_info().rss for worker in service.workers())


def guess(speaking: httpx.Client, number: int) -> int:
    """Show a wrong secret or an unknown key, in turn."""
    wrong = basic(KEY if number % 2 else f"guess-{number}", f"wrong {number}")
    return speaking.get("statements", headers={"Authorization": wrong}).status_code


def guess_for(service: Service, seconds: float) -> Counter[int]:
    """Guess so many times a second; what is late is made up for."""
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool, client(service.address) as speaking:
        speaking.auth = None  # type: ignore[assignment] # httpx takes it, its property does not

        def in_time(number: int) -> int:
            time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
            return guess(speaking, number)

        return Counter(pool.map(in_time, range(int(seconds * A_SECOND))))


def lines_of(service: Service) -> list[str]:
    return [line for line in service.lines if "Wrong credentials" in line]


def test_a_hundred_guesses_a_second_are_bounded(service: Service) -> None:
    guess_for(service, 0.1)  # what the first refusals load is no growth
    before, printed = memory(service), len(lines_of(service))
    with ThreadPoolExecutor(1) as pool, client(service.address) as speaking:
        guessing = pool.submit(guess_for, service, SECONDS)
        right: Counter[int] = Counter()
        while not guessing.done():
            right[speaking.get("statements", params={"limit": 1}).status_code] += 1
            time.sleep(0.05)
    got = guessing.result()
    assert set(got) == {401, 429}
    # The windows slide: each second of a new minute lets one more be told that it was wrong.
    assert FAILURES - 10 <= got[401] <= FAILURES + SECONDS + 30
    assert set(right) == {200}  # though it comes from the same address
    assert memory(service) - before < MOST_GROWTH
    until(lambda: sum(told(line) for line in lines_of(service)[printed:]) >= got[429])
    beyond = [line for line in service.lines if " INFO " not in line and " WARNING " in line]
    assert beyond == lines_of(service)
    assert len(beyond) - printed <= 2 * (SECONDS // 10 + 3)
    assert "guess-" not in service.text


def told(line: str) -> int:
    found = re.search(r"too many: (\d+)$", line.strip())
    assert found, line
    return int(found[1])


def test_many_addresses_behind_a_proxy_are_told_apart_and_cost_no_memory(
    service: Service,
) -> None:
    addresses = [f"2001:db8:{number:x}::1" for number in range(2_000)]
    with httpx.Client(trust_env=False, auth=(KEY, "wrong")) as speaking:
        url = f"{service.address}/xapi/statements"

        def from_address(address: str) -> int:
            return speaking.get(url, headers={"X-Forwarded-For": address}).status_code

        assert {from_address(address) for address in addresses[:500]} == {401}
        before = memory(service)
        assert {from_address(address) for address in addresses[500:]} == {401}
        assert memory(service) - before < MOST_GROWTH
        one = Counter(from_address("192.0.2.1") for _ in range(FAILURES + 20))
        assert one[429] >= 15
