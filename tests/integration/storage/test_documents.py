"""What the rows of documents hold, where no answer over HTTP shows it."""

from datetime import datetime

from sqlalchemy import text

from conftest import Tenant
from lrs.storage.documents import find_document, insert_document, lock_document, update_document
from lrs.storage.engines import Database
from lrs.xapi.documents import Document, DocumentContext, DocumentKey, DocumentKind
from lrs.xapi.keys import Ifi

ADA = Ifi("mbox", "mailto:ada@example.org")
COURSE = "http://example.org/course"
KEY = DocumentKey(DocumentContext(DocumentKind.STATE, COURSE, ADA), "bookmark")
FIRST, SECOND = Document(b"1", "text/plain"), Document(b"22", "application/json")


async def inserted(database: Database, store: int) -> None:
    async with database.writing() as connection:
        assert await lock_document(connection, store, KEY) is None
        await insert_document(connection, store, KEY, FIRST)


async def updated(database: Database, store: int) -> datetime:
    async with database.primary() as connection:
        found = await find_document(connection, store, KEY)
    assert found is not None
    return found.updated


async def test_updated_moves_forward_when_the_clock_does_not(
    database: Database, tenant: Tenant
) -> None:
    store = tenant.principal.store
    await inserted(database, store)
    ahead = text("UPDATE documents SET updated = updated + interval '1 hour' WHERE store = :store")
    async with database.writing() as connection:
        await connection.execute(ahead, {"store": store})
    before = await updated(database, store)

    async with database.writing() as connection:
        assert await lock_document(connection, store, KEY) == FIRST.etag
        await update_document(connection, store, KEY, SECOND)
    assert await updated(database, store) > before


async def test_whom_and_what_it_is_about_can_be_read(database: Database, tenant: Tenant) -> None:
    await inserted(database, tenant.principal.store)
    query = text(
        """
        SELECT documents.id, documents.size, documents.etag, agents.ifi, activities.iri
        FROM documents
        JOIN agents ON (agents.store, agents.key) = (documents.store, documents.agent)
        JOIN activities ON (activities.store, activities.key)
                         = (documents.store, documents.activity)
        WHERE documents.store = :store
        """
    )
    async with database.primary() as connection:
        rows = await connection.execute(query, {"store": tenant.principal.store})
    assert [tuple(row) for row in rows] == [("bookmark", 1, FIRST.etag, ADA.value, COURSE)]
