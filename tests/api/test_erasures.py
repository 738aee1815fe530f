"""Erasures over HTTP: counted, confirmed, done; and who may ask for them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from builders import Json, a_statement, agent
from conftest import SERVER_KEY, Tenant, client_of, make_tenant, revoke
from lrs.auth.certificates import CertificateKey
from lrs.auth.restrictions import Grant
from lrs.auth.scopes import Scope, Scopes
from lrs.services.erasure_job import ErasureJob
from lrs.storage.engines import Database
from lrs.storage.erasure_ledger import Ledger
from lrs.storage.erasures import LOCK_CLASS
from lrs.xapi.keys import Ifi, ifi_key
from statement_resource import post, stored

API = "http://lrs.test/api/v1"
ONLY_ONE = text("SELECT pg_advisory_xact_lock(:lock_class, 0)")
ADA = ifi_key(Ifi("mbox", "mailto:ada@example.org"))
OF_ADA = f"{API}/people/{ADA}/erasures"


@pytest.fixture
def job(database: Database, tmp_path: Path) -> ErasureJob:
    return ErasureJob(database, SERVER_KEY.encode(), Ledger(tmp_path))


async def state_of(client: httpx.AsyncClient, job: ErasureJob, erasure: str, after: str) -> Json:
    """Have an erasure go on until it is in another state; an app of other tests may help."""
    while True:
        answer = await client.get(f"{OF_ADA}/{erasure}")
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        if found["state"] != after:
            return found
        await job.go_on()


async def wanted(client: httpx.AsyncClient, job: ErasureJob, **more: Any) -> Json:
    """Ask for an erasure, and have it counted."""
    answer = await client.post(OF_ADA, json={"mode": "erase"} | more)
    assert answer.status_code == 202, answer.text
    assert answer.json()["counts"] == {}
    return await state_of(client, job, answer.json()["id"], "counting")


async def test_somebody_is_counted_confirmed_and_erased(
    client: httpx.AsyncClient, job: ErasureJob
) -> None:
    (hers,) = await post(client, a_statement())
    (other,) = await post(client, a_statement(actor=agent("bob"), context={"instructor": agent()}))
    counted = await wanted(client, job, reason="she asked for it")
    assert counted["found"]["statements"] == {
        "all": 2, "to_delete": 1, "to_change": 1, "actor": 1, "instructor": 1
    }  # fmt: skip
    assert counted["found"]["examples"]["instructor"] == [other]
    assert counted["reason"] == "she asked for it"
    place = f"{OF_ADA}/{counted['id']}"
    begun = await client.post(f"{place}/confirmation", json={"confirm": str(ADA)})
    assert begun.status_code == 202, begun.text
    assert begun.json()["state"] == "running"
    assert (await client.delete(place)).status_code == 409
    done = await state_of(client, job, counted["id"], "running")
    assert (done["state"], done["reason"], done["step"]) == ("done", None, None)
    assert done["counts"]["statements_deleted"] == 1
    instructor = (await stored(client, other))["context"]["instructor"]
    assert instructor["account"]["homePage"].endswith("/anonymous")
    gone = await client.get("/statements", params={"statementId": hers})
    assert gone.status_code == 404
    again = await client.post("/statements", json=a_statement())
    assert (again.status_code, again.json()["type"]) == (403, "urn:lrs:error:erased-person")
    said = CertificateKey(SERVER_KEY.encode()).verify(done["certificate"])
    assert said["counts"] == done["counts"]
    assert "ada@" not in json.dumps(said)
    (key,) = (await client.get(f"{API}/privacy/keys")).json()["keys"]
    assert key == CertificateKey(SERVER_KEY.encode()).public
    assert "d" not in key
    listed = (await client.get(OF_ADA)).json()["erasures"]
    assert [each["id"] for each in listed] == [counted["id"]]
    assert (await client.post(OF_ADA, json={"mode": "erase"})).status_code == 404


async def test_anonymised_on_entry_by_choice(client: httpx.AsyncClient, job: ErasureJob) -> None:
    await post(client, a_statement())
    counted = await wanted(client, job, on_return="anonymise")
    place = f"{OF_ADA}/{counted['id']}"
    await client.post(f"{place}/confirmation", json={"confirm": str(ADA)})
    await state_of(client, job, counted["id"], "running")
    (again,) = await post(client, a_statement())
    assert "account" in (await stored(client, again))["actor"]


async def test_who_is_being_erased_is_neither_joined_nor_parted_nor_changed(
    client: httpx.AsyncClient, database: Database, job: ErasureJob
) -> None:
    await post(client, a_statement(), a_statement(actor=agent("bob")))
    bob = ifi_key(Ifi("mbox", "mailto:bob@example.org"))
    people = f"{API}/people"
    counted = await wanted(client, job)
    async with database.writing() as connection:
        # Nobody takes a step meanwhile.
        await connection.execute(ONLY_ONE, {"lock_class": LOCK_CLASS})
        place = f"{OF_ADA}/{counted['id']}/confirmation"
        assert (await client.post(place, json={"confirm": str(ADA)})).status_code == 202
        for method, path, body in (
            ("POST", f"{people}/{ADA}/merges", {"other": str(bob)}),
            ("POST", f"{people}/{bob}/merges", {"other": str(ADA)}),
            ("POST", f"{people}/{ADA}/splits", {"identifiers": [agent()], "name": "Ada"}),
            ("PATCH", f"{people}/{ADA}", {"name": "Ada"}),
        ):
            answer = await client.request(method, path, json=body)
            assert answer.status_code == 409, (path, answer.text)
            assert answer.json()["type"] == "urn:lrs:error:erasure-conflict"
    await state_of(client, job, counted["id"], "running")
    assert (await client.get(f"{people}/{bob}")).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"mode": "forget"}, 400),
        ({"mode": "erase", "on_return": "keep"}, 400),
        ({"mode": "erase", "more": 1}, 400),
        ({"mode": "erase", "reason": "\0"}, 400),
        ({"mode": "erase", "reason": "x" * 1001}, 400),
    ],
)
async def test_what_is_no_wish_is_refused(
    client: httpx.AsyncClient, body: Json, status: int
) -> None:
    await post(client, a_statement())
    assert (await client.post(OF_ADA, json=body)).status_code == status


async def test_what_cannot_be_done_now_is_a_conflict(
    client: httpx.AsyncClient, job: ErasureJob
) -> None:
    await post(client, a_statement())
    counted = await wanted(client, job)
    place = f"{OF_ADA}/{counted['id']}"
    twice = await client.post(OF_ADA, json={"mode": "anonymise"})
    assert (twice.status_code, twice.json()["type"]) == (409, "urn:lrs:error:erasure-conflict")
    wrong = await client.post(f"{place}/confirmation", json={"confirm": str(uuid4())})
    assert wrong.status_code == 409
    assert (await client.post(f"{place}/confirmation", json={})).status_code == 400
    assert (await client.delete(place)).status_code == 204
    for answer in (
        await client.get(place),
        await client.delete(place),
        await client.post(f"{place}/confirmation", json={"confirm": str(ADA)}),
    ):
        assert (answer.status_code, answer.json()["type"]) == (
            404,
            "urn:lrs:error:erasure-not-found",
        )


async def test_of_nobody_there_is_none(client: httpx.AsyncClient) -> None:
    nobody = f"{API}/people/{uuid4()}/erasures"
    assert (await client.post(nobody, json={"mode": "erase"})).status_code == 404
    assert (await client.get(nobody)).json() == {"erasures": []}
    assert (await client.get(f"{nobody}/{uuid4()}")).status_code == 404


@pytest.fixture
async def limited(database: Database, tenant: Tenant) -> AsyncIterator[Tenant]:
    """An officer of the same store who may see nobody but Bob."""
    made = await make_tenant(
        database,
        tenant.principal.store_name,
        scopes=Scopes([Scope.PRIVACY]),
        grant=Grant.of([json.dumps(agent("bob"))], None),
    )
    yield made
    await revoke(database, made)


async def test_who_may_not_see_somebody_cannot_erase_them(
    client: httpx.AsyncClient, app: FastAPI, limited: Tenant, job: ErasureJob
) -> None:
    await post(client, a_statement(), a_statement(actor=agent("bob")))
    counted = await wanted(client, job)
    bob = ifi_key(Ifi("mbox", "mailto:bob@example.org"))
    async with client_of(app, limited) as other:
        for answer in (
            await other.post(OF_ADA, json={"mode": "erase"}),
            await other.get(f"{OF_ADA}/{counted['id']}"),
            await other.delete(f"{OF_ADA}/{counted['id']}"),
            await other.post(f"{OF_ADA}/{counted['id']}/confirmation", json={"confirm": str(ADA)}),
        ):
            assert answer.status_code == 404, answer.text
        assert (await other.get(OF_ADA)).json() == {"erasures": []}
        asked = await other.post(f"{API}/people/{bob}/erasures", json={"mode": "erase"})
        assert asked.status_code == 202
