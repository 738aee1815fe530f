"""The version header decides the rules, and every answer carries it (Comm. 3.3)."""

import httpx
import pytest
from fastapi import FastAPI

from builders import Json, a_statement, a_substatement, agent, group
from conftest import settings_for
from lrs.main import build_app
from statement_resource import listed

HEADER = "X-Experience-API-Version"
ONE, TWO = "1.0.3", "2.0.0"


@pytest.mark.requirement("XAPI-00331", "XAPI-00333")
@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        *((version, ONE) for version in ("1.0", *(f"1.0.{patch}" for patch in range(10)))),
        *((version, TWO) for version in ("2.0", "2.0.0", "2.0.1", "2.0.5")),
    ],
)
async def test_a_served_version_is_answered_in_kind(
    client: httpx.AsyncClient, asked: str, answered: str
) -> None:
    client.headers[HEADER] = asked
    for answer in (
        await client.post("/statements", json=a_statement()),
        await client.get("/statements"),
    ):
        assert (answer.status_code, answer.headers[HEADER]) == (200, answered)


@pytest.mark.requirement("XAPI-00331")
@pytest.mark.parametrize(
    "asked",
    [
        "0.9",
        "0.95",
        "1.1.0",
        "1",
        "2",
        "2.1.0",
        "3.0",
        "1.0.3.1",
        "1.0.03",
        "1.0.x",
        "1.0.",
        "v1.0.3",
        "abc",
        "",
    ],
)
async def test_any_other_version_is_refused_with_a_reason(
    client: httpx.AsyncClient, asked: str
) -> None:
    client.headers[HEADER] = asked
    for answer in (
        await client.post("/statements", json=a_statement()),
        await client.get("/statements"),
    ):
        assert answer.status_code == 400
        assert answer.headers[HEADER] == ONE
        assert HEADER in answer.json()["detail"]
    client.headers[HEADER] = ONE
    assert await listed(client) == []


@pytest.mark.requirement("XAPI-00321", "XAPI-00331")
async def test_a_missing_version_is_refused_with_the_default(client: httpx.AsyncClient) -> None:
    del client.headers[HEADER]
    answer = await client.get("/statements")
    assert (answer.status_code, answer.headers[HEADER]) == (400, ONE)


async def test_two_versions_in_one_request_are_none(client: httpx.AsyncClient) -> None:
    del client.headers[HEADER]
    answer = await client.get("/statements", headers=[(HEADER, ONE), (HEADER, TWO)])
    assert (answer.status_code, answer.headers[HEADER]) == (400, ONE)
    answer = await client.get("/statements", headers=[(HEADER, TWO), (HEADER, TWO)])
    assert (answer.status_code, answer.headers[HEADER]) == (200, TWO)


async def test_the_default_is_a_setting(database_url: str) -> None:
    app = build_app(settings_for(database_url, default_xapi_version=TWO))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://lrs.test") as client,
    ):
        answer = await client.get("/xapi/about")
        assert (answer.status_code, answer.headers[HEADER]) == (200, TWO)
        answer = await client.get("/xapi/statements")
        assert (answer.status_code, answer.headers[HEADER]) == (401, TWO)


@pytest.mark.requirement("XAPI-00333")
@pytest.mark.parametrize("version", [ONE, TWO])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/statements?foo=bar", 400),
        ("GET", "/statements?statementId=6e9b0d1c-9bd3-4f3c-9a53-0a8e0d1b2c3d", 404),
        ("POST", "/statements", 400),
        ("PUT", "/statements", 400),
        ("DELETE", "/statements", 405),
        ("PATCH", "/statements", 405),
        ("POST", "/about", 405),
        ("GET", "/nothing", 404),
        ("GET", "/statements/nothing", 404),
        ("GET", "/", 404),
        ("GET", "/about", 200),
        ("HEAD", "/about", 200),
    ],
)
async def test_every_answer_carries_the_version(
    client: httpx.AsyncClient, version: str, method: str, path: str, status: int
) -> None:
    client.headers[HEADER] = version
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers.get_list(HEADER)) == (status, [version])


async def test_a_refusal_of_credentials_carries_the_version(anonymous: httpx.AsyncClient) -> None:
    anonymous.headers[HEADER] = TWO
    answer = await anonymous.get("/statements")
    assert (answer.status_code, answer.headers[HEADER]) == (401, TWO)


async def test_an_unexpected_failure_carries_the_version(failing: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(failing)) as client:
        answer = await client.get("http://lrs.test/xapi/broken", headers={HEADER: TWO})
    assert (answer.status_code, answer.headers[HEADER]) == (500, TWO)


@pytest.mark.requirement("XAPI-00316", "XAPI-00317", "XAPI-00318", "XAPI-00319")
async def test_about_tells_the_versions_that_are_served(client: httpx.AsyncClient) -> None:
    answer = await client.get("/about")
    assert answer.status_code == 200
    assert answer.json()["version"] == [ONE, TWO]
    for version in answer.json()["version"]:
        asked = await client.get("/statements", headers={HEADER: version})
        assert (asked.status_code, asked.headers[HEADER]) == (200, version)


@pytest.mark.requirement("XAPI-00321", "XAPI-00331")
@pytest.mark.parametrize("asked", [None, ONE, TWO, "0.9", "rubbish"])
async def test_about_needs_neither_version_nor_credentials(
    anonymous: httpx.AsyncClient, asked: str | None
) -> None:
    del anonymous.headers[HEADER]
    answer = await anonymous.get("/about", headers={HEADER: asked} if asked else {})
    assert answer.status_code == 200
    assert answer.headers[HEADER] == (TWO if asked == TWO else ONE)
    assert answer.json()["version"] == [ONE, TWO]
    assert set(answer.json()) == {"version", "extensions"}


async def test_about_does_not_mind_wrong_credentials(client: httpx.AsyncClient) -> None:
    answer = await client.get("/about", auth=("wrong", "wrong"))
    assert answer.status_code == 200


CONTEXT_AGENT: Json = {"objectType": "contextAgent", "agent": agent()}
CONTEXT_GROUP: Json = {"objectType": "contextGroup", "group": group(agent())}
IN_2_0: list[tuple[Json, str]] = [
    ({"contextAgents": [CONTEXT_AGENT]}, "contextAgents"),
    ({"contextGroups": [CONTEXT_GROUP]}, "contextGroups"),
    ({"contextAgents": [CONTEXT_AGENT | {"relevantTypes": ["http://x.org/t"]}]}, "contextAgents"),
]


@pytest.mark.parametrize(("context", "name"), IN_2_0)
@pytest.mark.parametrize("inside", [False, True], ids=["outside", "in SubStatement"])
async def test_what_is_new_in_2_0_is_unknown_in_1_0(
    client: httpx.AsyncClient, context: Json, name: str, *, inside: bool
) -> None:
    statement = a_statement(context=context)
    place = "context."
    if inside:
        statement = a_statement(object=a_substatement(context=context))
        place = "object.context."
    client.headers[HEADER] = ONE
    refused = await client.post("/statements", json=statement)
    assert refused.status_code == 400
    assert [each["path"] for each in refused.json()["violations"]] == [place + name]
    client.headers[HEADER] = TWO
    assert (await client.post("/statements", json=statement)).status_code == 200


@pytest.mark.parametrize(
    ("asked", "sent", "status"),
    [
        (ONE, "2.0.0", 400),
        (ONE, "1.1.0", 400),
        (ONE, "0.9.9", 400),
        (ONE, "text", 400),
        (TWO, "2.0.0", 200),
        (TWO, "1.0.9", 200),
        (TWO, "0.9.9", 400),
        (TWO, "1.1.0", 400),
    ],
)
async def test_a_statement_names_no_newer_version_than_its_request(
    client: httpx.AsyncClient, asked: str, sent: str, status: int
) -> None:
    client.headers[HEADER] = asked
    answer = await client.post("/statements", json=a_statement(version=sent))
    assert answer.status_code == status


@pytest.mark.parametrize("timestamp", ["2025-03-01T12:30:00", "20250301T123000Z", "2025-03-01T12Z"])
async def test_2_0_asks_for_timestamps_of_rfc_3339(
    client: httpx.AsyncClient, timestamp: str
) -> None:
    client.headers[HEADER] = TWO
    answer = await client.post("/statements", json=a_statement(timestamp=timestamp))
    assert answer.status_code == 400
    assert [each["path"] for each in answer.json()["violations"]] == ["timestamp"]


async def test_both_versions_share_one_history(client: httpx.AsyncClient) -> None:
    ids = []
    for version in (ONE, TWO):
        client.headers[HEADER] = version
        ids += (await client.post("/statements", json=a_statement())).json()
    for version in (ONE, TWO):
        client.headers[HEADER] = version
        assert await listed(client, ascending="true") == ids
