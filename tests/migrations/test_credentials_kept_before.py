"""Credentials keep what they could do, and none can do more on the way back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from lrs.storage.migrations import downgrade, upgrade

BEFORE = "0007"

_MADE = """
    INSERT INTO credentials (store, key, secret_mac, label, system, system_kind)
    VALUES (1, $1, '', '', '', 'other')
"""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        yield connection
    finally:
        await connection.close()


async def made(url: str, *keys: str) -> None:
    async with connected(url) as connection:
        await connection.executemany(_MADE, [(key,) for key in keys])


async def let_in(url: str) -> set[str]:
    async with connected(url) as connection:
        rows = await connection.fetch("SELECT key FROM credentials WHERE revoked IS NULL")
    return {row["key"] for row in rows}


async def test_a_credential_of_before_can_do_all_there_and_back(empty_database: str) -> None:
    await upgrade(empty_database, BEFORE)
    await made(empty_database, "old")
    await upgrade(empty_database)
    await downgrade(empty_database, BEFORE)
    assert await let_in(empty_database) == {"old"}


@pytest.mark.parametrize(
    "limit",
    [
        "kind = 'user'",
        "scopes = '{statements/write,statements/read/mine}'",
        "scopes = '{all}'",
        "agents = '{}'",
        "activities = '{http://example.org/course}'",
        "origins = '{https://lms.example.org}'",
        "networks = '{192.0.2.0/24}'",
        "expires = now() - interval '1 day'",
    ],
)
async def test_what_was_limited_is_not_let_in_without_its_limits(
    empty_database: str, limit: str
) -> None:
    await upgrade(empty_database, BEFORE)
    await made(empty_database, "limited", "old")
    await upgrade(empty_database)
    async with connected(empty_database) as connection:
        await connection.execute(f"UPDATE credentials SET {limit} WHERE key = 'limited'")  # noqa: S608 - our own words
    await downgrade(empty_database, BEFORE)
    assert await let_in(empty_database) == {"old"}
    await upgrade(empty_database)
    assert await let_in(empty_database) == {"old"}
