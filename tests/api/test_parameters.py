"""Query parameters are read to the letter: 400 for all else, never 422 (Comm. 2.1.3, 3.2)."""

import json
from typing import Any

import httpx
import pytest

from builders import Json, a_statement, agent, group, voiding
from statement_resource import listed, new_id, post

ID = "6e9b0d1c-9bd3-4f3c-9a53-0a8e0d1b2c3d"
VALUES = {
    "statementId": ID,
    "voidedStatementId": ID,
    "agent": json.dumps(agent()),
    "verb": "http://example.org/verbs/x",
    "activity": "http://example.org/x",
    "registration": ID,
    "related_activities": "true",
    "related_agents": "true",
    "since": "2025-01-01T00:00:00Z",
    "until": "2025-01-01T00:00:00Z",
    "limit": "1",
    "format": "ids",
    "attachments": "false",
    "ascending": "true",
}


async def refused(client: httpx.AsyncClient, query: Any, method: str = "GET") -> str:
    """Ask, expect a refusal, and return its text."""
    body = a_statement() if method in {"PUT", "POST"} else None
    answer = await client.request(method, "/statements", params=query, json=body)
    assert answer.status_code == 400, answer.text
    problem: Json = answer.json()
    assert problem["status"] == 400
    return str(problem["detail"])


@pytest.mark.parametrize("name", [*VALUES, "more"])
async def test_each_parameter_is_known(client: httpx.AsyncClient, name: str) -> None:
    if name == "more":
        await post(client, a_statement(), a_statement())
        answer = await client.get("/statements", params={"limit": 1})
        answer = await client.get("http://lrs.test" + answer.json()["more"])
    else:
        answer = await client.get("/statements", params={name: VALUES[name]})
    assert answer.status_code == (404 if "tatementId" in name else 200)


@pytest.mark.requirement("XAPI-00324")
@pytest.mark.parametrize("name", ["foo", "statementIds", "actor", "page", "method", "content", ""])
async def test_an_unknown_parameter_is_refused(client: httpx.AsyncClient, name: str) -> None:
    assert name in await refused(client, {name: "x"})


@pytest.mark.requirement("XAPI-00325")
@pytest.mark.parametrize("name", VALUES)
async def test_a_miscased_parameter_is_refused(client: httpx.AsyncClient, name: str) -> None:
    for miscased in {name.upper(), name.capitalize(), name.swapcase()}:
        assert miscased in await refused(client, {miscased: VALUES[name]})


@pytest.mark.parametrize("name", VALUES)
async def test_a_parameter_given_twice_is_refused(client: httpx.AsyncClient, name: str) -> None:
    assert name in await refused(client, [(name, VALUES[name]), (name, VALUES[name])])


@pytest.mark.requirement("XAPI-00324", "XAPI-00325")
@pytest.mark.parametrize(
    "query", [{"foo": "x"}, {"statementid": ID}, {"limit": "1"}, {"statementId": ID, "foo": "x"}]
)
async def test_put_takes_no_other_parameter(client: httpx.AsyncClient, query: Json) -> None:
    await refused(client, query, "PUT")
    assert await listed(client) == []


async def test_put_takes_its_parameter_once(client: httpx.AsyncClient) -> None:
    await refused(client, [("statementId", ID), ("statementId", ID)], "PUT")
    await refused(client, [("statementId", ID), ("statementId", new_id())], "PUT")
    assert await listed(client) == []


@pytest.mark.parametrize("name", [*VALUES, "foo"])
async def test_post_takes_no_parameter(client: httpx.AsyncClient, name: str) -> None:
    assert name in await refused(client, {name: VALUES.get(name, "x")}, "POST")
    assert await listed(client) == []


@pytest.mark.requirement("XAPI-00324")
@pytest.mark.parametrize("query", ["foo=bar", "version=1.0.3", "VERSION=1"])
async def test_about_takes_no_parameter(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get("/about?" + query)).status_code == 400


NO_UUIDS = [
    "", "abc", "true", ID[:-1], ID + "0", ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}",
    ID.replace("6", "g", 1), f" {ID}", f'"{ID}"', ID + "\n",
]  # fmt: skip
NO_IRIS = ["", "abc", "example.org/x", "/x", "#x", '"http://example.org"', "ab=c://x", "http://a b"]
NO_BOOLEANS = ["", "TRUE", "True", "False", "1", "0", "yes", "null", '"true"', " true"]
NO_MOMENTS = [
    "", "yesterday", "2025", "2025-01-01", "12:00:00Z", "1735689600", "2025-13-01T00:00:00Z",
    "2025-02-30T00:00:00Z", "2025-01-01T25:00:00Z", "2025-01-01T00:00:00-00:00",
    "2025-01-01T00:00:00-00", '"2025-01-01T00:00:00Z"', "2025-01-01 00:00:00Z",
    "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
]  # fmt: skip
NO_AGENTS = [
    "", "ada", "{", "null", "1", "[]", '"mailto:ada@example.org"', "{}",
    json.dumps([agent()]),
    json.dumps({"name": "Ada"}),
    json.dumps({"mbox": "ada@example.org"}),
    json.dumps({"mbox": "mailto:ada"}),
    json.dumps({"Mbox": "mailto:ada@example.org"}),
    json.dumps({"mbox": "mailto:a@x.org", "openid": "http://x.org"}),
    json.dumps({"mbox": ["mailto:a@x.org"]}),
    json.dumps({"mbox": None}),
    json.dumps({"account": {"name": "ada"}}),
    json.dumps({"account": {"homePage": "http://x.org"}}),
    json.dumps({"account": {"homePage": "x.org", "name": "ada"}}),
    json.dumps(agent() | {"objectType": "agent"}),
    json.dumps(agent() | {"objectType": "Person"}),
    json.dumps(agent() | {"objectType": "Activity"}),
    json.dumps(agent() | {"foo": "bar"}),
    json.dumps(agent() | {"member": []}),
    json.dumps(group(agent())),
    json.dumps(agent()) + "x",
    '{"mbox":"mailto:a@x.org","mbox":"mailto:a@x.org"}',
    '{"openid":"http://x.org/\\ud800"}',
    '{"account":{"homePage":"http://x.org","name":"\\u0000"}}',
    '{"a":' * 5000,
]  # fmt: skip
WRONG: dict[str, list[str]] = {
    "statementId": NO_UUIDS,
    "voidedStatementId": NO_UUIDS,
    "registration": NO_UUIDS,
    "verb": NO_IRIS,
    "activity": NO_IRIS,
    "agent": NO_AGENTS,
    "related_activities": NO_BOOLEANS,
    "related_agents": NO_BOOLEANS,
    "ascending": NO_BOOLEANS,
    "attachments": NO_BOOLEANS,
    "since": NO_MOMENTS,
    "until": NO_MOMENTS,
    "limit": ["", "-1", "+1", "1.0", "1e1", "0x1", "one", " 1", "1 ", "\u0663", "9" * 30],
    "format": ["", "EXACT", "Ids", "json", "exact,ids", '"ids"'],
}


@pytest.mark.requirement("XAPI-00012")
@pytest.mark.parametrize("name", WRONG)
async def test_a_value_of_a_wrong_form_is_refused(client: httpx.AsyncClient, name: str) -> None:
    for value in WRONG[name]:
        answer = await client.get("/statements", params={name: value})
        assert answer.status_code == 400, (value, answer.text[:300])
        assert name in answer.json()["detail"], value


ALONE = ["agent", "verb", "activity", "registration", "related_activities", "related_agents",
         "since", "until", "limit", "ascending"]  # fmt: skip


@pytest.mark.parametrize(
    "identifier",
    [
        pytest.param("statementId", marks=pytest.mark.requirement("XAPI-00151")),
        pytest.param("voidedStatementId", marks=pytest.mark.requirement("XAPI-00150")),
    ],
)
@pytest.mark.parametrize("company", ALONE)
async def test_an_id_stands_without_filters(
    client: httpx.AsyncClient, identifier: str, company: str
) -> None:
    (target,) = await post(client, a_statement())
    if identifier == "voidedStatementId":
        await post(client, voiding(target))
    detail = await refused(client, {identifier: target, company: VALUES[company]})
    assert identifier in detail
    assert company in detail


@pytest.mark.requirement("XAPI-00150", "XAPI-00151")
@pytest.mark.parametrize("company", [{"format": "ids"}, {"attachments": "false"}])
async def test_an_id_stands_with_format_and_attachments(
    client: httpx.AsyncClient, company: Json
) -> None:
    target, other = await post(client, a_statement(), a_statement())
    await post(client, voiding(other))
    for query in ({"statementId": target}, {"voidedStatementId": other}):
        assert (await client.get("/statements", params=query | company)).status_code == 200


async def test_both_ids_exclude_each_other(client: httpx.AsyncClient) -> None:
    (target,) = await post(client, a_statement())
    await refused(client, {"statementId": target, "voidedStatementId": target})


@pytest.mark.parametrize("name", VALUES)
async def test_more_stands_alone(client: httpx.AsyncClient, name: str) -> None:
    await post(client, a_statement(), a_statement())
    answer = await client.get("/statements", params={"limit": 1})
    more = "http://lrs.test" + answer.json()["more"]
    together = httpx.URL(more).copy_add_param(name, VALUES[name])
    assert (await client.get(together)).status_code == 400


async def test_limit_0_and_leading_zeros_are_numbers(client: httpx.AsyncClient) -> None:
    ids = await post(client, a_statement(), a_statement())
    assert await listed(client, limit="0") == ids[::-1]
    answer = await client.get("/statements", params={"limit": "001"})
    assert len(answer.json()["statements"]) == 1


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
async def test_both_versions_judge_parameters_alike(
    client: httpx.AsyncClient, version: str
) -> None:
    client.headers["X-Experience-API-Version"] = version
    await refused(client, {"foo": "bar"})
    await refused(client, {"Limit": "1"})
    assert (await client.get("/statements", params={"limit": "1"})).status_code == 200


@pytest.mark.parametrize(
    "query",
    ["verb=http://example.org/%FF", "activity=%C3%28", "format=exact&agent=%ED%A0%80", "%FE=1"],
)
async def test_parameters_that_are_no_utf_8_are_refused(
    client: httpx.AsyncClient, query: str
) -> None:
    answer = await client.get(f"/statements?{query}")
    assert answer.status_code == 400
    assert "UTF-8" in answer.json()["detail"]


async def test_ids_that_are_no_utf_8_name_no_document(client: httpx.AsyncClient) -> None:
    at = "activityId=http://example.org/a&agent=%7B%22mbox%22:%22mailto:a@example.org%22%7D"
    answer = await client.put(f"/activities/state?{at}&stateId=%FF", content=b"x")
    assert answer.status_code == 400
    assert (await client.get(f"/activities/state?{at}&stateId=%EF%BF%BD")).status_code == 404


async def test_an_iri_of_a_megabyte_is_refused(client: httpx.AsyncClient) -> None:
    long = "http://example.org/" + "x" * 1_000_000
    statement = a_statement(verb={"id": long})
    answer = await client.post("/statements", json=statement)
    assert answer.status_code == 400
    (violation,) = answer.json()["violations"]
    assert (violation["path"], len(violation["message"]) < 300) == ("verb.id", True)
    statement["verb"]["id"] = long[:16_384]
    assert (await client.post("/statements", json=statement)).status_code == 200
