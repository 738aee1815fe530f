"""Stores that keep actors by pseudonyms alone, and a look at all that a database holds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast
from uuid import uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from conftest import Tenant, make_tenant, revoke
from lrs.api.callers import SESSION_COOKIE
from lrs.api.state import Services
from lrs.auth.audit import Caller, WhoKind
from lrs.storage.driver import driver_of
from lrs.storage.engines import Database
from lrs.storage.users import get_user
from lrs.xapi.leniencies import Mode
from people import Someone, a_browser

CALLER = Caller(WhoKind.SYSTEM, "a test")
HOME_PAGE = "http://lrs.local/pseudonyms"


@asynccontextmanager
async def a_pseudonymous_tenant(app: FastAPI, database: Database) -> AsyncIterator[Tenant]:
    services: Services = app.state.services
    name = f"hidden-{uuid4().hex}"
    await services.stores.create(CALLER, name, Mode.STRICT, {}, pseudonymous=True)
    tenant = await make_tenant(database, name)
    yield tenant
    await revoke(database, tenant)


@asynccontextmanager
async def entered(
    app: FastAPI, database: Database, someone: Someone
) -> AsyncIterator[httpx.AsyncClient]:
    """Give a browser that somebody is signed in with, without the time that a password takes."""
    sessions = cast("Services", app.state.services).sessions
    async with database.primary() as connection:
        user = await get_user(connection, someone.id)
    cookie = (await sessions.begin(user, CALLER, None)).cookie
    async with a_browser(app) as browser:
        browser.cookies.set(SESSION_COOKIE, cookie)
        browser.headers["X-CSRF-Token"] = sessions.csrf_token(cookie)
        yield browser


async def everything(database: Database) -> str:
    """Return all tables of the database as text."""
    tables = text(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND"
        " relnamespace = current_schema()::regnamespace"
    )
    written = bytearray()

    async def take(data: bytes) -> None:
        written.extend(data)

    async with database.primary() as connection:
        for table in (await connection.scalars(tables)).all():
            await driver_of(connection).copy_from_table(table, output=take)
    return written.decode()
