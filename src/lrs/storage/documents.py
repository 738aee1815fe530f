"""Keeps documents, and lets one writer at a time decide about each (design truth 7)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.dictionary import keep_identifiers
from lrs.storage.driver import fetch, fetch_value
from lrs.storage.stores import being_deleted
from lrs.storage.tables import documents, stores
from lrs.xapi.documents import Document, DocumentContext, DocumentFilter, DocumentKey, KeptDocument
from lrs.xapi.preconditions import ANY

# A document that is not there has no row to lock. Two that share a hash only wait for each other;
# the locks of statements are of the kind with two numbers, which PostgreSQL keeps apart.
# First comes the lock that whoever begins to delete the store waits for.
_LOCK_OF_ABSENT = text(
    """
    SELECT pg_advisory_xact_lock_shared(:lock_class, CAST(:store AS int)),
           pg_advisory_xact_lock(hashtextextended(:key, CAST(:store AS int)))
    """
)
# The first of the two numbers of the advisory lock of who makes documents of a store.
LOCK_CLASS: Final = 19_541
_MICROSECOND = text("interval '1 microsecond'")

_IS_ONE = (documents.c.store == bindparam("of_store")) & (documents.c.key == bindparam("of_key"))
_OF_DOCUMENT = ("content", "content_type", "etag", "size")
_OF_KEY = ("store", "key", "kind", "activity", "agent", "registration", "id")


def _sent(*names: str) -> dict[str, ColumnElement[object]]:
    return {name: bindparam(f"new_{name}", type_=documents.c[name].type) for name in names}


_LOCKED = select(documents.c.etag).where(_IS_ONE).with_for_update()
_FOUND = select(documents.c.content, documents.c.content_type, documents.c.updated).where(_IS_ONE)
_NEW = {"updated": func.clock_timestamp(), **_sent(*_OF_KEY, *_OF_DOCUMENT)}
_STAYS = exists().where(stores.c.id == _NEW["store"], stores.c.deleting.is_(None))
_INSERTION = (
    insert(documents)
    .from_select([*_NEW], select(*_NEW.values()).where(_STAYS))
    .returning(documents.c.key)
)
_LATER = func.greatest(func.clock_timestamp(), documents.c.updated + _MICROSECOND)
_CHANGE = update(documents).where(_IS_ONE).values(updated=_LATER, **_sent(*_OF_DOCUMENT))
_REPLACEMENT = _CHANGE.where(
    or_(
        bindparam("is_free", type_=Boolean),
        documents.c.etag == any_(bindparam("etags", type_=ARRAY(Text))),
    )
).returning(documents.c.key)
_DELETION = delete(documents).where(_IS_ONE)


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
    which = _which(store, key)
    etag: str | None = await fetch_value(connection, _LOCKED, which)
    if etag is None:
        lock = {"lock_class": LOCK_CLASS, "key": str(which["of_key"]), "store": store}
        await fetch(connection, _LOCK_OF_ABSENT, lock)
        # Another snapshot: whoever had the lock before may have created it.
        etag = await fetch_value(connection, _LOCKED, which)
    return etag


async def find_document(
    connection: AsyncConnection, store: int, key: DocumentKey
) -> KeptDocument | None:
    """Return a document; None if there is none."""
    rows = await fetch(connection, _FOUND, _which(store, key))
    if not rows:
        return None
    content, content_type, updated = rows[0]
    return KeptDocument(Document(content, content_type), updated)


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

    Raises:
        UnauthenticatedError: the store is being deleted.
    """
    context = key.context
    values = {
        "new_store": store,
        "new_key": key.hashed(),
        "new_kind": context.kind.value,
        "new_activity": context.activity_key,
        "new_agent": context.agent_key,
        "new_registration": context.registration,
        "new_id": key.id,
        **_values(document),
    }
    if not await fetch(connection, _INSERTION, values):
        raise being_deleted()
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
    await fetch(connection, _CHANGE, _which(store, key) | _values(document))


async def replace_document(
    connection: AsyncConnection,
    store: int,
    key: DocumentKey,
    document: Document,
    etags: Sequence[str],
) -> bool:
    """Replace a document if it is there and has one of these ETags, and tell whether it was.

    Args:
        connection: on which each statement stands alone.
        store: the store of the document.
        key: what it is found by.
        document: what to keep instead.
        etags: `ANY` among them stands for all.
    """
    which = {**_which(store, key), "is_free": ANY in etags, "etags": etags}
    return bool(await fetch(connection, _REPLACEMENT, which | _values(document)))


async def delete_document(connection: AsyncConnection, store: int, key: DocumentKey) -> None:
    """Delete a document, if it is there."""
    await fetch(connection, _DELETION, _which(store, key))


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


def _which(store: int, key: DocumentKey) -> dict[str, object]:
    return {"of_store": store, "of_key": key.hashed()}


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


def _values(document: Document) -> dict[str, object]:
    return {
        "new_content": document.content,
        "new_content_type": document.content_type,
        "new_etag": document.etag,
        "new_size": len(document.content),
    }
