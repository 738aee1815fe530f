"""`lrs serve` as its users start, stop and kill it: the real program on a free port.

Most tests take turns with one data directory, which each leaves stopped and whole.
"""

import asyncio
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import psutil
import pytest

from lrs.storage.embedded.cluster import Cluster
from lrs.storage.embedded.postmaster import is_alive, living_postmaster
from running_service import (
    SECRET,
    Service,
    client,
    environment,
    known,
    lrs,
    postmaster,
    serving,
    until,
)


@pytest.fixture
def fresh() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lrs-") as directory:
        yield Path(directory) / "data"


@pytest.fixture(scope="session")
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lrs-") as directory:
        yield Path(directory) / "data"


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_first_start_prints_a_line_that_can_be_pasted(fresh: Path) -> None:
    with serving(fresh) as service:
        line = next(line for line in service.lines if line.strip().startswith("curl "))
        pasted = subprocess.run(
            ["/bin/sh", "-c", f"{line.strip()} --silent --write-out '%{{http_code}}'"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert re.fullmatch(r'\["[0-9a-f-]{36}"\]200', pasted.stdout)
        for word in ("1.0.3, 2.0.0", f"{service.address}/docs", str(fresh), "PostgreSQL", "once"):
            assert word in service.text


def test_second_start_keeps_data_and_shows_no_secret(fresh: Path) -> None:
    with serving(fresh) as first:
        made = re.search(r"key\s+(\S+)\n\s+secret\s+(\S+)", first.text)
        assert made
        assert first.get("statements", made[1], made[2]).is_success
    with serving(fresh) as second:
        assert second.get("statements", made[1], made[2]).is_success
        assert "secret" not in second.text
        assert made[2] not in second.text


def test_secret_that_was_set_is_not_shown(fresh: Path) -> None:
    with known(fresh) as service:
        assert service.get("statements").is_success
        assert SECRET not in service.text


@pytest.mark.parametrize(
    ("number", "workers"), [(signal.SIGINT, 1), (signal.SIGTERM, 2), (signal.SIGHUP, 1)]
)
def test_stop_ends_all_and_well(data: Path, number: signal.Signals, workers: int) -> None:
    with known(data, LRS_WORKERS=workers) as service:
        postgres = postmaster(data)
        assert service.stop(number) == 0, service.text
        assert not is_alive(postgres)
        assert "Traceback" not in service.text


def test_impatient_second_ctrl_c_still_stops_postgresql(data: Path) -> None:
    with known(data) as service:
        postgres = postmaster(data)
        for _ in range(5):
            service.running.send_signal(signal.SIGINT)
        assert service.ended() == 0, service.text
        assert not is_alive(postgres)


def test_stop_during_the_first_start_leaves_nothing_half(fresh: Path) -> None:
    service = Service(environment(LRS_DATA_DIR=fresh))
    until(lambda: "Making a PostgreSQL" in service.text)
    assert service.stop() == 0, service.text
    assert {path.name for path in fresh.iterdir()} <= {"lrs.lock", "postgres", "server.key"}
    assert living_postmaster(fresh / "postgres") is None


def test_request_in_flight_is_answered_before_the_end(data: Path) -> None:
    begun, stopping = threading.Event(), threading.Event()

    def body() -> Iterator[bytes]:
        yield b'{"actor":{"mbox":"mailto:ada@example.org"},'
        begun.set()
        stopping.wait(20)
        yield b'"verb":{"id":"http://example.org/v"},"object":{"id":"http://example.org/o"}}'

    def post(address: str) -> httpx.Response:
        with client(address) as speaking:
            return speaking.post("statements", content=body())

    with known(data) as service, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(post, service.address)
        begun.wait(20)
        service.running.send_signal(signal.SIGTERM)
        until(lambda: "Shutting down" in service.text)
        stopping.set()
        assert answer.result().status_code == 200
        assert service.ended() == 0


def test_second_on_the_same_directory_is_told_who_holds_it(data: Path) -> None:
    with known(data) as service:
        second = lrs("serve", LRS_DATA_DIR=data)
        assert second.returncode == 1
        assert f"pid {service.running.pid}" in second.stderr
        assert service.address in second.stderr
        assert service.get("statements").is_success


def test_recovers_after_everything_was_killed(data: Path) -> None:
    with known(data, LRS_WORKERS=2) as service:
        statement = service.store()
        for victim in (*service.workers(), postmaster(data), psutil.Process(service.running.pid)):
            victim.kill()
        service.ended()
    with known(data) as service:
        assert service.has(statement)


def test_adopts_the_postgresql_of_a_killed_service(data: Path) -> None:
    with known(data) as service:
        statement = service.store()
        postgres = postmaster(data)
        service.stop(signal.SIGKILL)
    with known(data) as service:
        assert postmaster(data).pid == postgres.pid
        assert service.has(statement)
    assert not is_alive(postgres)


def test_killed_worker_is_replaced(data: Path) -> None:
    with known(data, LRS_WORKERS=2) as service:
        until(lambda: len(service.workers()) == 2)
        victim = service.workers()[0]
        victim.kill()
        until(lambda: victim not in service.workers() and len(service.workers()) == 2)
        assert service.get("statements").is_success


def test_workers_end_with_their_supervisor(data: Path) -> None:
    with known(data, LRS_WORKERS=2) as service:
        workers = service.workers()
        until(lambda: "startup complete" in service.text)
        service.running.kill()
        until(lambda: not any(is_alive(worker) for worker in workers))
    with known(data):
        pass


def test_killed_postgresql_is_started_again(data: Path) -> None:
    with known(data) as service:
        statement = service.store()
        postmaster(data).kill()
        until(lambda: service.has(statement))


def test_database_of_ones_own_is_migrated_once_by_many(cluster: Cluster, fresh: Path) -> None:
    name = f"own_{uuid4().hex}"

    async def make() -> None:
        connection = await asyncpg.connect(
            user="lrs", database="lrs", host=str(cluster.socket_directory)
        )
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()

    asyncio.run(make())
    address = cluster.url.replace("/lrs?", f"/{name}?").replace("postgresql+asyncpg", "postgres")
    with ExitStack() as stack, ThreadPoolExecutor(3) as pool:
        contexts = [known(fresh, LRS_DATABASE_URL=address) for _ in range(3)]
        services = list(pool.map(stack.enter_context, contexts))
        statement = services[0].store()
        assert all(service.has(statement) for service in services)
        assert not (fresh / "postgres").exists()


@pytest.mark.parametrize(
    ("variables", "code", "said"),
    [
        ({"LRS_PORT": "http"}, 2, "LRS_PORT"),
        ({"LRS_PROT": "1"}, 2, "did you mean LRS_PORT?"),
        ({"LRS_DATABASE_URL": "postgres://ada:hush@127.0.0.1:1/lrs"}, 1, "LRS_DATABASE_URL"),
        ({"LRS_DATA_DIR": "/dev/null"}, 1, "LRS_DATA_DIR"),
        ({"LRS_POSTGRES_BIN": "/dev/null"}, 1, "/dev/null"),
    ],
)
def test_wrong_setting_is_a_message(
    fresh: Path, variables: dict[str, str], code: int, said: str
) -> None:
    answer = lrs("serve", **{"LRS_DATA_DIR": fresh, **variables})
    assert answer.returncode == code
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "hush" not in answer.stderr


@pytest.mark.parametrize(
    ("host", "said"), [("127.0.0.1", "taken by another"), ("192.0.2.1", "no address of this")]
)
def test_address_that_cannot_be_had_is_a_message(data: Path, host: str, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        answer = lrs("serve", LRS_DATA_DIR=data, LRS_HOST=host, LRS_PORT=port)
    assert answer.returncode == 1
    assert said in answer.stderr
    assert living_postmaster(data / "postgres") is None


def test_credentials_are_made_and_revoked_while_it_runs(data: Path) -> None:
    words = ("--label", "For a test", "--system", "Moodle", "--system-kind", "LMS")
    with known(data) as service:
        made = lrs("credential", "create", *words, LRS_DATA_DIR=data)
        key, secret = re.findall(r"(?:key|secret)\s+(\S+)", made.stdout)
        assert service.get("statements", key, secret).is_success
        assert key in lrs("credential", "list", LRS_DATA_DIR=data).stdout
        assert lrs("credential", "revoke", key, LRS_DATA_DIR=data).returncode == 0
        until(lambda: not service.answers(key=key, secret=secret), seconds=2)


def test_credentials_are_made_and_revoked_while_nothing_runs(data: Path) -> None:
    words = ("--label", "x", "--system", "y", "--key", uuid4().hex, "--secret", "hush")
    assert lrs("credential", "create", *words, LRS_DATA_DIR=data).returncode == 0
    again = lrs("credential", "create", *words, LRS_DATA_DIR=data)
    assert (again.returncode, again.stdout) == (1, "")
    assert "is taken" in again.stderr
    assert "hush" not in lrs("credential", "list", LRS_DATA_DIR=data).stdout
    assert living_postmaster(data / "postgres") is None


def test_migrate_works_while_nothing_runs(data: Path) -> None:
    answer = lrs("migrate", LRS_DATA_DIR=data)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "up to date" in answer.stdout
    assert living_postmaster(data / "postgres") is None


def test_openapi_is_the_same_each_time(fresh: Path) -> None:
    file = fresh.parent / "openapi.json"
    assert lrs("openapi", "--output", str(file)).returncode == 0
    assert file.read_text(encoding="utf-8") == lrs("openapi").stdout


def test_version_is_told() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", lrs("version").stdout)
