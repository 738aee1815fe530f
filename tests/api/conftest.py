"""Other clients than the usual one, and an app that fails."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from conftest import Tenant, settings_for
from lrs.main import build_app


@pytest.fixture
async def other(app: FastAPI, stranger: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the credential of another store."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://lrs.test/xapi",
        auth=stranger.auth,
        headers=stranger.headers,
    ) as client:
        yield client


@pytest.fixture
async def anonymous(app: FastAPI, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """A client without credentials."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://lrs.test/xapi",
        headers=tenant.headers,
    ) as client:
        yield client


@pytest.fixture
def failing(app: FastAPI, database_url: str) -> FastAPI:
    """An app with a resource that fails in a way that nobody foresaw."""
    failing = build_app(settings_for(database_url))
    failing.state.services = app.state.services

    async def fail() -> None:
        raise RuntimeError("the inside of the service")

    failing.add_api_route("/xapi/broken", fail)
    failing.add_api_route("/xapi/statements", fail, methods=["PATCH"])
    return failing
