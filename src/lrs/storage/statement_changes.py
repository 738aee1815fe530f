"""Deletes statements and changes what they say, with all that is derived from them.

Nothing else ever does. Both take place within a transaction that holds the store's lock alone. That
is enough beside those who write statements, for each of them holds that lock, shared, from before
it looks at what is there until it has committed: so none is at work now, all that they wrote can be
seen, and none can connect a new statement with one that is half changed. Readers see the one or the
other state, since each reads by one snapshot. Who folds is kept out by the row of its progress. So
the transactions must be short: `MOST` statements, a fraction of a second.

What a statement is found by stands in its own rows and in those of the statements that refer to it
(`via`). The rows are found by the keys that the statement has before the change.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import ARRAY, Integer, Text, TextClause, Uuid, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from lrs.storage.agents import keep_agents
from lrs.storage.attachments import drop_unlinked
from lrs.storage.dictionary import keep_descriptions
from lrs.storage.driver import fetch
from lrs.storage.keeping import MAX_CHAIN
from lrs.storage.rollups import put_back, take_out
from lrs.storage.rows import array_text
from lrs.storage.sql_texts import sql
from lrs.storage.usage import Usage, add_usage
from lrs.storage.watermark import LOCK_CLASS
from lrs.xapi.keys import iri_key
from lrs.xapi.records import StatementRecord

# That are changed in one transaction.
MOST: Final = 500

_TYPES: Final[Mapping[str, TypeEngine[Any]]] = {
    "vias": ARRAY(Uuid),
    "max_chain": Integer(),
    "verbs": ARRAY(Uuid),
    "actors": ARRAY(Uuid),
    "objects": ARRAY(Uuid),
    "direct": ARRAY(Text),
    "others": ARRAY(Text),
    "activities": ARRAY(Text),
    "platforms": ARRAY(Text),
    "payloads": ARRAY(Text),
    "hashes": ARRAY(Text),
}


def _sql(template: str) -> TextClause:
    return sql(template, _TYPES)


_ALONE = text("SELECT pg_advisory_xact_lock(:lock_class, :store)")
# The statements themselves, and those that refer to them with the one that they do so by. Who is
# deleted breaks a chain: what it led to is not reached any more either.
_FOUND = _sql(
    """
    WITH RECURSIVE named AS MATERIALIZED (
        SELECT id, position, target FROM statements WHERE store = :store AND id = ANY (:ids)
    ),
    referrers (id, via, links) AS (
        SELECT referrer.id, named.id, 1
        FROM named
        CROSS JOIN LATERAL (
            SELECT id FROM statements WHERE store = :store AND target = named.id OFFSET 0
        ) AS referrer
        UNION
        SELECT referrer.id, referrers.via, referrers.links + 1
        FROM referrers
        CROSS JOIN LATERAL (
            SELECT id FROM statements WHERE store = :store AND target = referrers.id OFFSET 0
        ) AS referrer
        WHERE referrers.links < :max_chain
    ),
    led_to (id, via, links) AS (
        SELECT id, target, 1 FROM named WHERE target IS NOT NULL
        UNION
        SELECT led_to.id, next.target, led_to.links + 1
        FROM led_to
        CROSS JOIN LATERAL (
            SELECT target FROM statements WHERE store = :store AND id = led_to.via OFFSET 0
        ) AS next
        WHERE next.target IS NOT NULL AND led_to.links < :max_chain
    ),
    pairs (id, via, is_beyond) AS (
        SELECT id, NULL, false FROM named
        UNION
        SELECT id, via, false FROM referrers
        UNION
        SELECT id, via, true FROM led_to
        UNION
        SELECT referrers.id, led_to.via, true
        FROM referrers
        JOIN led_to ON led_to.id = referrers.via
    )
    SELECT pairs.id, holder.position, pairs.via, bool_and(pairs.is_beyond) AS is_beyond
    FROM pairs
    CROSS JOIN LATERAL (
        SELECT position FROM statements WHERE store = :store AND id = pairs.id OFFSET 0
    ) AS holder
    WHERE pairs.via IS DISTINCT FROM pairs.id
    GROUP BY pairs.id, holder.position, pairs.via
    """
)
_HOLDERS = """
    holders AS MATERIALIZED (
        SELECT holder.id, holder.position, holder.via, said.actor, said.object,
               said.verb, said.registration, said.direct_agents, said.other_agents, said.activities
        FROM unnest(:ids, :positions, :vias) AS holder (id, position, via)
        CROSS JOIN LATERAL (
            SELECT * FROM statements
            WHERE store = :store AND id = coalesce(holder.via, holder.id)
            OFFSET 0
        ) AS said
    )
"""


def _without_agents(direct: str, column: str) -> TextClause:
    return _sql(
        f"""
        WITH {_HOLDERS}
        DELETE FROM statement_agents WHERE ctid = ANY (ARRAY(
            SELECT row.place
            FROM holders
            CROSS JOIN LATERAL unnest(holders.{column}) AS named (agent)
            CROSS JOIN LATERAL (
                SELECT ctid AS place
                FROM statement_agents
                WHERE store = :store AND {direct} AND uuid_hash(agent) = uuid_hash(named.agent)
                  AND position = holders.position AND agent = named.agent AND id = holders.id
                  AND via IS NOT DISTINCT FROM holders.via
                OFFSET 0
            ) AS row
        ))
        """  # noqa: S608 - only our own names of columns
    )


_WITHOUT = (
    _without_agents("direct", "direct_agents"),
    _without_agents("NOT direct", "other_agents"),
    _sql(
        f"""
        WITH {_HOLDERS}
        DELETE FROM statement_activities WHERE ctid = ANY (ARRAY(
            SELECT row.place
            FROM holders
            CROSS JOIN LATERAL unnest(holders.activities) AS named (activity)
            CROSS JOIN LATERAL (
                SELECT ctid AS place
                FROM statement_activities
                WHERE store = :store AND uuid_hash(activity) = uuid_hash(named.activity)
                  AND position = holders.position AND activity = named.activity
                  AND id = holders.id AND via IS NOT DISTINCT FROM holders.via
                OFFSET 0
            ) AS row
        ))
        """  # noqa: S608 - as above
    ),
)
_WITHOUT_REFERENCES = _sql(
    """
    DELETE FROM statement_references
    USING unnest(:ids, :positions, :vias) AS gone (id, position, via)
    WHERE statement_references.store = :store AND statement_references.position = gone.position
      AND statement_references.id = gone.id AND statement_references.via = gone.via
    """
)
# As keep_statements.sql writes them.
_WITH = (
    _sql(
        f"""
        WITH {_HOLDERS}
        INSERT INTO statement_agents (position, store, direct, agent, id, via)
        SELECT position, :store, direct, agent, id, via
        FROM holders
        CROSS JOIN LATERAL (
            SELECT unnest(holders.direct_agents) AS agent, true AS direct
            UNION ALL
            SELECT unnest(holders.other_agents), false
        ) AS named
        WHERE via IS NULL OR agent IS DISTINCT FROM actor
        ORDER BY agent, position
        """  # noqa: S608 - as above
    ),
    _sql(
        f"""
        WITH {_HOLDERS}
        INSERT INTO statement_activities (position, store, activity, id, via)
        SELECT position, :store, activity, id, via
        FROM holders
        CROSS JOIN LATERAL unnest(holders.activities) AS named (activity)
        WHERE via IS NULL OR activity IS DISTINCT FROM object
        ORDER BY activity, position
        """  # noqa: S608 - as above
    ),
    _sql(
        f"""
        WITH {_HOLDERS}
        UPDATE statement_references AS kept
        SET verb = holders.verb, actor = holders.actor, object = holders.object,
            registration = holders.registration
        FROM holders
        WHERE kept.store = :store AND kept.position = holders.position AND kept.id = holders.id
          AND kept.via = holders.via
        """  # noqa: S608 - as above
    ),
)
_CHANGE = _sql(
    """
    UPDATE statements
    SET verb = said.verb, actor = said.actor, object = said.object,
        direct_agents = CAST(said.direct_agents AS uuid[]),
        other_agents = CAST(said.other_agents AS uuid[]),
        activities = CAST(said.activities AS uuid[]),
        platform = said.platform, signature = NULL
    FROM unnest(
        :ids, :verbs, :actors, :objects, :direct, :others, :activities, :platforms
    ) AS said (
        id, verb, actor, object, direct_agents, other_agents, activities, platform
    )
    WHERE statements.store = :store AND statements.id = said.id
    """
)
_CHANGE_TEXTS = _sql(
    """
    WITH before AS MATERIALIZED (
        SELECT kept.position, kept.id, octet_length(CAST(kept.payload AS text)) AS size
        FROM unnest(:ids) AS named (id)
        CROSS JOIN LATERAL (
            SELECT position FROM statements WHERE store = :store AND id = named.id OFFSET 0
        ) AS there
        JOIN statement_payloads AS kept
          ON kept.store = :store AND kept.position = there.position AND kept.id = named.id
    ),
    changed AS (
        UPDATE statement_payloads AS kept
        SET payload = CAST(said.payload AS json)
        FROM unnest(:ids, :payloads) AS said (id, payload)
        JOIN before USING (id)
        WHERE kept.store = :store AND kept.position = before.position AND kept.id = said.id
        RETURNING octet_length(said.payload) - before.size AS difference
    )
    SELECT CAST(coalesce(sum(difference), 0) AS bigint) FROM changed
    """
)
_DELETE = _sql(
    """
    WITH gone AS (
        DELETE FROM statements WHERE store = :store AND id = ANY (:ids) RETURNING id, position
    ),
    texts AS (
        DELETE FROM statement_payloads AS kept
        USING gone
        WHERE kept.store = :store AND kept.position = gone.position AND kept.id = gone.id
        RETURNING octet_length(CAST(kept.payload AS text)) AS size
    )
    SELECT (SELECT count(*) FROM gone) AS statements,
           (SELECT CAST(coalesce(sum(size), 0) AS bigint) FROM texts) AS bytes
    """
)
# Links to data that a statement does not name any more.
_UNLINK = _sql(
    """
    DELETE FROM statement_attachments AS link
    WHERE link.store = :store AND link.id = ANY (:ids)
      AND (link.id, link.sha2) NOT IN (SELECT * FROM unnest(:keys, :hashes))
    RETURNING link.sha2
    """
)
_KNOWN_IRIS = _sql(
    """
    SELECT key FROM verbs WHERE store = :store AND key = ANY (:keys)
    UNION ALL
    SELECT key FROM activities WHERE store = :store AND key = ANY (:keys)
    """
)


async def hold_alone(connection: AsyncConnection, store: int) -> None:
    """Keep all others from writing statements to a store until the transaction ends."""
    await fetch(connection, _ALONE, {"lock_class": LOCK_CLASS, "store": store})


async def delete_statements(connection: AsyncConnection, store: int, ids: Sequence[UUID]) -> int:
    """Delete statements as if they had never come, and return how many there were.

    What they voided would come back: a statement that voids another has to be rewritten instead.
    Statements that refer to one that is gone stay, and wait for it as they did before it came.
    Descriptions of verbs and activities stay as they are, and so do the texts of agents.

    Args:
        connection: within a writing transaction that holds the store's lock alone.
        store: the store they are in.
        ids: of the statements, at most `MOST`.
    """
    await take_out(connection, store, ids)
    pairs = await fetch(connection, _FOUND, _values(store, ids) | {"max_chain": MAX_CHAIN})
    await _take_rows(connection, store, pairs)
    referring = [each for each in pairs if each["via"] is not None]
    await fetch(connection, _WITHOUT_REFERENCES, _of(store, referring))
    await _unlink(connection, store, ids, ())
    (gone,) = await fetch(connection, _DELETE, _values(store, ids))
    await add_usage(connection, store, Usage(-gone["statements"], -gone["bytes"]))
    return int(gone["statements"])


async def rewrite_statements(
    connection: AsyncConnection, store: int, records: Sequence[StatementRecord]
) -> None:
    """Have statements say something else, at the positions and under the ids that they have.

    Only who and what they name can change, and texts: neither when, nor how well, nor which
    statement they refer to. A signature is lost, with its data.

    Args:
        connection: within a writing transaction that holds the store's lock alone.
        store: the store they are in.
        records: derived by `lrs.xapi.rewriting`; `received` of each is its whole text.
    """
    if not records:
        return
    ids = [record.id for record in records]
    await take_out(connection, store, ids)
    found = await fetch(connection, _FOUND, _values(store, ids) | {"max_chain": MAX_CHAIN})
    pairs = [each for each in found if not each["is_beyond"]]
    await _take_rows(connection, store, pairs)
    await fetch(connection, _CHANGE, {"store": store, **_columns(records)})
    for statement in _WITH:
        await fetch(connection, statement, _of(store, pairs))
    await _keep_texts(connection, store, records)
    await _unlink(connection, store, ids, records)
    await put_back(connection, store, ids)


async def _take_rows(
    connection: AsyncConnection, store: int, pairs: "Sequence[asyncpg.Record]"
) -> None:
    for statement in _WITHOUT:
        await fetch(connection, statement, _of(store, pairs))


async def _keep_texts(
    connection: AsyncConnection, store: int, records: Sequence[StatementRecord]
) -> None:
    texts = [bytes(record.received).decode() for record in records]
    values = _values(store, [record.id for record in records]) | {"payloads": texts}
    ((difference,),) = await fetch(connection, _CHANGE_TEXTS, values)
    await add_usage(connection, store, Usage(0, difference))
    ifis = {key: ifi for record in records for key, ifi in record.mentions.ifis.items()}
    names = {named for record in records for named in record.mentions.names}
    await keep_agents(connection, store, ifis, names)
    await _keep_new_iris(connection, store, records)


async def _keep_new_iris(
    connection: AsyncConnection, store: int, records: Sequence[StatementRecord]
) -> None:
    """Keep verbs and activities that got another IRI; what is known of others stays."""
    keys = {record.id: {*map(iri_key, _iris(record))} for record in records}
    wanted = {"store": store, "keys": [*frozenset().union(*keys.values())]}
    known = {row["key"] for row in await fetch(connection, _KNOWN_IRIS, wanted)}
    for record in records:
        if not keys[record.id] <= known:
            # As if it were older than all that is known.
            await keep_descriptions(connection, store, [record], 0, frozenset(), defines=True)
            known |= keys[record.id]


def _iris(record: StatementRecord) -> Iterable[str]:
    described = record.descriptions
    return (each.iri for each in (*described.verbs, *described.activities))


async def _unlink(
    connection: AsyncConnection,
    store: int,
    ids: Sequence[UUID],
    records: Sequence[StatementRecord],
) -> None:
    """Take out the links to data, but for those of these records, and data without any link."""
    kept = [(record.id, each.sha2) for record in records for each in record.brought.data]
    values = _values(store, ids) | {
        "keys": [identifier for identifier, _ in kept],
        "hashes": [sha2 for _, sha2 in kept],
    }
    hashes = {row["sha2"] for row in await fetch(connection, _UNLINK, values)}
    if hashes:
        await drop_unlinked(connection, store, hashes)


def _values(store: int, ids: Sequence[UUID]) -> dict[str, object]:
    return {"store": store, "ids": [*ids]}


def _of(store: int, pairs: "Sequence[asyncpg.Record]") -> dict[str, object]:
    return {
        "store": store,
        "ids": [each["id"] for each in pairs],
        "positions": [each["position"] for each in pairs],
        "vias": [each["via"] for each in pairs],
    }


def _columns(records: Sequence[StatementRecord]) -> dict[str, object]:
    mentions = [record.mentions for record in records]
    return {
        "ids": [record.id for record in records],
        "verbs": [record.verb for record in records],
        "actors": [record.actor for record in records],
        "objects": [record.object for record in records],
        "direct": [
            array_text(key for key in each.direct if key != record.actor)
            for record, each in zip(records, mentions, strict=True)
        ],
        "others": [array_text(each.others) for each in mentions],
        "activities": [
            array_text(key for key in each.activities if key != record.object)
            for record, each in zip(records, mentions, strict=True)
        ],
        "platforms": [record.platform for record in records],
    }
