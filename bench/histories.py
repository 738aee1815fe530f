"""A busy person with very many statements over ten identifiers, and a quiet one with few."""

from typing import Final
from uuid import UUID

import asyncpg

from lrs.xapi.keys import Ifi, ifi_key, iri_key

BUSY: Final = UUID("00000000-0000-4000-8000-00000000b057")
QUIET: Final = UUID("00000000-0000-4000-8000-00000000901e")
IDENTIFIERS, OF_QUIET = 10, 1_000
COURSE: Final = "http://bench.example/courses/3"
RARE_VERB: Final = "http://id.tincanapi.com/verb/voted-down"
_ADL: Final = "http://adlnet.gov/expapi/verbs/"
_VERBS: Final = tuple(
    _ADL + name
    for name in ("experienced", "answered", "interacted", "initialized", "completed", "passed",
                 "terminated")
)  # fmt: skip
_COURSE_TYPE: Final = "http://adlnet.gov/expapi/activities/course"
_LESSON_TYPE: Final = "http://adlnet.gov/expapi/activities/lesson"
_ACTIVITIES, _COURSES, _BLOCK = 300, 20, 100_000

_STATEMENTS: Final = """
    INSERT INTO statements (store, id, position, stored, timestamp, voiding, credential, verb,
                            actor, object, object_type, other_agents, activities, success,
                            completion, score_scaled, duration)
    SELECT $1, md5($2 || n)::uuid, 1700000000000000 * 1024 + n * 1024000, t, t, false, $3,
           CASE WHEN n % 50000 = 7 THEN $6::uuid ELSE ($5::uuid[])[1 + n % 7] END,
           ($4::uuid[])[1 + (n * n / 7) % 10], ($7::uuid[])[1 + n % 300], 'Activity',
           ARRAY[$6::uuid], ARRAY[($8::uuid[])[1 + n % 20]], n % 3 = 0, n % 5 = 0,
           (n % 100) / 100.0, n % 3600
    FROM generate_series($9::bigint, $10::bigint) AS n,
         to_timestamp(1700000000 + n / 1000.0) AS t
"""
_PAYLOADS: Final = """
    INSERT INTO statement_payloads (position, store, id, payload)
    SELECT 1700000000000000 * 1024 + n * 1024000, $1, md5($2 || n)::uuid,
           json_build_object(
               'id', md5($2 || n)::uuid,
               'actor', json_build_object('objectType', 'Agent', 'mbox', 'mailto:' || $2 || n % 10
                                          || '@bench.example', 'name', 'Anna Berger'),
               'verb', json_build_object('id', 'http://adlnet.gov/expapi/verbs/experienced',
                                         'display', json_build_object('en', 'experienced')),
               'object', json_build_object('objectType', 'Activity', 'id',
                                           'http://bench.example/lessons/' || n % 300),
               'result', json_build_object('response', repeat('words ', 20)),
               'context', json_build_object('platform', repeat('p', 500)))
    FROM generate_series($3::bigint, $4::bigint) AS n
"""
_NAMED: Final = """
    INSERT INTO activities (store, key, iri, description, type)
    SELECT $1, key, iri, json_build_object('name', json_build_object('en', 'Fire safety ' || n,
                                                                     'de', 'Brandschutz ' || n),
                                           'type', $4::text), $4
    FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS named (key, iri, n)
    ON CONFLICT DO NOTHING
"""
_VERBS_NAMED: Final = """
    INSERT INTO verbs (store, key, iri)
    SELECT $1, key, iri FROM unnest($2::uuid[], $3::text[]) AS named (key, iri)
    ON CONFLICT DO NOTHING
"""
_PERSON: Final = "INSERT INTO people (store, id, name) VALUES ($1, $2, 'Anna Berger')"
_JOINED: Final = """
    INSERT INTO person_identifiers (store, agent, person, own, ifi_type, ifi, source)
    SELECT $1, key, $2, $2, 'mbox', ifi, 'api' FROM unnest($3::uuid[], $4::text[]) AS t (key, ifi)
"""


async def fill(connection: asyncpg.Connection, statements: int) -> None:
    """Write both persons, with all that they did, into the store of the bench."""
    brought_by = "SELECT store, id FROM credentials WHERE key = 'bench'"
    ((store, credential),) = await connection.fetch(brought_by)
    lessons = [f"http://bench.example/lessons/{n}" for n in range(_ACTIVITIES)]
    courses = [f"http://bench.example/courses/{n}" for n in range(_COURSES)]
    await connection.execute(_NAMED, store, _keys(lessons), lessons, _LESSON_TYPE)
    await connection.execute(_NAMED, store, _keys(courses), courses, _COURSE_TYPE)
    verbs = [*_VERBS, RARE_VERB]
    await connection.execute(_VERBS_NAMED, store, _keys(verbs), verbs)
    for person, name, count in ((BUSY, "busy", statements), (QUIET, "quiet", OF_QUIET)):
        ifis = [Ifi("mbox", f"mailto:{name}{n}@bench.example") for n in range(IDENTIFIERS)]
        keys = [ifi_key(ifi) for ifi in ifis]
        await connection.execute(_PERSON, store, person)
        await connection.execute(_JOINED, store, person, keys, [ifi.value for ifi in ifis])
        for first in range(0, count, _BLOCK):
            last = min(count, first + _BLOCK) - 1
            await connection.execute(
                _STATEMENTS, store, name, credential, keys, _keys(_VERBS), iri_key(RARE_VERB),
                _keys(lessons), _keys(courses), first, last,
            )  # fmt: skip
            await connection.execute(_PAYLOADS, store, name, first, last)


def _keys(iris: "list[str] | tuple[str, ...]") -> list[UUID]:
    return [iri_key(iri) for iri in iris]
