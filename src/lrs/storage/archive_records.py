"""Reads all that the store knows of a person besides what they did, and an overview of that."""

import json
from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.people.archive_report import Course
from lrs.people.histories import Deed, Described, System
from lrs.storage.driver import fetch, fetch_value
from lrs.xapi.records import Measures

# Systems and courses of which the report tells, those that were used last; and statements.
_MOST_COURSES: Final = 500
_NEWEST: Final = 100
_MEASURES: Final = Measures.__struct_fields__

# PostgreSQL writes the JSON, since each part is a list of rows as they are.
_RECORD = text(
    """
    WITH own AS (
        SELECT id FROM people WHERE store = :store AND (id = :person OR merged_into = :person)
    ),
    validities AS (
        SELECT name, value, NULL AS team, valid_from, valid_until FROM person_attributes
        WHERE store = :store AND person = :person
        UNION ALL
        SELECT teams.name, NULL, team, valid_from, valid_until FROM team_members
        JOIN teams ON teams.store = team_members.store AND teams.id = team
        WHERE team_members.store = :store AND person = :person
    ),
    valid AS (
        SELECT name, value, team, nullif(valid_from, '-infinity') AS valid_from,
               nullif(valid_until, 'infinity') AS valid_until
        FROM validities
    )
    SELECT CAST(json_build_object(
        'person', (
            SELECT json_build_object(
                'id', id, 'name', name, 'userName', user_name, 'externalId', external_id,
                'language', language, 'active', active, 'scim', scim, 'created', created,
                'updated', updated
            )
            FROM people WHERE store = :store AND id = :person
        ),
        'identifiers', coalesce((
            SELECT json_agg(json_build_object(
                'type', known.ifi_type, 'value', known.ifi, 'source', known.source,
                'added', known.added
            ) ORDER BY known.ifi_type, known.ifi)
            FROM (
                SELECT ifi_type, ifi, source, added FROM person_identifiers
                WHERE store = :store AND agent = ANY (CAST(:keys AS uuid[]))
                UNION ALL
                SELECT ifi_type, ifi, 'statements', NULL FROM agents
                WHERE store = :store AND key = ANY (CAST(:keys AS uuid[])) AND NOT EXISTS (
                    SELECT FROM person_identifiers AS kept
                    WHERE kept.store = agents.store AND kept.agent = agents.key
                )
            ) AS known
        ), '[]'),
        'namesInStatements', coalesce((
            SELECT json_agg(DISTINCT name) FROM agent_names
            WHERE store = :store AND agent = ANY (CAST(:keys AS uuid[]))
        ), '[]'),
        'attributes', coalesce((
            SELECT json_agg(json_build_object(
                'name', name, 'value', value, 'validFrom', valid_from, 'validUntil', valid_until
            ) ORDER BY name, valid_from NULLS FIRST)
            FROM valid WHERE team IS NULL
        ), '[]'),
        'teams', coalesce((
            SELECT json_agg(json_build_object(
                'id', team, 'name', name, 'validFrom', valid_from, 'validUntil', valid_until
            ) ORDER BY name, valid_from NULLS FIRST)
            FROM valid WHERE team IS NOT NULL
        ), '[]'),
        'accounts', coalesce((
            SELECT json_agg(json_build_object(
                'id', users.id, 'name', users.name, 'email', users.email, 'created', users.created
            ) ORDER BY users.created)
            FROM user_people JOIN users ON users.id = user_people.user
            WHERE user_people.store = :store
              AND (user_people.person = :person OR user_people.person IN (SELECT id FROM own))
        ), '[]'),
        'changes', coalesce((
            SELECT json_agg(json_build_object(
                'at', changed_at, 'by', changed_by, 'what', what, 'before', before, 'after', after
            ) ORDER BY changed_at, id)
            FROM person_changes
            WHERE store = :store
              AND (person = :person OR person IN (SELECT id FROM own))
        ), '[]')
    ) AS text)
    """
)
_COURSES = text(
    """
    SELECT system, iri, CAST(description -> 'name' AS text) AS names, count, first, last,
           completed, best
    FROM (
        SELECT coalesce(credentials.system, '') AS system, object, count(*) AS count,
               min(timestamp) AS first, max(timestamp) AS last,
               bool_or(completion) AS completed, max(score_scaled) AS best
        FROM unnest(CAST(:keys AS uuid[])) AS wanted (key)
        CROSS JOIN LATERAL (
            SELECT * FROM statements
            WHERE store = :store AND uuid_hash(actor) = uuid_hash(wanted.key)
              AND actor IS NOT NULL AND actor = wanted.key AND position <= :until
              AND NOT voided AND object_type = 'Activity'
        ) AS did
        LEFT JOIN credentials ON credentials.id = did.credential
        GROUP BY 1, 2
    ) AS did
    JOIN activities ON activities.store = :store AND activities.key = object
    ORDER BY last DESC, iri, system
    LIMIT :most
    """
)
_NEWEST_OF = text(
    """
    SELECT newest.id, timestamp, stored, object_type,
           CASE WHEN octet_length(CAST(payload AS text)) <= 65536 THEN CAST(payload AS text) END
               AS payload,
           score_scaled, score_raw, score_min, score_max, success, completion, duration,
           verbs.iri AS verb, CAST(verbs.description AS text) AS verb_names,
           activities.iri AS activity, activities.type AS activity_type,
           CAST(activities.description -> 'name' AS text) AS activity_names,
           coalesce(credentials.system, '') AS system,
           coalesce(credentials.system_kind, '') AS system_kind,
           coalesce(credentials.label, '') AS label, coalesce(credentials.key, '') AS key
    FROM (
        SELECT did.*
        FROM unnest(CAST(:keys AS uuid[])) AS wanted (key)
        CROSS JOIN LATERAL (
            SELECT * FROM statements
            WHERE store = :store AND uuid_hash(actor) = uuid_hash(wanted.key)
              AND actor IS NOT NULL AND actor = wanted.key AND position <= :until
              AND NOT voided
            ORDER BY position DESC LIMIT :most
        ) AS did
        ORDER BY did.position DESC, did.id DESC LIMIT :most
    ) AS newest
    JOIN statement_payloads
        ON statement_payloads.store = :store AND statement_payloads.position = newest.position
       AND statement_payloads.id = newest.id
    JOIN verbs ON verbs.store = :store AND verbs.key = newest.verb
    LEFT JOIN activities ON activities.store = :store AND activities.key = newest.object
    LEFT JOIN credentials ON credentials.id = newest.credential
    ORDER BY newest.position DESC, newest.id DESC
    """
)


async def read_record(
    connection: AsyncConnection, store: int, person: UUID, keys: Collection[UUID]
) -> dict[str, Any]:
    """Return what the store knows of a person, as it is written to them.

    Args:
        connection: any.
        store: which one.
        person: of whom; or the key of the identifier of one whom nobody has joined.
        keys: of their identifiers.
    """
    values = {"store": store, "person": person, "keys": [*keys]}
    told: dict[str, Any] = json.loads(await fetch_value(connection, _RECORD, values))
    return told


async def read_courses(
    connection: AsyncConnection, store: int, keys: Collection[UUID], until: int
) -> list[Course]:
    """Return what whom these identifiers are did with each activity in each system, newest first.

    Voided statements do not count.
    """
    values = {"store": store, "keys": [*keys], "until": until, "most": _MOST_COURSES}
    rows = await fetch(connection, _COURSES, values)
    return [Course(**{**row, "names": _bytes(row["names"])}) for row in rows]


async def read_newest(
    connection: AsyncConnection, store: int, keys: Collection[UUID], until: int
) -> list[Deed]:
    """Return the newest statements of whom these identifiers are, the newest first."""
    values = {"store": store, "keys": [*keys], "until": until, "most": _NEWEST}
    return [_deed(row) for row in await fetch(connection, _NEWEST_OF, values)]


def _deed(row: asyncpg.Record) -> Deed:
    activity = row["activity"] and Described(
        row["activity"], _bytes(row["activity_names"]), row["activity_type"]
    )
    return Deed(
        id=row["id"],
        timestamp=row["timestamp"],
        stored=row["stored"],
        verb=Described(row["verb"], _bytes(row["verb_names"])),
        object_type=row["object_type"],
        object=activity,
        course=None,
        result=Measures(**{name: row[name] for name in _MEASURES}),
        payload=_bytes(row["payload"]),
        system=System(row["system"], row["system_kind"], row["label"], row["key"]),
    )


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()
