"""Lists may be read from a replica, and miss nothing there either (design truth 4)."""

import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from builders import a_statement
from conftest import FAST, Tenant, serving
from lrs.storage.embedded.account import choose_account
from lrs.storage.embedded.cluster import Cluster
from lrs.storage.embedded.programs import find_programs


@pytest.fixture(scope="module")
def replica(cluster: Cluster, database_url: str, postgres_bin: Path | None) -> Iterator[Cluster]:
    """A second server that follows the one of all tests by streaming."""
    assert database_url
    account = choose_account(cluster.directory)
    with tempfile.TemporaryDirectory(prefix="lrs-replica-", ignore_cleanup_errors=True) as place:
        directory = Path(place) / "cluster"
        directory.mkdir(mode=0o700)
        account.take(Path(place))
        account.take(directory)
        programs = find_programs(postgres_bin)
        source = ["-h", str(cluster.socket_directory), "-U", "lrs"]
        subprocess.run(
            [
                programs.postgres.with_name("pg_basebackup"),
                "-D",
                directory,
                "-R",
                "-c",
                "fast",
                *source,
            ],
            check=True,
            **account.child_identity,
        )
        with Cluster(directory, postgres_bin, FAST) as replica:
            yield replica


@pytest.fixture
async def client(
    database_url: str, replica: Cluster, tenant: Tenant
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app that lists from the replica."""

    async with serving(database_url, tenant, database_read_url=SecretStr(replica.url)) as client:
        yield client


async def _listed(client: httpx.AsyncClient) -> list[str]:
    answer = await client.get("/statements", params={"limit": 1000})
    assert answer.status_code == 200, answer.text
    return [statement["id"] for statement in answer.json()["statements"]]


async def _ask(server: Cluster, question: str) -> None:
    connection = await asyncpg.connect(server.url.replace("+asyncpg", ""))
    await connection.execute(question)
    await connection.close()


async def test_what_was_stored_is_in_the_next_list(client: httpx.AsyncClient) -> None:
    for number in range(20):
        identifier = str(uuid4())
        await client.post("/statements", json=a_statement(id=identifier))
        assert (await _listed(client))[0] == identifier, f"round {number}"


async def test_a_replica_that_stays_behind_is_not_read(
    client: httpx.AsyncClient, replica: Cluster
) -> None:
    await client.post("/statements", json=a_statement())
    await _ask(replica, "SELECT pg_wal_replay_pause()")
    try:
        identifier = str(uuid4())
        await client.post("/statements", json=a_statement(id=identifier))
        assert (await _listed(client))[0] == identifier
    finally:
        await _ask(replica, "SELECT pg_wal_replay_resume()")
