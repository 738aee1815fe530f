"""Statements that were kept before their tables changed are found as before, there and back."""

from typing import Any

import asyncpg

from lrs.storage.migrations import downgrade, upgrade

BEFORE = "0006"

# A group with a member did something, and another agent speaks of that. Names stand for keys.
_FILL = """
    CREATE FUNCTION pg_temp.key(name text) RETURNS uuid
        LANGUAGE sql IMMUTABLE AS $$ SELECT md5(name)::uuid $$;

    INSERT INTO statements
        (store, id, position, stored, timestamp, voiding, credential, target, verb, actor, object,
         object_type, registration, direct_agents, other_agents, activities)
    VALUES
        (1, pg_temp.key('deed'), 10, now(), now(), false, 1, NULL, pg_temp.key('did'),
         pg_temp.key('group'), pg_temp.key('course'), 'Activity', pg_temp.key('registration'),
         ARRAY[pg_temp.key('group'), pg_temp.key('member')], ARRAY[pg_temp.key('authority')],
         ARRAY[pg_temp.key('course'), pg_temp.key('programme')]),
        (1, pg_temp.key('word'), 20, now(), now(), false, 1, pg_temp.key('deed'),
         pg_temp.key('said'), pg_temp.key('speaker'), NULL, 'StatementRef', NULL,
         ARRAY[pg_temp.key('speaker')], ARRAY[pg_temp.key('authority')], NULL);

    INSERT INTO statement_payloads (store, id, payload)
    SELECT 1, id, json_build_object('id', id) FROM statements;

    INSERT INTO statement_matches (store, id, via, position, verb, activity, registration)
    SELECT 1, id, id, position, verb, object, registration FROM statements
    UNION ALL
    SELECT 1, pg_temp.key('word'), id, 20, verb, object, registration
    FROM statements WHERE position = 10;

    INSERT INTO statement_agents
        (store, agent, position, id, via, direct, verb, activity, registration)
    SELECT 1, agent, found.position, found.id, via, direct, found.verb, activity, found.registration
    FROM statement_matches AS found
    JOIN statements AS named ON named.id = via
    CROSS JOIN LATERAL (
        SELECT unnest(direct_agents) AS agent, true AS direct
        UNION ALL
        SELECT unnest(other_agents), false
    ) AS agents;

    INSERT INTO statement_activities (store, activity, position, id, via)
    SELECT 1, activity, found.position, found.id, via
    FROM (SELECT id, position, via FROM statement_matches) AS found
    JOIN statements AS named ON named.id = via
    CROSS JOIN LATERAL unnest(activities) AS activity
"""
_KEPT = ("statement_payloads", "statement_matches", "statement_agents", "statement_activities")
_NAMED = """
    SELECT kind, who.name, via.name
    FROM (
        SELECT 'refers' AS kind, actor AS key, via FROM statement_references
        UNION ALL
        SELECT CASE WHEN direct THEN 'direct' ELSE 'other' END, agent, via FROM statement_agents
        UNION ALL
        SELECT 'activity', activity, via FROM statement_activities
    ) AS found
    JOIN unnest($1::text[]) AS who (name) ON md5(who.name)::uuid = found.key
    LEFT JOIN unnest($1::text[]) AS via (name) ON md5(via.name)::uuid = found.via
"""
_NAMES = ["deed", "group", "member", "authority", "course", "programme", "speaker"]


async def _rows(connection: Any) -> list[str]:
    found = [row for table in _KEPT for row in await connection.fetch(f"TABLE {table}")]
    return sorted(str(dict(row)) for row in found)


async def test_statements_kept_before_are_found_as_before(empty_database: str) -> None:
    await upgrade(empty_database, BEFORE)
    connection: Any = await asyncpg.connect(empty_database.replace("+asyncpg", ""))
    try:
        await connection.execute(_FILL)
        before = await _rows(connection)

        await upgrade(empty_database)
        found = sorted(map(tuple, await connection.fetch(_NAMED, _NAMES)), key=str)
        payloads = await connection.fetchval(
            "SELECT array_agg(position ORDER BY position) FROM statement_payloads"
        )
        await downgrade(empty_database, BEFORE)
        after = await _rows(connection)
    finally:
        await connection.close()

    assert found == [
        ("activity", "programme", "deed"),
        ("activity", "programme", None),
        ("direct", "member", "deed"),
        ("direct", "member", None),
        ("other", "authority", "deed"),
        ("other", "authority", None),
        ("other", "authority", None),
        ("refers", "group", "deed"),
    ]
    assert payloads == [10, 20]
    assert after == before
