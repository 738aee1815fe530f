"""Pools fit the server, and a server that hides who writes is not trusted."""

import asyncpg
import pytest

from conftest import Tenant
from lrs.errors import StartError, UnavailableError
from lrs.storage.embedded.cluster import Cluster
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.storage.placing import place
from lrs.storage.watermark import watermark


async def test_more_workers_than_the_server_has_room_for_are_refused(database_url: str) -> None:
    with pytest.raises(StartError, match="raise max_connections or lower LRS_WORKERS"):
        await open_database(DatabaseOptions(database_url, workers=100))


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
    await admin.execute("DROP ROLE IF EXISTS onlooker; CREATE ROLE onlooker LOGIN")
    await admin.close()
    seeing_less = await open_database(
        DatabaseOptions(cluster.url.replace("//lrs@", "//onlooker@"), workers=4)
    )

    async with database.writing() as connection:
        await place(connection, store, [], alone=False)
        async with seeing_less.primary() as onlooker:
            with pytest.raises(UnavailableError, match="one role"):
                await watermark(onlooker, store)

    await seeing_less.close()
