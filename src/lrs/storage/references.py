"""Follows StatementRefs at write time, so that no read ever has to (design truth 5).

A statement that refers to another by its object also matches what that other one matches, chains
included (Comm. 2.1.3). It therefore gets a row of its own for each statement that it reaches,
whichever of the two arrives first.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import ARRAY, TextClause, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.driver import fetch, fetch_value
from lrs.storage.placing import Placed

# A statement is found through at most this many references in a row.
MAX_CHAIN = 100

_IDS = ARRAY(Uuid)

_AWAITED = text(
    """
    SELECT EXISTS (
        SELECT FROM statements
        WHERE store = :store AND target = ANY(:ids) AND id <> ALL(:ids)
    )
    """
).bindparams(bindparam("ids", type_=_IDS))

_MISSING = text(
    """
    SELECT EXISTS (
        SELECT FROM unnest(:targets) AS wanted (id)
        WHERE NOT EXISTS (
            SELECT FROM statements WHERE store = :store AND statements.id = wanted.id
        )
    )
    """
).bindparams(bindparam("targets", type_=_IDS))

# OFFSET 0 keeps PostgreSQL from making joins of these look-ups. It thinks that many rows will be
# affected, and would read the whole table for a few.
_CONNECT = text(
    """
    WITH RECURSIVE affected (id) AS (
        SELECT unnest(:ids)
        UNION
        SELECT referrer.id
        FROM affected
        CROSS JOIN LATERAL (
            SELECT id FROM statements WHERE store = :store AND target = affected.id OFFSET 0
        ) AS referrer
    ),
    reached (id, via, links) AS (
        SELECT affected.id, referrer.target, 1
        FROM affected
        CROSS JOIN LATERAL (
            SELECT target FROM statements WHERE store = :store AND id = affected.id OFFSET 0
        ) AS referrer
        WHERE referrer.target IS NOT NULL
        UNION
        SELECT reached.id, next.target, reached.links + 1
        FROM reached
        CROSS JOIN LATERAL (
            SELECT target FROM statements WHERE store = :store AND id = reached.via OFFSET 0
        ) AS next
        WHERE next.target IS NOT NULL AND reached.links < :max_chain
    ),
    pairs AS MATERIALIZED (
        SELECT DISTINCT reached.id, reached.via, referrer.position,
               target.verb, target.registration,
               CASE target.object_type WHEN 'Activity' THEN target.object END AS activity,
               target.direct_agents, target.other_agents, target.activities
        FROM reached
        CROSS JOIN LATERAL (
            SELECT position FROM statements WHERE store = :store AND id = reached.id OFFSET 0
        ) AS referrer
        CROSS JOIN LATERAL (
            SELECT * FROM statements WHERE store = :store AND id = reached.via OFFSET 0
        ) AS target
        WHERE reached.via <> reached.id
    ),
    matches AS (
        INSERT INTO statement_matches (store, id, via, position, verb, activity, registration)
        SELECT :store, id, via, position, verb, activity, registration FROM pairs
        ON CONFLICT DO NOTHING
    ),
    activities AS (
        INSERT INTO statement_activities (store, activity, position, id, via)
        SELECT :store, key, position, id, via FROM pairs, unnest(pairs.activities) AS key
        ON CONFLICT DO NOTHING
    )
    INSERT INTO statement_agents
        (store, agent, position, id, via, direct, verb, activity, registration)
    SELECT :store, key, position, id, via, direct, verb, activity, registration
    FROM pairs
    CROSS JOIN LATERAL (
        SELECT unnest(pairs.direct_agents) AS key, true AS direct
        UNION ALL
        SELECT unnest(pairs.other_agents), false
    ) AS agents
    ON CONFLICT DO NOTHING
    """
).bindparams(bindparam("ids", type_=_IDS), bindparam("max_chain", MAX_CHAIN))

# Rows are locked in one order, so that two who void the same statements do not wait in a ring.
_VOID = text(
    """
    WITH victims AS MATERIALIZED (
        SELECT id
        FROM statements
        WHERE store = :store AND id = ANY(:ids) AND NOT voiding AND NOT voided
          AND EXISTS (
              SELECT FROM statements AS other
              WHERE other.store = :store AND other.target = statements.id AND other.voiding
          )
        ORDER BY id
        FOR UPDATE
    )
    UPDATE statements SET voided = true
    FROM victims
    WHERE statements.store = :store AND statements.id = victims.id
    """
).bindparams(bindparam("ids", type_=_IDS))


class NeedsTheStoreAloneError(Exception):
    """The other end of a reference may be on its way in a transaction that cannot be seen yet."""


async def follow(
    connection: AsyncConnection, store: int, added: Sequence[Placed], *, alone: bool
) -> None:
    """Connect new statements with those that they refer to and those that refer to them.

    Args:
        connection: within the transaction that added them.
        store: the store they are in.
        added: the new statements.
        alone: whether all other writers of the store are kept out.

    Raises:
        NeedsTheStoreAloneError: a target is not there, or a new statement was awaited, and there
            are other writers.
    """
    ids = [place.record.id for place in added]
    referrers = [place.record for place in added if place.record.target is not None]
    targets = [record.target for record in referrers]
    awaited = await _is_true(connection, _AWAITED, {"store": store, "ids": ids})
    if not (awaited or referrers):
        return
    if not alone and (
        awaited or await _is_true(connection, _MISSING, {"store": store, "targets": targets})
    ):
        raise NeedsTheStoreAloneError
    start = ids if awaited else [record.id for record in referrers]
    await fetch(connection, _CONNECT, {"store": store, "ids": start})
    candidates = [record.target for record in referrers if record.voiding]
    if awaited:
        candidates += ids
    if candidates:
        await fetch(connection, _VOID, {"store": store, "ids": candidates})


async def _is_true(
    connection: AsyncConnection, question: TextClause, values: Mapping[str, object]
) -> bool:
    return bool(await fetch_value(connection, question, values))
