"""Keeps statements and finds them by id: each exactly once (design truths 1 to 3)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.dictionary import keep_texts
from lrs.storage.placing import Placed
from lrs.storage.rows import Columns, array_text, insert_new_rows, insert_rows
from lrs.storage.tables import (
    statement_activities,
    statement_agents,
    statement_matches,
    statement_payloads,
    statements,
)
from lrs.storage.watermark import stored_at
from lrs.xapi.completion import finish
from lrs.xapi.records import KeptStatement
from lrs.xapi.timestamps import written

_IDS = ARRAY(Uuid)
_OF_RECORD = (
    "voiding", "target", "verb", "actor", "object", "object_type", "registration", "platform",
    "language",
)  # fmt: skip
_OF_MEASURES = (
    "score_scaled", "score_raw", "score_min", "score_max", "success", "completion", "duration",
)  # fmt: skip
_same_statement = (statement_payloads.c.store == statements.c.store) & (
    statement_payloads.c.id == statements.c.id
)


async def insert_statements(
    connection: AsyncConnection, store: int, credential: int, placed: Sequence[Placed]
) -> list[Placed]:
    """Keep the statements whose ids are not taken yet, and return those.

    Each table is written by one statement of SQL, whatever the size of the batch. All
    transactions go through the tables in one order, and through the rows of each in the order of
    its key, so that none waits in a ring with others.

    Args:
        connection: within a writing transaction.
        store: the store to keep them in.
        credential: who brought them.
        placed: with distinct ids.
    """
    by_id = sorted(placed, key=lambda place: place.record.id)
    new = await insert_new_rows(
        connection, statements, store, _statement_columns(credential, by_id)
    )
    added = [place for place in placed if place.record.id in new]
    if added:
        await insert_rows(connection, statement_payloads, store, _payload_columns(added))
        await insert_rows(connection, statement_matches, store, _match_columns(added))
        await insert_rows(connection, statement_agents, store, _agent_columns(added))
        await insert_rows(connection, statement_activities, store, _activity_columns(added))
        await keep_texts(connection, store, added)
    return added


async def find_statements(
    connection: AsyncConnection, store: int, ids: Sequence[UUID]
) -> dict[UUID, KeptStatement]:
    """Return those of the statements that are there, voided ones included, by id."""
    query = (
        select(
            statements.c.id,
            statements.c.position,
            statements.c.voided,
            cast(statement_payloads.c.payload, Text).label("payload"),
        )
        .join_from(statements, statement_payloads, _same_statement)
        .where(
            statements.c.store == store, statements.c.id == func.any(bindparam("ids", ids, _IDS))
        )
    )
    rows = await connection.execute(query)
    return {
        row.id: KeptStatement(row.id, row.payload.encode(), stored_at(row.position), row.voided)
        for row in rows
    }


def _statement_columns(credential: int, placed: Sequence[Placed]) -> Columns:
    records = [place.record for place in placed]
    return {
        "id": [record.id for record in records],
        "position": [place.position for place in placed],
        "stored": [place.stored for place in placed],
        "timestamp": [place.record.timestamp or place.stored for place in placed],
        "credential": [credential] * len(placed),
        "direct_agents": [array_text(record.mentions.direct) for record in records],
        "other_agents": [array_text(record.mentions.others) for record in records],
        "activities": [array_text(record.mentions.activities) for record in records],
        "signature": [record.brought.signature for record in records],
        **{name: [getattr(record, name) for record in records] for name in _OF_RECORD},
        **{name: [getattr(record.measures, name) for record in records] for name in _OF_MEASURES},
    }


def _payload_columns(placed: Sequence[Placed]) -> Columns:
    return {
        "id": [place.record.id for place in placed],
        "payload": [
            finish(place.record.completed, written(place.stored)).decode() for place in placed
        ],
    }


def _match_columns(placed: Sequence[Placed]) -> Columns:
    ids = [place.record.id for place in placed]
    return {
        "id": ids,
        "via": ids,
        "position": [place.position for place in placed],
        "verb": [place.record.verb for place in placed],
        "activity": [place.record.activity for place in placed],
        "registration": [place.record.registration for place in placed],
    }


def _agent_columns(placed: Sequence[Placed]) -> Columns:
    mentions = [
        (place, agent, direct)
        for place in placed
        for agents, direct in (
            (place.record.mentions.direct, True),
            (place.record.mentions.others, False),
        )
        for agent in agents
    ]
    ids = [place.record.id for place, _, _ in mentions]
    return {
        "agent": [agent for _, agent, _ in mentions],
        "position": [place.position for place, _, _ in mentions],
        "id": ids,
        "via": ids,
        "direct": [direct for _, _, direct in mentions],
        "verb": [place.record.verb for place, _, _ in mentions],
        "activity": [place.record.activity for place, _, _ in mentions],
        "registration": [place.record.registration for place, _, _ in mentions],
    }


def _activity_columns(placed: Sequence[Placed]) -> Columns:
    mentions = [
        (place, activity) for place in placed for activity in place.record.mentions.activities
    ]
    ids = [place.record.id for place, _ in mentions]
    return {
        "activity": [activity for _, activity in mentions],
        "position": [place.position for place, _ in mentions],
        "id": ids,
        "via": ids,
    }
