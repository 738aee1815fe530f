"""Who is let in is decided in memory, and never by what is too old to be known."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from conftest import HOME_PAGE, SECRET, SERVER_KEY, Tenant, make_tenant, revoke
from lrs.auth.secrets import NO_MAC, mac, new_secret
from lrs.errors import UnauthenticatedError, UnavailableError
from lrs.services.authentication import AuthenticationService
from lrs.storage import access_changes
from lrs.storage.access_changes import count_up
from lrs.storage.credentials import change_secret
from lrs.storage.embedded.cluster import Cluster
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.storage.migrations import upgrade

KEY = SERVER_KEY.encode()


def service_on(
    database: Database, clock: Callable[[], float] = lambda: 0.0
) -> AuthenticationService:
    """A service whose time stands still, so that it looks only when it has a reason to."""
    return AuthenticationService(database, KEY, HOME_PAGE, clock)


async def test_a_new_secret_is_found_where_the_old_one_is_known(
    database: Database, tenant: Tenant
) -> None:
    service = service_on(database)
    await service.authenticate(*tenant.auth)
    secret = new_secret()
    async with database.writing() as connection:
        await change_secret(connection, tenant.principal.credential, mac(KEY, secret), 0)
    found = await service.authenticate(tenant.principal.key, secret)
    assert found.credential == tenant.principal.credential
    with pytest.raises(UnauthenticatedError):
        await service.authenticate(*tenant.auth)


async def test_what_a_refusal_tells_the_log_is_whose_credential_it_was(
    database: Database, tenant: Tenant
) -> None:
    service = service_on(database)
    with pytest.raises(UnauthenticatedError) as wrong:
        await service.authenticate(tenant.principal.key, "wrong")
    with pytest.raises(UnauthenticatedError) as unknown:
        await service.authenticate("nobody", "wrong")
    assert (wrong.value.store, wrong.value.key) == (tenant.principal.store, tenant.principal.key)
    assert (unknown.value.store, unknown.value.key) == (None, "-")
    assert wrong.value.detail == unknown.value.detail


async def test_what_is_compared_has_one_length() -> None:
    assert len(NO_MAC) == len(mac(KEY, SECRET))


async def rename(cluster: Cluster, name: str, other: str) -> None:
    """Rename a database, from which everybody is thrown out first."""
    admin = await asyncpg.connect(cluster.url.replace("+asyncpg", ""))
    cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1"
    await admin.fetch(cut, name)
    await admin.execute(f"ALTER DATABASE {name} RENAME TO {other}")
    await admin.close()


async def test_nobody_is_let_in_on_old_knowledge(cluster: Cluster, empty_database: str) -> None:
    now = 0.0
    await upgrade(empty_database)
    database = await open_database(DatabaseOptions(empty_database, workers=4))
    tenant = await make_tenant(database)
    service = service_on(database, lambda: now)
    await service.authenticate(*tenant.auth)
    name = empty_database.partition("@/")[2].partition("?")[0]
    await rename(cluster, name, f"{name}_away")
    now = 0.7
    await service.authenticate(*tenant.auth)
    now = 0.9
    with pytest.raises(UnavailableError):
        await service.authenticate(*tenant.auth)
    await rename(cluster, f"{name}_away", name)
    await service.authenticate(*tenant.auth)
    await database.close()


async def test_all_who_wait_for_a_look_in_vain_are_told_at_once(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(empty_database)
    database = await open_database(DatabaseOptions(empty_database, workers=4))
    looks, primary = [], database.primary

    def counted() -> AbstractAsyncContextManager[AsyncConnection]:
        looks.append(1)
        return primary()

    monkeypatch.setattr(database, "primary", counted)
    monkeypatch.setattr(access_changes, "_PATIENCE", 0.1)
    service = service_on(database, time.monotonic)
    async with asyncio.timeout(10), database.writing() as connection:
        await connection.execute(text("LOCK TABLE credential_changes IN ACCESS EXCLUSIVE MODE"))
        asking = (service.authenticate("somebody", "wrong") for _ in range(5))
        told = await asyncio.gather(*asking, return_exceptions=True)
    await database.close()
    assert [type(each) for each in told] == [UnavailableError] * 5
    assert len(looks) == 1


async def test_what_cannot_be_read_does_not_end_the_watch(
    empty_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    await upgrade(empty_database)
    database = await open_database(DatabaseOptions(empty_database, workers=4))
    tenant = await make_tenant(database)
    admin = await asyncpg.connect(empty_database.replace("+asyncpg", ""))
    service = service_on(database)
    await admin.execute("UPDATE credentials SET scopes = '{of another version}'")
    watching = asyncio.create_task(service.watch())
    async with asyncio.timeout(10):
        while "cannot be read" not in caplog.text:  # noqa: ASYNC110 - the event is in the log
            await asyncio.sleep(0.02)
        await admin.execute("UPDATE credentials SET scopes = '{all}'")
        while not service._credentials:  # noqa: ASYNC110 - it is the watch's
            await asyncio.sleep(0.02)
    watching.cancel()
    await admin.close()
    await database.close()
    assert tenant.principal.key in service._credentials


async def test_what_was_made_with_a_credential_ends_with_it(database: Database) -> None:
    tenant = await make_tenant(database, origins=("https://lms.example.org",), networks=("::1",))
    service = service_on(database, iter(range(100)).__next__)
    maker = await service.of_credential(tenant.principal.credential)
    assert (maker.store, maker.key) == (tenant.principal.store, tenant.principal.key)
    # It is used elsewhere.
    assert (maker.origins, maker.networks) == (None, None)
    await revoke(database, tenant)
    async with database.writing() as connection:
        await count_up(connection)
    with pytest.raises(UnauthenticatedError):
        await service.of_credential(tenant.principal.credential)
    with pytest.raises(UnauthenticatedError):
        await service.of_credential(-1)
