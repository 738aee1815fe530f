"""A credential that is revoked by one worker is refused by all within a second."""

import asyncio
import itertools
import logging
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from running_service import KEY, SECRET, Service, known

CREDENTIALS = "/api/v1/credentials"
TRIES = 20
NEW = {"label": "To be revoked", "system": "Moodle"}
VERSION = {"X-Experience-API-Version": "1.0.3"}

_log = logging.getLogger(__name__)


@pytest.fixture
def service() -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="lrs-revocation-") as directory:
        data = Path(directory) / "data"
        with known(data, LRS_WORKERS=2, LRS_FAILED_SIGN_INS_PER_MINUTE=1_000_000) as service:
            yield service


def _client(service: Service) -> httpx.AsyncClient:
    """A client that stays on one connection, and so with one worker."""
    return httpx.AsyncClient(
        base_url=service.address,
        headers=VERSION,
        limits=httpx.Limits(max_connections=1),
        timeout=20,
        trust_env=False,
    )


async def _worker_of(service: Service, client: httpx.AsyncClient) -> int:
    """Return which process serves a client."""
    answer = await client.get("/xapi/about")
    _, port = answer.extensions["network_stream"].get_extra_info("client_addr")
    for worker in service.workers():
        if any(each.raddr[1:] == (port,) for each in worker.net_connections("tcp")):
            return worker.pid
    raise AssertionError("no worker has this connection")


@asynccontextmanager
async def _one_for_each_worker(service: Service) -> AsyncIterator[list[httpx.AsyncClient]]:
    clients: dict[int, httpx.AsyncClient] = {}
    others: list[httpx.AsyncClient] = []
    async with asyncio.timeout(60):
        while len(clients) < 2:
            client = _client(service)
            worker = await _worker_of(service, client)
            others += [clients[worker]] if worker in clients else []
            clients[worker] = client
    yield [*clients.values()]
    for client in (*clients.values(), *others):
        await client.aclose()


async def _status(client: httpx.AsyncClient, auth: tuple[str, str]) -> int:
    answer = await client.get("/xapi/statements", params={"limit": 1}, auth=auth)
    return answer.status_code


async def _refused_at(client: httpx.AsyncClient, auth: tuple[str, str]) -> float:
    """Show a credential again and again, and return when it was first refused."""
    async with asyncio.timeout(10):
        while (status := await _status(client, auth)) == 200:
            pass
    assert status == 401
    return time.monotonic()


async def _delays(
    admin: httpx.AsyncClient, workers: list[httpx.AsyncClient]
) -> tuple[float, list[float]]:
    """Revoke a new credential; return how long that took, and each worker to refuse it after."""
    own = (KEY, SECRET)
    made = (await admin.post(CREDENTIALS, json=NEW, auth=own)).json()
    auth = (made["key"], made["secret"])
    assert [await _status(worker, auth) for worker in workers] == [200, 200]
    showing = [asyncio.create_task(_refused_at(worker, auth)) for worker in workers]
    sent_at = time.monotonic()
    answer = await admin.delete(f"{CREDENTIALS}/{made['key']}", auth=own)
    answered_at = time.monotonic()
    assert answer.status_code == 204
    refused_at = await asyncio.gather(*showing)
    return answered_at - sent_at, [max(0.0, moment - answered_at) for moment in refused_at]


@pytest.mark.timeout(180)
async def test_what_one_worker_revokes_all_refuse_within_a_second(service: Service) -> None:
    async with _one_for_each_worker(service) as workers:
        admins = [_client(service), _client(service)]
        tries = [
            await _delays(admin, workers)
            for admin in itertools.islice(itertools.cycle(admins), TRIES)
        ]
        for admin in admins:
            await admin.aclose()
    delays = [delay for _, each in tries for delay in each]
    _log.info(
        "%d credentials on %d workers, refused after the answer: min %.1f ms, median %.1f ms,"
        " max %.1f ms; the answer itself took %.1f ms (median)",
        TRIES,
        len(workers),
        1000 * min(delays),
        1000 * statistics.median(delays),
        1000 * max(delays),
        1000 * statistics.median(took for took, _ in tries),
    )
    assert len(delays) == 2 * TRIES
    assert max(delays) < 1
