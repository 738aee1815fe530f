"""Who was erased does not come back: what names them is refused, or stored without them."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from builders import Json, a_statement, a_substatement, activity, agent, group, voiding
from conftest import SERVER_KEY, Tenant
from lrs.people.tombstones import OnReturn, Tombstone, tombstone_macs
from lrs.storage.engines import Database
from lrs.storage.tombstones import insert_tombstones
from lrs.xapi.keys import Ifi
from statement_resource import exists, new_id, post, put, stored

NOBODY = {"account": {"homePage": "https://lrs.example/anonymous", "name": "1"}}
INSTEAD = Ifi("account", "https://lrs.example/anonymous 1")
ADA = Ifi("mbox", "mailto:ada@example.org")
STATE = {
    "activityId": "http://example.org/a",
    "agent": json.dumps(agent()),
    "stateId": "of Ada",
}
NAMING: list[Json] = [
    a_statement(),
    a_statement(actor={"mbox": "mailto:ada@EXAMPLE.org"}),
    a_statement(actor={"mbox": "mailto:ADA@example.org"}),
    a_statement(actor={"account": {"homePage": "http://l2", "name": "Ada@example.org"}}),
    a_statement(actor=agent("bob"), object=agent()),
    a_statement(actor=group(agent("bob"), agent())),
    a_statement(actor=agent("bob"), context={"instructor": agent()}),
    a_statement(actor=agent("bob"), object=a_substatement()),
    voiding(str(uuid4())),
]


async def bury(database: Database, tenant: Tenant, on_return: OnReturn) -> None:
    (mac,) = tombstone_macs(SERVER_KEY.encode(), ADA)
    async with database.writing() as connection:
        made = [Tombstone(mac, on_return, INSTEAD)]
        await insert_tombstones(connection, tenant.principal.store, uuid4(), made)


async def send_many(client: httpx.AsyncClient, *statements: Json) -> list[int]:
    """Send statements at the same time, each by a request of its own."""
    answers = await asyncio.gather(*(client.post("/statements", json=each) for each in statements))
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize("statement", NAMING)
async def test_what_names_them_is_refused(
    client: httpx.AsyncClient, tenant: Tenant, database: Database, statement: Json
) -> None:
    await bury(database, tenant, OnReturn.REFUSE)
    identifier = new_id()
    answer = await client.post("/statements", json=statement | {"id": identifier})
    assert answer.status_code == 403
    problem = answer.json()
    assert problem["type"] == "urn:lrs:error:erased-person"
    assert identifier in problem["detail"]
    assert "ada@" not in problem["detail"].lower()
    assert not await exists(client, identifier)


async def test_only_what_names_them_is_refused_of_what_comes_together(
    client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    others = [a_statement(actor=agent(f"someone-{number}")) for number in range(20)]
    assert await send_many(client, *others) == [200] * 20
    await bury(database, tenant, OnReturn.REFUSE)
    answers = await send_many(client, *others[:10], *NAMING, *others[10:])
    assert answers == [200] * 10 + [403] * len(NAMING) + [200] * 10
    batch = await client.post("/statements", json=[*others, NAMING[0]])
    assert batch.status_code == 403
    assert "statements[20]" in batch.json()["detail"]


async def test_what_names_them_is_stored_without_them(
    client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    await bury(database, tenant, OnReturn.ANONYMISE)
    extensions = {"http://example.org/mail": "ada@example.org", "http://example.org/n": 1.0}
    sent = a_statement(
        id=new_id(),
        actor=agent() | {"name": "Ada Lovelace"},
        object=activity(),
        result={"response": "I am Ada Lovelace.", "extensions": extensions},
    )
    other = a_statement(id=new_id(), actor=agent("bob"))
    await post(client, sent, other)
    kept = await stored(client, sent["id"])
    assert kept["actor"] == {"objectType": "Agent"} | NOBODY
    assert kept["result"]["response"] == "I am anonymous."
    assert kept["result"]["extensions"]["http://example.org/mail"] == "anonymous"
    assert (await stored(client, other["id"]))["actor"] == agent("bob")
    # The same again is the same; another one under its id is refused.
    assert (await put(client, sent["id"], sent)).status_code == 204
    assert (await put(client, sent["id"], sent | {"actor": agent("bob")})).status_code == 409
    found = await client.get("/statements", params={"agent": json.dumps(NOBODY)})
    assert [each["id"] for each in found.json()["statements"]] == [sent["id"]]
    assert await texts_with(database, tenant, "ada@") == 0


async def texts_with(database: Database, tenant: Tenant, part: str) -> int:
    query = text(
        "SELECT count(*) FROM statement_payloads, agents"
        " WHERE statement_payloads.store = :store AND agents.store = :store"
        " AND (CAST(payload AS text) || ifi LIKE '%' || :part || '%')"
    )
    values: dict[str, Any] = {"store": tenant.principal.store, "part": part}
    async with database.primary() as connection:
        return int((await connection.execute(query, values)).scalar_one())


@pytest.mark.parametrize("on_return", OnReturn)
async def test_documents_about_them_are_refused(
    client: httpx.AsyncClient, tenant: Tenant, database: Database, on_return: OnReturn
) -> None:
    assert (await client.put("/activities/state", params=STATE, content=b"1")).status_code == 204
    await bury(database, tenant, on_return)
    new = STATE | {"stateId": "another"}
    for method in ("PUT", "POST"):
        headers = {"Content-Type": "application/json", "If-None-Match": "*"}
        for path, asked in (
            ("/activities/state", new),
            ("/agents/profile", {"agent": new["agent"], "profileId": "1"}),
        ):
            answer = await client.request(
                method, path, params=asked, content=b"{}", headers=headers
            )
            assert answer.status_code == 403, answer.text
    bob = new | {"agent": json.dumps(agent("bob"))}
    assert (await client.put("/activities/state", params=bob, content=b"1")).status_code == 204


async def test_another_store_knows_nobody_who_was_erased(
    client: httpx.AsyncClient, stranger: Tenant, database: Database
) -> None:
    await bury(database, stranger, OnReturn.REFUSE)
    await post(client, *NAMING)


async def test_nobody_keeps_them_as_a_person_again(
    client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    await bury(database, tenant, OnReturn.ANONYMISE)
    people = "http://lrs.test/api/v1/people"
    made = await client.post(people, json={"identifiers": [agent()]})
    assert (made.status_code, made.json()["type"]) == (403, "urn:lrs:error:erased-person")
    other = await client.post(people, json={"name": "Bob"})
    path = f"{people}/{other.json()['id']}/identifiers"
    added = await client.post(path, json={"identifiers": [agent("bob"), agent()]})
    assert added.status_code == 403
    assert (await client.get(f"{people}/{other.json()['id']}")).json()["identifiers"] == []
    user = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "ada",
        "emails": [{"value": "ada@example.org"}],
    }
    pushed = await client.post("http://lrs.test/scim/v2/Users", json=user)
    assert pushed.status_code == 403
    listed = (await client.get(people)).json()["people"]
    assert [each["name"] for each in listed] == ["Bob"]
