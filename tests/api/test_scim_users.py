"""Users of SCIM are persons: made, read, replaced, changed and given up by identity providers."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from builders import a_statement
from conftest import Tenant
from lrs.storage.engines import Database
from scim import (
    EMPLOYEE,
    SCIM,
    Json,
    a_user,
    create,
    create_group,
    employee,
    found,
    got,
    patch,
    patched,
    put_back,
    told,
)
from statement_resource import post

API = "http://lrs.test/api/v1"
TODAY = datetime.now(UTC).date


def mail(name: str | None = None) -> str:
    return f"{name or uuid4().hex}@example.org"


async def person_of(client: httpx.AsyncClient, user: Json) -> Json:
    answer = await client.get(f"{API}/people/{user['id']}")
    assert answer.status_code == 200, answer.text
    person: Json = answer.json()
    return person


def values(person: Json, name: str) -> list[tuple[str, str | None, str | None]]:
    return [
        (each["value"], each["from"], each["until"])
        for each in person["attributes"]
        if each["name"] == name
    ]


async def test_a_user_is_a_person_with_all_that_has_a_place(client: httpx.AsyncClient) -> None:
    address = mail()
    boss = await create(client, a_user())
    told_of = a_user(
        externalId="hr-4711",
        name={"givenName": "Anna", "familyName": "Berger"},
        title="Buyer",
        preferredLanguage="de_AT",
        emails=[{"value": address, "type": "work"}],
        phoneNumbers=[{"value": "tel:+43-1-234"}],
        **employee(employeeNumber="007", department="Sales", manager={"value": boss["id"]}),
    )
    user = await create(client, told_of)
    person = await person_of(client, user)
    assert (person["name"], person["external_id"]) == ("Anna Berger", "hr-4711")
    assert (person["user_name"], person["language"]) == (told_of["userName"], "de-AT")
    agents = [each["agent"] for each in person["identifiers"]]
    assert f"mailto:{address}" in [each.get("mbox") for each in agents]
    assert len(agents) == 2, "the SHA-1 of the address follows by a rule"
    today = TODAY().isoformat()
    assert {each["name"]: each["value"] for each in person["attributes"]} == {
        "role": "Buyer",
        "personnel_number": "007",
        "department": "Sales",
        "manager": boss["id"],
    }
    assert values(person, "department") == [("Sales", today, None)]


async def test_what_has_no_place_is_given_back_as_it_came(client: httpx.AsyncClient) -> None:
    told_of = a_user(
        name={"givenName": "Anna", "familyName": "Berger", "honorificPrefix": "Dr."},
        nickName="Annie",
        locale="de-AT",
        emails=[{"value": mail(), "type": "work", "primary": True}, {"value": mail()}],
        phoneNumbers=[{"value": "tel:+43-1-234", "type": "mobile"}],
        addresses=[{"type": "work", "locality": "Wien"}],
        **employee(department="Sales", costCenter="4711"),
    )
    user = await got(client, await create(client, told_of))
    schemas = user.pop("schemas")
    assert {*schemas} == {*told_of.pop("schemas"), EMPLOYEE}
    assert {name: user[name] for name in told_of} == told_of
    assert {*user} - {*told_of} == {"id", "meta"}
    assert user["meta"]["location"] == f"{SCIM}/Users/{user['id']}"


async def test_a_password_is_taken_and_never_kept(
    client: httpx.AsyncClient, database: Database
) -> None:
    secret = uuid4().hex
    user = await create(client, a_user(password=secret))
    assert "password" not in user
    async with database.primary() as connection:
        kept = text("SELECT CAST(scim AS text) FROM people WHERE id = :id")
        assert secret not in await connection.scalar(kept, {"id": user["id"]})


async def test_a_new_department_begins_today_and_ends_the_old_one(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    user = await create(client, a_user(**employee(department="Sales", division="Retail")))
    await put_back(database, tenant)
    change = {"op": "replace", "path": f"{EMPLOYEE}:department", "value": "Marketing"}
    changed = await patched(client, user, change)
    assert changed[EMPLOYEE] == {"department": "Marketing", "division": "Retail"}
    began, today = (TODAY() - timedelta(days=10)).isoformat(), TODAY().isoformat()
    person = await person_of(client, user)
    assert values(person, "department") == [
        ("Sales", began, today),
        ("Marketing", today, None),
    ]
    await patched(client, user, {"op": "remove", "path": f"{EMPLOYEE}:department"})
    person = await person_of(client, user)
    assert values(person, "department") == [("Sales", began, today)]
    assert values(person, "division") == [("Retail", began, None)]


async def test_a_value_of_today_ends_where_another_is_known_to_begin(
    client: httpx.AsyncClient,
) -> None:
    user = await create(client, a_user(**employee(department="Sales")))
    later = (TODAY() + timedelta(days=30)).isoformat()
    body = {"value": "Abroad", "from": later}
    answer = await client.put(f"{API}/people/{user['id']}/attributes/department", json=body)
    assert answer.is_success, answer.text
    await patched(client, user, {"op": "add", "value": {f"{EMPLOYEE}:department": "Marketing"}})
    assert values(await person_of(client, user), "department") == [
        ("Marketing", TODAY().isoformat(), later),
        ("Abroad", later, None),
    ]


async def test_a_replacement_takes_away_what_it_does_not_say(client: httpx.AsyncClient) -> None:
    user = await create(
        client, a_user(title="Buyer", displayName="Anna", emails=[{"value": mail()}])
    )
    answer = await client.put(user["meta"]["location"], json=a_user(user["userName"]))
    assert answer.status_code == 200
    assert {*answer.json()} == {"schemas", "id", "userName", "meta"}
    person = await person_of(client, user)
    assert (person["name"], person["identifiers"]) == (None, [])


async def test_a_change_of_nothing_makes_no_version(client: httpx.AsyncClient) -> None:
    told_of = a_user(title="Buyer")
    user = await create(client, told_of)
    same = await client.put(user["meta"]["location"], json=told_of)
    assert same.json() == user
    again = await patched(client, user, {"op": "replace", "path": "title", "value": "Buyer"})
    assert again == user


async def test_what_our_api_has_changed_is_told(client: httpx.AsyncClient) -> None:
    user = await create(client, a_user(displayName="Anna", **employee(department="Sales")))
    changes = {"name": "Anna Berger", "active": False}
    answer = await client.patch(f"{API}/people/{user['id']}", json=changes)
    assert answer.status_code == 200, answer.text
    seen = await got(client, user)
    assert (seen["displayName"], seen["active"]) == ("Anna Berger", False)
    assert seen["meta"]["version"] != user["meta"]["version"]
    kept = await patched(client, user, {"op": "add", "path": "title", "value": "Buyer"})
    assert (kept["displayName"], kept["active"]) == ("Anna Berger", False)


@pytest.mark.parametrize(
    ("change", "name", "is_now"),
    [
        ({"op": "Replace", "path": "active", "value": "False"}, "active", False),
        ({"op": "Replace", "value": {"active": "False"}}, "active", False),
        (
            {"op": "Add", "path": 'emails[type eq "work"].value', "value": "new@example.org"},
            "emails",
            [{"type": "work", "value": "new@example.org"}],
        ),
        (
            {"op": "Replace", "value": {"name.givenName": "Anne", "title": "Boss"}},
            "name",
            {"givenName": "Anne"},
        ),
        ({"op": "remove", "path": "nickName"}, "nickName", None),
    ],
    ids=["a text for a boolean", "without a path", "no such email yet", "paths as names", "gone"],
)
async def test_changes_as_entra_id_and_others_write_them(
    client: httpx.AsyncClient, change: Json, name: str, is_now: object
) -> None:
    user = await create(client, a_user(nickName="Annie"))
    assert (await patched(client, user, change)).get(name) == is_now


@pytest.mark.parametrize("listed", [False, True], ids=["the id alone", "a list of one"])
async def test_a_manager_as_entra_id_writes_it(client: httpx.AsyncClient, listed: bool) -> None:
    boss, user = await create(client, a_user()), await create(client, a_user())
    value = [{"value": boss["id"]}] if listed else boss["id"]
    change = {"op": "Add", "path": f"{EMPLOYEE}:manager", "value": value}
    changed = await patched(client, user, change)
    assert changed[EMPLOYEE]["manager"] == {
        "value": boss["id"],
        "$ref": boss["meta"]["location"],
    }


async def test_a_taken_user_name_is_refused_in_any_case(client: httpx.AsyncClient) -> None:
    user = await create(client, a_user("Anna@Example.org"))
    answer = await client.post(f"{SCIM}/Users", json=a_user("anna@example.ORG"))
    assert told(answer) == (409, "uniqueness")
    assert user["id"] in answer.json()["detail"]


async def test_an_address_of_another_is_refused_with_both_named(
    client: httpx.AsyncClient,
) -> None:
    address = mail()
    one = await create(client, a_user(emails=[{"value": address}]))
    other = await create(client, a_user())
    # In another case it is the same address only behind the @.
    odd = address.replace("example.org", "EXAMPLE.org")
    answer = await patch(client, other, {"op": "add", "path": "emails", "value": [{"value": odd}]})
    assert told(answer) == (409, "uniqueness")
    assert all(each["id"] in answer.json()["detail"] for each in (one, other))
    assert await got(client, other) == other


async def test_a_person_without_a_user_name_is_adopted_by_the_address(
    client: httpx.AsyncClient,
) -> None:
    address = mail()
    body = {"name": "Anna", "identifiers": [{"mbox": f"mailto:{address}"}], "active": False}
    known = (await client.post(f"{API}/people", json=body)).json()
    assert (await client.get(f"{SCIM}/Users/{known['id']}")).status_code == 404
    user = await create(client, a_user(emails=[{"value": address}]))
    assert (user["id"], user["displayName"]) == (known["id"], "Anna")
    assert (await person_of(client, user))["active"] is True


async def test_addresses_of_two_persons_adopt_none(client: httpx.AsyncClient) -> None:
    addresses = [mail(), mail()]
    for address in addresses:
        body = {"identifiers": [{"mbox": f"mailto:{address}"}]}
        assert (await client.post(f"{API}/people", json=body)).status_code == 201
    emails = [{"value": address} for address in addresses]
    answer = await client.post(f"{SCIM}/Users", json=a_user(emails=emails))
    assert told(answer) == (409, "uniqueness")


async def test_a_deleted_user_is_nowhere_and_may_come_again(client: httpx.AsyncClient) -> None:
    told_of = a_user(emails=[{"value": mail()}])
    user = await create(client, told_of)
    assert (await client.delete(user["meta"]["location"])).status_code == 204
    for method in ("GET", "DELETE"):
        assert told(await client.request(method, user["meta"]["location"])) == (404, None)
    assert (await create(client, told_of))["id"] != user["id"]


async def test_a_merged_user_goes_on_to_be_one(client: httpx.AsyncClient) -> None:
    one = await create(client, a_user(**employee(department="Sales")))
    other = await create(client, a_user(title="Buyer"))
    answer = await client.post(f"{API}/people/{one['id']}/merges", json={"other": other["id"]})
    assert answer.is_success, answer.text
    seen = await got(client, other)
    assert seen["userName"] == other["userName"]
    changed = await patched(client, other, {"op": "add", "path": "title", "value": "Boss"})
    assert changed["title"] == "Boss"
    assert (await client.delete(other["meta"]["location"])).status_code == 204
    assert (await person_of(client, one))["name"] == (await got(client, one)).get("displayName")


async def test_versions_guard_against_those_who_know_others(client: httpx.AsyncClient) -> None:
    user = await create(client, a_user())
    location, etag = user["meta"]["location"], user["meta"]["version"]
    assert etag.startswith('W/"')
    known = await client.get(location, headers={"If-None-Match": etag})
    assert (known.status_code, known.headers["ETag"], known.content) == (304, etag, b"")
    body = a_user(user["userName"], title="Buyer")
    first = await client.put(location, json=body, headers={"If-Match": etag})
    assert first.status_code == 200
    assert first.headers["ETag"] == first.json()["meta"]["version"] != etag
    for method, json in (("PUT", a_user()), ("DELETE", None)):
        late = await client.request(method, location, json=json, headers={"If-Match": etag})
        assert told(late) == (412, None)
    assert (await client.delete(location, headers={"If-Match": "*"})).status_code == 204


async def test_changes_are_audited_and_kept_for_the_person(client: httpx.AsyncClient) -> None:
    user = await create(client, a_user())
    await patched(client, user, {"op": "add", "value": {"title": "Boss", "active": False}})
    records = (await client.get(f"{API}/audit", params={"target": user["id"]})).json()["records"]
    changed = {each["action"]: each["details"] for each in records}["person.changed"]
    assert changed == {"by": "scim", "changed": ["active", "attribute:role"]}
    changes = (await client.get(f"{API}/people/{user['id']}/changes")).json()["changes"]
    assert {each["what"] for each in changes} >= {"active", "attribute:role"}


async def test_attributes_are_answered_as_they_are_asked_for(client: httpx.AsyncClient) -> None:
    user = await create(client, a_user(title="Buyer", name={"givenName": "A", "familyName": "B"}))
    location = user["meta"]["location"]
    some = (await client.get(location, params={"attributes": "title,name.givenName"})).json()
    assert {*some} == {"schemas", "id", "title", "name"}
    assert some["name"] == {"givenName": "A"}
    others = (await client.get(location, params={"excludedAttributes": "title,meta"})).json()
    assert {*others} == {"schemas", "id", "userName", "name"}


async def test_of_many_who_make_the_same_user_one_does(client: httpx.AsyncClient) -> None:
    told_of = a_user(emails=[{"value": mail()}], **employee(department="Sales"))
    answers = await asyncio.gather(*(client.post(f"{SCIM}/Users", json=told_of) for _ in range(5)))
    assert Counter(each.status_code for each in answers) == {201: 1, 409: 4}
    assert (await found(client))["totalResults"] == 1


async def test_changes_at_once_all_happen(client: httpx.AsyncClient) -> None:
    group, users = await create_group(client), [await create(client, a_user()) for _ in range(5)]
    await asyncio.gather(
        *(
            patched(
                client, group, {"op": "add", "path": "members", "value": [{"value": each["id"]}]}
            )
            for each in users
        )
    )
    members = {each["value"] for each in (await got(client, group))["members"]}
    assert members == {each["id"] for each in users}


async def test_sums_keep_the_department_of_the_day(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    address = mail()
    told_of = a_user(emails=[{"value": address}], **employee(department="Sales"))
    user = await create(client, told_of)
    await put_back(database, tenant)
    await patched(client, user, {"op": "add", "value": {f"{EMPLOYEE}:department": "Marketing"}})
    actor = {"mbox": f"mailto:{address}"}
    earlier = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    now = datetime.now(UTC).isoformat()
    await post(client, *(a_statement(actor=actor, timestamp=at) for at in (earlier, earlier, now)))
    query = {"measures": ["statements.count"], "dimensions": ["person.department"]}
    answer = await client.post(f"{API}/analytics/query", json=query)
    assert answer.status_code == 200, answer.text
    assert dict(answer.json()["rows"]) == {"Sales": 2, "Marketing": 1}
