"""Keeps documents, and lets one writer at a time decide about each (design truth 7)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ARRAY, ColumnElement, Uuid, bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.dictionary import keep_identifiers
from lrs.storage.tables import documents
from lrs.xapi.documents import Document, DocumentContext, DocumentFilter, DocumentKey, KeptDocument

# A document that is not there has no row to lock. Two that share a hash only wait for each other;
# the locks of statements are of the kind with two numbers, which PostgreSQL keeps apart.
_LOCK_OF_ABSENT = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, :store))")
_MICROSECOND = text("interval '1 microsecond'")


class DocumentList(NamedTuple):
    """The ids of documents, the one that was changed last at the end.

    Attributes:
        updated: when that one was changed; None if there is none.
    """

    ids: Sequence[str]
    updated: datetime | None


async def lock_document(connection: AsyncConnection, store: int, key: DocumentKey) -> str | None:
    """Keep others from changing a document until the transaction ends, and return its ETag.

    Also where there is none, and the answer is None: until then nobody else can create it.

    Args:
        connection: within a writing transaction that has locked no other document.
        store: the store of the document.
        key: what it is found by.
    """
    row = select(documents.c.etag).where(_is_one(store, key)).with_for_update()
    etag: str | None = await connection.scalar(row)
    if etag is None:
        lock = {"key": str(key.hashed()), "store": store}
        await connection.execute(_LOCK_OF_ABSENT, lock)
        # Another snapshot: whoever had the lock before may have created it.
        etag = await connection.scalar(row)
    return etag


async def find_document(
    connection: AsyncConnection, store: int, key: DocumentKey
) -> KeptDocument | None:
    """Return a document; None if there is none."""
    columns = documents.c
    query = select(columns.content, columns.content_type, columns.updated)
    row = (await connection.execute(query.where(_is_one(store, key)))).one_or_none()
    return row and KeptDocument(Document(row.content, row.content_type), row.updated)


async def list_documents(
    connection: AsyncConnection, store: int, wanted: DocumentFilter
) -> DocumentList:
    """Return the ids of the documents of a context, each once, whatever its registrations."""
    newest = func.max(documents.c.updated)
    query = (
        select(documents.c.id, newest.label("updated"))
        .where(*_are_in(store, wanted.context))
        .group_by(documents.c.id)
        .order_by(newest, documents.c.id)
    )
    if wanted.since is not None:
        query = query.where(documents.c.updated > wanted.since)
    rows = (await connection.execute(query)).all()
    return DocumentList([row.id for row in rows], rows[-1].updated if rows else None)


async def insert_document(
    connection: AsyncConnection, store: int, key: DocumentKey, document: Document
) -> None:
    """Keep a document that is not there, and the texts of whom and what it is about.

    Args:
        connection: within the transaction in which `lock_document` found nothing.
        store: the store to keep it in.
        key: what it will be found by.
        document: what to keep.
    """
    context = key.context
    insertion = insert(documents).values(
        store=store,
        key=key.hashed(),
        kind=context.kind,
        activity=context.activity_key,
        agent=context.agent_key,
        registration=context.registration,
        id=key.id,
        updated=func.clock_timestamp(),
        **_columns(document),
    )
    await connection.execute(insertion)
    await keep_identifiers(connection, store, context.agent, context.activity)


async def update_document(
    connection: AsyncConnection, store: int, key: DocumentKey, document: Document
) -> None:
    """Replace a document; `updated` moves forward even if the clock does not.

    Args:
        connection: within the transaction in which `lock_document` found it.
        store: the store of the document.
        key: what it is found by.
        document: what to keep instead.
    """
    later = func.greatest(func.clock_timestamp(), documents.c.updated + _MICROSECOND)
    change = documents.update().where(_is_one(store, key))
    await connection.execute(change.values(updated=later, **_columns(document)))


async def delete_document(connection: AsyncConnection, store: int, key: DocumentKey) -> None:
    """Delete a document, if it is there."""
    await connection.execute(delete(documents).where(_is_one(store, key)))


async def delete_documents(
    connection: AsyncConnection, store: int, context: DocumentContext
) -> None:
    """Delete all documents of a context.

    They are locked in the order of their keys, so that two who do this do not wait in a ring.
    """
    locked = (
        select(documents.c.key)
        .where(*_are_in(store, context))
        .order_by(documents.c.key)
        .with_for_update()
    )
    keys = (await connection.scalars(locked)).all()
    are_locked = documents.c.key == func.any(bindparam("keys", keys, ARRAY(Uuid)))
    await connection.execute(delete(documents).where(documents.c.store == store, are_locked))


def _is_one(store: int, key: DocumentKey) -> ColumnElement[bool]:
    return (documents.c.store == store) & (documents.c.key == key.hashed())


def _are_in(store: int, context: DocumentContext) -> list[ColumnElement[bool]]:
    conditions = [
        documents.c.store == store,
        documents.c.kind == context.kind,
        documents.c.activity == context.activity_key,
        documents.c.agent == context.agent_key,
    ]
    if context.registration is not None:
        conditions.append(documents.c.registration == context.registration)
    return conditions


def _columns(document: Document) -> dict[str, object]:
    return {
        "content": document.content,
        "content_type": document.content_type,
        "etag": document.etag,
        "size": len(document.content),
    }
