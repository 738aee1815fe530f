"""Keeps statements and finds them by id: each exactly once (design truths 1 to 3)."""

from collections.abc import Sequence
from functools import cache
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Select,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.dictionary import keep_texts
from lrs.storage.driver import fetch
from lrs.storage.placing import Placed
from lrs.storage.rows import Columns, array_text, insert_rows, new_rows
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
_OF_MATCHES = ("store", "id", "via", "position", "verb", "activity", "registration")
_OF_AGENTS = (
    "store", "agent", "position", "id", "via", "direct", "verb", "activity", "registration",
)  # fmt: skip
_OF_ACTIVITIES = ("store", "activity", "position", "id", "via")
_same_statement = (statement_payloads.c.store == statements.c.store) & (
    statement_payloads.c.id == statements.c.id
)
_FOUND = (
    select(
        statements.c.id,
        statements.c.position,
        statements.c.voided,
        cast(statement_payloads.c.payload, Text).label("payload"),
    )
    .join_from(statements, statement_payloads, _same_statement)
    .where(
        statements.c.store == bindparam("store"),
        statements.c.id == func.any(bindparam("ids", type_=_IDS)),
    )
)


async def insert_statements(
    connection: AsyncConnection, store: int, credential: int, placed: Sequence[Placed]
) -> list[Placed]:
    """Keep the statements whose ids are not taken yet, and return those.

    Few statements of SQL do it, whatever the size of the batch. All transactions go through the
    tables in one order, and through the rows of each in the order of its key, so that none waits
    in a ring with others.

    Args:
        connection: within a writing transaction.
        store: the store to keep them in.
        credential: who brought them.
        placed: with distinct ids.
    """
    by_id = sorted(placed, key=lambda place: place.record.id)
    columns = {"store": store, **_statement_columns(credential, by_id)}
    new = {row["id"] for row in await fetch(connection, _insertion(tuple(columns)), columns)}
    added = [place for place in placed if place.record.id in new]
    if added:
        await insert_rows(connection, statement_payloads, store, _payload_columns(added))
        await keep_texts(connection, store, added)
    return added


@cache
def _insertion(names: tuple[str, ...]) -> Select[tuple[UUID]]:
    """Write what inserts statements and, of those that are new, all rows that they are found by."""
    new = new_rows(statements, names[1:]).returning(statements).cte("new")
    activity = case((new.c.object_type == "Activity", new.c.object))
    matches = select(
        new.c.store, new.c.id, new.c.id, new.c.position, new.c.verb, activity, new.c.registration
    )
    agents = union_all(
        _unnested(new, new.c.direct_agents, literal(value=True), new.c.verb, activity),
        _unnested(new, new.c.other_agents, literal(value=False), new.c.verb, activity),
    )
    activities = select(
        new.c.store, func.unnest(new.c.activities), new.c.position, new.c.id, new.c.id
    )
    return select(new.c.id).add_cte(
        insert(statement_matches).from_select(_OF_MATCHES, matches).cte("matches"),
        insert(statement_agents).from_select(_OF_AGENTS, agents).cte("agents"),
        insert(statement_activities).from_select(_OF_ACTIVITIES, activities).cte("activities"),
    )


def _unnested(
    new: CTE, agents: ColumnElement[object], *others: ColumnElement[object]
) -> Select[tuple[object, ...]]:
    position = (new.c.position, new.c.id, new.c.id)
    return select(new.c.store, func.unnest(agents), *position, *others, new.c.registration)


async def find_statements(
    connection: AsyncConnection, store: int, ids: Sequence[UUID]
) -> dict[UUID, KeptStatement]:
    """Return those of the statements that are there, voided ones included, by id."""
    rows = await fetch(connection, _FOUND, {"store": store, "ids": ids})
    return {
        row["id"]: KeptStatement(
            row["id"], row["payload"].encode(), stored_at(row["position"]), row["voided"]
        )
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
