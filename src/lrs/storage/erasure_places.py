"""Where a person is named besides statements: documents, dictionaries, rollups."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import LargeBinary
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.documents import LOCK_CLASS
from lrs.storage.driver import fetch, fetch_value
from lrs.storage.erasure_statements import ODD_ESCAPES
from lrs.storage.sql_texts import sql
from lrs.xapi.documents import Document

FIRST: Final = UUID(int=0)

_HOLD_DOCUMENTS = sql("SELECT pg_advisory_xact_lock(:most, :store)")  # most: the class of the lock
_OWN_DOCUMENTS = sql(
    """
    WITH gone AS (
        DELETE FROM documents
        WHERE store = :store AND key = ANY (ARRAY(
            SELECT key FROM documents
            WHERE store = :store AND kind IN ('state', 'agent_profile') AND agent = ANY (:keys)
            ORDER BY key LIMIT :most FOR UPDATE
        ))
        RETURNING 1
    )
    SELECT count(*) FROM gone
    """
)
_COUNT_OWN_DOCUMENTS = sql(
    """
    SELECT count(*) FROM documents
    WHERE store = :store AND kind IN ('state', 'agent_profile') AND agent = ANY (:keys)
    """
)
_DOCUMENTS = sql(
    """
    SELECT key, documents.id AS name, content, content_type FROM documents
    WHERE store = :store AND key > :id
    ORDER BY key LIMIT :most
    """
)
_CHANGE_DOCUMENT = sql(
    """
    UPDATE documents
    SET content = :content, etag = :etag, size = octet_length(:content),
        updated = greatest(clock_timestamp(), updated + interval '1 microsecond')
    WHERE store = :store AND key = :id AND etag = :before
    """,
    {"content": LargeBinary()},
)
_DELETE_DOCUMENT = sql("DELETE FROM documents WHERE store = :store AND key = :id")
_AGENTS = sql(
    """
    WITH names AS (
        DELETE FROM agent_names WHERE store = :store AND agent = ANY (:keys) RETURNING 1
    ),
    numbers AS (DELETE FROM rollup_actors WHERE store = :store AND key = ANY (:keys) RETURNING 1),
    hashes AS (
        DELETE FROM hashed_mboxes
        WHERE store = :store AND (mbox = ANY (:keys) OR mbox_sha1sum = ANY (:keys))
        RETURNING 1
    ),
    gone AS (DELETE FROM agents WHERE store = :store AND key = ANY (:keys) RETURNING 1)
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM names)
         + 0 * (SELECT count(*) FROM numbers) + 0 * (SELECT count(*) FROM hashes)
    """
)
_NAMES = sql(
    """
    SELECT agent, digest, name FROM agent_names
    WHERE store = :store AND name ILIKE ANY (:patterns)
    """
)
_DELETE_NAMES = sql(
    """
    DELETE FROM agent_names
    USING unnest(:keys, :ids) AS gone (agent, digest)
    WHERE store = :store AND agent_names.agent = gone.agent AND agent_names.digest = gone.digest
    """
)
_WORDS = {
    table: sql(
        rf"""
        SELECT key, iri, CAST(description AS text) AS description FROM {table}
        WHERE store = :store AND (
            iri ILIKE ANY (:patterns) OR CAST(description AS text) ILIKE ANY (:patterns)
            OR CAST(description AS text) ~ '{ODD_ESCAPES}'
        )
        """  # noqa: S608 - our own names
    )
    for table in ("verbs", "activities")
}
_CHANGE_WORD = {
    table: sql(
        f"""
        UPDATE {table} SET description = CAST(:description AS json), digest = NULL
        WHERE store = :store AND key = :id
        """  # noqa: S608 - our own names
    )
    for table in ("verbs", "activities")
}
_DELETE_WORDS = {
    table: sql(f"DELETE FROM {table} WHERE store = :store AND key = ANY (:keys)")  # noqa: S608 - as above
    for table in ("verbs", "activities")
}
# What is found by an IRI that names the person is found by it no more.
_OF_ACTIVITIES = (
    sql("DELETE FROM documents WHERE store = :store AND activity = ANY (:keys)"),
    sql("DELETE FROM rollup_activities WHERE store = :store AND key = ANY (:keys)"),
)


class KeptDocument(NamedTuple):
    """A document: its key, its id within its context, and what it says."""

    key: UUID
    name: str
    document: Document


class Word(NamedTuple):
    """A verb or an activity.

    Attributes:
        table: verbs or activities.
        description: JSON text; None if nothing is said of it.
    """

    table: str
    key: UUID
    iri: str
    description: bytes | None


async def hold_documents(connection: AsyncConnection, store: int) -> None:
    """Keep all others from making documents of a store until the transaction ends."""
    await fetch(connection, _HOLD_DOCUMENTS, {"most": LOCK_CLASS, "store": store})


async def delete_own_documents(
    connection: AsyncConnection, store: int, keys: Sequence[UUID], most: int
) -> int:
    """Delete some states and profiles of agents, and return how many there were."""
    values = {"store": store, "keys": keys, "most": most}
    return int(await fetch_value(connection, _OWN_DOCUMENTS, values))


async def count_own_documents(connection: AsyncConnection, store: int, keys: Sequence[UUID]) -> int:
    """Return how many states and profiles agents have."""
    return int(await fetch_value(connection, _COUNT_OWN_DOCUMENTS, {"store": store, "keys": keys}))


async def next_documents(
    connection: AsyncConnection, store: int, after: UUID, most: int
) -> list[KeptDocument]:
    """Return the next documents of a store, in the order of their keys."""
    rows = await fetch(connection, _DOCUMENTS, {"store": store, "id": after, "most": most})
    return [
        KeptDocument(row["key"], row["name"], Document(row["content"], row["content_type"]))
        for row in rows
    ]


async def change_document(
    connection: AsyncConnection, store: int, kept: KeptDocument, content: bytes
) -> None:
    """Have a document say something else, unless somebody has changed it meanwhile."""
    after = Document(content, kept.document.content_type)
    values = {
        "store": store, "id": kept.key, "content": content, "etag": after.etag,
        "before": kept.document.etag,
    }  # fmt: skip
    await fetch(connection, _CHANGE_DOCUMENT, values)


async def delete_document_at(connection: AsyncConnection, store: int, key: UUID) -> None:
    """Delete a document by its key."""
    await fetch(connection, _DELETE_DOCUMENT, {"store": store, "id": key})


async def delete_agents(connection: AsyncConnection, store: int, keys: Sequence[UUID]) -> int:
    """Forget identifiers and names of agents, and return how many there were."""
    return int(await fetch_value(connection, _AGENTS, {"store": store, "keys": keys}))


async def find_agent_names(
    connection: AsyncConnection, store: int, patterns: Sequence[str]
) -> list[tuple[UUID, UUID, str]]:
    """Return names of any agents that are like one of these: agent, digest and name."""
    rows = await fetch(connection, _NAMES, {"store": store, "patterns": patterns})
    return [(row["agent"], row["digest"], row["name"]) for row in rows]


async def delete_agent_names(
    connection: AsyncConnection, store: int, names: Sequence[tuple[UUID, UUID]]
) -> None:
    """Forget names of agents."""
    values: dict[str, Any] = {
        "store": store,
        "keys": [agent for agent, _ in names],
        "ids": [digest for _, digest in names],
    }
    await fetch(connection, _DELETE_NAMES, values)


async def find_words(
    connection: AsyncConnection, store: int, patterns: Sequence[str]
) -> list[Word]:
    """Return the verbs and activities that may name somebody."""
    found = []
    for table, query in _WORDS.items():
        for row in await fetch(connection, query, {"store": store, "patterns": patterns}):
            said = row["description"]
            found.append(
                Word(table, row["key"], row["iri"], None if said is None else said.encode())
            )
    return found


async def describe_word(
    connection: AsyncConnection, store: int, word: Word, description: bytes
) -> None:
    """Keep another description of a verb or an activity; the next that comes is merged into it."""
    values = {"store": store, "id": word.key, "description": description.decode()}
    await fetch(connection, _CHANGE_WORD[word.table], values)


async def delete_words(
    connection: AsyncConnection, store: int, table: str, keys: Sequence[UUID]
) -> None:
    """Forget verbs, or activities with all documents about them."""
    for statement in (
        _DELETE_WORDS[table],
        *(_OF_ACTIVITIES if table == "activities" else ()),
    ):
        await fetch(connection, statement, {"store": store, "keys": keys})
