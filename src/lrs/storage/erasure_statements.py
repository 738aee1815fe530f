"""Finds the statements that name a person: by who is named, and by what is said."""

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.driver import fetch
from lrs.storage.sql_texts import sql

# Letters of ASCII that are written as escapes, which no encoder does without need: such a text has
# to be read to know what it says.
ODD_ESCAPES: Final = r"\\u00[2-7]"
FIRST: Final = f"{-(2**63)}/{UUID(int=0)}"

_NAMING = sql(
    """
    SELECT DISTINCT id
    FROM unnest(:keys) AS named (key)
    CROSS JOIN LATERAL (
        (SELECT id FROM statements
         WHERE store = :store AND actor IS NOT NULL AND uuid_hash(actor) = uuid_hash(named.key)
           AND actor = named.key
         LIMIT :most)
        UNION ALL
        (SELECT id FROM statements
         WHERE store = :store AND object IS NOT NULL AND uuid_hash(object) = uuid_hash(named.key)
           AND object = named.key
         LIMIT :most)
        UNION ALL
        (SELECT id FROM statement_agents
         WHERE store = :store AND direct AND uuid_hash(agent) = uuid_hash(named.key)
           AND agent = named.key AND via IS NULL
         LIMIT :most)
        UNION ALL
        (SELECT id FROM statement_agents
         WHERE store = :store AND NOT direct AND uuid_hash(agent) = uuid_hash(named.key)
           AND agent = named.key AND via IS NULL
         LIMIT :most)
    ) AS found
    LIMIT :most
    """
)
_SAYING = sql(
    rf"""
    WITH looked_at AS MATERIALIZED (
        SELECT position, id, CAST(payload AS text) AS said
        FROM statement_payloads
        WHERE store = :store AND (position, id) > (:position, :id) AND position <= :until
        ORDER BY position, id
        LIMIT :most
    ),
    last AS (SELECT position, id FROM looked_at ORDER BY position DESC, id DESC LIMIT 1)
    SELECT (SELECT position || '/' || id FROM last) AS place,
           ARRAY(
               SELECT id FROM looked_at WHERE said ILIKE ANY (:patterns) OR said ~ '{ODD_ESCAPES}'
           ) AS ids
    """  # noqa: S608 - our own pattern
)
_FACTS = sql("SELECT id, actor, voiding FROM statements WHERE store = :store AND id = ANY (:ids)")
_SHARED = sql(
    """
    SELECT DISTINCT links.sha2
    FROM statement_attachments AS links
    JOIN statements ON statements.store = links.store AND statements.id = links.id
    WHERE links.store = :store AND links.sha2 = ANY (:texts)
      AND (statements.actor IS NULL OR statements.actor <> ALL (:keys))
    """
)


class Facts(NamedTuple):
    """Whose a statement is, and whether it voids another."""

    actor: UUID | None
    voiding: bool


class Said(NamedTuple):
    """A look at some texts.

    Attributes:
        place: where to go on; None if there were no more.
        ids: of the statements that may name the person.
    """

    place: str | None
    ids: Sequence[UUID]


async def find_naming(
    connection: AsyncConnection, store: int, keys: Sequence[UUID], most: int
) -> list[UUID]:
    """Return some statements that name one of these agents, voided ones too."""
    rows = await fetch(connection, _NAMING, {"store": store, "keys": keys, "most": most})
    return [row["id"] for row in rows]


async def find_saying(
    connection: AsyncConnection,
    store: int,
    patterns: Sequence[str],
    place: str | None,
    until: int,
    most: int,
) -> Said:
    """Look through the next texts.

    Args:
        connection: any.
        store: whose statements.
        patterns: of ILIKE.
        place: where the last look ended; None is the beginning.
        until: the position of a watermark, so that nothing can still appear before it.
        most: how many texts to look at.
    """
    position, _, identifier = (place or FIRST).partition("/")
    values: dict[str, Any] = {
        "store": store, "patterns": patterns, "position": int(position), "id": UUID(identifier),
        "until": until, "most": most,
    }  # fmt: skip
    (row,) = await fetch(connection, _SAYING, values)
    return Said(row["place"], row["ids"])


async def find_facts(
    connection: AsyncConnection, store: int, ids: Collection[UUID]
) -> dict[UUID, Facts]:
    """Return whose statements these are."""
    rows = await fetch(connection, _FACTS, {"store": store, "ids": [*ids]})
    return {row["id"]: Facts(row["actor"], row["voiding"]) for row in rows}


async def find_shared(
    connection: AsyncConnection, store: int, hashes: Collection[str], keys: Sequence[UUID]
) -> frozenset[str]:
    """Return which data of attachments statements of others brought as well."""
    values = {"store": store, "texts": [*hashes], "keys": keys}
    return frozenset(row["sha2"] for row in await fetch(connection, _SHARED, values))
