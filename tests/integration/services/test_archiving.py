"""An archive is made in steps: whenever who makes it is killed, the next one goes on to the end."""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from uuid import UUID

import pytest
from sqlalchemy import text

from archives import join, key_of, lines, opened, send
from builders import a_statement, agent, group
from conftest import Tenant, make_tenant
from lrs.auth.audit import Caller, WhoKind
from lrs.errors import UnavailableError
from lrs.services.archives import ArchivesService
from lrs.services.archiving import ArchivingService
from lrs.storage import archive_sources
from lrs.storage.archives import ArchiveName
from lrs.storage.engines import Database

ADA, BOB, EVE = agent("ada"), agent("bob"), agent("eve")
CALLER = Caller(WhoKind.SYSTEM, "a test")
# More than a step takes over.
DATA = b"".join(hashlib.sha256(bytes([number % 256])).digest() for number in range(300_000))
SHA2 = hashlib.sha256(DATA).hexdigest()
_ATTACH = (
    "INSERT INTO attachments (store, sha2, size) VALUES (:store, :sha2, :size)",
    "INSERT INTO statement_attachments VALUES (:store, :id, :sha2, 'text/plain')",
)
_PIECE = text(
    "INSERT INTO attachment_pieces (store, sha2, number, content)"
    " VALUES (:store, :sha2, :number, :content)"
)


@pytest.fixture
def own(quiet_database: Database) -> Database:
    """A database in which nobody else makes archives."""
    return quiet_database


async def attach(database: Database, tenant: Tenant, statement: str) -> None:
    """Have a statement bring data."""
    values = {"store": tenant.principal.store, "sha2": SHA2}
    async with database.writing() as connection:
        for insertion in _ATTACH:
            more = {"size": len(DATA)} if "size" in insertion else {"id": UUID(statement)}
            await connection.execute(text(insertion), values | more)
        for number, start in enumerate(range(0, len(DATA), 512 * 1024)):
            content = DATA[start : start + 512 * 1024]
            await connection.execute(_PIECE, {**values, "number": number, "content": content})


async def order(database: Database, tenant: Tenant, person: UUID) -> ArchiveName:
    made = await ArchivesService(database).order(CALLER, tenant.principal, person, "en")
    return ArchiveName(tenant.principal.store, made.id)


async def content(database: Database, tenant: Tenant, person: UUID, name: ArchiveName) -> bytes:
    service = ArchivesService(database)
    found = await service.get(tenant.principal, person, name.id)
    download = await service.download(CALLER, tenant.principal, found)
    parts = service.content(download, 0, download.file.size)
    return b"".join([part async for part in parts])


async def test_one_that_is_killed_again_and_again_is_whole_in_the_end(own: Database) -> None:
    tenant = await make_tenant(own)
    person = await join(own, tenant.principal.store, ADA, EVE)
    sent = [a_statement(actor=(ADA, EVE, BOB)[number % 3]) for number in range(600)]
    ids = [
        each for start in (0, 300) for each in await send(own, tenant, *sent[start : start + 300])
    ]
    await attach(own, tenant, ids[0])
    expected = [each for number, each in enumerate(ids) if number % 3 != 2]
    name = await order(own, tenant, person)
    kills = 0
    while True:
        # Files of statements end after a kilobyte, so there are many steps; each step is begun by
        # a process that is killed in the middle of it, at another place each time.
        killed = ArchivingService(own, most=1_000)
        task = asyncio.create_task(killed.step(name))
        for _ in range(kills % 23):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError, UnavailableError):
            await task
        kills += 1
        await ArchivingService(own, most=1_000).step(name)
        if (await ArchivesService(own).get(tenant.principal, person, name.id)).finished:
            break
    files = opened(await content(own, tenant, person, name))
    assert [each["id"] for each in lines(files, "statements/")] == expected
    assert files[f"attachments/{SHA2}"] == DATA
    assert kills > 5
    assert {"person.json", "report.html", "README.txt"} <= {*files}


@pytest.fixture
def _short_looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a look find seven statements only; the texts of queries are remembered."""
    monkeypatch.setattr(archive_sources, "_LOOK", 7)
    archive_sources._page.cache_clear()
    yield
    archive_sources._page.cache_clear()


@pytest.mark.usefixtures("_short_looks")
async def test_what_is_found_in_several_places_and_pages_is_there_once(own: Database) -> None:
    tenant = await make_tenant(own)
    everywhere = {"instructor": ADA, "team": group(ADA, EVE)}
    sent = [a_statement(actor=ADA, context=everywhere) for _ in range(50)]
    ids = await send(own, tenant, *sent)
    name = await order(own, tenant, key_of(ADA))
    while await ArchivingService(own, most=1).step(name):
        pass
    files = opened(await content(own, tenant, key_of(ADA), name))
    assert [each["id"] for each in lines(files, "statements/")] == ids
    assert len([each for each in files if each.startswith("statements/")]) > 5


async def test_what_names_somebody_frozen_is_left_out(own: Database) -> None:
    tenant = await make_tenant(own)
    shown = await send(own, tenant, a_statement(actor=ADA))
    await send(own, tenant, a_statement(actor=ADA, context={"instructor": EVE}))
    name = await order(own, tenant, key_of(ADA))
    freezing = text("UPDATE stores SET frozen = :keys WHERE id = :id")
    limited = text("UPDATE person_archives SET sees_frozen = false WHERE store = :id")
    async with own.writing() as connection:
        await connection.execute(freezing, {"keys": [key_of(EVE)], "id": name.store})
        await connection.execute(limited, {"id": name.store})
    await ArchivingService(own).go_on()
    files = opened(await content(own, tenant, key_of(ADA), name))
    assert [each["id"] for each in lines(files, "statements/")] == shown
    assert b"eve@example.org" not in b"".join(files.values())


async def test_one_that_cannot_be_made_is_given_up_and_keeps_no_other_waiting(
    own: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("lrs.services.archiving._AFTER_A_FAILURE", 0)
    tenant = await make_tenant(own)
    await send(own, tenant, a_statement(actor=ADA), a_statement(actor=BOB))
    broken, whole = [await order(own, tenant, key_of(each)) for each in (ADA, BOB)]
    spoiling = text(
        "UPDATE person_archives SET stage = 'documents', place = 'no place' WHERE id = :id"
    )
    async with own.writing() as connection:
        await connection.execute(spoiling, {"id": broken.id})
    for _ in range(5):
        await ArchivingService(own).go_on()
    service = ArchivesService(own)
    assert (await service.get(tenant.principal, key_of(ADA), broken.id)).stage == "failed"
    assert (await service.get(tenant.principal, key_of(BOB), whole.id)).stage == "ready"
    assert "could not be made" in caplog.text
