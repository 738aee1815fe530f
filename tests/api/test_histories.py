"""One person's history over all identifiers and systems, by pages and as a stream."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from builders import Json, a_statement, activity, agent, voiding
from conftest import Tenant, client_of, make_tenant, revoke
from lrs.auth.restrictions import Grant
from lrs.auth.roles import Role
from lrs.auth.scopes import Scope, Scopes
from lrs.people.identifiers import read_identifier
from lrs.storage.driver import fetch_text
from lrs.storage.engines import Database
from lrs.xapi.keys import ifi_key
from people import as_role, make_someone, signed_in
from statement_resource import post

ADL = "http://adlnet.gov/expapi/verbs/"
COURSE_TYPE = "http://adlnet.gov/expapi/activities/course"
COMPETENCY = "https://w3id.org/xapi/tla/activity-types/competency"
ACCOUNT: Json = {"account": {"homePage": "https://lms.example", "name": "4711"}}
LINES = {"Accept": "application/x-ndjson"}


def key_of(actor: Json) -> UUID:
    return ifi_key(read_identifier(json.dumps(actor)))


def titled(name: str, kind: str | None = None, **names: str) -> Json:
    definition: Json = {"name": names} | ({"type": kind} if kind else {})
    return activity(name) | {"definition": definition}


FIRE = titled("fire-safety", COURSE_TYPE, de="Brandschutz", en="Fire safety")


def did(verb: str, thing: Json = FIRE, actor: Json | None = None, **more: Any) -> Json:
    return a_statement(actor=actor or agent("anna"), verb={"id": ADL + verb}, object=thing, **more)


async def join(
    database: Database, tenant: Tenant, *actors: Json, name: str | None = "Anna Berger"
) -> UUID:
    """Make one person of several agents, as the API of persons does."""
    person, store = uuid4(), tenant.principal.store
    async with database.writing() as connection:
        await fetch_text(
            connection,
            "INSERT INTO people (store, id, name) VALUES ($1, $2, $3)",
            [store, person, name],
        )
        for actor in actors:
            ifi = read_identifier(json.dumps(actor))
            await fetch_text(
                connection,
                "INSERT INTO person_identifiers (store, agent, person, own, ifi_type, ifi, source)"
                " VALUES ($1, $2, $3, $3, $4, $5, 'api')",
                [store, ifi_key(ifi), person, ifi.type, ifi.value],
            )
    return person


async def history(client: httpx.AsyncClient, person: UUID | str, **asked: Any) -> Json:
    answer = await ask(client, person, **asked)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def ask(
    client: httpx.AsyncClient, person: UUID | str, headers: Json | None = None, **asked: Any
) -> httpx.Response:
    path = "me" if person == "me" else f"people/{person}"
    url = f"http://lrs.test/api/v1/{path}/history"
    return await client.get(url, params=asked, headers=headers)


def statements_of(found: Json) -> list[str]:
    return [entry["statement"] for entry in found["entries"]]


async def test_an_agent_whom_nobody_has_joined_has_a_history(client: httpx.AsyncClient) -> None:
    (done,) = await post(
        client, did("completed", result={"score": {"scaled": 0.85}, "duration": "PT25M"})
    )
    found = await history(client, key_of(agent("anna")), language="de")
    assert found["name"] is None
    (entry,) = found["entries"]
    assert entry["sentence"] == "Jemand hat »Brandschutz« mit 85 % in 25 Minuten abgeschlossen."
    assert entry["statement"] == done
    assert entry["verb"] == {
        "id": ADL + "completed", "display": "completed", "family": "completed"
    }  # fmt: skip
    assert entry["object"] == {"id": FIRE["id"], "name": "Brandschutz", "type": COURSE_TYPE}
    assert entry["course"] == {"id": FIRE["id"], "name": "Brandschutz"}
    assert entry["result"]["scaled"] == 0.85
    assert entry["result"]["duration"] == 1500
    assert entry["system"] == {"name": "Moodle", "kind": "LMS"}
    assert entry["brought_by"]["label"] == "A test"
    assert found["cursor"] is None


async def test_all_identifiers_are_one_history_newest_first(
    client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    both = [agent("anna"), ACCOUNT]
    ids = await post(client, *(did("experienced", actor=both[n % 2]) for n in range(7)))
    await post(client, did("experienced", actor=agent("somebody-else")))
    person = await join(database, tenant, *both)
    for asked in (person, key_of(agent("anna")), key_of(ACCOUNT)):
        found = await history(client, asked)
        assert statements_of(found) == ids[::-1]
        assert found["person"] == str(person)
        assert found["entries"][0]["sentence"] == "Anna Berger experienced “Fire safety”."


async def test_pages_hold_each_statement_once(
    client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    actors = [agent(f"anna-{n}") for n in range(4)]
    ids = await post(client, *(did("experienced", actor=actors[n * n % 4]) for n in range(23)))
    person = await join(database, tenant, *actors)
    seen: list[str] = []
    asked: Json = {"limit": 5}
    while True:
        found = await history(client, person, **asked)
        seen += statements_of(found)
        if found["cursor"] is None:
            break
        assert len(found["entries"]) == 5
        asked["cursor"] = found["cursor"]
    assert seen == ids[::-1]


LESSON = titled("lesson", "http://adlnet.gov/expapi/activities/lesson", en="First aid")
FILTERS: dict[str, tuple[Json, list[int]]] = {
    "a verb": ({"verb": ADL + "failed"}, [1]),
    "two verbs": ({"verb": [ADL + "failed", ADL + "passed"]}, [2, 1]),
    "a family": ({"verb_family": "started"}, [0]),
    "a family and a verb of another": ({"verb_family": "started", "verb": ADL + "failed"}, []),
    "a course": ({"course": FIRE["id"]}, [4, 3, 1, 0]),
    "a type": ({"activity_type": "http://adlnet.gov/expapi/activities/lesson"}, [3, 2]),
    "since": ({"since": "2026-01-03T00:00:00Z"}, [4, 3, 2]),
    "until": ({"until": "2026-01-03T00:00:00Z"}, [1, 0]),
    "success": ({"success": "true"}, [2]),
    "no success": ({"success": "false"}, [1]),
    "completion": ({"completion": "true"}, [3]),
    "the system": ({"system": "Moodle"}, [4, 3, 2, 1, 0]),
    "another system": ({"system": ["Degreed", "Panopto"]}, []),
    "all at once": ({"system": "Moodle", "verb_family": "passed", "success": "true"}, [2]),
}


async def test_filters_leave_what_fits_all_of_them(client: httpx.AsyncClient) -> None:
    def at(day: int, verb: str, thing: Json = FIRE, **more: Any) -> Json:
        return did(verb, thing, timestamp=f"2026-01-0{day}T12:00:00Z", **more)

    in_course = {"contextActivities": {"parent": {"id": FIRE["id"]}}}
    ids = await post(
        client,
        at(1, "initialized"),
        at(2, "failed", result={"success": False}),
        at(3, "passed", LESSON, result={"success": True}),
        at(4, "terminated", LESSON, context=in_course, result={"completion": True}),
        at(5, "commented", {"objectType": "Agent", **ACCOUNT}, context=in_course),
    )
    for name, (asked, expected) in FILTERS.items():
        found = await history(client, key_of(agent("anna")), **asked)
        assert statements_of(found) == [ids[place] for place in expected], name
    found = await history(client, key_of(agent("anna")), course=FIRE["id"])
    assert {entry["course"]["name"] for entry in found["entries"]} == {"Fire safety"}


async def test_what_is_rare_is_found_page_by_page_in_bounded_steps(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lrs.storage.histories.MOST_MET", 16)
    monkeypatch.setattr("lrs.storage.histories._TRIED", 1)
    (first, *_) = await post(client, did("passed"), *(did("experienced") for _ in range(60)))
    asked: Json = {"verb_family": "passed"}
    pages = [await history(client, key_of(agent("anna")), **asked)]
    assert pages[0]["entries"] == []
    while pages[-1]["cursor"] is not None:
        cursor = {"cursor": pages[-1]["cursor"]}
        pages.append(await history(client, key_of(agent("anna")), **asked, **cursor))
    assert len(pages) > 1
    assert [each for page in pages for each in statements_of(page)] == [first]


async def test_voided_statements_are_left_out(client: httpx.AsyncClient) -> None:
    kept, voided = await post(client, did("passed"), did("failed"))
    (by,) = await post(client, voiding(voided, actor=agent("anna")))
    found = await history(client, key_of(agent("anna")))
    assert statements_of(found) == [by, kept]
    assert found["entries"][0]["sentence"] == "Somebody voided an earlier entry."
    assert found["entries"][0]["object"]["type"] == "StatementRef"


async def test_names_come_from_the_newest_statement(client: httpx.AsyncClient) -> None:
    await post(client, did("passed", actor=agent("anna") | {"name": "Anna Alt"}))
    await post(client, did("passed", actor=agent("anna") | {"name": "Anna Neu"}))
    await post(client, did("passed", actor=agent("anna") | {"name": "anna@example.org"}))
    assert (await history(client, key_of(agent("anna"))))["name"] == "Anna Neu"


async def test_the_language_is_that_of_the_parameter_then_of_the_header(
    client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    await post(client, did("completed"))
    person = await join(database, tenant, agent("anna"))
    german = "Anna Berger hat »Brandschutz« abgeschlossen."
    english = "Anna Berger completed “Fire safety”."
    header = {"Accept-Language": "de-AT, en;q=0.5"}
    for headers, asked, expected in [
        ({}, {}, english),
        (header, {}, german),
        (header, {"language": "en"}, english),
        ({}, {"language": "fr"}, english),
    ]:
        answer = await ask(client, person, headers, **asked)
        assert answer.json()["entries"][0]["sentence"] == expected
        assert answer.headers["content-language"] == ("de" if expected == german else "en")
    async with database.writing() as connection:
        await fetch_text(connection, "UPDATE people SET language = 'de' WHERE id = $1", [person])
    assert (await history(client, person))["entries"][0]["sentence"] == german


async def test_a_stream_holds_all_entries_a_line_each(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lrs.api.v1.histories._MOST", 4)
    ids = await post(client, *(did("experienced") for _ in range(11)))
    answer = await ask(client, key_of(agent("anna")), LINES)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    entries = [json.loads(line) for line in answer.text.splitlines()]
    assert [entry["statement"] for entry in entries] == ids[::-1]
    first = (await history(client, key_of(agent("anna")), limit=1))["entries"]
    assert entries[:1] == first


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": 0},
        {"limit": 201},
        {"verb": "no iri"},
        {"verb_family": "slept"},
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},
        {"success": "perhaps"},
        {"language": "not a tag"},
        {"system": "a\x00b"},
        {"page": 2},
        {"cursor": "none"},
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_refused(client: httpx.AsyncClient, asked: Json) -> None:
    assert (await ask(client, uuid4(), **asked)).status_code == 400


async def test_a_stream_has_no_limit(client: httpx.AsyncClient) -> None:
    assert (await ask(client, uuid4(), LINES, limit=5)).status_code == 400


async def test_a_cursor_is_good_for_its_own_history_only(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    anna, ben = key_of(agent("anna")), key_of(agent("ben"))
    for each in (client, other):
        await post(each, *(did("passed", actor=agent(name)) for name in ("anna", "ben") * 2))
    cursor = (await history(client, anna, limit=1))["cursor"]
    assert (await ask(client, anna, cursor=cursor)).status_code == 200
    changed = cursor[:5] + ("A" if cursor[5] != "A" else "B") + cursor[6:]
    for answer in [
        await ask(client, anna, cursor=changed),
        await ask(client, anna, cursor=cursor + "a"),
        await ask(client, ben, cursor=cursor),
        await ask(client, anna, cursor=cursor, verb_family="passed"),
        await ask(other, anna, cursor=cursor),
    ]:
        assert answer.status_code == 400, answer.text
        assert answer.json()["type"] == "urn:lrs:error:invalid-request"


async def test_nobody_else_has_a_history(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    await post(client, did("passed"))
    assert (await ask(client, uuid4())).status_code == 404
    assert (await ask(other, key_of(agent("anna")))).status_code == 404


@asynccontextmanager
async def who_may(
    app: FastAPI, database: Database, tenant: Tenant, *scopes: Scope, **access: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another credential of the same store."""
    name = tenant.principal.store_name
    other = await make_tenant(database, name, scopes=Scopes(scopes), **access)
    async with client_of(app, other) as client:
        yield client
    await revoke(database, other)


async def test_who_sees_some_people_sees_all_that_those_did(
    app: FastAPI, client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    """But nothing of others, and of activities only those that they may see."""
    ids = await post(client, did("passed"), did("passed", LESSON, actor=ACCOUNT))
    await post(client, did("passed", actor=agent("ben")))
    person = await join(database, tenant, agent("anna"), ACCOUNT)
    of_anna = Grant.of([json.dumps(agent("anna"))], None)
    of_lessons = Grant.of([json.dumps(agent("anna"))], [LESSON["id"]])
    reading = Scope.PEOPLE_READ
    async with who_may(app, database, tenant, reading, grant=of_anna) as lead:
        assert statements_of(await history(lead, person)) == ids[::-1]
        assert (await ask(lead, key_of(agent("ben")))).status_code == 404
    async with who_may(app, database, tenant, reading, grant=of_lessons) as lead:
        assert statements_of(await history(lead, person)) == ids[1:]
        assert (await summary(lead, person))["total"]["statements"] == 1
    async with who_may(app, database, tenant, Scope.ALL_READ) as reader:
        assert (await ask(reader, person)).status_code == 403


async def test_a_learner_reads_their_own_history_only(
    app: FastAPI, client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    """By the identifiers of their grant, with all that were joined to those."""
    store = tenant.principal.store_name
    learner = await make_someone(database, as_role(Role.LEARNER, store))
    async with signed_in(app, learner) as browser:
        assert (await ask(browser, "me")).status_code == 404
        ids = await post(
            client, did("passed", actor=agent("ada")), did("passed", actor=ACCOUNT), did("passed")
        )
        assert statements_of(await history(browser, "me")) == ids[:1]
        person = await join(database, tenant, agent("ada"), ACCOUNT, name="Ada")
        page = await history(browser, "me", limit=1)
        assert page["entries"][0]["sentence"] == "Ada passed “Fire safety”."
        rest = await history(browser, "me", cursor=page["cursor"])
        assert statements_of(page) + statements_of(rest) == [ids[1], ids[0]]
        mine = (await browser.get("/api/v1/me/summary")).json()
        assert (mine["person"], mine["total"]["passed"]) == (str(person), 1)
        assert (await ask(browser, person)).status_code == 403
        assert (await ask(client, person, cursor=page["cursor"])).status_code == 400


async def test_whom_somebody_is_said_to_be_is_whose_history_they_read(
    app: FastAPI, client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    """In whatever role; those whom they lead are not they."""
    store = tenant.principal.store_name
    lead = await make_someone(database, as_role(Role.TEAM_LEAD, store))
    ids = await post(client, did("passed", actor=agent("ada")), did("passed"))
    async with signed_in(app, lead) as browser:
        assert (await ask(browser, "me")).status_code == 404
        person = await join(database, tenant, agent("anna"))
        async with database.writing() as connection:
            await fetch_text(
                connection,
                'INSERT INTO user_people (store, "user", person) VALUES ($1, $2, $3)',
                [tenant.principal.store, lead.id, person],
            )
        assert statements_of(await history(browser, "me")) == ids[1:]


async def test_a_tool_has_no_history_of_its_own(client: httpx.AsyncClient) -> None:
    assert (await ask(client, "me")).status_code == 403
    assert (await client.get("http://lrs.test/api/v1/me/summary")).status_code == 403


async def test_whose_data_may_only_be_kept_has_no_history_but_for_the_platforms_owner(
    app: FastAPI, client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    await post(client, did("passed"))
    person = await join(database, tenant, agent("anna"), ACCOUNT)
    async with who_may(app, database, tenant, Scope.PEOPLE_READ) as reader:
        assert (await ask(reader, person)).status_code == 200
        url = f"http://lrs.test/api/v1/people/{person}/restrictions"
        assert (await client.post(url, json={"reason": "contested"})).status_code == 201
        async with asyncio.timeout(1.0):
            while (await ask(reader, person)).status_code != 404:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        assert (await ask(client, person)).status_code == 200


async def summary(client: httpx.AsyncClient, person: UUID | str, **asked: Any) -> Json:
    url = f"http://lrs.test/api/v1/people/{person}/summary"
    answer = await client.get(url, params=asked)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def test_a_summary_adds_up_by_system_and_by_course(
    client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    skill = titled("skill", COMPETENCY, de="Erste Hilfe", en="First aid")
    rating = {"score": {"raw": 4, "min": 0, "max": 5}}
    done = {"completion": True}
    in_course = {"contextActivities": {"grouping": [activity("site"), {"id": FIRE["id"]}]}}

    def on(day: int, verb: str, thing: Json = FIRE, **more: Any) -> Json:
        actor = ACCOUNT if day % 2 else agent("anna")
        return did(verb, thing, actor, timestamp=f"2026-01-0{day}T12:00:00Z", **more)

    _, voided, *_ = await post(
        client,
        on(1, "initialized"),
        on(2, "completed", LESSON),
        on(2, "failed", LESSON, context=in_course, result={"score": {"scaled": 0.2}}),
        on(4, "completed", result={"score": {"scaled": 0.9}, "success": True, "duration": "PT1H"}),
        on(3, "completed", result={"score": {"scaled": 0.95}, "completion": False}),
        on(5, "mastered", skill),
        on(5, "answered", LESSON, result={"score": {"scaled": 1}, "success": True} | done),
        on(6, "experienced", result={"duration": "PT30M"})
        | {"verb": {"id": "http://id.tincanapi.com/verb/rated"}, "result": rating},
    )
    await post(client, voiding(voided))
    person = await join(database, tenant, agent("anna"), ACCOUNT)
    found = await summary(client, person, language="de")
    total = found["total"]
    assert found["name"] == "Anna Berger"
    assert total["statements"] == 7
    assert (total["started"], total["completed"]) == (1, 1)
    assert (total["passed"], total["failed"], total["mastered"]) == (1, 1, 1)
    assert (total["best_score"], total["last_score"]) == (0.95, 0.9)
    assert (total["seconds"], total["ratings"], total["rating"]) == (3600, 1, 0.8)
    assert total["last_seen"] == "2026-01-06T12:00:00Z"
    (system,) = found["systems"]
    assert system.pop("system") == {"name": "Moodle", "kind": "LMS"}
    assert system == total
    (course,) = found["courses"]
    assert course["course"] == {"id": FIRE["id"], "name": "Brandschutz"}
    assert course["systems"] == ["Moodle"]
    assert (course["statements"], course["failed"]) == (5, 1)
    assert (course["best_score"], course["last_score"]) == (0.95, 0.9)
    assert course["started_at"] == "2026-01-01T12:00:00Z"
    assert course["completed_at"] == "2026-01-04T12:00:00Z"
    (competence,) = found["competences"]
    assert competence["activity"]["name"] == "Erste Hilfe"
    assert competence["first_seen"] == "2026-01-05T12:00:00Z"
    assert not found["truncated"]


async def test_who_did_nothing_has_an_empty_summary(
    client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    person = await join(database, tenant)
    found = await summary(client, person)
    assert found["total"]["statements"] == 0
    assert found["systems"] == found["courses"] == found["competences"] == []
    assert (await history(client, person))["entries"] == []


async def test_who_looks_at_a_history_is_recorded(app: FastAPI, client: httpx.AsyncClient) -> None:
    await post(client, did("passed"))
    person = key_of(agent("anna"))
    await history(client, person)
    await summary(client, person)
    asked = {"action": "person.read", "target": str(person)}
    await app.state.services.audit.flush(is_last=True)
    records = (await client.get("http://lrs.test/api/v1/audit", params=asked)).json()["records"]
    assert sum("history" in each["details"] for each in records) == 1
    assert records
