"""Connections go from hand to hand, and one with which something went wrong goes to nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from lrs.errors import UnavailableError
from lrs.storage.driver import driver_of, fetch, fetch_text
from lrs.storage.held_connections import HeldConnections

MOST = 2
_SLEEP = text("SELECT pg_sleep(30)")


@pytest.fixture
async def connections(database_url: str) -> AsyncIterator[HeldConnections]:
    held = HeldConnections(create_async_engine(database_url), MOST, patience=0.2)
    yield held
    await held.close()


async def pid_of(connection: AsyncConnection) -> int:
    (row,) = await fetch_text(connection, "SELECT pg_backend_pid()", ())
    return int(row[0])


async def pid(connections: HeldConnections) -> int:
    async with connections.one() as connection:
        return await pid_of(connection)


async def kill(database_url: str, pid: int) -> None:
    killer = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    await killer.execute("SELECT pg_terminate_backend($1, 5000)", pid)
    await killer.close()


async def test_one_after_the_other_uses_the_same_connection(connections: HeldConnections) -> None:
    assert len({await pid(connections) for _ in range(5)}) == 1


async def test_no_more_than_the_most_are_open_at_once(connections: HeldConnections) -> None:
    pids = await asyncio.gather(*(pid(connections) for _ in range(10)))
    assert len(set(pids)) <= MOST


async def test_who_waits_too_long_for_a_connection_is_told(connections: HeldConnections) -> None:
    async with connections.one(), connections.one():
        with pytest.raises(UnavailableError, match="busy"):
            await pid(connections)
    assert await pid(connections)


async def test_a_failure_does_not_use_up_a_connection(connections: HeldConnections) -> None:
    for _ in range(3 * MOST):
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with connections.one() as connection:
                await fetch_text(connection, "SELECT 1 / 0", ())
    assert await pid(connections)


async def test_who_goes_away_within_a_transaction_leaves_none_of_it(
    connections: HeldConnections,
) -> None:
    async def go_away() -> None:
        async with connections.one() as connection:
            await fetch_text(connection, "BEGIN", ())
            await fetch_text(connection, "SELECT pg_sleep(30)", ())

    tasks = [asyncio.create_task(go_away()) for _ in range(MOST)]
    await asyncio.sleep(0.2)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with connections.one() as connection:
        assert not driver_of(connection).is_in_transaction()


async def test_a_connection_that_says_nothing_is_told_and_replaced(
    connections: HeldConnections,
) -> None:
    before = await pid(connections)
    with pytest.raises(UnavailableError):
        async with connections.one() as connection:
            await fetch(connection, _SLEEP, {}, patience=0.1)
    assert await pid(connections) != before


async def test_a_connection_that_is_lost_in_use_is_told_and_replaced(
    connections: HeldConnections, database_url: str
) -> None:
    async def lose() -> None:
        async with connections.one() as connection:
            await kill(database_url, await pid_of(connection))
            await connection.execute(text("SELECT 1"))

    with pytest.raises(UnavailableError, match="lost"):
        await lose()
    assert await pid(connections)


async def test_a_connection_that_was_lost_meanwhile_is_replaced_unseen(
    connections: HeldConnections, database_url: str
) -> None:
    before = await pid(connections)
    await kill(database_url, before)
    await asyncio.sleep(0.1)
    assert await pid(connections) != before


async def test_a_connection_whose_transaction_was_begun_in_vain_goes_to_nobody(
    connections: HeldConnections,
) -> None:
    async def begin() -> None:
        async with connections.one() as connection, driver_of(connection).transaction():
            await fetch(connection, _SLEEP, {})

    for turns in range(60):
        await pid(connections)
        task = asyncio.create_task(begin())
        # At each place once: before the BEGIN is sent, while it is under way, and after it.
        for _ in range(turns % 6):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError, UnavailableError):
            await task
        async with connections.one() as connection:
            began = [await fetch_text(connection, "SELECT now()", ()) for _ in range(2)]
        assert began[0] != began[1], "both are within one transaction"
