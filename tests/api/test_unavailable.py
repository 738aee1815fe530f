"""While the database is away requests are told to come back, and nothing is lost (Comm. 3.2)."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from builders import a_statement
from conftest import FAST, make_tenant, serving, settings_for
from lrs import main
from lrs.auth.audit import Action, AuditEvent, Caller, WhoKind
from lrs.main import build_app
from lrs.storage.embedded.cluster import Cluster
from lrs.storage.engines import DatabaseOptions, open_database
from lrs.storage.migrations import upgrade
from statement_resource import listed, new_id, post


@pytest.fixture
def own_cluster(postgres_bin: Path | None) -> Iterator[Cluster]:
    """A PostgreSQL that the test may stop."""
    with tempfile.TemporaryDirectory(prefix="lrs-away-", ignore_cleanup_errors=True) as directory:
        yield Cluster(Path(directory) / "cluster", postgres_bin, FAST)


@pytest.fixture
async def client(own_cluster: Cluster) -> AsyncIterator[httpx.AsyncClient]:
    with own_cluster:
        await upgrade(own_cluster.url)
        database = await open_database(DatabaseOptions(own_cluster.url))
        tenant = await make_tenant(database)
        await database.close()
        async with serving(own_cluster.url, tenant) as client:
            yield client


async def test_a_database_that_is_away_is_503_until_it_is_back(
    client: httpx.AsyncClient, own_cluster: Cluster
) -> None:
    before, after = new_id(), new_id()
    await post(client, a_statement(id=before))
    own_cluster.stop()

    answers = [
        await client.post("/statements", json=a_statement()),
        await client.get("/statements"),
        await client.get("/statements", params={"statementId": before}),
    ]

    assert [answer.status_code for answer in answers] == [503] * 3
    assert {answer.headers["Retry-After"] for answer in answers} == {"1"}
    assert {answer.json()["type"] for answer in answers} == {"urn:lrs:error:unavailable"}
    own_cluster.start()
    await post(client, a_statement(id=after))
    assert await listed(client) == [after, before]


async def test_the_end_of_the_service_does_not_wait_for_a_database_that_says_nothing(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await upgrade(empty_database)
    monkeypatch.setattr(main, "_SECONDS_TO_CLOSE", 0.1)
    monkeypatch.setattr(main, "_BETWEEN_CANCELLATIONS", 0.1)
    database = await open_database(DatabaseOptions(empty_database, workers=4))
    app = build_app(settings_for(empty_database))
    async with (
        asyncio.timeout(20),
        database.writing() as connection,
        app.router.lifespan_context(app),
    ):
        await connection.execute(text("LOCK TABLE audit_heads IN ACCESS EXCLUSIVE MODE"))
        event = AuditEvent(Caller(WhoKind.NOBODY, "-"), Action.ACCESS_REFUSED)
        app.state.services.audit.note(None, event)
    await database.close()
    assert "what was noted for the audit log is lost" in caplog.text
