"""Pools fit the server, and a server that hides who writes is not trusted."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text

from conftest import Tenant, write_to
from lrs.errors import StartError, UnavailableError
from lrs.storage.driver import fetch, fetch_value
from lrs.storage.embedded.cluster import Cluster
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.storage.watermark import watermark

# Long enough for several at once to have a connection each.
_PAUSE = text("SELECT pg_sleep(0.1)")
_PID = text("SELECT pg_backend_pid()")


async def test_more_workers_than_the_server_has_room_for_are_refused(database_url: str) -> None:
    with pytest.raises(StartError, match="raise max_connections or lower LRS_WORKERS"):
        await open_database(DatabaseOptions(database_url, workers=100))


async def test_a_role_that_may_not_make_functions_is_refused(
    empty_database: str,
) -> None:
    admin = await asyncpg.connect(empty_database.replace("+asyncpg", ""))
    name = await admin.fetchval("SELECT current_database()")
    await admin.execute(
        f"DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN; REVOKE ALL ON DATABASE {name}"
        f" FROM PUBLIC; GRANT CONNECT ON DATABASE {name} TO plain"
    )
    await admin.close()
    with pytest.raises(StartError, match="GRANT TEMPORARY"):
        await open_database(DatabaseOptions(empty_database.replace("//lrs@", "//plain@")))


async def test_an_unreachable_server_is_unavailable(cluster: Cluster) -> None:
    nowhere = cluster.url.replace(str(cluster.socket_directory), "/nowhere")
    with pytest.raises(UnavailableError):
        await open_database(DatabaseOptions(nowhere))


async def test_a_database_that_is_not_there_is_unavailable(cluster: Cluster) -> None:
    with pytest.raises(UnavailableError):
        await open_database(DatabaseOptions(cluster.url.replace("@/lrs?", "@/none?")))


async def test_a_writer_that_cannot_be_seen_makes_lists_fail_rather_than_lie(
    cluster: Cluster, database: Database, tenant: Tenant
) -> None:
    store = tenant.principal.store
    admin = await asyncpg.connect(cluster.url.replace("+asyncpg", ""))
    await admin.execute("DROP ROLE IF EXISTS onlooker; CREATE ROLE onlooker LOGIN BYPASSRLS")
    await admin.close()
    seeing_less = await open_database(
        DatabaseOptions(cluster.url.replace("//lrs@", "//onlooker@"), workers=4)
    )

    async with database.writing() as connection:
        await write_to(connection, store)
        async with seeing_less.primary() as onlooker:
            with pytest.raises(UnavailableError, match="one role"):
                await watermark(onlooker, store)

    await seeing_less.close()


@pytest.mark.parametrize("how", ["reading", "primary", "writing"])
async def test_connections_that_were_cut_are_not_used_again(database_url: str, how: str) -> None:
    database = await open_database(DatabaseOptions(database_url, workers=4))

    async def pid() -> int:
        async with getattr(database, how)() as connection:
            await fetch(connection, _PAUSE, {})
            return int(await fetch_value(connection, _PID, {}))

    try:
        used = await asyncio.gather(*(pid() for _ in range(3)))
        killer = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        for each in set(used):
            await killer.execute("SELECT pg_terminate_backend($1, 5000)", each)
        await killer.close()
        again = await asyncio.gather(*(pid() for _ in range(3)))
    finally:
        await database.close()
    assert set(again).isdisjoint(used)
