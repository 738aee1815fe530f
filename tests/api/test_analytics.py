from datetime import datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from conftest import Tenant, serving
from lrs.services.folding import FoldingService
from lrs.storage.engines import Database

URL = "http://lrs.test/api/v1/analytics/query"
COMPLETED = "http://adlnet.gov/expapi/verbs/completed"
RATED = "http://id.tincanapi.com/verb/rated"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
COURSE = "http://adlnet.gov/expapi/activities/course"


def statement(actor: str, verb: str, moment: str, **properties: Any) -> dict[str, Any]:
    return {
        "actor": {"mbox": f"mailto:{actor}@example.org"},
        "verb": {"id": verb},
        "object": {"id": "http://example.org/courses/1", "definition": {"type": COURSE}},
        "timestamp": moment,
    } | properties


STATEMENTS = [
    statement("ada", COMPLETED, "2026-03-28T22:30:00Z", result={"score": {"scaled": 0.5}}),
    statement("ada", COMPLETED, "2026-03-29T22:30:00Z", result={"success": True}),
    statement("bob", COMPLETED, "2026-03-28T23:30:00Z", result={"duration": "PT1M30.5S"}),
    statement(
        "bob", RATED, "2026-03-29T21:30:00Z", result={"score": {"raw": 4, "min": 1, "max": 5}}
    ),
]


async def ask(client: httpx.AsyncClient, **asked: Any) -> httpx.Response:
    return await client.post(URL, json={"measures": ["statements.count"]} | asked)


async def store(client: httpx.AsyncClient, *statements: dict[str, Any]) -> list[str]:
    answer = await client.post("/statements", json=statements)
    assert answer.status_code == 200, answer.text
    ids: list[str] = answer.json()
    return ids


async def test_sums_by_day_of_a_time_zone(client: httpx.AsyncClient) -> None:
    await store(client, *STATEMENTS)
    answer = await ask(
        client,
        measures=["statements.count", "actors.unique", "completions.count", "rating.avg"],
        time={"granularity": "day", "timezone": "Europe/Berlin"},
    )
    assert answer.status_code == 200
    assert answer.json()["rows"] == [
        ["2026-03-28T00:00:00+01:00", 1, 1, 1, None],
        ["2026-03-29T00:00:00+01:00", 2, 1, 1, 0.75],
        ["2026-03-30T00:00:00+02:00", 1, 1, 1, None],
    ]


async def test_columns_name_type_and_kind(client: httpx.AsyncClient) -> None:
    answer = await ask(client, dimensions=["system"], time={"granularity": "month"})
    assert answer.json()["columns"] == [
        {"name": "timestamp", "type": "time", "kind": "dimension"},
        {"name": "system", "type": "text", "kind": "dimension"},
        {"name": "statements.count", "type": "integer", "kind": "measure"},
    ]


async def test_dimensions_are_told_by_their_texts(client: httpx.AsyncClient) -> None:
    await store(client, *STATEMENTS)
    answer = await ask(client, dimensions=["actor", "activity.id", "activity.type", "system"])
    assert answer.json()["rows"] == [
        [f"mailto:{name}@example.org", "http://example.org/courses/1", COURSE, "Moodle", 2]
        for name in ("ada", "bob")
    ]


async def test_what_was_just_stored_is_counted(client: httpx.AsyncClient) -> None:
    for number in range(1, 4):
        await store(client, statement("ada", COMPLETED, "2026-01-01T00:00:00Z"))
        assert (await ask(client)).json()["rows"] == [[number]]


async def test_a_voided_statement_stops_counting(client: httpx.AsyncClient) -> None:
    (target, *_) = await store(client, *STATEMENTS)
    reference = {"objectType": "StatementRef", "id": target}
    await store(client, statement("ada", VOIDED, "2026-03-30T00:00:00Z", object=reference))
    is_completed = {"member": "verb.id", "operator": "equals", "values": [COMPLETED]}
    answer = await ask(client, filters=[is_completed])
    assert answer.json()["rows"] == [[2]]


async def test_other_stores_are_not_counted(client: httpx.AsyncClient, stranger: Any) -> None:
    await store(client, *STATEMENTS)
    answer = await client.post(URL, json={"measures": ["statements.count"]}, auth=stranger.auth)
    assert answer.json()["rows"] == [[0]]


async def test_meta_tells_freshness_and_completeness(client: httpx.AsyncClient) -> None:
    await store(client, *STATEMENTS)
    meta = (await ask(client, dimensions=["actor"], limit=1)).json()["meta"]
    as_of = datetime.fromisoformat(meta["as_of"])
    assert datetime.fromisoformat(meta["consistent_through"]) < as_of
    assert meta["truncated"] is True


async def test_an_unknown_name_is_a_problem_that_lists_the_known(
    client: httpx.AsyncClient,
) -> None:
    answer = await ask(client, measures=["statements.sum"])
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["detail"] == "measures[0]: there is no 'statements.sum'"
    assert "statements.count" in problem["known"]


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ({"measures": []}, "measures"),
        ({"limit": 10_001}, "limit"),
        ({"time": {"granularity": "year"}}, "time.granularity"),
        ({"filter": []}, "filter"),
        ({"filters": [{"member": "actor", "operator": "in", "values": [None]}]}, "values.0"),
    ],
)
async def test_a_wrong_query_is_a_problem_that_names_the_place(
    client: httpx.AsyncClient, asked: dict[str, Any], place: str
) -> None:
    answer = await ask(client, **asked)
    assert answer.status_code == 400
    assert place in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"measures": ["statements.count"], "limit": 1e400}',
        b'{"measures": ["statements.count"], "limit": ' + b"9" * 5_000 + b"}",
        b'{"measures": ["\\ud800"]}',
        b'{"measures": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"\xff\xfe",
    ],
)
async def test_a_body_that_is_no_query_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(URL, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_over_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    answer = await ask(client, dimensions=["x" * 3_000_000])
    assert answer.status_code == 413


async def test_without_credentials_nothing_is_counted(client: httpx.AsyncClient) -> None:
    answer = await client.post(URL, json={"measures": ["statements.count"]}, auth=("no", "one"))
    assert answer.status_code == 401


async def caught_up(database: Database, store: int) -> None:
    """Fold what is stored; the folder of the app may be at it just now."""
    asked = text("SELECT position FROM rollup_progress WHERE store = :store")
    newest = text("SELECT max(position) FROM statements WHERE store = :store")
    while True:
        await FoldingService(database, "UTC", worth=1).catch_up()
        async with database.primary() as connection:
            folded = await connection.scalar(asked, {"store": store})
            if folded is not None and folded >= await connection.scalar(newest, {"store": store}):
                return


async def test_rollups_say_the_same_sooner(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    await store(client, *STATEMENTS)
    await caught_up(database, tenant.principal.store)
    asked: dict[str, Any] = {
        "measures": ["statements.count", "actors.unique", "rating.avg"],
        "time": {"granularity": "day"},
    }
    folded = (await ask(client, **asked)).json()
    raw = (await ask(client, **asked, source="raw")).json()
    assert folded["meta"]["source"] == "rollup"
    assert raw["meta"]["source"] == "raw"
    assert folded["rows"] == raw["rows"]
    assert len(raw["rows"]) == 2


async def test_what_was_just_stored_is_counted_beside_rollups(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    (target, *_) = await store(client, *STATEMENTS)
    await caught_up(database, tenant.principal.store)
    reference = {"objectType": "StatementRef", "id": target}
    await store(client, statement("ada", VOIDED, "2026-03-30T00:00:00Z", object=reference))
    answer = (await ask(client)).json()
    assert answer["meta"]["source"] == "rollup"
    assert answer["rows"] == [[len(STATEMENTS)]]


async def test_what_rollups_lack_is_read_from_statements(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    await store(client, *STATEMENTS)
    await caught_up(database, tenant.principal.store)
    answer = (await ask(client, dimensions=["actor"])).json()
    assert answer["meta"]["source"] == "raw"
    assert [row[1] for row in answer["rows"]] == [2, 2]


async def test_without_rollups_statements_are_read(
    database_url: str, database: Database, tenant: Tenant
) -> None:
    async with serving(database_url, tenant, rollups="off") as client:
        await store(client, *STATEMENTS)
        await caught_up(database, tenant.principal.store)
        answer = (await ask(client)).json()
    assert answer["meta"]["source"] == "raw"
    assert answer["rows"] == [[len(STATEMENTS)]]
