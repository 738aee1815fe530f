"""Tolerant stores: what real clients send is accepted, kept as it came, found and counted."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from builders import Json, a_statement, activity, reference
from cases.good_statements import with_changes
from cases.lenient_statements import (
    LENIENT_STATEMENTS,
    NOTHING_TO_GAIN,
    PROBLEM,
    SESSION,
    LenientStatement,
)
from conftest import Tenant, make_tenant
from lrs.auth.store_settings import AS_THE_SERVICE
from lrs.storage.engines import Database
from lrs.storage.stores import update_store
from lrs.xapi.leniencies import Leniency, Mode
from statement_resource import get, listed, new_id, page, post, post_text, put, stored

METRICS = "http://lrs.test/metrics"
SUMS = "http://lrs.test/api/v1/analytics/query"
WITH_SESSION = {"contextActivities": {"grouping": [{"id": SESSION}]}}

each_lenient = pytest.mark.parametrize("case", LENIENT_STATEMENTS, ids=lambda case: case.name)


@pytest.fixture
async def tolerant_tenant(database: Database) -> Tenant:
    return await make_tenant(database, mode=Mode.TOLERANT)


@pytest.fixture
async def tolerant(app: FastAPI, tolerant_tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the credential of a tolerant store."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://lrs.test/xapi",
        auth=tolerant_tenant.auth,
        headers=tolerant_tenant.headers,
    ) as client:
        yield client


async def refused(client: httpx.AsyncClient, statement: Json | list[Json]) -> list[str]:
    """Post, expect a refusal, and return the places of the violations."""
    answer = await client.post("/statements", json=statement)
    assert answer.status_code == 400, answer.text
    return [violation["path"] for violation in answer.json()["violations"]]


async def counts(client: httpx.AsyncClient) -> dict[str, float]:
    """Return how often each rule was used, as the metrics tell it."""
    answer = await client.get(METRICS)
    assert answer.status_code == 200, answer.text
    line = r'^lrs_leniencies_used_total\{rule="([a-z-]+)",store="[^"]*"\} (\S+)$'
    return {rule: float(number) for rule, number in re.findall(line, answer.text, re.MULTILINE)}


# Accepted, and kept as it came


@each_lenient
async def test_it_is_accepted_where_the_store_is_tolerant_alone(
    client: httpx.AsyncClient, tolerant: httpx.AsyncClient, case: LenientStatement
) -> None:
    assert await refused(client, case.body) == [case.path]
    assert await listed(client) == []

    ids = await post(tolerant, case.body)
    assert await listed(tolerant) == ids


async def test_the_text_comes_back_as_it_was_sent(tolerant: httpx.AsyncClient) -> None:
    sent = (
        '{"actor":{"mbox":"mailto:ada@example.org"}, "verb": {"id":"urn:evaluated"},'
        ' "object": {"objectType":"GroupActivity" , "id":" no \\u00efri "},'
        ' "result":{"score":{"max":0.00,"min":0,"raw":0e0}},'
        ' "context":{"language":"en_us_wp","platform":"Open edX"}'
    )
    answer = await post_text(tolerant, sent + "}")
    assert answer.status_code == 200, answer.text
    (identifier,) = answer.json()
    assert (await get(tolerant, identifier)).text.startswith(sent + ',"authority":')


async def test_it_is_put_too(tolerant: httpx.AsyncClient) -> None:
    identifier = new_id()
    assert (await put(tolerant, identifier, with_changes(object=PROBLEM))).status_code == 204
    assert (await stored(tolerant, identifier))["object"] == PROBLEM


async def test_it_is_the_same_when_it_comes_again_and_another_is_a_conflict(
    tolerant: httpx.AsyncClient,
) -> None:
    identifier = new_id()
    sent = with_changes(id=identifier, object=PROBLEM)
    await post(tolerant, sent)
    again = await tolerant.post("/statements", json=sent)
    assert (again.status_code, again.headers["X-LRS-Stored"]) == (200, "0")

    other = sent | {"object": PROBLEM | {"objectType": "Activity"}}
    assert (await tolerant.post("/statements", json=other)).status_code == 409


async def test_a_batch_with_something_unforgiven_is_refused_as_a_whole(
    tolerant: httpx.AsyncClient,
) -> None:
    fine, wrong = with_changes(object=PROBLEM), with_changes(object=PROBLEM | {"id": ""})
    assert await refused(tolerant, [fine, wrong, a_statement()]) == ["statements[1].object.id"]
    assert await listed(tolerant) == []


@pytest.mark.parametrize("thing", [{}, {"definition": {}}, {"objectType": "Activity"}])
async def test_an_object_without_an_id_is_refused_everywhere(
    client: httpx.AsyncClient, tolerant: httpx.AsyncClient, thing: Json
) -> None:
    for each in (client, tolerant):
        assert "object.id" in await refused(each, with_changes(object=thing))


@pytest.mark.parametrize(
    "changes",
    [
        {"object": {"id": "block-v1:org+course+run+type@problem+block@3fc5461f"}},
        {"object": {"id": "http://5pmXx3XAGvX_course_id"}},
        {"object": {"id": "http://TheQuiz-urn:scormdriver:5419"}},
        {"context": {"contextActivities": {}}},
        {"result": {"score": {}}},
    ],
    ids=str,
)
async def test_what_only_looks_odd_needs_no_leniency(
    client: httpx.AsyncClient, changes: Json
) -> None:
    (identifier,) = await post(client, with_changes(**changes))
    assert changes.items() <= (await stored(client, identifier)).items()


# Found


async def test_a_group_activity_is_found_as_an_activity(tolerant: httpx.AsyncClient) -> None:
    whole, part = await post(
        tolerant,
        a_statement(object=PROBLEM),
        a_statement(context={"contextActivities": {"parent": [PROBLEM]}}),
    )
    (about,) = await post(tolerant, a_statement(object=reference(whole)))
    iri = PROBLEM["id"]
    assert await listed(tolerant, activity=iri, ascending="true") == [whole, about]
    related = await listed(tolerant, activity=iri, related_activities="true", ascending="true")
    assert related == [whole, part, about]


@pytest.mark.parametrize("text", [SESSION, " Quiz 1 ", "/courses/ä?x=1&y#z", "#", "a+b%20c"])
async def test_an_id_that_is_no_iri_is_found_to_the_letter(
    tolerant: httpx.AsyncClient, text: str
) -> None:
    (direct,) = await post(tolerant, a_statement(object={"id": text}))
    context = {"contextActivities": {"grouping": [{"id": text}]}}
    (related,) = await post(tolerant, a_statement(context=context))

    assert await listed(tolerant, activity=text) == [direct]
    assert await listed(tolerant, activity=text, related_activities="true") == [related, direct]
    assert await listed(tolerant, activity=text + "x") == []


async def test_pages_go_on_where_the_filter_is_no_iri(tolerant: httpx.AsyncClient) -> None:
    ids = await post(tolerant, *[a_statement(object={"id": SESSION}) for _ in range(3)])
    assert await listed(tolerant, activity=SESSION, limit=1, ascending="true") == ids


@pytest.mark.parametrize("text", ["", "  ", "a\0b"])
async def test_a_filter_that_no_activity_fits_is_refused(
    tolerant: httpx.AsyncClient, text: str
) -> None:
    for resource, name in (("/statements", "activity"), ("/activities", "activityId")):
        assert (await tolerant.get(resource, params={name: text})).status_code == 400


async def test_a_filter_that_is_no_iri_is_refused_where_the_store_is_strict(
    client: httpx.AsyncClient,
) -> None:
    for resource, name in (("/statements", "activity"), ("/activities", "activityId")):
        assert (await client.get(resource, params={name: SESSION})).status_code == 400


async def test_a_verb_is_an_iri_everywhere(tolerant: httpx.AsyncClient) -> None:
    assert (await tolerant.get("/statements", params={"verb": SESSION})).status_code == 400


async def test_formats_know_a_group_activity_as_an_activity(tolerant: httpx.AsyncClient) -> None:
    named = PROBLEM | {"definition": {"name": {"de": "Zwei Fragen"}}}
    await post(tolerant, a_statement(object=activity("other") | {"id": PROBLEM["id"]} | named))
    (identifier,) = await post(tolerant, a_statement(object=PROBLEM))

    answers = {
        form: (await page(tolerant, activity=PROBLEM["id"], format=form))["statements"][0]
        for form in ("exact", "ids", "canonical")
    }
    assert {answer["id"] for answer in answers.values()} == {identifier}
    assert answers["exact"]["object"] == PROBLEM
    assert answers["ids"]["object"] == {"id": PROBLEM["id"]}
    assert answers["canonical"]["object"]["objectType"] == "Activity"
    assert answers["canonical"]["object"]["definition"]["interactionType"] == "other"


async def test_the_activities_resource_knows_it(tolerant: httpx.AsyncClient) -> None:
    named = {"name": {"en": "A session"}}
    await post(
        tolerant,
        a_statement(object=PROBLEM),
        a_statement(object={"id": SESSION, "definition": named}),
    )
    for iri, definition in ((PROBLEM["id"], PROBLEM["definition"]), (SESSION, named)):
        answer = await tolerant.get("/activities", params={"activityId": iri})
        expected = {"objectType": "Activity", "id": iri, "definition": definition}
        assert answer.json() == expected


async def test_sums_count_it(tolerant: httpx.AsyncClient) -> None:
    rated = {"id": "http://id.tincanapi.com/verb/rated"}
    await post(
        tolerant,
        a_statement(object=PROBLEM, context={"language": "en_us_wp"}),
        a_statement(object={"id": SESSION}, verb=rated, result={"score": NOTHING_TO_GAIN}),
    )
    asked: dict[str, Any] = {
        "measures": ["statements.count", "activities.unique", "rating.avg"],
        "dimensions": ["activity.id", "activity.type"],
    }
    answer = await tolerant.post(SUMS, json=asked)
    assert answer.status_code == 200, answer.text
    assert sorted(answer.json()["rows"]) == [
        [SESSION, None, 1, 1, None],
        [PROBLEM["id"], PROBLEM["definition"]["type"], 1, 1, None],
    ]
    only = {"member": "activity.id", "operator": "equals", "values": [SESSION]}
    answer = await tolerant.post(SUMS, json={"measures": ["statements.count"], "filters": [only]})
    assert answer.json()["rows"] == [[1]]


# Set


async def test_a_change_of_the_mode_is_known_within_a_second(
    client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    sent = a_statement(object=PROBLEM)
    for mode, status in ((Mode.TOLERANT, 200), (Mode.STRICT, 400)):
        async with database.writing() as connection:
            await update_store(connection, tenant.principal.store, mode, AS_THE_SERVICE)
        set_at = time.monotonic()
        while (await client.post("/statements", json=sent)).status_code != status:
            assert time.monotonic() - set_at < 1
            await asyncio.sleep(0.02)


async def test_what_a_store_holds_stays_when_it_becomes_strict(
    tolerant: httpx.AsyncClient, tolerant_tenant: Tenant, database: Database
) -> None:
    (identifier,) = await post(tolerant, a_statement(object=PROBLEM, context=WITH_SESSION))
    async with database.writing() as connection:
        await update_store(connection, tolerant_tenant.principal.store, Mode.STRICT, AS_THE_SERVICE)
    assert await listed(tolerant, activity=PROBLEM["id"]) == [identifier]
    assert (await stored(tolerant, identifier))["context"] == WITH_SESSION


# Counted


async def test_each_statement_is_counted_once_for_each_rule_that_it_needs(
    tolerant: httpx.AsyncClient,
) -> None:
    assert await counts(tolerant) == {}
    both = {"contextActivities": {"parent": [PROBLEM, PROBLEM], "grouping": [{"id": SESSION}]}}
    await post(tolerant, a_statement(context=both), a_statement(object=PROBLEM), a_statement())
    await put(tolerant, new_id(), a_statement(result={"score": NOTHING_TO_GAIN}))
    await post(tolerant, a_statement(context={"language": "de_du"}))
    assert await counts(tolerant) == {
        Leniency.GROUP_ACTIVITY: 2,
        Leniency.ACTIVITY_ID_NOT_IRI: 1,
        Leniency.EMPTY_SCORE_RANGE: 1,
        Leniency.LANGUAGE_WITH_UNDERSCORES: 1,
    }


async def test_what_is_not_accepted_is_not_counted(
    client: httpx.AsyncClient, tolerant: httpx.AsyncClient
) -> None:
    await refused(tolerant, [a_statement(object=PROBLEM), a_statement(object={})])
    await refused(client, a_statement(object=PROBLEM))
    identifier = new_id()
    await post(tolerant, a_statement(id=identifier))
    conflict = a_statement(id=identifier, object=PROBLEM)
    assert (await tolerant.post("/statements", json=conflict)).status_code == 409
    assert await counts(tolerant) == await counts(client) == {}


async def test_a_credential_sees_the_counts_of_its_own_store(
    client: httpx.AsyncClient, tolerant: httpx.AsyncClient, tolerant_tenant: Tenant
) -> None:
    await post(tolerant, a_statement(object=PROBLEM))
    name = tolerant_tenant.principal.store_name
    assert name in (await tolerant.get(METRICS)).text
    assert name not in (await client.get(METRICS)).text


async def test_metrics_need_credentials(anonymous: httpx.AsyncClient) -> None:
    assert (await anonymous.get(METRICS)).status_code == 401


async def test_metrics_are_told_in_the_format_of_prometheus(tolerant: httpx.AsyncClient) -> None:
    await post(tolerant, a_statement(object=PROBLEM))
    answer = await tolerant.get(METRICS, headers={"X-Experience-API-Version": ""})
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    assert lines[0].startswith("# HELP lrs_leniencies_used_total ")
    assert lines[1] == "# TYPE lrs_leniencies_used_total counter"
    assert len(lines) == 3
