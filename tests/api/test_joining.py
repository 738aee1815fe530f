"""Agents that statements bring are joined by exact rules, in the background, and only by those."""

import asyncio
import json
import time
from hashlib import sha1

import httpx
import pytest
from sqlalchemy import text

from builders import Json, a_statement
from conftest import Tenant
from known_people import PEOPLE, RULES, account, define, get, make, mbox, set_value, somebody
from lrs.people.identifiers import read_identifier
from lrs.storage.engines import Database
from lrs.storage.joining import join_some
from lrs.storage.watermark import watermark
from lrs.xapi.keys import ifi_key
from statement_resource import post

MAIL_PAGE = "https://video.example.org"
_LEFT = text(
    """
    SELECT count(*) FROM statements
    LEFT JOIN joining_progress AS progress ON progress.store = statements.store
    WHERE statements.store = :store
      AND (statements.position > coalesce(progress.position, statements.position - 1)
           OR progress.person IS NOT NULL)
    """
)


async def join_all(database: Database, tenant: Tenant, step: int = 20_000) -> None:
    """Have all statements of a store looked at; the service of the tests may do a part of it."""
    store, end = tenant.principal.store, time.monotonic() + 60
    while time.monotonic() < end:
        async with database.primary() as connection:
            reached = await watermark(connection, store)
            if not await connection.scalar(_LEFT, {"store": store}):
                return
        async with database.writing() as connection:
            await join_some(connection, store, reached.position, step)
        await asyncio.sleep(0.01)
    raise AssertionError("the statements were not looked at in time")


def key_of(agent: Json) -> str:
    return str(ifi_key(read_identifier(json.dumps(agent))))


def hashed(agent: Json) -> Json:
    return {"mbox_sha1sum": sha1(agent["mbox"].encode(), usedforsecurity=False).hexdigest()}


@pytest.mark.parametrize("is_mbox_first", [True, False])
async def test_a_hash_and_its_mail_address_become_one_person(
    client: httpx.AsyncClient, database: Database, tenant: Tenant, is_mbox_first: bool
) -> None:
    anna = mbox(somebody())
    both = [anna, hashed(anna)]
    for actor in both if is_mbox_first else both[::-1]:
        await post(client, a_statement(actor=actor))
        await join_all(database, tenant)
    found = await get(client, key_of(anna))
    assert found["is_kept"]
    assert (await get(client, key_of(hashed(anna))))["id"] == found["id"]
    assert {each["source"] for each in found["identifiers"]} == {"statements", "rule:mbox_sha1sum"}


async def test_who_has_no_second_identifier_stays_as_they_are(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    anna = mbox(somebody())
    await post(client, a_statement(actor=anna), a_statement(actor=account(somebody())))
    await join_all(database, tenant)
    assert (await get(client, key_of(anna)))["is_kept"] is False
    assert (await client.get(PEOPLE)).json()["people"] == []


async def test_all_are_met_in_small_steps(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    people = [mbox(somebody()) for _ in range(5)]
    await post(client, *(a_statement(actor=each) for each in people))
    await post(client, *(a_statement(actor=hashed(each)) for each in people))
    await join_all(database, tenant, step=2)
    for each in people:
        assert (await get(client, key_of(each)))["is_kept"]


async def test_an_account_is_named_by_the_mail_address(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    anna, ben = mbox(somebody()), mbox(somebody())
    accounts = [account(each["mbox"].removeprefix("mailto:"), MAIL_PAGE) for each in (anna, ben)]
    elsewhere = account(anna["mbox"].removeprefix("mailto:"), "https://other.example.org")
    await post(client, a_statement(actor=anna), a_statement(actor=elsewhere))
    await post(client, *(a_statement(actor=each) for each in accounts))
    await join_all(database, tenant)
    kept = (await make(client, ben))["id"]
    # Now that there is a rule, all is looked at again.
    rule = {"kind": "account_is_mail", "home_page": MAIL_PAGE}
    made = (await client.post(RULES, json=rule)).json()
    await join_all(database, tenant)
    assert (await get(client, key_of(accounts[1])))["id"] == kept
    found = await get(client, key_of(anna))
    assert (await get(client, key_of(accounts[0])))["id"] == found["id"]
    assert (await get(client, key_of(elsewhere)))["is_kept"] is False

    assert (await client.delete(f"{RULES}/{made['id']}")).status_code == 204
    await join_all(database, tenant)
    assert (await get(client, key_of(accounts[1])))["is_kept"] is False
    assert (await get(client, kept))["id"] == kept


async def test_an_account_is_named_by_the_personnel_number(client: httpx.AsyncClient) -> None:
    await define(client, "number")
    rule = {"kind": "account_is_attribute", "home_page": MAIL_PAGE, "attribute": "number"}
    assert (await client.post(RULES, json=rule)).status_code == 201
    assert (await client.post(RULES, json=rule)).status_code == 409
    number = somebody()
    anna = (await make(client))["id"]
    await set_value(client, anna, "number", value=number)
    assert (await get(client, key_of(account(number, MAIL_PAGE))))["id"] == anna
    # Another one with the same number gets nothing by it.
    other = (await make(client))["id"]
    await set_value(client, other, "number", value=number)
    assert (await get(client, other))["identifiers"] == []


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "mbox_sha1sum"},
        {"kind": "account_is_mail"},
        {"kind": "account_is_mail", "home_page": "no IRI"},
        {"kind": "account_is_mail", "home_page": MAIL_PAGE, "attribute": "number"},
        {"kind": "account_is_attribute", "home_page": MAIL_PAGE},
        {"kind": "account_is_attribute", "home_page": MAIL_PAGE, "attribute": "unknown"},
        {"kind": "names_alike"},
    ],
)
async def test_a_rule_that_says_nothing_exact_is_refused(
    client: httpx.AsyncClient, rule: dict[str, str]
) -> None:
    assert (await client.post(RULES, json=rule)).status_code == 400
    assert (await client.get(RULES)).json() == {"rules": []}


async def test_the_hash_is_anothers_who_has_said_so(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    anna = mbox(somebody())
    kept = (await make(client, hashed(anna), name="Anna"))["id"]
    await post(client, a_statement(actor=anna))
    await join_all(database, tenant)
    assert (await get(client, key_of(anna)))["id"] == kept


async def test_who_tells_of_somebody_takes_in_whom_rules_alone_have_made(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    anna = mbox(somebody())
    await post(client, a_statement(actor=anna), a_statement(actor=hashed(anna)))
    await join_all(database, tenant)
    by_rule = await get(client, key_of(anna))

    made = await make(client, anna, account("anna"), name="Anna Berger")
    assert (await get(client, by_rule["id"]))["id"] == made["id"]
    found = await get(client, key_of(hashed(anna)))
    assert (found["id"], found["name"]) == (made["id"], "Anna Berger")
    # It is a merge, and can be undone as any other.
    merges = (await client.get(f"{PEOPLE}/{made['id']}/merges")).json()["merges"]
    assert [each["merged"] for each in merges] == [by_rule["id"]]


async def test_identifiers_that_are_added_take_in_whom_rules_alone_have_made(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    anna = mbox(somebody())
    await post(client, a_statement(actor=anna), a_statement(actor=hashed(anna)))
    await join_all(database, tenant)
    made = await make(client, account(somebody()), name="Anna")
    path = f"{PEOPLE}/{made['id']}/identifiers"
    answer = await client.post(path, json={"identifiers": [anna]})
    assert answer.status_code < 300
    assert (await get(client, key_of(hashed(anna))))["id"] == made["id"]


async def test_whom_somebody_has_told_of_is_not_taken_in(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    anna = mbox(somebody())
    await post(client, a_statement(actor=anna), a_statement(actor=hashed(anna)))
    await join_all(database, tenant)
    by_rule = await get(client, key_of(anna))
    named = await client.patch(f"{PEOPLE}/{by_rule['id']}", json={"name": "Anna"})
    assert named.status_code == 200
    answer = await client.post(PEOPLE, json={"identifiers": [anna]})
    assert answer.status_code == 409
