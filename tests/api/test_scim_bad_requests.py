"""What cannot be done by SCIM is told in its words, and nothing is half done."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from conftest import Tenant, client_of, make_tenant, revoke
from lrs.auth.audit import Caller, WhoKind
from lrs.auth.restrictions import Grant
from lrs.auth.scopes import EVERYTHING, Scope, Scopes
from lrs.errors import PersonNotFoundError
from lrs.people.scim_searches import Selection
from lrs.services.erased_people import ErasedPeople
from lrs.services.scim_groups import ScimGroupsService
from lrs.services.scim_requests import Asking
from lrs.services.scim_users import ScimUsersService
from lrs.storage.engines import Database
from lrs.xapi.keys import Ifi, ifi_key
from people import ADA, COURSE
from scim import (
    EMPLOYEE,
    PATCH,
    SCIM,
    USER,
    Json,
    a_user,
    create,
    create_group,
    employee,
    found,
    got,
    operations,
    patch,
    told,
)

BAD_BODIES: dict[str, tuple[bytes | Json, str]] = {
    "no JSON": (b'{"userName": ', "invalidSyntax"),
    "no object": (b"[]", "invalidSyntax"),
    "half a character": (b'{"userName": "\\ud800"}', "invalidSyntax"),
    "nested deep": (b'{"name":' * 100 + b"1" + b"}" * 100, "invalidSyntax"),
    "an unknown schema": ({**a_user(), "schemas": ["urn:example:Robot"]}, "invalidSyntax"),
    "an unknown extension": ({**a_user(), "urn:example:Robot": {"arms": 2}}, "invalidSyntax"),
    "an unknown attribute": (a_user(arms=2), "invalidSyntax"),
    "no user name": ({"schemas": [USER]}, "invalidValue"),
    "an empty user name": (a_user(" "), "invalidValue"),
    "a number for a text": (a_user(title=5), "invalidValue"),
    "a word for a boolean": (a_user(active="maybe"), "invalidValue"),
    "U+0000": (a_user(title="a\0b"), "invalidValue"),
    "an address that is none": (a_user(emails=[{"value": "anna at home"}]), "invalidValue"),
    "too many addresses": (
        a_user(emails=[{"value": f"{number}@example.org"} for number in range(21)]),
        "invalidValue",
    ),
    "a long user name": (a_user("a" * 501), "invalidValue"),
    "a long department": (a_user(**employee(department="a" * 501)), "invalidValue"),
    "a manager who is nobody": (
        a_user(**employee(manager={"value": str(uuid4())})),
        "invalidValue",
    ),
    "a manager without an id": (a_user(**employee(manager={"value": "boss"})), "invalidValue"),
}
# Each goes together with a change that alone would be done.
BAD_CHANGES: dict[str, tuple[Json, str]] = {
    "a path that is not there": (
        {"op": "replace", "path": "arms.left", "value": 1},
        "invalidPath",
    ),
    "a path that is none": ({"op": "replace", "path": "emails[", "value": 1}, "invalidPath"),
    "a path nested deep": (
        {"op": "remove", "path": f"emails[{'not(' * 100}type pr{')' * 100}]"},
        "invalidPath",
    ),
    "a filter that nothing meets": (
        {"op": "replace", "path": 'emails[value sw "x"].value', "value": "a@example.org"},
        "noTarget",
    ),
    "no path to remove": ({"op": "remove"}, "noTarget"),
    "the id": ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
    "the id in a value": ({"op": "replace", "value": {"id": "x"}}, "mutability"),
    "no user name": ({"op": "remove", "path": "userName"}, "mutability"),
    "an empty user name": ({"op": "replace", "path": "userName", "value": ""}, "invalidValue"),
    "an unknown operation": ({"op": "double", "path": "title"}, "invalidValue"),
    "no value": ({"op": "add", "path": "title"}, "invalidValue"),
    "a number for a text": ({"op": "add", "path": "title", "value": 5}, "invalidValue"),
    "a list for one": ({"op": "add", "path": "title", "value": ["a"]}, "invalidValue"),
    "an object for a text": ({"op": "add", "path": "title", "value": {"a": 1}}, "invalidValue"),
    "no object": ({"op": "add", "value": "title"}, "invalidValue"),
    "an unknown extension": (
        {"op": "add", "path": "urn:example:Robot:arms", "value": 2},
        "invalidPath",
    ),
}

_NOBODY = "0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000"


@pytest.mark.parametrize(("body", "wanted"), BAD_BODIES.values(), ids=[*BAD_BODIES])
async def test_bad_bodies_make_nobody(
    client: httpx.AsyncClient, body: bytes | Json, wanted: str
) -> None:
    if isinstance(body, bytes):
        headers = {"Content-Type": "application/scim+json"}
        answer = await client.post(f"{SCIM}/Users", content=body, headers=headers)
    else:
        answer = await client.post(f"{SCIM}/Users", json=body)
    assert told(answer) == (400, wanted)
    assert (await found(client, count=0))["totalResults"] == 0


async def test_bad_changes_change_nothing(client: httpx.AsyncClient) -> None:
    user = await create(client, a_user(title="Buyer"))
    good = {"op": "replace", "path": "title", "value": "Boss"}
    oneself = {"op": "add", "path": f"{EMPLOYEE}:manager", "value": user["id"]}
    bad = {**BAD_CHANGES, "a manager of oneself": (oneself, "invalidValue")}
    for name, (change, wanted) in bad.items():
        assert told(await patch(client, user, good, change)) == (400, wanted), name
    assert await got(client, user) == user


async def test_operations_are_counted(client: httpx.AsyncClient) -> None:
    user, group = await create(client, a_user()), await create_group(client)
    many: list[Json] = [{"op": "add", "path": "title", "value": str(n)} for n in range(1_000)]
    assert told(await patch(client, user, *many)) == (413, None)
    assert (await patch(client, user, *many[:100])).json()["title"] == "99"
    member = {"op": "add", "path": "members", "value": [{"value": user["id"]}]}
    assert (await patch(client, group, *[member] * 1_000)).status_code == 204
    assert told(await patch(client, group, *[member] * 1_001)) == (413, None)
    assert told(await client.patch(user["meta"]["location"], json={"schemas": [PATCH]})) == (
        400,
        "invalidValue",
    )
    assert told(await patch(client, user)) == (400, "invalidValue")
    adding = [
        {"op": "add", "path": "emails", "value": [{"value": f"{n}@example.org"}]} for n in range(21)
    ]
    assert told(await patch(client, user, *adding)) == (400, "invalidValue")


async def test_large_bodies_and_others_are_refused(client: httpx.AsyncClient) -> None:
    large = a_user(title="a" * 1_100_000)
    assert told(await client.post(f"{SCIM}/Users", json=large)) == (413, None)
    for kind in ("text/plain", "application/xml"):
        headers = {"Content-Type": kind}
        answer = await client.post(f"{SCIM}/Users", content=b"{}", headers=headers)
        assert told(answer) == (400, "invalidSyntax")


@pytest.mark.parametrize("name", ["nobody", _NOBODY, _NOBODY.upper(), "%00", "a%20b"])
async def test_what_is_not_there_is_404_in_the_words_of_scim(
    client: httpx.AsyncClient, name: str
) -> None:
    for place in ("Users", "Groups", "ResourceTypes", "Schemas"):
        assert told(await client.get(f"{SCIM}/{place}/{name}")) == (404, None)
    assert told(await client.get(f"{SCIM}/{name}")) == (404, None)
    body = operations({"op": "add", "path": "externalId", "value": "x"})
    for place in ("Users", "Groups"):
        assert told(await client.patch(f"{SCIM}/{place}/{name}", json=body)) == (404, None)
    assert told(await client.put(f"{SCIM}/Users/{name}", json=a_user())) == (404, None)


async def test_what_is_not_offered_is_405_in_the_words_of_scim(client: httpx.AsyncClient) -> None:
    for method, place in (("DELETE", "Users"), ("POST", "Schemas"), ("PUT", "ResourceTypes")):
        assert told(await client.request(method, f"{SCIM}/{place}")) == (405, None)


@pytest.fixture
async def reader(database: Database, tenant: Tenant) -> AsyncIterator[Tenant]:
    """A credential of the same store, which may read people and not write them."""
    reader = await make_tenant(
        database, tenant.principal.store_name, scopes=Scopes({Scope.PEOPLE_READ})
    )
    yield reader
    await revoke(database, reader)


async def test_who_may_not_is_told_so_in_the_words_of_scim(
    app: FastAPI, client: httpx.AsyncClient, anonymous: httpx.AsyncClient, reader: Tenant
) -> None:
    unknown = await anonymous.get(f"{SCIM}/Users")
    assert told(unknown) == (401, None)
    assert "Bearer" in unknown.headers["WWW-Authenticate"]
    user = await create(client, a_user())
    async with client_of(app, reader) as reading:
        assert (await found(reading))["totalResults"] == 1
        assert told(await reading.post(f"{SCIM}/Users", json=a_user())) == (403, None)
        assert told(await reading.delete(user["meta"]["location"])) == (403, None)


async def test_who_sees_some_people_only_uses_no_scim(
    app: FastAPI, database: Database, tenant: Tenant
) -> None:
    for grant in (Grant.of([ADA], None), Grant.of(None, [COURSE])):
        limited = await make_tenant(database, tenant.principal.store_name, grant=grant)
        async with client_of(app, limited) as limiting:
            for place in ("Users", "Groups"):
                assert told(await limiting.get(f"{SCIM}/{place}")) == (403, None)
            assert told(await limiting.post(f"{SCIM}/Users", json=a_user())) == (403, None)
        await revoke(database, limited)


async def test_sensitive_attributes_are_kept_from_who_only_reads(
    app: FastAPI, client: httpx.AsyncClient, reader: Tenant
) -> None:
    user = await create(client, a_user(**employee(department="Sales", division="Retail")))
    definition = {
        "type": "text",
        "title": {"de": "Abteilung", "en": "Department"},
        "is_sensitive": True,
    }
    place = "http://lrs.test/api/v1/attribute-definitions/department"
    answer = await client.put(place, json=definition)
    assert answer.is_success, answer.text
    wanted = f'{EMPLOYEE}:department eq "Sales"'
    async with client_of(app, reader) as reading:
        assert (await got(reading, user))[EMPLOYEE] == {"division": "Retail"}
        assert (await found(reading, filter=wanted))["totalResults"] == 0
    assert (await found(client, filter=wanted))["totalResults"] == 1


async def test_stores_do_not_know_each_other(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    user, group = await create(client, a_user("anna")), await create_group(client)
    for resource in (user, group):
        for method in ("GET", "DELETE"):
            answer = await other.request(method, resource["meta"]["location"])
            assert told(answer) == (404, None)
    assert (await found(other))["totalResults"] == 0
    assert (await create(other, a_user("anna")))["id"] != user["id"]
    theirs = await create_group(other)
    member = {"op": "add", "path": "members", "value": [{"value": user["id"]}]}
    assert told(await patch(other, theirs, member)) == (400, "invalidValue")


async def test_whose_data_may_only_be_kept_is_not_seen(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    """Looked at past the app, which takes a moment until it knows of it."""
    frozen = await create(client, a_user("anna", emails=[{"value": "anna@example.org"}]))
    seen = await create(client, a_user("bert"))
    group = await create_group(client, frozen, seen)
    key = ifi_key(Ifi("mbox", "mailto:anna@example.org"))
    others = EVERYTHING - {Scope.PLATFORM}
    caller = Caller(WhoKind.SYSTEM, "a test")
    users, groups = ScimUsersService(database, ErasedPeople()), ScimGroupsService(database)
    for scopes, wanted in ((others, ["bert"]), (EVERYTHING, ["anna", "bert"])):
        principal = replace(tenant.principal, scopes=scopes, frozen=frozenset({key}))
        asking = Asking(caller, principal, SCIM)
        page = await users.find(asking, Selection())
        assert [each.user_name for each in page.users] == wanted
        members = (await groups.get(asking, group["id"])).members or []
        assert len(members) == page.total == len(wanted)
        if scopes is others:
            with pytest.raises(PersonNotFoundError):
                await users.get(asking, frozen["id"])
            with pytest.raises(PersonNotFoundError):
                await users.delete(asking, frozen["id"])
