"""A store is deleted whole, alone and to the end, whenever who does it is killed."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy import text

from builders import a_statement, activity, agent, group, reference
from conftest import Tenant, make_tenant, serving, write_to
from lrs.auth.audit import Caller, WhoKind
from lrs.errors import StoreConflictError, UnauthenticatedError
from lrs.services.authentication import AuthenticationService
from lrs.services.deletion import DeletionService
from lrs.services.folding import FoldingService
from lrs.services.stores import StoresService
from lrs.services.usage import UsageService
from lrs.storage.documents import insert_document, lock_document
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.storage.migrations import upgrade
from lrs.storage.store_deletion import KEPT_TABLES, finish_deletion
from lrs.storage.stores import ensure_store
from lrs.xapi.documents import Document, DocumentContext, DocumentKey, DocumentKind
from lrs.xapi.versions import Version
from multipart_requests import Part, multipart
from statement_resource import new_id, post, post_text

CALLER = Caller(WhoKind.SYSTEM, "a test")
DATA = b"the proof of what was done"
KEPT = frozenset(table.name for table in KEPT_TABLES)


@dataclass(frozen=True)
class Filled:
    """A database with two stores that hold the same."""

    url: str
    database: Database
    doomed: Tenant
    other: Tenant

    @property
    def store(self) -> int:
        return self.doomed.principal.store

    @property
    def name(self) -> str:
        return self.doomed.principal.store_name

    async def request_deletion(self) -> None:
        await StoresService(self.database).delete(CALLER, self.name, self.name)

    async def wait_out(self, minutes: int = 1) -> None:
        """Have it be long ago that the deletion began."""
        query = text("UPDATE stores SET deleting = deleting - make_interval(mins => :minutes)")
        async with self.database.primary() as connection:
            await connection.execute(query, {"minutes": minutes})


@pytest.fixture
async def filled(empty_database: str) -> AsyncIterator[Filled]:
    await upgrade(empty_database)
    database = await open_database(DatabaseOptions(empty_database, workers=8))
    try:
        doomed, other = await make_tenant(database), await make_tenant(database)
        for tenant in (doomed, other):
            async with serving(empty_database, tenant) as client:
                await fill(client)
        await FoldingService(database, "UTC", worth=1).catch_up()
        yield Filled(empty_database, database, doomed, other)
    finally:
        await database.close()


async def fill(client: httpx.AsyncClient) -> None:
    """Put something of each kind into a store."""
    target = new_id()
    members = group(agent("one"), agent("two"))
    place = {"contextActivities": {"parent": [activity("programme")]}, "team": members}
    await post(client, *(a_statement(context=place) for _ in range(7)))
    await post(client, a_statement(id=target), a_statement(object=reference(target)))
    named = agent("named") | {"name": "Somebody"}
    await post(client, a_statement(actor=named, object=activity("described")))
    proof = {
        "usageType": "http://example.org/attachments/proof",
        "display": {"en": "Proof"},
        "contentType": "application/octet-stream",
        "length": len(DATA),
        "sha2": hashlib.sha256(DATA).hexdigest(),
    }
    body, headers = multipart(a_statement(attachments=[proof]), Part(DATA))
    assert (await client.post("/statements", content=body, headers=headers)).status_code == 200
    one = {"activityId": activity()["id"], "profileId": "one"}
    answer = await client.put("/activities/profile", params=one, json={}, headers=NEW)
    assert answer.status_code == 204, answer.text


NEW = {"If-None-Match": "*"}


async def rows_of(database: Database, store: int) -> Mapping[str, int]:
    """Return how many rows each table has of a store, the tables taken from the database."""
    tables = text(
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'store'"
    )
    async with database.primary() as connection:
        names = (await connection.scalars(tables)).all()
        queries = {
            name: text("SELECT count(*) FROM " + name + " WHERE store = :store")  # noqa: S608 - names of tables
            for name in names
        }
        return {
            name: await connection.scalar(query, {"store": store}) or 0
            for name, query in queries.items()
        }


async def test_nothing_of_a_store_is_left_and_nothing_of_another_is_gone(filled: Filled) -> None:
    before = await rows_of(filled.database, filled.store)
    missed = {"documents", "statement_agents", "statement_activities", "statement_references"}
    missed |= {"attachments", "attachment_pieces", "statement_attachments", "agent_names"}
    assert {name for name in missed if not before[name]} == set()
    others = await rows_of(filled.database, filled.other.principal.store)

    await filled.request_deletion()
    await filled.wait_out()
    await DeletionService(filled.database).go_on()

    after = await rows_of(filled.database, filled.store)
    assert {name for name, count in after.items() if count} <= KEPT
    assert await rows_of(filled.database, filled.other.principal.store) == others
    deletion = await StoresService(filled.database).deletion(filled.name)
    assert deletion.finished is not None
    assert deletion.deleted == deletion.total
    assert deletion.deleted == sum(count for name, count in before.items() if name not in KEPT)
    names = [each.name for each in await StoresService(filled.database).list_all()]
    assert names == [filled.other.principal.store_name]


async def test_the_log_says_who_wanted_it_and_when_it_was_over(filled: Filled) -> None:
    await filled.request_deletion()
    await filled.wait_out()
    await DeletionService(filled.database).go_on()
    query = text(
        "SELECT store, action, who, target FROM audit_records"
        " WHERE action LIKE 'store.delet%' ORDER BY store, number"
    )
    async with filled.database.primary() as connection:
        said = [tuple(row) for row in await connection.execute(query)]
    story = [
        ("store.deletion-requested", "a test", filled.name),
        ("store.deleted", "lrs store deletion", filled.name),
    ]
    assert said == [(store, *each) for store in (0, filled.store) for each in story]


async def test_one_who_is_killed_in_the_middle_is_followed_by_the_next(filled: Filled) -> None:
    before = await rows_of(filled.database, filled.store)
    await filled.request_deletion()
    await filled.wait_out()
    tries = 0
    deletion = await StoresService(filled.database).deletion(filled.name)
    while deletion.finished is None:
        tries += 1
        another = await open_database(DatabaseOptions(filled.url, workers=8))
        task = asyncio.create_task(DeletionService(another, step=2).go_on())
        # Each lives a little longer than the one before, so they end everywhere.
        await asyncio.wait([task], timeout=0.01 * tries)
        task.cancel()
        await asyncio.wait([task])
        await another.close()
        deletion = await StoresService(filled.database).deletion(filled.name)
    assert tries > 3
    assert deletion.deleted == deletion.total
    assert deletion.deleted == sum(count for name, count in before.items() if name not in KEPT)
    after = await rows_of(filled.database, filled.store)
    assert {name for name, count in after.items() if count} <= KEPT


async def test_two_at_once_count_each_row_once(filled: Filled) -> None:
    await filled.request_deletion()
    await filled.wait_out()
    deletion = await StoresService(filled.database).deletion(filled.name)
    while deletion.finished is None:
        workers = [DeletionService(filled.database, step=3) for _ in range(3)]
        await asyncio.gather(*(each.go_on() for each in workers))
        deletion = await StoresService(filled.database).deletion(filled.name)
    assert deletion.deleted == deletion.total


async def test_nobody_gets_in_any_more(filled: Filled) -> None:
    async with serving(filled.url, filled.doomed) as client:
        await post(client, a_statement())
        await filled.request_deletion()
        end = asyncio.get_running_loop().time() + 1
        while (await client.get("/statements")).status_code != 401:
            assert asyncio.get_running_loop().time() < end
            await asyncio.sleep(0.02)
        assert (await post_text(client, "{}")).status_code == 401


async def test_who_was_let_in_before_writes_nothing(filled: Filled) -> None:
    async with serving(filled.url, filled.doomed) as client:
        await post(client, a_statement())
        before = await rows_of(filled.database, filled.store)
        known = client._transport.app.state.services.authentication  # type: ignore[attr-defined]  # our own app is behind it
        principal = await known.authenticate(*filled.doomed.auth)
        await filled.request_deletion()
        statements = client._transport.app.state.services.statements  # type: ignore[attr-defined]  # see above
        body = b'{"actor":{"mbox":"mailto:a@b.co"},"verb":{"id":"http://a.b/c"},'
        body += b'"object":{"id":"http://a.b/d"}}'
        with pytest.raises(UnauthenticatedError, match="is being deleted"):
            await statements.store(principal, body, Version.V1_0_3)
    key = DocumentKey(DocumentContext(DocumentKind.ACTIVITY_PROFILE, "http://a.b/c"), "two")
    async with filled.database.writing() as connection:
        assert await lock_document(connection, filled.store, key) is None
        with pytest.raises(UnauthenticatedError, match="is being deleted"):
            await insert_document(connection, filled.store, key, Document(b"x", "text/plain"))
    after = await rows_of(filled.database, filled.store)
    written = ("statements", "statement_payloads", "documents", "agents", "activities")
    assert [after[name] for name in written] == [before[name] for name in written]


async def test_who_writes_is_waited_for(filled: Filled) -> None:
    async with filled.database.writing() as connection:
        await write_to(connection, filled.store)
        request = asyncio.create_task(filled.request_deletion())
        await asyncio.wait([request], timeout=0.3)
        assert not request.done()
    await request


async def test_the_last_step_waits_for_those_who_were_let_in(filled: Filled) -> None:
    await filled.request_deletion()
    await filled.wait_out(minutes=-60)
    await DeletionService(filled.database).go_on()
    assert (await StoresService(filled.database).deletion(filled.name)).finished is None
    late = text(
        "INSERT INTO launch_tokens (store, id, credential, actor, registration, activity, expires)"
        " VALUES (:store, gen_random_uuid(), 1, '', gen_random_uuid(), '', now())"
    )
    async with filled.database.writing() as connection:
        await connection.execute(late, {"store": filled.store})
    await filled.wait_out(minutes=120)
    async with filled.database.writing() as connection:
        assert not await finish_deletion(connection, filled.store)
    await DeletionService(filled.database).go_on()
    assert (await rows_of(filled.database, filled.store))["launch_tokens"] == 0
    assert (await StoresService(filled.database).deletion(filled.name)).finished


async def test_who_folds_and_who_adds_up_leave_nothing_behind(filled: Filled) -> None:
    folding = FoldingService(filled.database, "UTC", worth=1)
    usage = UsageService(filled.database)
    async with serving(filled.url, filled.doomed, rollups="off") as client:
        await post(client, *(a_statement() for _ in range(50)))
    await filled.request_deletion()
    await filled.wait_out()
    deletion = DeletionService(filled.database, step=5)
    done = asyncio.create_task(deletion.go_on())
    while not done.done():
        await folding._fold(filled.store)
        await folding.catch_up()
        await usage.add_up()
    await done
    assert (await StoresService(filled.database).deletion(filled.name)).finished
    await folding._fold(filled.store)
    await usage.add_up()
    after = await rows_of(filled.database, filled.store)
    assert {name for name, count in after.items() if count} <= KEPT


async def test_what_is_being_deleted_can_neither_be_set_nor_deleted_nor_filled(
    filled: Filled,
) -> None:
    await filled.request_deletion()
    stores = StoresService(filled.database)
    for asking in (
        stores.change(CALLER, filled.name, settings={"max_batch": 5}),
        filled.request_deletion(),
        _ensured(filled),
    ):
        with pytest.raises(StoreConflictError, match="is being deleted"):
            await asking


async def _ensured(filled: Filled) -> None:
    async with filled.database.writing() as connection:
        await ensure_store(connection, filled.name)


async def test_the_name_is_free_afterwards_and_the_deletion_is_remembered(filled: Filled) -> None:
    stores = StoresService(filled.database)
    await filled.request_deletion()
    await filled.wait_out()
    await DeletionService(filled.database).go_on()
    async with filled.database.writing() as connection:
        anew = await ensure_store(connection, filled.name)
    assert anew != filled.store
    assert (await stores.deletion(filled.name)).store == filled.store
    authentication = AuthenticationService(filled.database, b"x", "http://lrs.local")
    with pytest.raises(UnauthenticatedError):
        await authentication.authenticate(*filled.doomed.auth)
