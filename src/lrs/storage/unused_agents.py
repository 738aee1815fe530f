"""Forgets the identifiers and names of agents whom no statement and no document names any more."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.documents import LOCK_CLASS
from lrs.storage.driver import fetch

_STORE = bindparam("store", type_=Integer)
_NO_DOCUMENTS = text("SELECT pg_advisory_xact_lock(:lock_class, :store)").bindparams(
    bindparam("lock_class", LOCK_CLASS, Integer), _STORE
)
# OFFSET 0 keeps PostgreSQL from making joins of look-ups.
_FORGETTING = text(
    """
    WITH unused AS MATERIALIZED (
        SELECT wanted.key FROM unnest(:keys) AS wanted (key)
        WHERE NOT EXISTS (
            SELECT FROM statements
            WHERE store = :store AND uuid_hash(actor) = uuid_hash(wanted.key)
              AND actor IS NOT NULL AND actor = wanted.key OFFSET 0
        ) AND NOT EXISTS (
            SELECT FROM statement_agents
            WHERE store = :store AND uuid_hash(agent) = uuid_hash(wanted.key)
              AND direct AND agent = wanted.key OFFSET 0
        ) AND NOT EXISTS (
            SELECT FROM statement_agents
            WHERE store = :store AND uuid_hash(agent) = uuid_hash(wanted.key)
              AND NOT direct AND agent = wanted.key OFFSET 0
        ) AND NOT EXISTS (
            SELECT FROM documents WHERE store = :store AND agent = wanted.key OFFSET 0
        )
    ),
    names AS (
        DELETE FROM agent_names USING unused
        WHERE agent_names.store = :store AND agent_names.agent = unused.key
    ),
    sealed AS (
        DELETE FROM pseudonyms USING unused
        WHERE pseudonyms.store = :store AND pseudonyms.agent = unused.key
    )
    DELETE FROM agents USING unused WHERE agents.store = :store AND agents.key = unused.key
    """
).bindparams(_STORE, bindparam("keys", type_=ARRAY(Uuid)))


async def forget_unused_agents(
    connection: AsyncConnection, store: int, keys: Collection[UUID]
) -> None:
    """Forget those of the agents whom nothing names any more; persons keep their identifiers.

    Args:
        connection: within a writing transaction that holds the store's lock alone.
        store: which one.
        keys: of agents; others are left alone.
    """
    await fetch(connection, _NO_DOCUMENTS, {"store": store})
    await fetch(connection, _FORGETTING, {"store": store, "keys": [*keys]})
