"""Stores with settings of their own, for tests of what these do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI

from conftest import Tenant, client_of, make_tenant, revoke
from lrs.auth.store_settings import StoreSettings
from lrs.storage.engines import Database
from lrs.storage.stores import insert_store
from lrs.xapi.leniencies import Mode


async def make_set_tenant(database: Database, **settings: Any) -> Tenant:
    """Make a store with these settings, and then a credential: nobody knows one without them."""
    name = f"set-{uuid4().hex}"
    async with database.writing() as connection:
        await insert_store(connection, name, Mode.STRICT, StoreSettings(**settings))
    return await make_tenant(database, name)


@asynccontextmanager
async def with_settings(
    app: FastAPI, database: Database, **settings: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a new store with these settings; its header `X-Own-Store` names it."""
    tenant = await make_set_tenant(database, **settings)
    async with client_of(app, tenant) as client:
        client.headers["X-Own-Store"] = tenant.principal.store_name
        yield client
    await revoke(database, tenant)
