"""The same id again: the same content, or a conflict (Data 2.3.1, Comm. 2.1.2)."""

import json
from typing import Any

import httpx
import pytest

from builders import Json, a_statement, a_substatement, activity, agent, group, reference, verb
from statement_resource import VERSION_2, exists, listed, new_id, post, post_text, put, stored

ID = "fd41c918-b88b-4b20-a0a5-a4c32391aaa0"
OTHER = "6e9b0d1c-9bd3-4f3c-9a53-0a8e0d1b2c3d"
MOMENT = "2025-03-01T12:30:00.500Z"


def score(text: str) -> str:
    """Write a statement whose score is spelt as given."""
    body = json.dumps(a_statement(id=ID, result={"score": {"raw": 0}}))
    return body.replace('"raw": 0', f'"raw": {text}')


def statement(**properties: Any) -> str:
    return json.dumps(a_statement(id=ID, timestamp=MOMENT) | properties)


def context(**properties: Any) -> str:
    return statement(context=properties)


BARE = a_statement(id=ID, timestamp=MOMENT)
DEFINED = activity() | {"definition": {"name": {"en": "Course"}}}
ATTACHED: Json = {
    "usageType": "http://example.org/certificate",
    "display": {"en-US": "Certificate"},
    "contentType": "text/plain",
    "length": 3,
    "sha2": "ab" * 32,
    "fileUrl": "https://example.org/x",
}

SAME = {
    "to the letter": (statement(), statement()),
    "in another order": (statement(), json.dumps(dict(reversed(BARE.items())))),
    "with spaces": (statement(), json.dumps(BARE, indent=3) + "\n"),
    "with escapes": (statement(), statement().replace("ada", "\\u0061da")),
    "id in upper case": (statement(), statement(id=ID.upper())),
    "another zone": (statement(), statement(timestamp="2025-03-01T14:30:00.500+02:00")),
    "more zeros": (statement(), statement(timestamp="2025-03-01T12:30:00.500000Z")),
    "without timestamp": (statement(), json.dumps(a_statement(id=ID))),
    "with timestamp": (json.dumps(a_statement(id=ID)), statement()),
    "stored": (statement(), statement(stored=MOMENT)),
    "authority": (statement(), statement(authority=agent("eve"))),
    "version": (statement(), statement(version="1.0.1")),
    "objectType of Agent": (statement(), statement(actor={"mbox": agent()["mbox"]})),
    "objectType of Activity": (statement(), statement(object={"id": activity()["id"]})),
    "domain in upper case": (statement(), statement(actor={"mbox": "mailto:ada@EXAMPLE.org"})),
    "definition": (statement(), statement(object=DEFINED)),
    "display": (statement(), statement(verb=verb() | {"display": {"en": "completed"}})),
    "order of members": (
        statement(actor=group(agent("a"), agent("b"))),
        statement(actor=group(agent("b"), agent("a"))),
    ),
    "lone contextActivity": (
        context(contextActivities={"parent": activity("p")}),
        context(contextActivities={"parent": [activity("p")]}),
    ),
    "lone contextActivity of a SubStatement": (
        statement(object=a_substatement(context={"contextActivities": {"other": activity()}})),
        statement(object=a_substatement(context={"contextActivities": {"other": [activity()]}})),
    ),
    "registration in upper case": (
        context(registration=OTHER),
        context(registration=OTHER.upper()),
    ),
    "reference in upper case": (
        statement(object=reference(OTHER)),
        statement(object=reference(OTHER.upper())),
    ),
    "language in another case": (context(language="de-AT"), context(language="DE-at")),
    "1 and 1.0": (score("1"), score("1.0")),
    "100 and 1e2": (score("100"), score("1e2")),
    "hundredths of a second": (
        statement(result={"duration": "PT1.23S"}),
        statement(result={"duration": "PT1.239S"}),
    ),
}
DIFFERENT = {
    "actor": (statement(), statement(actor=agent("eve"))),
    "name of actor": (statement(), statement(actor=agent() | {"name": "Ada"})),
    "case before the @": (statement(), statement(actor={"mbox": "mailto:Ada@example.org"})),
    "verb": (statement(), statement(verb=verb("failed"))),
    "object": (statement(), statement(object=activity("other"))),
    "kind of object": (statement(), statement(object=agent())),
    "timestamp": (statement(), statement(timestamp="2025-03-01T12:30:00.501Z")),
    "more": (statement(), statement(result={})),
    "less": (statement(result={"success": True}), statement()),
    "success": (statement(result={"success": True}), statement(result={"success": False})),
    "score": (score("1"), score("1.0000000000000000000001")),
    "large integer": (score("100000000000000000000000000001"), score("1e29")),
    "duration": (
        statement(result={"duration": "PT1M"}),
        statement(result={"duration": "PT61S"}),
    ),
    "spelling of a duration": (
        statement(result={"duration": "PT1M"}),
        statement(result={"duration": "PT60S"}),
    ),
    "members": (
        statement(actor=group(agent("a"), agent("b"))),
        statement(actor=group(agent("a"), agent("b"), agent("b"))),
    ),
    "order of contextActivities": (
        context(contextActivities={"parent": [activity("a"), activity("b")]}),
        context(contextActivities={"parent": [activity("b"), activity("a")]}),
    ),
    "kind of contextActivities": (
        context(contextActivities={"parent": activity("a")}),
        context(contextActivities={"other": activity("a")}),
    ),
    "extension": (
        context(extensions={"http://x.org/x": 1}),
        context(extensions={"http://x.org/x": True}),
    ),
    "case in an extension": (
        context(extensions={"http://x.org/x": "a"}),
        context(extensions={"http://x.org/x": "A"}),
    ),
    "order in an extension": (
        context(extensions={"http://x.org/x": [1, 2]}),
        context(extensions={"http://x.org/x": [2, 1]}),
    ),
    "attachments": (statement(), statement(attachments=[ATTACHED])),
}


@pytest.mark.requirement("XAPI-00142")
@pytest.mark.parametrize(("first", "again"), SAME.values(), ids=SAME.keys())
async def test_the_same_again_is_fine_and_changes_nothing(
    client: httpx.AsyncClient, first: str, again: str
) -> None:
    assert (await post_text(client, first)).status_code == 200
    before = (await client.get("/statements", params={"statementId": ID})).content
    answer = await post_text(client, again)
    assert answer.status_code == 200, answer.text
    assert [each.lower() for each in answer.json()] == [ID]
    assert answer.headers["X-LRS-Stored"] == "0"
    assert (await client.get("/statements", params={"statementId": ID})).content == before


@pytest.mark.requirement("XAPI-00142")
@pytest.mark.parametrize(("first", "again"), DIFFERENT.values(), ids=DIFFERENT.keys())
async def test_other_content_is_a_conflict_and_changes_nothing(
    client: httpx.AsyncClient, first: str, again: str
) -> None:
    assert (await post_text(client, first)).status_code == 200
    before = (await client.get("/statements", params={"statementId": ID})).content
    answer = await post_text(client, again)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:lrs:error:statement-conflict"
    assert (await client.get("/statements", params={"statementId": ID})).content == before


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (statement(), statement(timestamp="2031-01-01T00:00:00Z")),
        (statement(), statement(attachments=[ATTACHED])),
        (statement(), statement(version="2.0.0")),
    ],
    ids=["timestamp", "attachments", "version"],
)
async def test_2_0_counts_more_as_the_same(
    client: httpx.AsyncClient, first: str, again: str
) -> None:
    client.headers.update(VERSION_2)
    assert (await post_text(client, first)).status_code == 200
    assert (await post_text(client, again)).status_code == 200


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_conflict_stores_nothing_of_the_batch(
    client: httpx.AsyncClient, place: int
) -> None:
    (taken,) = await post(client, a_statement())
    batch = [a_statement(id=new_id()), a_statement(id=new_id())]
    batch.insert(place, a_statement(id=taken, verb=verb("other")))
    assert (await client.post("/statements", json=batch)).status_code == 409
    assert await listed(client) == [taken]
    assert [await exists(client, each["id"]) for each in batch if each["id"] != taken] == [
        False,
        False,
    ]


async def test_a_conflict_leaves_no_definitions_behind(client: httpx.AsyncClient) -> None:
    (taken,) = await post(client, a_statement())
    batch = [a_statement(object=DEFINED), a_statement(id=taken, verb=verb("other"))]
    assert (await client.post("/statements", json=batch)).status_code == 409
    answer = await client.get("/statements", params={"format": "canonical"})
    assert answer.json()["statements"][0]["object"] == activity()


async def test_a_batch_of_known_and_new_statements_stores_the_new(
    client: httpx.AsyncClient,
) -> None:
    known = a_statement(id=new_id())
    await post(client, known)
    new = a_statement(id=new_id())
    assert await post(client, new, known) == [new["id"], known["id"]]
    assert await listed(client) == [new["id"], known["id"]]


async def test_a_whole_batch_again_changes_nothing(client: httpx.AsyncClient) -> None:
    batch = [a_statement(id=new_id()) for _ in range(20)]
    ids = await post(client, *batch)
    before = (await client.get("/statements")).content
    assert await post(client, *batch) == ids
    assert (await client.get("/statements")).content == before


async def test_a_voided_statement_still_holds_its_id(client: httpx.AsyncClient) -> None:
    (identifier,) = await post(client, a_statement())
    voided = {"id": "http://adlnet.gov/expapi/verbs/voided"}
    await post(client, a_statement(verb=voided, object=reference(identifier)))
    assert (await put(client, identifier, a_statement(verb=verb("x")))).status_code == 409


async def test_another_store_may_use_the_same_id(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    identifier = new_id()
    await post(client, a_statement(id=identifier))
    assert (await put(other, identifier, a_statement(verb=verb("other")))).status_code == 204
    assert (await stored(client, identifier))["verb"] == verb()
    assert (await stored(other, identifier))["verb"] == verb("other")
