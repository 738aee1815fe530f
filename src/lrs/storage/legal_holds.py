"""Keeps legal holds: what must go neither by a rule nor by an erasure, as long as they last.

Who makes one waits for a step of retention that is being taken; no later one touches what it holds.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import Integer, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.errors import RetentionNotFoundError
from lrs.people.retention import Hold
from lrs.storage.driver import fetch, fetch_value

# The first of the two numbers of the advisory lock of who applies rules; the second one is the
# store, or 0 for the one process that does it.
LOCK_CLASS: Final = 19_548
# Holds that last, of one store.
MOST: Final = 1_000

_ALONE = text("SELECT pg_advisory_xact_lock(:lock_class, :store)").bindparams(
    bindparam("lock_class", LOCK_CLASS, Integer), bindparam("store", type_=Integer)
)
_INSERTION = text(
    """
    INSERT INTO legal_holds
        (store, id, person, keys, system, activity, activity_key, since, until, reason, made_by)
    VALUES (:store, :id, :person, :keys, :system, :activity, :activity_key, :since, :until, :reason,
            :made_by)
    """
)
_LIST = text(
    """
    SELECT id, person, system, activity, since, until, reason, made, made_by, released, released_by
    FROM legal_holds
    WHERE store = :store AND (CAST(:id AS uuid) IS NULL OR id = :id)
    ORDER BY made DESC, id DESC
    """
)
_RELEASE = text(
    """
    UPDATE legal_holds SET released = now(), released_by = :by
    WHERE store = :store AND id = :id AND released IS NULL
    RETURNING person
    """
)
_COUNT = text("SELECT count(*) FROM legal_holds WHERE store = :store AND released IS NULL")
# Persons may have been joined or parted since: whoever had one of the identifiers is held.
_ACTIVE = text(
    """
    SELECT CASE WHEN keys IS NULL THEN NULL ELSE keys || ARRAY(
               SELECT theirs.agent
               FROM person_identifiers AS theirs
               WHERE theirs.store = :store AND theirs.person IN (
                   SELECT person FROM person_identifiers AS known
                   WHERE known.store = :store AND known.agent = ANY (legal_holds.keys)
                   UNION ALL
                   SELECT coalesce(merged_into, id) FROM people
                   WHERE people.store = :store AND people.id = ANY (legal_holds.keys)
               )
           ) END AS agents, system, activity_key AS activity, since, until
    FROM legal_holds
    WHERE store = :store AND released IS NULL
    """
)
_HELD_STATEMENT = text(
    """
    SELECT EXISTS (
        SELECT FROM unnest(CAST(:keys AS uuid[])) AS wanted (key)
        CROSS JOIN LATERAL (
            SELECT credential, object, activities, timestamp FROM statements
            WHERE store = :store AND uuid_hash(actor) = uuid_hash(wanted.key)
              AND actor IS NOT NULL AND actor = wanted.key
            UNION ALL
            SELECT credential, object, activities, timestamp
            FROM statement_agents AS named
            JOIN statements ON statements.store = :store AND statements.id = named.id
            WHERE named.store = :store AND uuid_hash(agent) = uuid_hash(wanted.key)
              AND agent = wanted.key AND via IS NULL AND direct
            UNION ALL
            SELECT credential, object, activities, timestamp
            FROM statement_agents AS named
            JOIN statements ON statements.store = :store AND statements.id = named.id
            WHERE named.store = :store AND uuid_hash(agent) = uuid_hash(wanted.key)
              AND agent = wanted.key AND via IS NULL AND NOT direct
        ) AS of_person
        LEFT JOIN credentials ON credentials.id = of_person.credential
        WHERE (CAST(:system AS text) IS NULL OR credentials.system = :system)
          AND (CAST(:activity AS uuid) IS NULL OR object = :activity
               OR :activity = ANY (of_person.activities))
          AND (CAST(:since AS timestamptz) IS NULL OR timestamp >= :since)
          AND (CAST(:until AS timestamptz) IS NULL OR timestamp < :until)
    )
    """
)


@dataclass(frozen=True, slots=True)
class LegalHold:
    """A hold, as it was made.

    Attributes:
        person: whose data are held, as named then; None are those of everybody.
        activity: IRI of the course that is held.
        released: when it ended, and by whom; None while it lasts.
    """

    id: UUID
    person: UUID | None
    system: str | None
    activity: str | None
    since: datetime | None
    until: datetime | None
    reason: str
    made: datetime
    made_by: str
    released: datetime | None
    released_by: str | None


@dataclass(frozen=True, slots=True)
class NewHold:
    """A hold to be made.

    Attributes:
        keys: by which the person may be named.
        activity_key: of `activity`.
    """

    id: UUID
    person: UUID | None
    keys: Sequence[UUID] | None
    system: str | None
    activity: str | None
    activity_key: UUID | None
    since: datetime | None
    until: datetime | None
    reason: str
    made_by: str


async def lock_retention(connection: AsyncConnection, store: int) -> None:
    """Have nothing of a store be given up by a rule until the transaction ends."""
    await fetch(connection, _ALONE, {"store": store})


async def insert_hold(connection: AsyncConnection, store: int, new: NewHold) -> None:
    """Keep a hold, within a transaction that has called `lock_retention`."""
    values = {name: getattr(new, name) for name in NewHold.__slots__}
    await fetch(connection, _INSERTION, {**values, "store": store})


async def count_holds(connection: AsyncConnection, store: int) -> int:
    """Count the holds that last."""
    return int(await fetch_value(connection, _COUNT, {"store": store}))


async def list_holds(connection: AsyncConnection, store: int) -> Sequence[LegalHold]:
    """Return all holds, those that ended too, the last one made first."""
    return [_hold(row) for row in await fetch(connection, _LIST, {"store": store, "id": None})]


async def find_hold(connection: AsyncConnection, store: int, hold: UUID) -> LegalHold:
    """Return a hold.

    Raises:
        RetentionNotFoundError: there is none.
    """
    rows = await fetch(connection, _LIST, {"store": store, "id": hold})
    if not rows:
        raise RetentionNotFoundError(f"there is no legal hold {hold}")
    return _hold(rows[0])


async def release_hold(connection: AsyncConnection, store: int, hold: UUID, by: str) -> bool:
    """End a hold, and tell whether it lasted until now."""
    return bool(await fetch(connection, _RELEASE, {"store": store, "id": hold, "by": by}))


async def active_holds(connection: AsyncConnection, store: int) -> Sequence[Hold]:
    """Return what is held now, with all identifiers that the persons have by now."""
    rows = await fetch(connection, _ACTIVE, {"store": store})
    return [
        Hold(
            None if row["agents"] is None else frozenset(row["agents"]),
            row["system"],
            row["activity"],
            row["since"],
            row["until"],
        )
        for row in rows
    ]


async def is_held(connection: AsyncConnection, store: int, person_keys: Collection[UUID]) -> bool:
    """Tell whether a person must not be erased: a hold is of the person, or of what they did.

    Args:
        connection: any; within a transaction that has called `lock_retention`, it stays true.
        store: which one.
        person_keys: of all identifiers of the person.
    """
    for hold in await active_holds(connection, store):
        if hold.agents is not None:
            if not hold.agents.isdisjoint(person_keys):
                return True
        elif await _has_held_statement(connection, store, person_keys, hold):
            return True
    return False


async def _has_held_statement(
    connection: AsyncConnection, store: int, keys: Collection[UUID], hold: Hold
) -> bool:
    asked = {name: getattr(hold, name) for name in ("system", "activity", "since", "until")}
    values = {**asked, "store": store, "keys": [*keys]}
    return bool(await fetch_value(connection, _HELD_STATEMENT, values))


def _hold(row: asyncpg.Record) -> LegalHold:
    return LegalHold(**row)
