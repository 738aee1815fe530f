"""POST of one statement and of batches (Comm. 2.1.2)."""

from uuid import UUID

import httpx
import pytest

from builders import a_statement, verb
from conftest import Tenant, serving
from statement_resource import exists, get, listed, new_id, post, stored

INVALID = {"actor": {"objectType": "Agent"}, "verb": verb(), "object": {"id": "no iri"}}


@pytest.mark.requirement("XAPI-00146", "XAPI-00147")
async def test_one_statement_is_answered_with_an_array_of_one_id(
    client: httpx.AsyncClient,
) -> None:
    identifier = new_id()
    answer = await client.post("/statements", json=a_statement(id=identifier))
    assert (answer.status_code, answer.json()) == (200, [identifier])
    assert answer.headers["Content-Type"] == "application/json"


async def test_an_array_of_one_is_answered_with_an_array_of_one_id(
    client: httpx.AsyncClient,
) -> None:
    identifier = new_id()
    answer = await client.post("/statements", json=[a_statement(id=identifier)])
    assert (answer.status_code, answer.json()) == (200, [identifier])


@pytest.mark.requirement("XAPI-00146")
async def test_ids_come_in_the_order_of_the_batch(client: httpx.AsyncClient) -> None:
    sent = [new_id() for _ in range(40)]
    assert await post(client, *(a_statement(id=identifier) for identifier in sent)) == sent


@pytest.mark.requirement("XAPI-00026")
async def test_a_missing_id_is_made(client: httpx.AsyncClient) -> None:
    (identifier,) = await post(client, a_statement())
    assert (await stored(client, identifier))["id"] == identifier


async def test_made_ids_are_uuids_of_version_7_and_distinct(client: httpx.AsyncClient) -> None:
    ids = await post(client, *(a_statement() for _ in range(10)))
    assert {UUID(identifier).version for identifier in ids} == {7}
    assert len(set(ids)) == 10


async def test_made_ids_are_of_version_4_where_clients_read_no_other(
    database_url: str, tenant: Tenant
) -> None:
    async with serving(database_url, tenant, statement_id_version="4") as client:
        ids = await post(client, a_statement(), a_statement())
    assert {UUID(identifier).version for identifier in ids} == {4}


async def test_made_and_sent_ids_mix_in_their_order(client: httpx.AsyncClient) -> None:
    first, last = new_id(), new_id()
    ids = await post(
        client, a_statement(id=first), a_statement(verb=verb("tried")), a_statement(id=last)
    )
    assert (ids[0], ids[2]) == (first, last)
    assert (await stored(client, ids[1]))["verb"] == verb("tried")


async def test_a_stored_statement_can_be_read_by_id_at_once(client: httpx.AsyncClient) -> None:
    (identifier,) = await post(client, a_statement(verb=verb("watched")))
    assert (await stored(client, identifier))["verb"] == verb("watched")


async def test_a_stored_statement_is_listed_at_once(client: httpx.AsyncClient) -> None:
    ids = await post(client, a_statement(), a_statement())
    assert await listed(client, ascending="true") == ids


async def test_an_empty_array_stores_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.post("/statements", json=[])
    assert (answer.status_code, answer.json()) == (200, [])
    assert await listed(client) == []


@pytest.mark.requirement("XAPI-00182", "XAPI-00326")
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_one_invalid_statement_refuses_the_batch(
    client: httpx.AsyncClient, place: int
) -> None:
    good = [a_statement(id=new_id()), a_statement(id=new_id())]
    batch = [*good[:place], INVALID, *good[place:]]
    answer = await client.post("/statements", json=batch)
    assert answer.status_code == 400
    assert await listed(client) == []
    assert [await exists(client, each["id"]) for each in good] == [False, False]


async def test_every_violation_of_a_batch_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.post("/statements", json=[INVALID, a_statement(), {"verb": {}}])
    assert [violation["path"] for violation in answer.json()["violations"]] == [
        "statements[0].object.id",
        "statements[0].actor",
        "statements[2].actor",
        "statements[2].verb.id",
        "statements[2].object",
    ]


async def test_the_path_of_a_lone_statement_begins_at_the_statement(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/statements", json=INVALID)
    paths = [violation["path"] for violation in answer.json()["violations"]]
    assert paths == ["object.id", "actor"]


async def test_the_same_id_twice_in_a_batch_is_refused(client: httpx.AsyncClient) -> None:
    identifier = new_id()
    batch = [a_statement(id=identifier), a_statement(id=identifier.upper())]
    answer = await client.post("/statements", json=batch)
    assert answer.status_code == 400
    assert [each["path"] for each in answer.json()["violations"]] == ["statements[1].id"]
    assert not await exists(client, identifier)


async def test_an_upper_case_id_is_found_in_lower_case_and_returned_as_sent(
    client: httpx.AsyncClient,
) -> None:
    identifier = "FD41C918-B88B-4B20-A0A5-A4C32391AAA0"
    await post(client, a_statement(id=identifier))
    assert (await stored(client, identifier.lower()))["id"] == identifier
    assert (await stored(client, identifier))["id"] == identifier


@pytest.mark.requirement("XAPI-00099")
async def test_authority_is_the_agent_of_the_credential(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    (identifier,) = await post(client, a_statement())
    authority = (await stored(client, identifier))["authority"]
    assert authority["objectType"] == "Agent"
    assert authority["account"]["name"] == tenant.principal.key


async def test_a_batch_may_hold_a_thousand_statements(client: httpx.AsyncClient) -> None:
    ids = await post(client, *(a_statement() for _ in range(1000)))
    assert (await get(client, ids[-1])).status_code == 200
    assert await listed(client, limit=1000, ascending="true") == ids


async def test_the_answer_tells_how_many_are_new(client: httpx.AsyncClient) -> None:
    known = a_statement(id=new_id())
    await post(client, known)
    answer = await client.post("/statements", json=[known, a_statement(id=new_id())])
    assert answer.status_code == 200
    assert answer.headers["X-LRS-Stored"] == "1"
