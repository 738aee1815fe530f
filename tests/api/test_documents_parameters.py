"""Parameters of the document resources, read to the letter (Comm. 2.3, 2.6, 2.7, 3.2)."""

import json
from typing import Any

import httpx
import pytest

from builders import agent, group
from document_resources import (
    ACTIVITY_PROFILES,
    AGENT_PROFILES,
    ALL,
    STATES,
    V1,
    V2,
    Documents,
    name_of,
    on_each,
)
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


@pytest.mark.parametrize(
    ("documents", "method", "name"),
    [
        pytest.param(STATES, "PUT", "activityId", marks=pytest.mark.requirement("XAPI-00210")),
        pytest.param(STATES, "POST", "activityId", marks=pytest.mark.requirement("XAPI-00209")),
        pytest.param(STATES, "GET", "activityId", marks=pytest.mark.requirement("XAPI-00208")),
        pytest.param(STATES, "DELETE", "activityId", marks=pytest.mark.requirement("XAPI-00207")),
        pytest.param(STATES, "PUT", "agent", marks=pytest.mark.requirement("XAPI-00215")),
        pytest.param(STATES, "POST", "agent", marks=pytest.mark.requirement("XAPI-00214")),
        pytest.param(STATES, "GET", "agent", marks=pytest.mark.requirement("XAPI-00213")),
        pytest.param(STATES, "DELETE", "agent", marks=pytest.mark.requirement("XAPI-00212")),
        pytest.param(STATES, "PUT", "stateId", marks=pytest.mark.requirement("XAPI-00206")),
        pytest.param(STATES, "POST", "stateId", marks=pytest.mark.requirement("XAPI-00211")),
        *(
            pytest.param(ACTIVITY_PROFILES, method, name, marks=pytest.mark.requirement(each))
            for method, name, each in (
                ("PUT", "activityId", "XAPI-00299"),
                ("POST", "activityId", "XAPI-00298"),
                ("GET", "activityId", "XAPI-00296"),
                ("DELETE", "activityId", "XAPI-00297"),
                ("PUT", "profileId", "XAPI-00302"),
                ("POST", "profileId", "XAPI-00301"),
            )
        ),
        *(
            pytest.param(AGENT_PROFILES, method, name, marks=pytest.mark.requirement(each))
            for method, name, each in (
                ("PUT", "agent", "XAPI-00264"),
                ("POST", "agent", "XAPI-00263"),
                ("GET", "agent", "XAPI-00261"),
                ("DELETE", "agent", "XAPI-00262"),
                ("PUT", "profileId", "XAPI-00267"),
                ("POST", "profileId", "XAPI-00266"),
            )
        ),
    ],
    ids=name_of,
)
async def test_what_is_required_is_missed(
    client: httpx.AsyncClient, documents: Documents, method: str, name: str
) -> None:
    query = {key: text for key, text in documents.one().items() if key != name}
    assert name in await refused(client, documents, method, query)


@each_resource
@each_method
@pytest.mark.parametrize("identifier", ["", "a\0b"])
async def test_an_id_that_is_empty_or_cannot_be_kept_is_refused(
    client: httpx.AsyncClient, documents: Documents, method: str, identifier: str
) -> None:
    await documents.stored(client, b"1")
    query = documents.one(identifier)
    assert documents.id_name in await refused(client, documents, method, query)


@pytest.mark.requirement("XAPI-00324")
@each_resource
@each_method
@pytest.mark.parametrize("name", ["foo", "statementId", "limit", "verb"])
async def test_an_unknown_parameter_is_refused(
    client: httpx.AsyncClient, documents: Documents, method: str, name: str
) -> None:
    query = documents.one() | {name: new_id()}
    assert name in await refused(client, documents, method, query)


@pytest.mark.requirement("XAPI-00325")
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


@pytest.mark.requirement("XAPI-00304")
@each_method
@pytest.mark.parametrize("text", [json.dumps(agent()), "ada"], ids=["an agent", "no JSON"])
async def test_an_activity_profile_has_no_agent(
    client: httpx.AsyncClient, method: str, text: str
) -> None:
    query = ACTIVITY_PROFILES.one() | {"agent": text}
    assert "agent" in await refused(client, ACTIVITY_PROFILES, method, query)


@pytest.mark.parametrize("documents", ALL[1:], ids=name_of)
@each_method
async def test_a_profile_has_no_registration(
    client: httpx.AsyncClient, documents: Documents, method: str
) -> None:
    query = documents.one() | {"registration": new_id()}
    assert "registration" in await refused(client, documents, method, query)


@pytest.mark.parametrize(
    "method",
    [
        pytest.param("PUT", marks=pytest.mark.requirement("XAPI-00203")),
        pytest.param("POST", marks=pytest.mark.requirement("XAPI-00202")),
        pytest.param("GET", marks=pytest.mark.requirement("XAPI-00201")),
        pytest.param("DELETE", marks=pytest.mark.requirement("XAPI-00200")),
    ],
)
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


@pytest.mark.parametrize(
    ("documents", "method"),
    [
        pytest.param(STATES, "PUT", marks=pytest.mark.requirement("XAPI-00199")),
        pytest.param(STATES, "POST", marks=pytest.mark.requirement("XAPI-00198")),
        pytest.param(STATES, "GET", marks=pytest.mark.requirement("XAPI-00197")),
        pytest.param(STATES, "DELETE", marks=pytest.mark.requirement("XAPI-00196")),
        pytest.param(AGENT_PROFILES, "PUT", marks=pytest.mark.requirement("XAPI-00257")),
        pytest.param(AGENT_PROFILES, "POST", marks=pytest.mark.requirement("XAPI-00256")),
        pytest.param(AGENT_PROFILES, "GET", marks=pytest.mark.requirement("XAPI-00258")),
        pytest.param(AGENT_PROFILES, "DELETE", marks=pytest.mark.requirement("XAPI-00255")),
    ],
    ids=name_of,
)
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


@on_each(states="XAPI-00204", activity_profiles="XAPI-00295", agent_profiles="XAPI-00260")
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


@pytest.mark.requirement("XAPI-00205")
@pytest.mark.parametrize("since", ["2025-01-01T00:00:00Z", "yesterday"])
async def test_since_is_not_for_the_deletion_of_many(client: httpx.AsyncClient, since: str) -> None:
    await STATES.stored(client, b"1")
    query = STATES.context | {"since": since}
    assert "since" in await refused(client, STATES, "DELETE", query)


@each_resource
async def test_versions_are_answered_in_kind(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    for version in (V1, V2):
        answer = await client.get(documents.path, params=documents.context, headers=version)
        assert answer.headers["X-Experience-API-Version"] == next(iter(version.values()))
