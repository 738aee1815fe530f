"""Counts what else a store has of a person: attachments, rights, archives, the audit log."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.people.erasures import Subject
from lrs.storage.driver import fetch, fetch_value
from lrs.storage.sql_texts import sql

_OWN_DATA = sql(
    """
    SELECT count(*) FROM (
        SELECT links.sha2
        FROM statement_attachments AS links
        JOIN statements ON statements.store = links.store AND statements.id = links.id
        WHERE links.store = :store
        GROUP BY links.sha2
        HAVING bool_and(statements.actor IS NOT NULL AND statements.actor = ANY (:keys))
    ) AS own
    """
)
_ACCESS = sql(
    """
    SELECT (
        SELECT count(*) FROM launch_tokens WHERE store = :store AND actor ILIKE ANY (:patterns)
    ) AS launch_tokens, (
        SELECT count(*) FROM credentials
        WHERE store = :store AND (
            array_to_string(agents, ' ') ILIKE ANY (:patterns) OR authority ILIKE ANY (:patterns)
            OR label ILIKE ANY (:patterns)
        )
    ) AS credentials, (
        SELECT count(*) FROM user_grants
        WHERE store = :store AND array_to_string(agents, ' ') ILIKE ANY (:patterns)
    ) AS grants, (
        SELECT count(*) FROM audit_records
        WHERE store = :store AND (
            who = ANY (:texts) OR target = ANY (:texts) OR details ILIKE ANY (:patterns)
            OR who ILIKE ANY (:patterns) OR target ILIKE ANY (:patterns)
        )
    ) AS audit_records, (
        SELECT count(*) FROM person_archives
        WHERE store = :store AND (keys && :keys OR "user" = ANY (:ids))
    ) AS archives
    """
)
_FROZEN = sql("SELECT coalesce(frozen && :keys, false) FROM stores WHERE id = :store")


async def is_frozen(connection: AsyncConnection, store: int, keys: Sequence[UUID]) -> bool:
    """Tell whether the data of one of these agents may only be kept."""
    return bool(await fetch_value(connection, _FROZEN, {"store": store, "keys": keys}))


async def count_own_data(connection: AsyncConnection, store: int, keys: Sequence[UUID]) -> int:
    """Return how many data of attachments only statements of these agents brought."""
    return int(await fetch_value(connection, _OWN_DATA, {"store": store, "keys": keys}))


async def count_access(
    connection: AsyncConnection, store: int, subject: Subject
) -> dict[str, object]:
    """Return where a person is named besides statements and documents."""
    values = {
        "store": store,
        "keys": subject.keys,
        "patterns": subject.patterns,
        "texts": audit_names(subject),
        "ids": [*subject.users],
    }
    (row,) = await fetch(connection, _ACCESS, values)
    return {**dict(row), "users": [str(user) for user in subject.users]}


def audit_names(subject: Subject) -> list[str]:
    """Return what the audit log may call a person."""
    return [str(each) for each in (*subject.persons, *subject.keys, *subject.users)]
