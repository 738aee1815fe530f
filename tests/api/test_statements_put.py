"""PUT of a statement under an id (Comm. 2.1.1)."""

import httpx
import pytest

from builders import a_statement, agent, verb
from statement_resource import JSON_BODY, exists, listed, new_id, put, stored


@pytest.mark.requirement("XAPI-00143")
async def test_success_is_204_without_a_body(client: httpx.AsyncClient) -> None:
    answer = await put(client, new_id(), a_statement())
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Type" not in answer.headers


@pytest.mark.requirement("XAPI-00144")
async def test_the_statement_takes_the_id_of_the_parameter(client: httpx.AsyncClient) -> None:
    identifier = new_id()
    await put(client, identifier, a_statement(verb=verb("tried")))
    kept = await stored(client, identifier)
    assert (kept["id"], kept["verb"]) == (identifier, verb("tried"))


async def test_the_same_id_in_the_body_is_fine(client: httpx.AsyncClient) -> None:
    identifier = new_id()
    answer = await put(client, identifier, a_statement(id=identifier))
    assert answer.status_code == 204
    assert await exists(client, identifier)


async def test_the_id_in_the_body_may_differ_in_case(client: httpx.AsyncClient) -> None:
    identifier = new_id()
    answer = await put(client, identifier, a_statement(id=identifier.upper()))
    assert answer.status_code == 204
    assert (await stored(client, identifier))["id"] == identifier.upper()


async def test_another_id_in_the_body_is_refused(client: httpx.AsyncClient) -> None:
    asked, written = new_id(), new_id()
    assert (await put(client, asked, a_statement(id=written))).status_code == 400
    assert await listed(client) == []


@pytest.mark.requirement("XAPI-00145")
async def test_statement_id_is_required(client: httpx.AsyncClient) -> None:
    answer = await client.put("/statements", json=a_statement(id=new_id()))
    assert answer.status_code == 400
    assert "statementId" in answer.json()["detail"]
    assert await listed(client) == []


@pytest.mark.parametrize(
    "identifier",
    ["", "abc", "fd41c918b88b4b20a0a5a4c32391aaa0", "{fd41c918-b88b-4b20-a0a5-a4c32391aaa0}"],
)
async def test_statement_id_must_be_a_uuid(client: httpx.AsyncClient, identifier: str) -> None:
    assert (await put(client, identifier, a_statement())).status_code == 400
    assert await listed(client) == []


async def test_an_array_is_refused(client: httpx.AsyncClient) -> None:
    identifier = new_id()
    answer = await client.put(
        "/statements", params={"statementId": identifier}, json=[a_statement(id=identifier)]
    )
    assert answer.status_code == 400
    assert not await exists(client, identifier)


async def test_an_empty_array_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.put("/statements", params={"statementId": new_id()}, json=[])
    assert answer.status_code == 400


async def test_no_body_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.put("/statements", params={"statementId": new_id()}, headers=JSON_BODY)
    assert answer.status_code == 400


async def test_an_invalid_statement_is_refused_with_its_violations(
    client: httpx.AsyncClient,
) -> None:
    identifier = new_id()
    answer = await put(client, identifier, a_statement(actor={"objectType": "Group"}))
    assert answer.status_code == 400
    assert [each["path"] for each in answer.json()["violations"]] == ["actor.member"]
    assert not await exists(client, identifier)


async def test_the_same_again_changes_nothing(client: httpx.AsyncClient) -> None:
    identifier, statement = new_id(), a_statement()
    await put(client, identifier, statement)
    before = await stored(client, identifier)
    assert (await put(client, identifier, statement)).status_code == 204
    assert await stored(client, identifier) == before
    assert await listed(client) == [identifier]


@pytest.mark.requirement("XAPI-00142")
async def test_other_content_under_the_same_id_is_a_conflict(client: httpx.AsyncClient) -> None:
    identifier = new_id()
    await put(client, identifier, a_statement())
    before = await stored(client, identifier)
    answer = await put(client, identifier, a_statement(actor=agent("eve")))
    assert answer.status_code == 409
    assert identifier in answer.json()["detail"]
    assert await stored(client, identifier) == before


async def test_what_was_put_can_be_posted_again(client: httpx.AsyncClient) -> None:
    identifier = new_id()
    await put(client, identifier, a_statement())
    answer = await client.post("/statements", json=a_statement(id=identifier))
    assert (answer.status_code, answer.json()) == (200, [identifier])


async def test_the_answer_tells_whether_it_is_new(client: httpx.AsyncClient) -> None:
    identifier = new_id()
    answers = [await put(client, identifier, a_statement()) for _ in range(2)]
    assert [answer.headers["X-LRS-Stored"] for answer in answers] == ["1", "0"]
