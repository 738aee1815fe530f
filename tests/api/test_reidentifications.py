"""Whose a pseudonym is: two people have to agree, tools get nowhere, and all of it is recorded."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from builders import a_statement, agent
from conftest import Tenant, client_of
from lrs.api.state import Services
from lrs.auth.roles import Role
from lrs.storage.engines import Database
from people import Someone, a_browser, as_role, make_someone
from pseudonymous_stores import CALLER, a_pseudonymous_tenant, entered
from statement_resource import post, stored

PATH = "/api/v1/reidentifications"
REASON = "A threat in the forum, case 17"
AGES = text(
    """
    UPDATE reidentifications
    SET asked = asked - make_interval(mins => :minutes),
        approved = approved - make_interval(mins => :minutes)
    WHERE id = :id
    """
)


@pytest.fixture
async def hidden(app: FastAPI, database: Database) -> AsyncIterator[Tenant]:
    async with a_pseudonymous_tenant(app, database) as tenant:
        yield tenant


@dataclass(frozen=True)
class Two:
    """The browsers of two privacy officers of a store."""

    one: httpx.AsyncClient
    other: httpx.AsyncClient


async def an_officer(database: Database, tenant: Tenant) -> Someone:
    store = tenant.principal.store_name
    return await make_someone(database, as_role(Role.PRIVACY_OFFICER, store))


@pytest.fixture
async def two(app: FastAPI, database: Database, hidden: Tenant) -> AsyncIterator[Two]:
    first, second = [await an_officer(database, hidden) for _ in range(2)]
    async with entered(app, database, first) as one, entered(app, database, second) as other:
        yield Two(one, other)


@pytest.fixture
async def pseudonym(app: FastAPI, hidden: Tenant) -> str:
    """The name that Ada has in the store."""
    async with client_of(app, hidden) as client:
        (identifier,) = await post(client, a_statement())
        name: str = (await stored(client, identifier))["actor"]["account"]["name"]
    return name


async def asked(browser: httpx.AsyncClient, pseudonym: str) -> str:
    answer = await browser.post(PATH, json={"pseudonym": pseudonym, "reason": REASON})
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "asked"
    return f"{PATH}/{answer.json()['id']}"


async def approved(two: Two, pseudonym: str) -> str:
    address = await asked(two.one, pseudonym)
    answer = await two.other.post(f"{address}/approval")
    assert (answer.status_code, answer.json()["state"]) == (200, "open")
    return address


async def seen(browser: httpx.AsyncClient, address: str) -> dict[str, Any]:
    answer = await browser.get(address)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def grow_older(database: Database, address: str, minutes: int) -> None:
    async with database.primary() as connection:
        await connection.execute(AGES, {"id": address.rpartition("/")[2], "minutes": minutes})


async def test_both_are_told_once_the_other_has_agreed(two: Two, pseudonym: str) -> None:
    address = await asked(two.one, pseudonym)
    assert (await seen(two.one, address))["identifier"] is None
    assert (await two.other.post(f"{address}/approval")).status_code == 200
    for browser in (two.one, two.other):
        assert (await seen(browser, address))["identifier"] == {"mbox": agent()["mbox"]}


async def test_the_key_of_the_pseudonym_does_as_well(two: Two, pseudonym: str) -> None:
    by_name = await seen(two.one, await asked(two.one, pseudonym.upper()))
    by_key = await seen(two.one, await asked(two.one, by_name["agent"]))
    assert by_key["agent"] == by_name["agent"]


async def test_nobody_agrees_with_themselves(two: Two, pseudonym: str) -> None:
    address = await asked(two.one, pseudonym)
    assert (await two.one.post(f"{address}/approval")).status_code == 403
    assert (await seen(two.one, address))["state"] == "asked"


async def test_a_third_is_told_nothing(
    app: FastAPI, database: Database, hidden: Tenant, two: Two, pseudonym: str
) -> None:
    address = await approved(two, pseudonym)
    async with entered(app, database, await an_officer(database, hidden)) as third:
        assert (await third.get(address)).status_code == 403
        assert (await third.post(f"{address}/approval")).status_code == 409


async def test_of_two_who_agree_at_once_one_does(
    app: FastAPI, database: Database, hidden: Tenant, two: Two, pseudonym: str
) -> None:
    address = await asked(two.one, pseudonym)
    async with entered(app, database, await an_officer(database, hidden)) as third:
        answers = await asyncio.gather(
            *(each.post(f"{address}/approval") for each in (two.other, third))
        )
        assert sorted(each.status_code for each in answers) == [200, 409]
        told = [(await each.get(address)).status_code for each in (two.other, third)]
    assert sorted(told) == [200, 403]


async def test_after_an_hour_it_is_over(database: Database, two: Two, pseudonym: str) -> None:
    address = await approved(two, pseudonym)
    await grow_older(database, address, 59)
    assert (await seen(two.one, address))["identifier"] is not None
    await grow_older(database, address, 2)
    body = await seen(two.one, address)
    assert (body["state"], body["identifier"]) == ("closed", None)


async def test_after_a_day_nobody_can_agree(database: Database, two: Two, pseudonym: str) -> None:
    address = await asked(two.one, pseudonym)
    await grow_older(database, address, 24 * 60 + 1)
    assert (await two.other.post(f"{address}/approval")).status_code == 409
    assert (await seen(two.one, address))["state"] == "lapsed"


async def test_tools_and_other_roles_get_nowhere(
    app: FastAPI, database: Database, hidden: Tenant, two: Two, pseudonym: str
) -> None:
    address = await asked(two.one, pseudonym)
    wanted = {"pseudonym": pseudonym, "reason": REASON}
    # The credential has all scopes.
    async with client_of(app, hidden) as tool:
        for method, path in (("POST", PATH), ("POST", f"{address}/approval"), ("GET", address)):
            answer = await tool.request(method, f"http://lrs.test{path}", json=wanted)
            assert answer.status_code == 403
    store = hidden.principal.store_name
    auditor = await make_someone(database, as_role(Role.AUDITOR, store))
    async with entered(app, database, auditor) as browser:
        assert (await browser.post(PATH, json=wanted)).status_code == 403
        assert (await browser.post(f"{address}/approval")).status_code == 403
        assert (await browser.get(address)).status_code == 403
        (listed,) = (await browser.get(PATH)).json()["reidentifications"]
    assert listed["reason"] == REASON
    assert "identifier" not in listed


async def test_a_token_of_a_person_is_that_person(app: FastAPI, two: Two, pseudonym: str) -> None:
    address = await asked(two.one, pseudonym)
    made = await two.one.post("/api/v1/api-tokens", json={"label": "Mine"})
    async with a_browser(app) as script:
        script.headers["Authorization"] = f"Bearer {made.json()['token']}"
        assert (await script.post(f"{address}/approval")).status_code == 403


async def test_each_step_is_in_the_audit_log_and_the_answer_nowhere(
    two: Two, pseudonym: str
) -> None:
    address = await approved(two, pseudonym)
    await seen(two.one, address)
    await seen(two.other, address)
    records = (await two.one.get("/api/v1/audit")).json()["records"]
    steps = [each["action"] for each in records if each["action"].startswith("reident")]
    assert sorted(steps) == [
        "reidentification.approved",
        "reidentification.asked",
        "reidentification.read",
        "reidentification.read",
    ]
    assert "ada@example.org" not in str(records)


async def test_what_is_no_pseudonym_is_told(two: Two) -> None:
    wrong = {"a" * 52: 404, str(uuid4()): 404, "ada": 400, "": 400, "a" * 101: 400}
    for pseudonym, status in wrong.items():
        answer = await two.one.post(PATH, json={"pseudonym": pseudonym, "reason": REASON})
        assert answer.status_code == status


async def test_a_reason_is_needed(two: Two, pseudonym: str) -> None:
    for body in ({"pseudonym": pseudonym}, {"pseudonym": pseudonym, "reason": "because"}):
        assert (await two.one.post(PATH, json=body)).status_code == 400


async def test_other_stores_have_no_pseudonyms(
    app: FastAPI, database: Database, tenant: Tenant, two: Two, pseudonym: str
) -> None:
    address = await asked(two.one, pseudonym)
    async with entered(app, database, await an_officer(database, tenant)) as elsewhere:
        wanted = {"pseudonym": pseudonym, "reason": REASON}
        assert (await elsewhere.post(PATH, json=wanted)).status_code == 404
        assert (await elsewhere.get(address)).status_code == 404
        assert (await elsewhere.post(f"{address}/approval")).status_code == 404
        assert (await elsewhere.get(PATH)).json()["reidentifications"] == []


async def test_of_whom_is_frozen_nothing_is_told(two: Two, pseudonym: str) -> None:
    address = await approved(two, pseudonym)
    person = (await seen(two.one, address))["agent"]
    restrictions = f"/api/v1/people/{person}/restrictions"
    assert (await two.one.post(restrictions, json={"reason": "contested"})).status_code == 201
    wanted = {"pseudonym": pseudonym, "reason": REASON}
    assert (await two.one.get(address)).status_code == 404
    assert (await two.one.post(PATH, json=wanted)).status_code == 404
    assert (await two.one.delete(restrictions)).status_code == 204
    assert (await seen(two.one, address))["identifier"] is not None


async def test_the_list_goes_on_behind_its_last_one(two: Two, pseudonym: str) -> None:
    addresses = [await asked(two.one, pseudonym) for _ in range(3)]
    first = (await two.one.get(PATH, params={"limit": 2})).json()["reidentifications"]
    rest = await two.one.get(PATH, params={"limit": 2, "before": first[-1]["id"]})
    found = [each["id"] for each in first + rest.json()["reidentifications"]]
    assert found == [each.rpartition("/")[2] for each in reversed(addresses)]


async def test_without_the_key_nobody_is_told_any_more(
    app: FastAPI, hidden: Tenant, two: Two, pseudonym: str
) -> None:
    is_open, is_asked = await approved(two, pseudonym), await asked(two.one, pseudonym)
    services: Services = app.state.services
    name = hidden.principal.store_name
    await services.pseudonyms.forget_key(CALLER, name, name)
    wanted = {"pseudonym": pseudonym, "reason": REASON}
    assert (await two.one.get(is_open)).status_code == 409
    assert (await two.other.post(f"{is_asked}/approval")).status_code == 409
    assert (await two.one.post(PATH, json=wanted)).status_code == 409
    assert len((await two.one.get(PATH)).json()["reidentifications"]) == 2
