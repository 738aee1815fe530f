"""A store with so many statements that a plan matters."""

import asyncpg
import pytest
from sqlalchemy import text

from conftest import make_tenant
from lrs.storage.engines import Database

MANY = 60_000

# 500 agents, 30 verbs and 300 activities, some met much more often than others; one statement in
# four has a row for another that it refers to. One tool, credential 2, brings one in 750, and is
# the instructor in some of what the other one brings.
_FILL = """
    CREATE FUNCTION pg_temp.key(kind text, number bigint) RETURNS uuid
        LANGUAGE sql IMMUTABLE AS $$ SELECT md5(kind || number)::uuid $$;

    SELECT setseed(0.5);

    CREATE TEMP TABLE made ON COMMIT DROP AS
    SELECT number AS n, pg_temp.key('id', number) AS id,
           1700000000000000 * 1024 + number * 1024000 AS position,
           pg_temp.key('agent', (power(random(), 3) * 500)::int) AS agent,
           pg_temp.key('verb', (power(random(), 3) * 30)::int) AS verb,
           pg_temp.key('activity', (power(random(), 3) * 300)::int) AS activity,
           pg_temp.key('registration', number % 5000) AS registration,
           pg_temp.key('course', number % 20) AS course,
           CASE WHEN number % 750 = 7 THEN 2 ELSE 1 END AS credential,
           pg_temp.key('tool', CASE WHEN number % 750 = 7 THEN 2 ELSE 1 END) AS authority,
           CASE WHEN number % 500 = 8 THEN pg_temp.key('tool', 2)
                ELSE pg_temp.key('instructor', 1) END AS instructor,
           CASE WHEN number % 4 = 0 AND number > 2
                THEN pg_temp.key('id', number / 2 + 1) END AS target
    FROM generate_series(CAST(1 AS bigint), {many}) AS number;

    INSERT INTO statements (store, id, position, stored, timestamp, voided, voiding, credential,
                            verb, actor, object, object_type, registration, target,
                            other_agents, activities)
    SELECT {store}, id, position, now(), now(), n % 50 = 0, false, credential, verb, agent,
           activity, 'Activity', registration, target, ARRAY[instructor, authority], ARRAY[course]
    FROM made;

    INSERT INTO statement_payloads (position, store, id, payload)
    SELECT position, {store}, id, json_build_object('id', id, 'text', repeat('x', 800)) FROM made;

    CREATE TEMP TABLE referring ON COMMIT DROP AS
    SELECT made.id, made.position, made.n, target.id AS via, target.agent, target.verb,
           target.activity, target.registration, target.instructor, target.authority
    FROM made JOIN made AS target ON target.id = made.target;

    INSERT INTO statement_references
        (position, store, id, via, verb, actor, object, registration)
    SELECT position, {store}, id, via, verb, agent, activity, registration FROM referring;

    INSERT INTO statement_agents (position, store, direct, agent, id, via)
    SELECT position, {store}, false, unnest(ARRAY[instructor, authority]), id, NULL FROM made
    UNION ALL
    SELECT position, {store}, false, unnest(ARRAY[instructor, authority]), id, via FROM referring;

    INSERT INTO statement_activities (position, store, activity, id, via)
    SELECT position, {store}, course, id, NULL FROM made
"""


@pytest.fixture(scope="session")
async def large_store(database: Database, database_url: str) -> int:
    """The number of a store that is filled once for the whole run."""
    store = (await make_tenant(database)).principal.store
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        async with connection.transaction():
            await connection.execute(_FILL.format(store=store, many=MANY))
    finally:
        await connection.close()
    async with database.primary() as other:
        await other.execute(text("VACUUM ANALYZE"))
    return store
