"""Orders archives of persons, waits for them, and opens them."""

import asyncio
import json
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4
from zipfile import ZipFile

import httpx
from sqlalchemy import text

from builders import Json
from conftest import Tenant
from lrs.services.archiving import ArchivingService
from lrs.services.statements import StatementLimits, StatementsService
from lrs.storage.engines import Database
from lrs.xapi.agents import read_agent
from lrs.xapi.versions import Version

API = "http://lrs.test/api/v1"
_IDENTIFIER = text(
    "INSERT INTO person_identifiers (store, agent, person, own, ifi_type, ifi, source)"
    " VALUES (:store, :agent, :person, :person, :type, :ifi, 'api')"
)
_PERSON = text(
    "INSERT INTO people (store, id, name, language) VALUES (:store, :id, :name, :language)"
)
LIMITS = StatementLimits(batch=500, statement_bytes=100_000, page=10, max_page=10)


async def send(database: Database, tenant: Tenant, *sent: Json) -> list[str]:
    """Store statements without an app, whose background might do what a test does itself."""
    service = StatementsService(database, LIMITS, uuid4)
    stored = await service.store(tenant.principal, json.dumps(sent).encode(), Version.V1_0_3)
    return [str(each) for each in stored.ids]


def key_of(agent: Json) -> UUID:
    """The key of an Agent, which is also the id of a person whom nobody has joined."""
    key = read_agent(json.dumps(agent)).key
    assert key is not None
    return key


async def join(
    database: Database, store: int, *agents: Json, name: str = "Ada", language: str = "de"
) -> UUID:
    """Make a person of these Agents."""
    person = uuid4()
    async with database.writing() as connection:
        values = {"store": store, "id": person, "name": name, "language": language}
        await connection.execute(_PERSON, values)
        for each in agents:
            ifi = read_agent(json.dumps(each)).ifi
            assert ifi is not None
            told = {"agent": key_of(each), "type": ifi.type, "ifi": ifi.value}
            await connection.execute(_IDENTIFIER, {"store": store, "person": person, **told})
    return person


def archives(person: UUID | str) -> str:
    return f"{API}/people/{person}/archives"


async def order(client: httpx.AsyncClient, person: UUID | str, **wanted: str) -> str:
    """Order an archive, and return its address."""
    answer = await client.post(archives(person), json=wanted)
    assert answer.status_code == 202, answer.text
    return f"{archives(person)}/{answer.json()['id']}"


async def ready(client: httpx.AsyncClient, database: Database, address: str) -> Json:
    """Have an archive made, by this process or by another one that does it already."""
    while True:
        await ArchivingService(database).go_on()
        answer = await client.get(address)
        assert answer.status_code == 200, answer.text
        archive: Json = answer.json()
        if archive["finished"]:
            assert archive["stage"] == "ready", archive
            return archive
        await asyncio.sleep(0.02)


async def downloaded(client: httpx.AsyncClient, address: str) -> bytes:
    answer = await client.get(f"{address}/content")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-length"] == str(len(answer.content))
    return answer.content


def opened(content: bytes) -> dict[str, bytes]:
    """Return the files of an archive by their names."""
    with ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == len({*names})
        return {name: archive.read(name) for name in names}


def lines(files: dict[str, bytes], folder: str) -> list[Any]:
    """Return what stands in the NDJSON files of a folder, in their order."""
    texts = [files[name] for name in sorted(files) if name.startswith(folder)]
    return [json.loads(line) for each in texts for line in each.splitlines()]
