"""A grant of agents or activities limits which documents are touched."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from builders import Json, activity, agent
from conftest import Tenant, client_of, make_tenant, revoke
from document_resources import (
    ACTIVITY_PROFILES,
    AGENT_PROFILES,
    ALL,
    JSON_TYPE,
    NEW,
    STATES,
    TEXT,
    V2,
    Documents,
)
from lrs.auth.restrictions import Grant
from lrs.storage.engines import Database

OTHER_AGENT = {"agent": json.dumps(agent("eve"))}
OTHER_ACTIVITY = {"activityId": activity("another")["id"]}
OWN_AGENT = [json.dumps(agent())]
OWN_ACTIVITY = [activity()["id"]]

# What is granted, and what may be touched by it: the documents, with the context that they are in.
MAY = [
    (Grant.of(OWN_AGENT, None), STATES, {}),
    (Grant.of(OWN_AGENT, None), STATES, OTHER_ACTIVITY),
    (Grant.of(OWN_AGENT, None), AGENT_PROFILES, {}),
    (Grant.of(OWN_AGENT, None), ACTIVITY_PROFILES, OTHER_ACTIVITY),
    (Grant.of(None, OWN_ACTIVITY), STATES, {}),
    (Grant.of(None, OWN_ACTIVITY), STATES, OTHER_AGENT),
    (Grant.of(None, OWN_ACTIVITY), ACTIVITY_PROFILES, {}),
    (Grant.of(None, OWN_ACTIVITY), AGENT_PROFILES, OTHER_AGENT),
    (Grant.of(OWN_AGENT, OWN_ACTIVITY), STATES, {}),
    (Grant.of(OWN_AGENT, OWN_ACTIVITY), AGENT_PROFILES, {}),
    (Grant.of(OWN_AGENT, OWN_ACTIVITY), ACTIVITY_PROFILES, {}),
]
MAY_NOT = [
    (Grant.of(OWN_AGENT, None), STATES, OTHER_AGENT),
    (Grant.of(OWN_AGENT, None), AGENT_PROFILES, OTHER_AGENT),
    (Grant.of(None, OWN_ACTIVITY), STATES, OTHER_ACTIVITY),
    (Grant.of(None, OWN_ACTIVITY), ACTIVITY_PROFILES, OTHER_ACTIVITY),
    (Grant.of(OWN_AGENT, OWN_ACTIVITY), STATES, OTHER_AGENT),
    (Grant.of(OWN_AGENT, OWN_ACTIVITY), STATES, OTHER_ACTIVITY),
    (Grant.of(OWN_AGENT, OWN_ACTIVITY), AGENT_PROFILES, OTHER_AGENT),
    (Grant.of(OWN_AGENT, OWN_ACTIVITY), ACTIVITY_PROFILES, OTHER_ACTIVITY),
    (Grant.of([], None), STATES, {}),
    (Grant.of(None, []), STATES, {}),
    (Grant.of([], None), AGENT_PROFILES, {}),
    (Grant.of(None, []), ACTIVITY_PROFILES, {}),
]


def said(value: object) -> str:
    """Name what a test is about in its id."""
    if isinstance(value, Documents):
        return value.path.strip("/")
    if isinstance(value, Grant):
        parts = {"agents": value.agents, "activities": value.activities}
        return " and ".join(f"{len(it)} {name}" for name, it in parts.items() if it is not None)
    assert isinstance(value, dict)
    return "other " + " and ".join(value) if value else "own"


@pytest.fixture
async def restricted(
    app: FastAPI, database: Database, tenant: Tenant, granted: Grant
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the same store with another credential, which is limited."""
    limited = await make_tenant(database, tenant.principal.store_name, grant=granted)
    async with client_of(app, limited) as restricted:
        yield restricted
    await revoke(database, limited)


def within(documents: Documents, context: Json) -> Documents:
    return Documents(documents.path, documents.id_name, documents.context | context)


async def tries(client: httpx.AsyncClient, documents: Documents) -> dict[str, int]:
    """Do all that can be done with documents, deletion last; return how each ended."""
    one, path = documents.one(), documents.path
    any_state = {"If-Match": "*"}
    answers = {
        "put": await client.put(path, params=one, content=b"{}", headers=JSON_TYPE | any_state),
        "post": await client.post(path, params=one, content=b"{}", headers=JSON_TYPE),
        "get": await client.get(path, params=one),
        "head": await client.head(path, params=one),
        "list": await client.get(path, params=documents.context),
        "delete": await client.delete(path, params=one),
    }
    if documents.id_name == "stateId":
        answers["delete many"] = await client.delete(path, params=documents.context)
    return {name: answer.status_code for name, answer in answers.items()}


async def leave(client: httpx.AsyncClient, documents: Documents) -> None:
    answer = await client.put(
        documents.path, params=documents.one(), content=b"{}", headers=NEW | JSON_TYPE
    )
    assert answer.status_code == 204, answer.text


@pytest.mark.parametrize(("granted", "documents", "context"), MAY, ids=said)
async def test_what_is_granted_is_touched(
    client: httpx.AsyncClient, restricted: httpx.AsyncClient, documents: Documents, context: Json
) -> None:
    there = within(documents, context)
    await leave(client, there)
    assert set((await tries(restricted, there)).values()) <= {200, 204}


@pytest.mark.parametrize(("granted", "documents", "context"), MAY_NOT, ids=said)
async def test_what_is_not_granted_is_not_touched(
    client: httpx.AsyncClient, restricted: httpx.AsyncClient, documents: Documents, context: Json
) -> None:
    there = within(documents, context)
    await leave(client, there)
    assert set((await tries(restricted, there)).values()) == {403}
    assert await there.content(client, "a document") == b"{}"


@pytest.mark.parametrize("granted", [Grant.of([], [])], ids=["nothing"])
@pytest.mark.parametrize("documents", ALL, ids=said)
async def test_whether_something_is_there_is_not_told(
    restricted: httpx.AsyncClient, documents: Documents
) -> None:
    answer = await documents.get(restricted, "nothing has this id")
    assert answer.status_code == 403
    assert "missing" not in answer.json()


@pytest.mark.parametrize("granted", [Grant.of(OWN_AGENT, None)], ids=["own agent"])
async def test_an_agent_is_told_by_its_identifier_alone(restricted: httpx.AsyncClient) -> None:
    same = {"agent": '{"name":"Ada","mbox":"mailto:ada@EXAMPLE.ORG"}'}
    answer = await restricted.get(AGENT_PROFILES.path, params=same)
    assert answer.status_code == 200


@pytest.mark.parametrize("granted", [Grant.of(OWN_AGENT, None)], ids=["own agent"])
async def test_a_group_is_another_agent(restricted: httpx.AsyncClient) -> None:
    team = {"agent": '{"objectType":"Group","mbox":"mailto:team@example.org"}'}
    answer = await restricted.get(AGENT_PROFILES.path, params=team, headers=V2)
    assert answer.status_code == 403


@pytest.mark.parametrize("granted", [Grant.of(OWN_AGENT, OWN_ACTIVITY)], ids=["both"])
async def test_a_grant_does_not_limit_which_statements_are_written(
    restricted: httpx.AsyncClient,
) -> None:
    statement = {"actor": agent("eve"), "verb": {"id": "http://example.org/did"}, "object": {
        "id": OTHER_ACTIVITY["activityId"]}}  # fmt: skip
    answer = await restricted.post("/statements", json=statement)
    assert answer.status_code == 200


@pytest.mark.parametrize("granted", [Grant.of(None, OWN_ACTIVITY)], ids=["own activity"])
async def test_documents_of_others_survive_the_deletion_of_all_that_one_may_touch(
    client: httpx.AsyncClient, restricted: httpx.AsyncClient
) -> None:
    theirs = within(STATES, OTHER_ACTIVITY)
    for states in (STATES, theirs):
        await client.put(states.path, params=states.one(), content=b"7", headers=TEXT)
    deletion = await restricted.delete(STATES.path, params=STATES.context)
    assert deletion.status_code == 204
    assert await STATES.ids(client) == []
    assert await theirs.content(client, "a document") == b"7"
