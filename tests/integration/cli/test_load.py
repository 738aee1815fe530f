"""`lrs load` into the real service."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
import uvicorn
from fastapi import FastAPI
from typer.testing import CliRunner, Result

from builders import Json, a_statement, agent
from conftest import Tenant
from lrs.cli.load import load
from statement_resource import new_id


@pytest.fixture
async def endpoint(app: FastAPI) -> AsyncIterator[str]:
    """The app on a real socket; the fixture `app` has started it already."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/xapi"
        server.should_exit = True
        await serving


async def run_load(endpoint: str, tenant: Tenant, file: Path) -> Result:
    app = typer.Typer()
    app.command()(load)
    key, secret = tenant.auth
    options = ["--to", endpoint, "--key", key, "--secret", secret, "--batch", "50"]
    return await asyncio.to_thread(CliRunner().invoke, app, [str(file), *options])


def write(file: Path, statements: list[Json]) -> None:
    file.write_text("\n".join(json.dumps(statement) for statement in statements))


async def read_back(client: httpx.AsyncClient) -> list[Any]:
    found: list[Any] = []
    more = "/statements?ascending=true"
    while more:
        page = (await client.get(more.removeprefix("/xapi"))).json()
        found += page["statements"]
        more = page["more"]
    return found


async def test_what_is_loaded_is_read_back_and_nothing_is_new_the_second_time(
    endpoint: str, tenant: Tenant, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    file = tmp_path / "statements.ndjson"
    sent = [a_statement(actor=agent(f"learner{n}"), id=new_id()) for n in range(130)]
    anonymous = [a_statement(), a_statement()]
    write(file, sent + anonymous)
    first, second = [await run_load(endpoint, tenant, file) for _ in range(2)]
    assert "132 read: 132 stored, 0 already there, 0 refused" in first.stdout
    assert "132 read: 0 stored, 132 already there, 0 refused" in second.stdout
    stored = {statement["id"]: statement for statement in await read_back(client)}
    assert len(stored) == 132
    assert all(statement.items() <= stored[statement["id"]].items() for statement in sent)


async def test_bad_statements_are_set_aside_with_the_reason_of_the_service(
    endpoint: str, tenant: Tenant, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    file = tmp_path / "statements.ndjson"
    statements = [a_statement(id=new_id()) for _ in range(60)]
    del statements[17]["verb"]
    statements[31] = a_statement(id=statements[30]["id"], actor=agent("grace"))
    write(file, statements)
    result = await run_load(endpoint, tenant, file)
    report = (tmp_path / "statements.ndjson.refused.ndjson").read_text().splitlines()
    refused = [json.loads(line) for line in report]
    assert result.exit_code == 1
    assert "60 read: 58 stored, 0 already there, 2 refused" in result.stdout
    assert [(each["index"], each["status"]) for each in refused] == [(17, 400), (31, 409)]
    assert "verb" in refused[0]["reason"]
    assert len(await read_back(client)) == 58
