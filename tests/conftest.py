"""One PostgreSQL for the whole run, and a store of its own for each test that needs one."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from lrs.auth.principals import Principal, SystemKind
from lrs.auth.scopes import EVERYTHING, Scopes
from lrs.auth.secrets import mac
from lrs.auth.store_settings import AS_THE_SERVICE
from lrs.main import build_app
from lrs.services.authentication import principal_of
from lrs.settings import Settings
from lrs.storage.credentials import NewCredential, insert_credential, list_valid_credentials
from lrs.storage.embedded.cluster import Cluster
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.storage.migrations import upgrade
from lrs.storage.stores import ensure_store, update_store
from lrs.storage.watermark import LOCK_CLASS
from lrs.xapi.leniencies import Mode

SERVER_KEY = "the server key of the tests, long enough"
SECRET = "open sesame"
HOME_PAGE = "http://lrs.local"
# Only the end of the whole machine could lose what is not flushed, so tests need not wait for it.
FAST = {"fsync": "off", "shared_buffers": "128MB", "max_connections": "150"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres-bin",
        type=Path,
        default=os.environ.get("LRS_TEST_POSTGRES_BIN") or None,
        help="run the database tests on the PostgreSQL whose programs lie here",
    )


@pytest.fixture(scope="session")
def postgres_bin(request: pytest.FixtureRequest) -> Path | None:
    found: Path | None = request.config.getoption("--postgres-bin")
    return Path(found) if found else None


@pytest.fixture(scope="session")
def cluster(postgres_bin: Path | None) -> Iterator[Cluster]:
    # Not below pytest's own directory, which another run closes to all but its user.
    with (
        tempfile.TemporaryDirectory(prefix="lrs-tests-", ignore_cleanup_errors=True) as directory,
        Cluster(Path(directory) / "cluster", postgres_bin, FAST) as cluster,
    ):
        yield cluster


@pytest.fixture(scope="session")
def database_url(cluster: Cluster) -> str:
    asyncio.run(upgrade(cluster.url))
    return cluster.url


@pytest.fixture
async def empty_database(cluster: Cluster) -> AsyncIterator[str]:
    """The address of a database of the test's own, with nothing in it."""
    name = f"own_{uuid4().hex}"
    admin = create_async_engine(cluster.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    yield cluster.url.replace("@/lrs?", f"@/{name}?")
    async with admin.connect() as connection:
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await admin.dispose()


@pytest.fixture(scope="session")
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await open_database(DatabaseOptions(database_url, workers=4))
    yield opened
    await opened.close()


@dataclass(frozen=True)
class Tenant:
    """A store of a test's own, with a credential to it."""

    principal: Principal
    secret: str = SECRET
    headers: dict[str, str] = field(default_factory=lambda: {"X-Experience-API-Version": "1.0.3"})

    @property
    def auth(self) -> tuple[str, str]:
        return self.principal.key, self.secret


async def make_tenant(
    database: Database,
    name: str | None = None,
    mode: Mode = Mode.STRICT,
    scopes: Scopes = EVERYTHING,
    **access: Any,
) -> Tenant:
    """Make a credential in the named store, or in a new one, which is then as strict as asked.

    `access` is what else `NewCredential` says of it.
    """
    key = uuid4().hex
    secret_mac = mac(SERVER_KEY.encode(), SECRET)
    new = NewCredential(key, secret_mac, "A test", "Moodle", SystemKind.LMS, scopes, **access)
    async with database.writing() as connection:
        store = await ensure_store(connection, name or key)
        await insert_credential(connection, store, new)
        if mode is not Mode.STRICT:
            await update_store(connection, store, mode, AS_THE_SERVICE)
        known = await list_valid_credentials(connection)
    made = next(each for each in known if each.key == key)
    return Tenant(principal_of(made, HOME_PAGE))


async def revoke(database: Database, tenant: Tenant) -> None:
    """Revoke a credential when its test is over: each process holds all that are valid."""
    revocation = text("UPDATE credentials SET revoked = now() WHERE id = :id")
    async with database.primary() as connection:
        await connection.execute(revocation, {"id": tenant.principal.credential})


async def write_to(connection: AsyncConnection, store: int, *, alone: bool = False) -> None:
    """Take the lock of somebody who writes statements to a store, for the rest of a transaction."""
    kind = "" if alone else "_shared"
    lock = text(f"SELECT pg_advisory_xact_lock{kind}(:lock_class, :store)")
    await connection.execute(lock, {"lock_class": LOCK_CLASS, "store": store})


@pytest.fixture
async def tenant(database: Database) -> AsyncIterator[Tenant]:
    tenant = await make_tenant(database)
    yield tenant
    await revoke(database, tenant)


@pytest.fixture
async def stranger(database: Database) -> AsyncIterator[Tenant]:
    stranger = await make_tenant(database)
    yield stranger
    await revoke(database, stranger)


def settings_for(database_url: str, **more: Any) -> Settings:
    # All tests come from one address, and many show what is wrong.
    wrong = {"failed_sign_ins_per_minute": 1_000_000} | more
    return Settings(
        database_url=SecretStr(database_url), server_key=SecretStr(SERVER_KEY), workers=4, **wrong
    )


@pytest.fixture(scope="session")
async def app(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[FastAPI]:
    apart = {"privacy_dir": tmp_path_factory.mktemp("privacy")}
    app = build_app(settings_for(database_url, page_size=25, max_body_bytes=2_000_000, **apart))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(app: FastAPI, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the credential of the test's own store, speaking 1.0.3."""
    async with client_of(app, tenant) as client:
        yield client


def client_of(app: FastAPI, tenant: Tenant) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://lrs.test/xapi",
        auth=tenant.auth,
        headers=tenant.headers,
    )


@asynccontextmanager
async def serving(
    database_url: str, tenant: Tenant, **settings: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app of its own, with these settings."""
    app = build_app(settings_for(database_url, **settings))
    async with app.router.lifespan_context(app), client_of(app, tenant) as client:
        yield client
