"""Changes are heard of at once, again after the connection was lost, and found without it."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest

from conftest import HOME_PAGE, SERVER_KEY, Tenant, make_tenant
from lrs.errors import UnauthenticatedError
from lrs.services.authentication import AuthenticationService
from lrs.storage.access_changes import CHANNEL, count_up
from lrs.storage.credentials import revoke_credential
from lrs.storage.engines import Database
from lrs.storage.listening import listen

_CUT = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE application_name = 'lrs listener'
"""
_PATIENCE = 10


@asynccontextmanager
async def running(*coroutines: Coroutine[None, None, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each) for each in coroutines]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def is_told(told: asyncio.Event) -> None:
    async with asyncio.timeout(_PATIENCE):
        await told.wait()
    told.clear()


async def cut(database_url: str) -> int:
    """Cut all connections that listen, and return how many there were."""
    admin = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    rows = await admin.fetch(_CUT)
    await admin.close()
    return len(rows)


async def test_a_change_is_heard_of_when_it_is_committed(
    database_url: str, database: Database
) -> None:
    told = asyncio.Event()
    async with running(listen(database_url, CHANNEL, told.set)):
        await is_told(told)
        async with database.writing() as connection:
            await count_up(connection)
        await is_told(told)


async def test_listening_goes_on_after_the_connection_was_lost(
    database_url: str, database: Database
) -> None:
    told = asyncio.Event()
    async with running(listen(database_url, CHANNEL, told.set)):
        await is_told(told)
        assert await cut(database_url) > 0
        # Nothing has changed that we know of: whatever was missed meanwhile is to be looked for.
        await is_told(told)
        async with database.writing() as connection:
            await count_up(connection)
        await is_told(told)


async def test_a_database_that_is_away_is_tried_again(empty_database: str) -> None:
    told = asyncio.Event()
    name = empty_database.partition("@/")[2].partition("?")[0]
    async with running(listen(empty_database.replace(name, "later"), CHANNEL, told.set)):
        admin = await asyncpg.connect(empty_database.replace("+asyncpg", ""))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await told.wait()
        await admin.execute("CREATE DATABASE later")
        await is_told(told)
    await admin.execute("DROP DATABASE later WITH (FORCE)")
    await admin.close()


async def lets_in(service: AuthenticationService, tenant: Tenant) -> bool:
    try:
        await service.authenticate(*tenant.auth)
    except UnauthenticatedError:
        return False
    return True


@pytest.mark.parametrize("listens", [True, False], ids=["told", "by looking alone"])
async def test_a_revoked_credential_is_refused_within_a_second(
    database: Database, *, listens: bool
) -> None:
    """Looking alone is enough, as with a pooler that keeps no LISTEN."""
    service = AuthenticationService(database, SERVER_KEY.encode(), HOME_PAGE)
    tenant = await make_tenant(database)
    tasks = [service.watch(), service.listen()] if listens else [service.watch()]
    async with running(*tasks):
        assert await lets_in(service, tenant)
        async with database.writing() as connection:
            await revoke_credential(connection, tenant.principal.key)
        revoked_at = time.monotonic()
        while await lets_in(service, tenant):
            assert time.monotonic() - revoked_at < 1
            await asyncio.sleep(0.02)
