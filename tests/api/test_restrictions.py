"""What a credential may not see is nowhere: by id, as data, as a name, in a sum."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from builders import Json, a_statement, activity, agent, verb, voiding
from conftest import Tenant, client_of, make_tenant, revoke
from lrs.auth.restrictions import Grant
from lrs.auth.scopes import EVERYTHING, Scope, Scopes
from lrs.services.folding import FoldingService
from lrs.storage.access_changes import count_up
from lrs.storage.engines import Database
from lrs.xapi.keys import Ifi, ifi_key
from multipart_requests import Part, multipart
from statement_resource import exists, get, listed, new_id, page, post

QUERY = "http://lrs.test/api/v1/analytics/query"
PROVENANCE = "http://lrs.test/api/v1/statements"
DATA = "http://lrs.test/api/v1/attachments"
MINE = Scopes({Scope.STATEMENTS_WRITE, Scope.STATEMENTS_READ_MINE})
READ = Scopes({Scope.STATEMENTS_READ})
_GIVE_AUTHORITY = text(
    "UPDATE credentials SET authority = :authority, authority_key = :authority_key"
    " WHERE authority_key = :old"
)
PERSONAL = Scopes({Scope.ANALYTICS_READ, Scope.ANALYTICS_PERSONAL})
ADA, BOB = agent("ada"), agent("bob")
QUIZ, EXAM = activity("quiz")["id"], activity("exam")["id"]

# Makes a client with a credential of its own to the one store of the test.
Admit = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def admit(app: FastAPI, database: Database) -> AsyncIterator[Admit]:
    name, tenants = uuid4().hex, list[Tenant]()
    async with AsyncExitStack() as stack:

        async def admit(scopes: Scopes = EVERYTHING, **access: Any) -> httpx.AsyncClient:
            tenant = await make_tenant(database, name, scopes=scopes, **access)
            tenants.append(tenant)
            return await stack.enter_async_context(client_of(app, tenant))

        yield admit
    for tenant in tenants:
        await revoke(database, tenant)


def only(*agents: Json, activities: list[str] | None = None) -> Grant:
    return Grant.of([json.dumps(each) for each in agents] or None, activities)


def authority(person: Json) -> dict[str, Any]:
    return {
        "authority": json.dumps(person),
        "authority_key": ifi_key(Ifi("mbox", person["mbox"])),
    }


async def answers(client: httpx.AsyncClient, identifier: str) -> dict[str, int]:
    """The statuses of all that shows one statement."""
    voided = {"voidedStatementId": identifier}
    return {
        "get": (await get(client, identifier)).status_code,
        "voided": (await client.get("/statements", params=voided)).status_code,
        "provenance": (await client.get(f"{PROVENANCE}/{identifier}")).status_code,
    }


SHOWN = {"get": 200, "voided": 404, "provenance": 200}
SHOWN_AS_VOIDED = {"get": 404, "voided": 200, "provenance": 200}
HIDDEN = dict.fromkeys(SHOWN, 404)


async def test_what_another_tool_brought_is_not_mine(admit: Admit) -> None:
    tool, other = await admit(MINE), await admit(MINE)
    (mine,), (theirs,) = await post(tool, a_statement()), await post(other, a_statement())
    assert await answers(tool, mine) == SHOWN
    assert await answers(tool, theirs) == HIDDEN
    assert await listed(tool) == [mine]
    assert await listed(other) == [theirs]


async def test_what_was_just_written_is_there_at_once(admit: Admit) -> None:
    tool = await admit(MINE)
    for _ in range(5):
        (identifier,) = await post(tool, a_statement())
        assert await exists(tool, identifier)
        assert identifier in await listed(tool)


async def test_tools_with_one_authority_see_what_each_brought(admit: Admit) -> None:
    tool, twin = await admit(MINE, **authority(ADA)), await admit(MINE, **authority(ADA))
    (first,), (second,) = await post(tool, a_statement()), await post(twin, a_statement())
    assert await listed(tool) == await listed(twin) == [second, first]
    assert await answers(tool, second) == SHOWN


SPEAKING_OF_ADA: dict[str, Json] = {
    "actor": {"actor": ADA},
    "object": {"object": ADA},
    "instructor": {"context": {"instructor": ADA}},
    "team": {"context": {"team": {"objectType": "Group", "member": [ADA]}}},
}


@pytest.mark.parametrize("named", SPEAKING_OF_ADA.values(), ids=SPEAKING_OF_ADA.keys())
async def test_who_is_named_elsewhere_is_not_the_authority(admit: Admit, named: Json) -> None:
    """And is it no less where it is named elsewhere too."""
    tool, other = await admit(MINE, **authority(ADA)), await admit(MINE)
    spoken = {"actor": agent("carl")} | named
    (mine,), (theirs,) = await post(tool, a_statement(**spoken)), await post(other, a_statement())
    (of_ada,) = await post(other, a_statement(**spoken))
    assert await listed(tool) == [mine]
    assert await answers(tool, mine) == SHOWN
    assert await answers(tool, of_ada) == HIDDEN
    assert await listed(other) == [of_ada, theirs]


async def test_what_a_tool_brought_under_another_authority_is_not_mine(
    admit: Admit, database: Database
) -> None:
    tool = await admit(MINE, **authority(ADA))
    (before,) = await post(tool, a_statement())
    values = authority(BOB) | {"old": authority(ADA)["authority_key"]}
    async with database.writing() as connection:
        await connection.execute(_GIVE_AUTHORITY, values)
        await count_up(connection)
    (after,) = await post(twin := await admit(MINE, **authority(BOB)), a_statement())
    assert await listed(twin) == await listed(tool) == [after]
    assert await answers(tool, before) == HIDDEN


async def test_voided_statements_are_hidden_as_others_are(admit: Admit) -> None:
    tool, other = await admit(MINE), await admit()
    (mine,), (theirs,) = await post(tool, a_statement()), await post(other, a_statement())
    await post(other, voiding(mine), voiding(theirs))
    assert await answers(tool, mine) == SHOWN_AS_VOIDED
    assert await answers(tool, theirs) == HIDDEN
    assert await answers(other, theirs) == SHOWN_AS_VOIDED
    assert await listed(tool) == []


async def test_a_team_and_activities_are_both_asked_for(admit: Admit) -> None:
    writer = await admit()
    reader = await admit(READ, grant=only(ADA, activities=[QUIZ]))
    quiz = {"object": activity("quiz")}
    parent = {"context": {"contextActivities": {"parent": [activity("quiz")]}}}
    first, second, *hidden = await post(
        writer,
        a_statement(actor=ADA, **quiz),
        a_statement(actor=ADA, **parent),
        a_statement(actor=ADA),
        a_statement(actor=BOB, **quiz),
        a_statement(actor=BOB, object=ADA, **parent),
    )
    assert await listed(reader) == [second, first]
    assert [await answers(reader, each) for each in hidden] == [HIDDEN] * 3


async def test_a_hidden_id_is_taken_all_the_same(admit: Admit) -> None:
    tool, other = await admit(MINE), await admit(MINE)
    identifier = new_id()
    await post(tool, a_statement(id=identifier))
    answer = await other.post("/statements", json=a_statement(id=identifier, actor=BOB))
    assert answer.status_code == 409


def with_data(data: bytes, **properties: Any) -> Json:
    attachment = {
        "usageType": "http://example.org/attachments/report",
        "display": {"en": "Report"},
        "contentType": "application/pdf",
        "length": len(data),
        "sha2": hashlib.sha256(data).hexdigest(),
    }
    return a_statement(attachments=[attachment], **properties)


async def bring(client: httpx.AsyncClient, data: bytes, **properties: Any) -> str:
    part = Part(data, content_type="application/pdf")
    body, headers = multipart(with_data(data, **properties), part)
    answer = await client.post("/statements", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    (identifier,) = answer.json()
    return str(identifier)


async def test_data_are_there_for_who_sees_a_statement_that_brought_them(admit: Admit) -> None:
    writer, reader = await admit(), await admit(READ, grant=only(ADA))
    await bring(writer, b"of ada", actor=ADA)
    await bring(writer, b"of bob", actor=BOB)
    await bring(writer, b"of both", actor=BOB)
    await bring(writer, b"of both", actor=ADA)
    statuses = {}
    for data in (b"of ada", b"of bob", b"of both"):
        address = f"{DATA}/{hashlib.sha256(data).hexdigest()}"
        assert (await writer.get(address)).content == data
        statuses[data] = (await reader.get(address)).status_code
    assert statuses == {b"of ada": 200, b"of bob": 404, b"of both": 200}


async def test_a_list_brings_the_data_of_what_it_shows(admit: Admit) -> None:
    writer, reader = await admit(), await admit(READ, grant=only(ADA))
    await bring(writer, b"of ada", actor=ADA)
    await bring(writer, b"of bob", actor=BOB)
    answer = await reader.get("/statements", params={"attachments": "true"})
    assert b"of ada" in answer.content
    assert b"of bob" not in answer.content


async def test_an_agent_outside_of_a_team_is_answered_as_an_unknown_one(admit: Admit) -> None:
    writer, reader = await admit(), await admit(READ, grant=only(ADA))
    await post(writer, *(a_statement(actor=each | {"name": "Somebody"}) for each in (ADA, BOB)))
    persons = [
        (await reader.get("/agents", params={"agent": json.dumps(each)})).json()
        for each in (ADA, BOB)
    ]
    assert persons[0]["name"] == ["Somebody"]
    assert persons[1] == {"objectType": "Person", "mbox": [BOB["mbox"]]}


async def test_definitions_are_those_of_the_store(admit: Admit) -> None:
    writer, reader = await admit(), await admit(READ, grant=only(ADA, activities=[QUIZ]))
    exam = activity("exam") | {"definition": {"name": {"en": "The exam"}}}
    await post(writer, a_statement(actor=BOB, object=exam))
    answer = await reader.get("/activities", params={"activityId": EXAM})
    assert answer.json()["definition"] == exam["definition"]


async def ask(client: httpx.AsyncClient, **asked: Any) -> httpx.Response:
    return await client.post(QUERY, json={"measures": ["statements.count"]} | asked)


async def count(client: httpx.AsyncClient, **asked: Any) -> int:
    answer = await ask(client, **asked)
    assert answer.status_code == 200, answer.text
    ((number,),) = answer.json()["rows"]
    return int(number)


RESTRICTED: dict[str, dict[str, Any]] = {
    "mine": {"scopes": PERSONAL | MINE},
    "a team": {"scopes": PERSONAL | READ, "grant": only(ADA, agent("carl"))},
    "activities": {"scopes": PERSONAL | READ, "grant": only(activities=[QUIZ, EXAM])},
    "mine, of a team and activities": {
        "scopes": PERSONAL | MINE,
        "grant": only(ADA, BOB, activities=[QUIZ]),
    },
    "nobody": {"scopes": PERSONAL | READ, "grant": Grant.of([], None)},
}
TRIED = {"member": "verb.id", "operator": "equals", "values": [verb("tried")["id"]]}


async def write_some(*clients: httpx.AsyncClient) -> None:
    """Store by each client what each of some people did with each of some activities."""
    for client in clients:
        _, *others = await post(
            client,
            *(
                a_statement(actor=agent(name), verb=verb(spoken), object=activity(thing), **more)
                for name in ("ada", "bob", "carl", "dora")
                for spoken in ("tried", "failed")
                for thing in ("quiz", "exam", "film")
                for more in ({}, {"context": {"contextActivities": {"other": activity("quiz")}}})
            ),
        )
        await post(client, *(voiding(each, actor=agent("ada")) for each in others[::7]))


@pytest.mark.parametrize("access", RESTRICTED.values(), ids=RESTRICTED.keys())
async def test_a_sum_is_what_the_list_shows(admit: Admit, access: dict[str, Any]) -> None:
    writer, reader = await admit(), await admit(**access)
    is_mine = Scope.STATEMENTS_WRITE in access["scopes"]
    await write_some(writer, *([reader] if is_mine else []))
    shown = (await page(reader, limit=1000))["statements"]
    assert await count(reader) == len(shown)
    tried = [each for each in shown if each["verb"]["id"] == verb("tried")["id"]]
    assert await count(reader, filters=[TRIED]) == len(tried)
    groups = (await ask(reader, dimensions=["actor"])).json()["rows"]
    assert sum(number for _, number in groups) == await count(reader)
    assert await count(reader) < await count(writer)


async def test_who_sees_a_part_is_answered_from_statements_also_where_rollups_are(
    admit: Admit, database: Database
) -> None:
    writer, reader = await admit(), await admit(PERSONAL | READ, grant=only(ADA))
    await post(writer, a_statement(actor=ADA), a_statement(actor=BOB))
    while (await ask(writer)).json()["meta"]["source"] != "rollup":
        await FoldingService(database, "UTC", worth=1).catch_up()
    assert (await ask(reader)).json()["meta"]["source"] == "raw"
    assert await count(reader) == 1


async def test_who_may_only_have_sums_has_those_of_the_whole_store(admit: Admit) -> None:
    writer, analyst = await admit(), await admit(Scopes({Scope.ANALYTICS_READ}))
    await post(writer, a_statement(actor=ADA), a_statement(actor=BOB))
    assert await count(analyst) == 2
    assert (await analyst.get("/statements")).status_code == 403


async def test_sums_end_at_a_grant_also_for_who_may_only_have_sums(admit: Admit) -> None:
    writer = await admit()
    analyst = await admit(Scopes({Scope.ANALYTICS_READ}), grant=only(activities=[QUIZ]))
    await post(writer, a_statement(object=activity("quiz")), a_statement(object=activity("exam")))
    assert await count(analyst) == 1


NAMING_PERSONS: dict[str, Json] = {
    "groups": {"dimensions": ["actor"]},
    "filter": {"filters": [{"member": "actor", "operator": "equals", "values": ["mailto:x@y.z"]}]},
    "negative filter": {"filters": [{"member": "actor", "operator": "not_set", "values": []}]},
}


@pytest.mark.parametrize("asked", NAMING_PERSONS.values(), ids=NAMING_PERSONS.keys())
async def test_single_persons_need_a_scope_of_their_own(admit: Admit, asked: Json) -> None:
    analyst = await admit(Scopes({Scope.ANALYTICS_READ}))
    answer = await ask(analyst, **asked)
    assert answer.status_code == 403
    assert "analytics/personal" in answer.json()["detail"]
    assert (await ask(analyst, measures=["actors.unique"])).status_code == 200
    assert (await ask(await admit(PERSONAL), **asked)).status_code == 200
