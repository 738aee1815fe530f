"""Parameters of the document resources, read to the letter (Comm. 2.3, 2.6, 2.7, 3.2)."""

import json
from typing import Any

import httpx
import pytest

from builders import agent, group
from document_resources import ALL, STATES, V1, V2, Documents, name_of
from statement_resource import UNUSED_ID, new_id

METHODS = ["PUT", "POST", "GET", "DELETE"]
GROUP = group(mbox="mailto:team@example.org")
OF_AGENTS = [each for each in ALL if "agent" in each.context]

each_resource = pytest.mark.parametrize("documents", ALL, ids=name_of)
each_method = pytest.mark.parametrize("method", METHODS)


async def ask(
    client: httpx.AsyncClient, documents: Documents, method: str, query: Any, **headers: str
) -> httpx.Response:
    sent = {"If-None-Match": "*"} if method == "PUT" else {}
    sent |= {name.replace("_", "-"): text for name, text in headers.items()}
    body = b"{}" if method in {"PUT", "POST"} else b""
    return await client.request(method, documents.path, params=query, content=body, headers=sent)


async def refused(client: httpx.AsyncClient, documents: Documents, method: str, query: Any) -> str:
    """Ask, expect a refusal that changes nothing, and return its text."""
    before = await documents.ids(client)
    answer = await ask(client, documents, method, query)
    assert answer.status_code == 400, answer.text
    assert await documents.ids(client) == before
    return str(answer.json()["detail"])


@each_resource
@each_method
async def test_what_is_required_is_missed(
    client: httpx.AsyncClient, documents: Documents, method: str
) -> None:
    for name in documents.context:
        query = {key: text for key, text in documents.one().items() if key != name}
        assert name in await refused(client, documents, method, query)


@each_resource
@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_an_id_is_required_to_write(
    client: httpx.AsyncClient, documents: Documents, method: str
) -> None:
    assert documents.id_name in await refused(client, documents, method, documents.context)


@each_resource
@each_method
@pytest.mark.parametrize("identifier", ["", "a\0b"])
async def test_an_id_that_is_empty_or_cannot_be_kept_is_refused(
    client: httpx.AsyncClient, documents: Documents, method: str, identifier: str
) -> None:
    await documents.stored(client, b"1")
    query = documents.one(identifier)
    assert documents.id_name in await refused(client, documents, method, query)


@each_resource
@each_method
@pytest.mark.parametrize("name", ["foo", "statementId", "limit", "verb"])
async def test_an_unknown_parameter_is_refused(
    client: httpx.AsyncClient, documents: Documents, method: str, name: str
) -> None:
    query = documents.one() | {name: new_id()}
    assert name in await refused(client, documents, method, query)


@each_resource
@each_method
async def test_a_miscased_parameter_is_refused(
    client: httpx.AsyncClient, documents: Documents, method: str
) -> None:
    for name, text in documents.one().items():
        query = documents.one() | {name.upper(): text}
        assert name.upper() in await refused(client, documents, method, query)


@each_resource
@each_method
async def test_a_parameter_given_twice_is_refused(
    client: httpx.AsyncClient, documents: Documents, method: str
) -> None:
    for name, text in documents.one().items():
        query = [*documents.one().items(), (name, text)]
        assert name in await refused(client, documents, method, query)


@pytest.mark.parametrize("documents", ALL[1:], ids=name_of)
@each_method
async def test_a_profile_has_no_registration(
    client: httpx.AsyncClient, documents: Documents, method: str
) -> None:
    query = documents.one() | {"registration": new_id()}
    assert "registration" in await refused(client, documents, method, query)


@each_method
@pytest.mark.parametrize("registration", ["", "1", "not a uuid", "{" + UNUSED_ID + "}"])
async def test_a_registration_is_a_uuid(
    client: httpx.AsyncClient, method: str, registration: str
) -> None:
    query = STATES.one() | {"registration": registration}
    assert "registration" in await refused(client, STATES, method, query)


@pytest.mark.parametrize("documents", ALL[:2], ids=name_of)
@each_method
@pytest.mark.parametrize("activity", ["", "course", "/course", "http://example.org/a b"])
async def test_an_activity_is_named_by_an_iri(
    client: httpx.AsyncClient, documents: Documents, method: str, activity: str
) -> None:
    query = documents.one() | {"activityId": activity}
    assert "activityId" in await refused(client, documents, method, query)


@pytest.mark.parametrize("documents", OF_AGENTS, ids=name_of)
@each_method
@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "[]",
        "{}",
        json.dumps([agent()]),
        json.dumps({"mbox": "ada@example.org"}),
        json.dumps(agent() | {"openid": "http://ada.example.org"}),
        json.dumps(agent() | {"objectType": "agent"}),
        json.dumps(group(agent())),
    ],
)
async def test_an_agent_is_an_agent_that_can_be_told(
    client: httpx.AsyncClient, documents: Documents, method: str, text: str
) -> None:
    query = documents.one() | {"agent": text}
    assert "agent" in await refused(client, documents, method, query)


@pytest.mark.parametrize("documents", OF_AGENTS, ids=name_of)
@each_method
async def test_a_group_is_an_agent_in_2_0_only(
    client: httpx.AsyncClient, documents: Documents, method: str
) -> None:
    query = documents.one() | {"agent": json.dumps(GROUP)}
    assert "Group" in await refused(client, documents, method, query)
    answer = await ask(client, documents, method, query, **V2)
    assert answer.status_code in {204, 404}


@pytest.mark.parametrize("documents", OF_AGENTS, ids=name_of)
async def test_the_same_agent_is_found_however_it_is_written(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    await ask(client, documents, "PUT", documents.one("x"))
    written = {"mbox": "mailto:ada@EXAMPLE.org", "name": "Ada"}
    answer = await ask(client, documents, "GET", documents.one("x", agent=json.dumps(written)))
    assert answer.status_code == 200


@each_resource
@pytest.mark.parametrize("since", ["", "yesterday", "2025-13-01T00:00:00Z", "2025-01-01"])
async def test_since_is_a_timestamp(
    client: httpx.AsyncClient, documents: Documents, since: str
) -> None:
    query = documents.context | {"since": since}
    assert "since" in await refused(client, documents, "GET", query)


@each_resource
@each_method
async def test_since_goes_with_lists_only(
    client: httpx.AsyncClient, documents: Documents, method: str
) -> None:
    query = documents.one() | {"since": "2025-01-01T00:00:00Z"}
    assert "since" in await refused(client, documents, method, query)


async def test_since_is_not_for_the_deletion_of_many(client: httpx.AsyncClient) -> None:
    await STATES.stored(client, b"1")
    query = STATES.context | {"since": "2025-01-01T00:00:00Z"}
    assert "since" in await refused(client, STATES, "DELETE", query)


@each_resource
async def test_versions_are_answered_in_kind(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    for version in (V1, V2):
        answer = await client.get(documents.path, params=documents.context, headers=version)
        assert answer.headers["X-Experience-API-Version"] == next(iter(version.values()))
