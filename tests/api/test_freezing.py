"""Whose data are frozen is nowhere to be seen but by the platform's owner, and nothing is lost."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from builders import Json, a_statement, activity, agent, group, referring
from conftest import client_of, make_tenant, revoke
from lrs.auth.scopes import EVERYTHING, Scope
from lrs.errors import PersonConflictError
from lrs.people.identifiers import read_identifier
from lrs.services.folding import FoldingService
from lrs.storage.access_changes import count_changes
from lrs.storage.engines import Database
from lrs.storage.freezing import refresh_frozen
from lrs.storage.people import NewPerson, create_person, lock_people
from lrs.storage.person_identifiers import add_identifiers, apply_rules, remove_identifier
from lrs.storage.person_merges import merge_people, undo_merge
from lrs.storage.person_writing import delete_person
from lrs.xapi.agents import read_agent
from multipart_requests import Part, multipart
from statement_resource import exists, following, listed, new_id, page, post

HOST = "http://lrs.test"
QUERY = f"{HOST}/api/v1/analytics/query"
ADA, BOB, CARL = agent("ada"), agent("bob"), agent("carl")
ADA_KEY = str(read_agent(json.dumps(ADA)).key)
REASON = {"reason": "accuracy contested"}


@dataclass(frozen=True)
class Two:
    """Who owns the platform, and who has every other right in the store."""

    owner: httpx.AsyncClient
    other: httpx.AsyncClient
    store: int


@pytest.fixture
async def two(app: FastAPI, database: Database) -> AsyncIterator[Two]:
    name = uuid4().hex
    owner = await make_tenant(database, name)
    other = await make_tenant(database, name, scopes=EVERYTHING - {Scope.PLATFORM})
    async with client_of(app, owner) as first, client_of(app, other) as second:
        yield Two(first, second, owner.principal.store)
    await revoke(database, owner)
    await revoke(database, other)


def restrictions(person: str = ADA_KEY) -> str:
    return f"{HOST}/api/v1/people/{person}/restrictions"


async def freeze(two: Two, person: str = ADA_KEY) -> Json:
    """Freeze a person, and wait until this process has been told."""
    answer = await two.other.post(restrictions(person), json=REASON)
    assert answer.status_code == 201, answer.text
    await until(two, is_frozen=True)
    body: Json = answer.json()
    return body


async def release(two: Two, person: str = ADA_KEY) -> None:
    answer = await two.other.delete(restrictions(person))
    assert answer.status_code == 204, answer.text
    await until(two, is_frozen=False)


async def until(two: Two, *, is_frozen: bool) -> None:
    """Wait for at most the second in which every process knows."""
    async with asyncio.timeout(1.0):
        while is_frozen is bool(await listed(two.other, agent=json.dumps(ADA))):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def summed(client: httpx.AsyncClient, **asked: Any) -> Json:
    answer = await client.post(QUERY, json={"measures": ["statements.count"]} | asked)
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


async def test_statements_are_hidden_from_all_but_the_owner_and_come_back(two: Two) -> None:
    (of_ada,) = await post(two.owner, a_statement(actor=ADA))
    (of_bob,) = await post(two.owner, a_statement(actor=BOB))
    await freeze(two)
    assert await listed(two.other) == [of_bob]
    assert not await exists(two.other, of_ada)
    provenance = f"{HOST}/api/v1/statements/{of_ada}"
    assert (await two.other.get(provenance)).status_code == 404
    assert (await two.owner.get(provenance)).status_code == 200
    assert await listed(two.owner) == [of_bob, of_ada]

    await release(two)
    assert await listed(two.other) == [of_bob, of_ada]


@pytest.mark.parametrize(
    "named",
    [
        {"object": ADA},
        {"actor": group(BOB, ADA)},
        {"context": {"instructor": ADA}},
        {"context": {"team": group(ADA)}},
        {"object": {"objectType": "SubStatement", **a_statement(actor=ADA)}},
    ],
    ids=["object", "member", "instructor", "team", "in a SubStatement"],
)
async def test_what_names_a_frozen_person_anywhere_is_hidden(two: Two, named: Json) -> None:
    await post(two.owner, a_statement(actor=ADA), a_statement(**({"actor": BOB} | named)))
    (plain,) = await post(two.owner, a_statement(actor=BOB))
    (nobody,) = await post(two.owner, a_statement(actor=group(BOB)))
    await freeze(two)
    assert await listed(two.other) == [nobody, plain]
    assert (await summed(two.other))["rows"] == [[2]]


@pytest.mark.parametrize(
    "filters",
    [
        {"verb": "http://example.org/verbs/completed"},
        {"activity": activity()["id"]},
        {"agent": json.dumps(ADA)},
        {"agent": json.dumps(ADA), "related_agents": "true"},
        {"activity": activity()["id"], "verb": "http://example.org/verbs/completed"},
    ],
)
async def test_filters_do_not_find_what_is_hidden(two: Two, filters: dict[str, str]) -> None:
    await post(two.owner, a_statement(actor=ADA))
    assert len(await listed(two.other, **filters)) == 1
    await freeze(two)
    assert await listed(two.other, **filters) == []
    assert len(await listed(two.owner, **filters)) == 1


async def test_what_refers_to_it_is_seen_and_does_not_lead_to_it(two: Two) -> None:
    (of_ada,) = await post(two.owner, a_statement(actor=ADA))
    (comment,) = await post(two.owner, referring(of_ada))
    assert await listed(two.other, agent=json.dumps(ADA)) == [comment, of_ada]
    await freeze(two)
    assert await listed(two.other) == [comment]
    assert await listed(two.other, agent=json.dumps(ADA)) == []


async def test_links_to_more_made_before_show_nothing_of_it(two: Two) -> None:
    for _ in range(3):
        await post(two.owner, a_statement(actor=ADA))
    (of_bob,) = await post(two.owner, a_statement(actor=BOB))
    first = await page(two.other, limit=1)
    assert [each["id"] for each in first["statements"]] == [of_bob]
    await freeze(two)
    assert (await following(two.other, first["more"]))["statements"] == []


async def test_sums_leave_it_out_whatever_they_are_computed_from(
    two: Two, database: Database
) -> None:
    await post(two.owner, a_statement(actor=ADA), a_statement(actor=BOB))
    while (await summed(two.other))["meta"]["source"] != "rollup":
        await FoldingService(database, "UTC", worth=1).catch_up()
    await freeze(two)
    hidden = await summed(two.other)
    assert (hidden["rows"], hidden["meta"]["source"]) == ([[1]], "raw")
    by_actor = await summed(two.other, dimensions=["actor"])
    assert by_actor["rows"] == [["mailto:bob@example.org", 1]]
    shown = await summed(two.owner)
    assert (shown["rows"], shown["meta"]["source"]) == ([[2]], "rollup")


async def test_what_comes_of_a_frozen_person_is_kept_and_hidden(two: Two) -> None:
    await post(two.owner, a_statement(actor=ADA))
    await freeze(two)
    (new,) = await post(two.other, a_statement(actor=ADA))
    assert not await exists(two.other, new)
    assert await exists(two.owner, new)


@pytest.mark.parametrize("kind", ["state", "profile"])
async def test_documents_are_as_if_not_there_and_cannot_be_changed(two: Two, kind: str) -> None:
    await post(two.owner, a_statement(actor=ADA))
    path, named = ("/activities/state", {"activityId": activity()["id"], "stateId": "place"})
    if kind == "profile":
        path, named = "/agents/profile", {"profileId": "place"}
    asked = {"agent": json.dumps(ADA), **named}
    many = {
        name: value for name, value in asked.items() if not name.endswith(("stateId", "fileId"))
    }
    written = await two.other.put(
        path, params=asked, content="here", headers={"If-None-Match": "*"}
    )
    assert written.status_code == 204, written.text
    await freeze(two)
    assert (await two.other.get(path, params=asked)).status_code == 404
    assert (await two.other.get(path, params=many)).json() == []
    assert (await two.other.delete(path, params=asked)).status_code == 403
    assert (await two.other.post(path, params=asked, json={})).status_code == 403
    assert (await two.owner.get(path, params=asked)).text == "here"


async def test_the_agents_resource_knows_no_name_of_a_frozen_person(two: Two) -> None:
    await post(two.owner, a_statement(actor=ADA | {"name": "Ada Lovelace"}))
    await freeze(two)
    asked = {"agent": json.dumps(ADA)}
    assert "name" not in (await two.other.get("/agents", params=asked)).json()
    assert (await two.owner.get("/agents", params=asked)).json()["name"] == ["Ada Lovelace"]


@pytest.mark.parametrize("what", ["", "/history", "/summary"])
async def test_the_person_is_not_there(two: Two, what: str) -> None:
    await post(two.owner, a_statement(actor=ADA))
    address = f"{HOST}/api/v1/people/{ADA_KEY}{what}"
    assert (await two.other.get(address)).status_code == 200
    await freeze(two)
    assert (await two.other.get(address)).status_code == 404
    assert (await two.owner.get(address)).status_code == 200


async def test_data_of_attachments_of_a_frozen_person_are_hidden(two: Two) -> None:
    data = uuid4().bytes
    sha2 = hashlib.sha256(data).hexdigest()
    described = {
        "usageType": "http://example.org/usage",
        "display": {"en": "a file"},
        "contentType": "application/octet-stream",
        "length": len(data),
        "sha2": sha2,
    }
    statement = a_statement(actor=ADA, attachments=[described], id=new_id())
    body, headers = multipart(statement, Part(data, sha2))
    answer = await two.owner.post("/statements", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    address = f"{HOST}/api/v1/attachments/{sha2}"
    assert (await two.other.get(address)).content == data
    await freeze(two)
    assert (await two.other.get(address)).status_code == 404
    assert (await two.owner.get(address)).content == data


async def test_who_froze_a_person_when_and_why_can_be_told_and_is_audited(two: Two) -> None:
    await post(two.owner, a_statement(actor=ADA))
    frozen = await freeze(two)
    assert frozen["reason"] == REASON["reason"]
    assert frozen["lifted"] is None
    again = await two.other.post(restrictions(), json=REASON)
    assert again.status_code == 409, again.text
    await release(two)
    assert (await two.other.delete(restrictions())).status_code == 409
    (told,) = (await two.other.get(restrictions())).json()["restrictions"]
    assert told["id"] == frozen["id"]
    assert told["lifted"] is not None
    records = (await two.other.get(f"{HOST}/api/v1/audit", params={"target": ADA_KEY})).json()
    actions = [each["action"] for each in records["records"]]
    assert actions[:2] == ["person.released", "person.frozen"]


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "a\x00b"}, {"reason": "r", "x": 1}]
)
async def test_a_restriction_needs_a_reason(two: Two, body: Json) -> None:
    await post(two.owner, a_statement(actor=ADA))
    assert (await two.other.post(restrictions(), json=body)).status_code == 400


async def test_nobody_is_frozen_who_is_not_known(two: Two) -> None:
    for answer in (
        await two.other.post(restrictions(str(uuid4())), json=REASON),
        await two.other.get(restrictions(str(uuid4()))),
        await two.other.delete(restrictions(str(uuid4()))),
    ):
        assert answer.status_code == 404, answer.text


async def a_person(database: Database, store: int, *agents: Json) -> UUID:
    async with database.writing() as connection:
        await lock_people(connection, store)
        person = await create_person(connection, store, NewPerson())
        ifis = [read_identifier(json.dumps(each)) for each in agents]
        await add_identifiers(connection, store, person, ifis, "api")
    return person


async def test_all_identifiers_are_frozen_also_those_of_who_is_merged_later(
    two: Two, database: Database
) -> None:
    ada = await a_person(database, two.store, ADA)
    carl = await a_person(database, two.store, CARL)
    await post(two.owner, *(a_statement(actor=each) for each in (ADA, CARL, BOB)))
    await freeze(two, str(ada))
    async with database.writing() as connection:
        await lock_people(connection, two.store)
        merge = await merge_people(connection, two.store, carl, ada, "a test")
    await until_seen(two, 1)
    async with database.writing() as connection:
        await lock_people(connection, two.store)
        await undo_merge(connection, two.store, carl, merge.id, "a test")
    await until_seen(two, 2)
    assert await listed(two.other, agent=json.dumps(ADA)) == []
    # Whoever is known only by an identifier now is the same who was frozen.
    told = (await two.other.get(restrictions(ADA_KEY))).json()["restrictions"]
    assert len(told) == 1


async def test_an_identifier_that_comes_later_is_frozen_too(two: Two, database: Database) -> None:
    ada = await a_person(database, two.store, ADA)
    await post(two.owner, *(a_statement(actor=each) for each in (ADA, CARL, BOB)))
    await freeze(two, str(ada))
    async with database.writing() as connection:
        await lock_people(connection, two.store)
        carls = [read_identifier(json.dumps(CARL))]
        await add_identifiers(connection, two.store, ada, carls, "api")
        await apply_rules(connection, two.store, [ada])
    await until_seen(two, 1)


async def test_what_a_person_is_frozen_by_is_not_taken_from_them(
    two: Two, database: Database
) -> None:
    ada = await a_person(database, two.store, ADA, CARL)
    await post(two.owner, a_statement(actor=ADA))
    await freeze(two, str(ada))
    async with database.writing() as connection:
        await lock_people(connection, two.store)
        for taking in (
            remove_identifier(connection, two.store, ada, UUID(ADA_KEY)),
            delete_person(connection, two.store, ada),
        ):
            with pytest.raises(PersonConflictError):
                await taking


async def test_where_nobody_is_frozen_nothing_is_changed(two: Two, database: Database) -> None:
    async with database.writing() as connection:
        before = await count_changes(connection)
        await refresh_frozen(connection, two.store)
        assert await count_changes(connection) == before


async def until_seen(two: Two, number: int) -> None:
    """Wait until who does not own the platform sees so many statements."""
    async with asyncio.timeout(1.0):
        while len(await listed(two.other)) != number:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
