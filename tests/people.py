"""People with roles, and browsers that they sign in with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from conftest import SERVER_KEY
from lrs.auth.audit import Caller, WhoKind
from lrs.auth.passwords import hash_password
from lrs.auth.restrictions import EVERYTHING, Grant
from lrs.auth.roles import Role
from lrs.services.users import Asking, GivenRole, UsersService
from lrs.storage.engines import Database
from lrs.storage.local_accounts import set_password_hash

PASSWORD = "four words in a row"
ASKING = Asking(Caller(WhoKind.SYSTEM, "a test"))
ADA = '{"mbox": "mailto:ada@example.org"}'
COURSE = "http://example.org/courses/1"
# Each password takes a while to hash, so it is done once.
_kept: list[str] = []


@dataclass(frozen=True)
class Someone:
    """Somebody with an account of our own."""

    id: UUID
    email: str
    password: str = PASSWORD


def as_role(role: Role, store: str | None = None) -> GivenRole:
    """Return a role with the limits that it needs."""
    agents = [ADA] if role in (Role.TEAM_LEAD, Role.LEARNER) else None
    activities = [COURSE] if role is Role.CONTENT_OWNER else None
    return GivenRole(
        role, store, Grant.of(agents, activities) if agents or activities else EVERYTHING
    )


async def make_someone(database: Database, *roles: GivenRole) -> Someone:
    users = UsersService(database, SERVER_KEY.encode())
    email = f"{uuid4().hex}@example.org"
    made = await users.create(ASKING, "Ada", email, roles=roles)
    if not _kept:
        _kept.append(hash_password(PASSWORD))
    async with database.writing() as connection:
        await set_password_hash(connection, made, _kept[0])
    return Someone(made, email)


@asynccontextmanager
async def a_browser(
    app: FastAPI, address: str = "127.0.0.1", origin: str = "http://lrs.test"
) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=(address, 4711))
    async with httpx.AsyncClient(transport=transport, base_url=origin) as browser:
        yield browser


async def sign_in(browser: httpx.AsyncClient, someone: Someone) -> httpx.Response:
    """Sign in, and send with all that follows what pages of ours send."""
    body = {"email": someone.email, "password": someone.password}
    answer = await browser.post("/api/v1/session", json=body)
    assert answer.status_code == 201, answer.text
    browser.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
    return answer


@asynccontextmanager
async def signed_in(app: FastAPI, someone: Someone) -> AsyncIterator[httpx.AsyncClient]:
    async with a_browser(app) as browser:
        await sign_in(browser, someone)
        yield browser
