"""Stores over HTTP: who may make, see, set and delete which."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from builders import a_statement
from conftest import Tenant, client_of, make_tenant, revoke
from lrs.auth.scopes import Scope, Scopes
from lrs.storage.engines import Database
from statement_resource import post

STORES = "http://lrs.test/api/v1/stores"
ADMIN = Scopes({Scope.ALL, Scope.ADMIN})


@pytest.fixture
async def admin(app: FastAPI, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A client that manages a store of its own, and no other."""
    tenant = await make_tenant(database, scopes=ADMIN)
    async with client_of(app, tenant) as client:
        client.headers["x-own-store"] = tenant.principal.store_name
        yield client
    await revoke(database, tenant)


@pytest.fixture
async def reader(app: FastAPI, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A client that may do all that the standard knows, and manage nothing."""
    tenant = await make_tenant(database, scopes=Scopes({Scope.ALL}))
    async with client_of(app, tenant) as client:
        yield client
    await revoke(database, tenant)


def own(client: httpx.AsyncClient) -> str:
    return f"{STORES}/{client.headers['x-own-store']}"


async def made(client: httpx.AsyncClient, **wanted: Any) -> str:
    name = f"store-{uuid4().hex}"
    answer = await client.post(STORES, json={"name": name} | wanted)
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == name
    return f"{STORES}/{name}"


async def remove(client: httpx.AsyncClient, address: str) -> httpx.Response:
    name = address.rpartition("/")[2]
    return await client.request("DELETE", address, json={"confirm": name})


async def test_a_store_is_made_and_shows_what_was_set(client: httpx.AsyncClient) -> None:
    address = await made(client, mode="tolerant", settings={"max_batch": 7})
    answer = await client.get(address)
    assert answer.status_code == 200
    store = answer.json()
    assert (store["mode"], store["deleting"]) == ("tolerant", None)
    assert {name: value for name, value in store["settings"].items() if value is not None} == {
        "max_batch": 7
    }
    assert store["usage"] == {"statements": 0, "bytes": 0}


async def test_a_store_tells_how_much_it_holds(client: httpx.AsyncClient, tenant: Tenant) -> None:
    await post(client, a_statement(), a_statement())
    text = (await client.get("/statements")).json()["statements"]
    usage = (await client.get(f"{STORES}/{tenant.principal.store_name}")).json()["usage"]
    assert usage["statements"] == 2
    assert usage["bytes"] > sum(len(str(each)) for each in text) * 0.8


@pytest.mark.parametrize(
    "name",
    ["", ".hidden", "two words", "a/b", "é", "x" * 101, "nul\0", "line\n"],
    ids=["empty", "dot", "space", "slash", "letter", "long", "nul", "line"],
)
async def test_a_name_that_no_store_should_have_is_refused(
    client: httpx.AsyncClient, name: str
) -> None:
    answer = await client.post(STORES, json={"name": name})
    assert answer.status_code == 400
    assert "name" in answer.json()["detail"]


async def test_a_name_is_taken_once(client: httpx.AsyncClient) -> None:
    address = await made(client)
    answer = await client.post(STORES, json={"name": address.rpartition("/")[2]})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:lrs:error:store-conflict")


async def test_settings_change_one_by_one(client: httpx.AsyncClient) -> None:
    address = await made(client, settings={"max_batch": 7, "page_size": 5})
    changes = {"settings": {"max_batch": None, "max_statements": 9}}
    answer = await client.patch(address, json=changes)
    assert answer.status_code == 200, answer.text
    settings = answer.json()["settings"]
    assert (settings["max_batch"], settings["page_size"]) == (None, 5)
    assert settings["max_statements"] == 9
    answer = await client.patch(address, json={"mode": "tolerant"})
    assert answer.json()["mode"] == "tolerant"
    assert answer.json()["settings"] == settings


async def test_an_unknown_setting_is_refused_with_those_that_are_known(
    client: httpx.AsyncClient,
) -> None:
    address = await made(client)
    answers = [
        await client.patch(address, json={"settings": {"colour": "red"}}),
        await client.post(STORES, json={"name": "never", "settings": {"colour": "red"}}),
    ]
    for answer in answers:
        assert answer.status_code == 400
        assert {"max_batch", "default_version", "max_bytes"} < set(answer.json()["known"])
    assert (await client.get(f"{STORES}/never")).status_code == 404


@pytest.mark.parametrize(
    "settings",
    [
        {"max_body_bytes": 2_000_001},
        {"max_batch": 0},
        {"max_batch": "7"},
        {"max_batch": True},
        {"default_version": "4.0"},
        {"max_nesting": 65},
    ],
)
async def test_a_store_cannot_be_set_to_more_than_the_service_allows(
    client: httpx.AsyncClient, settings: dict[str, object]
) -> None:
    address = await made(client)
    answer = await client.patch(address, json={"settings": settings})
    assert answer.status_code == 400
    assert next(iter(settings)) in answer.json()["detail"]


async def test_one_who_manages_a_store_sees_and_sets_that_one_alone(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    listed = (await admin.get(STORES)).json()["stores"]
    assert [each["name"] for each in listed] == [admin.headers["x-own-store"]]
    assert (await admin.get(own(admin))).status_code == 200
    assert (await admin.patch(own(admin), json={"mode": "tolerant"})).status_code == 200

    other = f"{STORES}/{tenant.principal.store_name}"
    asked = [
        await admin.get(other),
        await admin.patch(other, json={"mode": "tolerant"}),
        await admin.post(STORES, json={"name": "mine"}),
        await remove(admin, own(admin)),
        await admin.get(f"{own(admin)}/deletion"),
    ]
    assert [(each.status_code, each.json()["missing"]) for each in asked] == [
        (403, ["platform"])
    ] * len(asked)
    assert (await client.get(other)).json()["mode"] == "strict"


async def test_whether_another_store_is_there_cannot_be_told(
    admin: httpx.AsyncClient, tenant: Tenant
) -> None:
    names = (tenant.principal.store_name, "no-such-store")
    there, not_there = [await admin.get(f"{STORES}/{name}") for name in names]
    for answer in (there, not_there):
        assert answer.status_code == 403
    assert there.json() | {"request_id": ""} == not_there.json() | {"request_id": ""}


@pytest.mark.parametrize(
    "settings", [{"max_statements": 10**9}, {"max_bytes": None}, {"requests_per_second": 10**6}]
)
async def test_rates_and_quotas_are_set_for_a_store_and_not_by_it(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, settings: dict[str, object]
) -> None:
    answer = await admin.patch(own(admin), json={"settings": settings})
    assert (answer.status_code, answer.json()["missing"]) == (403, ["platform"])
    assert (await client.patch(own(admin), json={"settings": settings})).status_code == 200


async def test_one_without_rights_to_manage_gets_nowhere(reader: httpx.AsyncClient) -> None:
    asked = [
        await reader.get(STORES),
        await reader.get(f"{STORES}/default"),
        await reader.patch(f"{STORES}/default", json={}),
    ]
    assert [(each.status_code, each.json()["missing"]) for each in asked] == [
        (403, ["admin"])
    ] * len(asked)


async def test_a_store_is_deleted_by_its_name_typed(
    client: httpx.AsyncClient, app: FastAPI, database: Database
) -> None:
    address = await made(client)
    name = address.rpartition("/")[2]
    tenant = await make_tenant(database, name)
    async with AsyncExitStack() as stack:
        inside = await stack.enter_async_context(client_of(app, tenant))
        await post(inside, a_statement())
        for confirm in ("", name.upper(), f"{name} "):
            answer = await client.request("DELETE", address, json={"confirm": confirm})
            assert answer.status_code == 400
        assert (await inside.get("/statements")).status_code == 200

        answer = await remove(client, address)
        assert answer.status_code == 202
        begun = answer.json()
        assert (begun["name"], begun["finished"]) == (name, None)
        answer = await client.get(f"{address}/deletion")
        assert (answer.status_code, answer.json()["requested"]) == (200, begun["requested"])


async def test_a_deleted_store_cannot_be_deleted_again(client: httpx.AsyncClient) -> None:
    address = await made(client)
    assert (await remove(client, address)).status_code == 202
    # It may be gone for good by now.
    assert (await remove(client, address)).status_code in {404, 409}
    assert (await client.patch(address, json={"mode": "strict"})).status_code in {404, 409}


async def test_nobody_deletes_the_store_of_the_own_credentials(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    address = f"{STORES}/{tenant.principal.store_name}"
    assert (await remove(client, address)).status_code == 409
    assert (await client.get(address)).json()["deleting"] is None


async def test_what_was_never_deleted_has_no_deletion(client: httpx.AsyncClient) -> None:
    address = await made(client)
    assert (await client.get(f"{address}/deletion")).status_code == 404
    assert (await client.get(f"{STORES}/no-such-store")).status_code == 404
    assert (await remove(client, f"{STORES}/no-such-store")).status_code == 404


@pytest.mark.parametrize("body", [{}, {"confirm": 1}, {"confirm": "x", "force": True}, []])
async def test_a_deletion_without_a_plain_confirmation_is_refused(
    client: httpx.AsyncClient, body: Any
) -> None:
    address = await made(client)
    assert (await client.request("DELETE", address, json=body)).status_code == 400
    assert (await client.get(address)).json()["deleting"] is None


async def test_a_body_that_is_no_json_or_too_large_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(STORES, content=b"name=x")
    assert answer.status_code == 400
    large = {"name": "x", "settings": {"colour": "r" * 300_000}}
    assert (await client.post(STORES, json=large)).status_code == 413
    address = await made(client)
    large = {"confirm": "r" * 300_000}
    assert (await client.request("DELETE", address, json=large)).status_code == 413
