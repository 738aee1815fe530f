"""What readers of 1.0.x get of statements of 2.0: by the standard all, by a setting less."""

from collections.abc import AsyncIterator

import httpx
import pytest

from builders import Json, a_statement, a_substatement, agent, group, voiding
from conftest import Tenant, serving
from statement_resource import VERSION_2, following, get, ids_on, page, post, stored

CONTEXT_AGENT: Json = {"objectType": "contextAgent", "agent": agent("mentor")}
CONTEXT_GROUP: Json = {"objectType": "contextGroup", "group": group(agent("peer"))}
NEW = {"contextAgents": [CONTEXT_AGENT], "contextGroups": [CONTEXT_GROUP]}
NEWER = a_statement(
    context={"language": "de"} | NEW, object=a_substatement(context={"platform": "x"} | NEW)
)
FORMATS = ["exact", "ids", "canonical"]


@pytest.fixture
async def reducing(database_url: str, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """A client that speaks 1.0.3 to an LRS that reduces what is newer."""
    async with serving(database_url, tenant, newer_statements="reduced") as client:
        yield client


def newness(statement: Json) -> list[str]:
    """Name what 1.0.x would not know."""
    contexts = (statement.get("context", {}), statement["object"].get("context", {}))
    names = [name for context in contexts for name in context if name in NEW]
    return names + [it for it in [statement["version"]] if it.startswith("2")]


ALL_NEW = [*NEW, *NEW, "2.0.0"]


@pytest.mark.parametrize("form", FORMATS)
async def test_newer_statements_are_returned_unchanged(
    client: httpx.AsyncClient, form: str
) -> None:
    (identifier,) = await post(client, NEWER, **VERSION_2)
    parameters = {"statementId": identifier, "format": form}
    single = (await client.get("/statements", params=parameters)).json()
    (listed,) = (await page(client, format=form))["statements"]
    assert newness(single) == newness(listed) == ALL_NEW


@pytest.mark.parametrize("form", FORMATS)
async def test_newer_statements_can_be_reduced(reducing: httpx.AsyncClient, form: str) -> None:
    (identifier,) = await post(reducing, NEWER, **VERSION_2)
    parameters = {"statementId": identifier, "format": form}
    single = (await reducing.get("/statements", params=parameters)).json()
    (listed,) = (await page(reducing, format=form))["statements"]
    assert single == listed
    assert newness(single) == []
    assert single["version"] == "1.0.0"
    assert (single["context"], single["object"]["context"]) == (
        {"language": "de"},
        {"platform": "x"},
    )


async def test_a_reader_of_2_0_gets_all_of_a_statement(reducing: httpx.AsyncClient) -> None:
    (identifier,) = await post(reducing, NEWER, **VERSION_2)
    reducing.headers.update(VERSION_2)
    assert newness(await stored(reducing, identifier)) == ALL_NEW
    assert newness((await page(reducing))["statements"][0]) == ALL_NEW


async def test_what_is_kept_is_not_reduced(
    reducing: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    (identifier,) = await post(reducing, NEWER, **VERSION_2)
    await stored(reducing, identifier)
    assert newness(await stored(client, identifier)) == ALL_NEW


async def test_a_voided_statement_is_reduced(reducing: httpx.AsyncClient) -> None:
    (identifier,) = await post(reducing, NEWER, **VERSION_2)
    await post(reducing, voiding(identifier))
    answer = await reducing.get("/statements", params={"voidedStatementId": identifier})
    assert (answer.status_code, newness(answer.json())) == (200, [])


async def test_statements_on_further_pages_are_reduced(reducing: httpx.AsyncClient) -> None:
    ids = await post(reducing, *([NEWER] * 3), **VERSION_2)
    result = await page(reducing, limit=1, ascending="true")
    for identifier in ids[1:]:
        result = await following(reducing, result["more"])
        assert ids_on(result) == [identifier]
        assert newness(result["statements"][0]) == []
    assert result["more"] == ""


async def test_statements_in_multipart_are_reduced(reducing: httpx.AsyncClient) -> None:
    await post(reducing, NEWER, **VERSION_2)
    answer = await reducing.get("/statements", params={"attachments": "true"})
    assert answer.headers["Content-Type"].startswith("multipart/mixed")
    assert b'"version":"1.0.0"' in answer.content
    assert b"contextAgents" not in answer.content


async def test_statements_that_are_not_newer_stay_to_the_letter(
    reducing: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    newer, older = await post(reducing, NEWER, **VERSION_2), await post(reducing, a_statement())
    for identifier in (*newer, *older):
        reduced, whole = await get(reducing, identifier), await get(client, identifier)
        assert (reduced.content == whole.content) is (identifier in older)
    assert ids_on(await page(reducing)) == [*older, *newer]
