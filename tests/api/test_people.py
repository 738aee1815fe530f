"""Persons over HTTP: who is one, what is told of them, and who may see it."""

import json
from hashlib import sha1
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from builders import a_statement
from conftest import Tenant, client_of, make_tenant, revoke
from known_people import (
    PEOPLE,
    TEAMS,
    account,
    agents,
    define,
    get,
    make,
    mbox,
    set_value,
    somebody,
    values,
)
from lrs.auth.restrictions import Grant
from lrs.auth.scopes import Scope, with_implied
from lrs.storage.engines import Database
from lrs.xapi.keys import Ifi, ifi_key
from statement_resource import post


async def test_a_person_is_made_with_identifiers_and_values(client: httpx.AsyncClient) -> None:
    await define(client, "department")
    name = somebody()
    made = await make(
        client,
        mbox(name),
        account("4711"),
        name="Anna Berger",
        user_name=name,
        external_id="4711",
        language="de-AT",
        attributes=[{"name": "department", "value": "Sales", "from": "2024-02-01"}],
    )
    assert made["is_kept"]
    assert made["name"] == "Anna Berger"
    assert agents(made) == [account("4711"), mbox(name)]
    assert values(made, "department") == [("Sales", "2024-02-01", None)]
    assert await get(client, made["id"]) == made


async def test_the_sha1_of_a_mail_address_is_the_same_person_s(client: httpx.AsyncClient) -> None:
    name = somebody()
    made = await make(client, mbox(name))
    digest = sha1(f"mailto:{name}@example.org".encode(), usedforsecurity=False).hexdigest()
    found = {each["source"]: each for each in made["identifiers"]}
    assert found["rule:mbox_sha1sum"]["agent"]["mbox_sha1sum"] == digest
    assert (await get(client, found["rule:mbox_sha1sum"]["key"]))["id"] == made["id"]


async def test_an_identifier_is_compared_in_canonical_form(client: httpx.AsyncClient) -> None:
    name = somebody()
    made = await make(client, {"mbox": f"mailto:{name}@Example.ORG"})
    assert agents(made) == [mbox(name)]
    answer = await client.post(PEOPLE, json={"identifiers": [mbox(name)]})
    assert answer.status_code == 409


async def test_an_identifier_of_another_is_refused_with_both_named(
    client: httpx.AsyncClient,
) -> None:
    name = somebody()
    first, second = await make(client, mbox(name)), await make(client)
    path = f"{PEOPLE}/{second['id']}/identifiers"
    answer = await client.post(path, json={"identifiers": [account("new"), mbox(name)]})
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:lrs:error:person-conflict"
    assert first["id"] in answer.json()["detail"]
    assert second["id"] in answer.json()["detail"]
    assert agents(await get(client, second["id"])) == []


async def test_a_claim_on_what_a_rule_has_brought_says_so(client: httpx.AsyncClient) -> None:
    name = somebody()
    first = await make(client, mbox(name))
    digest = sha1(f"mailto:{name}@example.org".encode(), usedforsecurity=False).hexdigest()
    answer = await client.post(PEOPLE, json={"identifiers": [{"mbox_sha1sum": digest}]})
    assert answer.status_code == 409
    assert "by the rule mbox_sha1sum" in answer.json()["detail"]
    assert first["id"] in answer.json()["detail"]


async def test_an_agent_whom_nobody_has_joined_is_a_person_of_one_identifier(
    client: httpx.AsyncClient,
) -> None:
    name = somebody()
    await post(client, a_statement(actor=account(name)))
    key = str(ifi_key(Ifi("account", f"https://lms.example.org {name}")))
    found = await get(client, key)
    assert (found["id"], found["is_kept"], found["version"]) == (key, False, 0)
    by_agent = f'{{"account":{{"homePage":"https://lms.example.org","name":"{name}"}}}}'
    listed = (await client.get(PEOPLE, params={"identifier": by_agent})).json()
    assert [each["id"] for each in listed["people"]] == [key]

    answer = await client.patch(f"{PEOPLE}/{key}", json={"name": "Ada"})
    kept = answer.json()
    assert answer.status_code == 200
    assert (kept["name"], kept["is_kept"]) == ("Ada", True)
    assert kept["id"] != key
    assert (await get(client, key))["id"] == kept["id"]


async def test_nobody_is_found_by_an_identifier_of_nobody(client: httpx.AsyncClient) -> None:
    asked = {"identifier": '{"mbox":"mailto:nobody@example.org"}'}
    assert (await client.get(PEOPLE, params=asked)).json() == {"people": [], "more": None}
    assert (await client.get(f"{PEOPLE}/{uuid4()}")).status_code == 404


async def test_a_change_asks_for_the_version_that_was_seen(client: httpx.AsyncClient) -> None:
    made = await make(client, name="Anna")
    path = f"{PEOPLE}/{made['id']}"
    answer = await client.get(path)
    etag = answer.headers["ETag"]
    changed = await client.patch(path, json={"name": "Anna B"}, headers={"If-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag
    late = await client.patch(path, json={"name": "Late"}, headers={"If-Match": etag})
    assert late.status_code == 412
    assert (await get(client, made["id"]))["name"] == "Anna B"
    assert (await client.delete(path, headers={"If-Match": etag})).status_code == 412


async def test_null_takes_away_and_what_is_left_out_stays(client: httpx.AsyncClient) -> None:
    made = await make(client, name="Anna", external_id="7")
    answer = await client.patch(f"{PEOPLE}/{made['id']}", json={"external_id": None})
    assert (answer.json()["name"], answer.json()["external_id"]) == ("Anna", None)


async def test_a_user_name_is_one_person_s_whatever_its_case(client: httpx.AsyncClient) -> None:
    name = somebody()
    first, second = await make(client, user_name=name), await make(client)
    answer = await client.patch(f"{PEOPLE}/{second['id']}", json={"user_name": name.upper()})
    assert answer.status_code == 409
    assert first["id"] in answer.json()["detail"]
    assert second["id"] in answer.json()["detail"]


async def test_what_was_changed_is_told_with_who_and_when(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    await define(client, "department")
    made = await make(client, name="Anna Bergr")
    path = f"{PEOPLE}/{made['id']}"
    await client.patch(path, json={"name": "Anna Berger"})
    await set_value(client, made["id"], "department", value="Sales")
    await client.post(f"{path}/identifiers", json={"identifiers": [mbox(somebody())]})
    found = (await client.get(f"{path}/changes")).json()["changes"]
    assert [each["what"] for each in found] == ["identifier", "attribute:department", "name"]
    assert (found[2]["before"], found[2]["after"]) == ("Anna Bergr", "Anna Berger")
    assert found[1]["after"] == [{"value": "Sales", "from": None, "until": None}]
    assert {each["changed_by"] for each in found} == {tenant.principal.key}

    page = (await client.get(f"{path}/changes", params={"limit": 1})).json()
    before = {"before": page["before"], "limit": 5}
    rest = (await client.get(f"{path}/changes", params=before)).json()
    assert page["changes"] + rest["changes"] == found
    assert rest["before"] is None


async def test_a_person_is_given_up_and_the_statements_stay(client: httpx.AsyncClient) -> None:
    await define(client, "boss", "person")
    name = somebody()
    await post(client, a_statement(actor=mbox(name)))
    made = await make(client, mbox(name), name="Anna")
    other = await make(client)
    await set_value(client, other["id"], "boss", value=made["id"])
    assert (await client.delete(f"{PEOPLE}/{made['id']}")).status_code == 204
    assert (await client.get(f"{PEOPLE}/{made['id']}")).status_code == 404
    key = str(ifi_key(Ifi("mbox", f"mailto:{name}@example.org")))
    alone = await get(client, key)
    assert (alone["is_kept"], alone["name"]) == (False, None)
    assert (await get(client, other["id"]))["attributes"] == []
    assert (await client.delete(f"{PEOPLE}/{key}")).status_code == 404


async def test_an_identifier_that_is_taken_away_stands_for_itself(
    client: httpx.AsyncClient,
) -> None:
    name = somebody()
    await post(client, a_statement(actor=mbox(name)))
    made = await make(client, mbox(name), account(name))
    key = str(ifi_key(Ifi("mbox", f"mailto:{name}@example.org")))
    answer = await client.delete(f"{PEOPLE}/{made['id']}/identifiers/{key}")
    # What a rule has said of the mbox goes with it.
    assert [each["agent"]["account"]["name"] for each in answer.json()["identifiers"]] == [name]
    assert (await get(client, key))["is_kept"] is False
    again = await client.delete(f"{PEOPLE}/{made['id']}/identifiers/{key}")
    assert again.status_code == 404


async def test_persons_are_listed_page_by_page(client: httpx.AsyncClient) -> None:
    made = [(await make(client, name=f"Person {number}"))["id"] for number in range(5)]
    found, answer = [], await client.get(PEOPLE, params={"limit": 2})
    while True:
        found += [each["id"] for each in answer.json()["people"]]
        if (more := answer.json()["more"]) is None:
            break
        answer = await client.get(f"http://lrs.test{more}")
    assert found == made


async def test_persons_are_found_by_what_is_known_of_them(client: httpx.AsyncClient) -> None:
    await define(client, "department")
    anna = (await make(client, name="Änna Berger"))["id"]
    ben = (await make(client, name="Ben Zander", active=False))["id"]
    zoe = (await make(client, name="änne Zack"))["id"]
    await set_value(client, anna, "department", value="Sales")
    await set_value(client, ben, "department", value="Sales", until="2020-01-01")
    team = (await client.post(TEAMS, json={"name": somebody()})).json()["id"]
    await client.put(f"{TEAMS}/{team}/members/{zoe}", json={"from": "2020-01-01"})

    async def found(**asked: object) -> list[str]:
        answer = await client.get(PEOPLE, params={k: str(v) for k, v in asked.items()})
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()["people"]]

    assert await found(name="änn") == [anna, zoe]
    assert await found(name="ben") == [ben]
    assert await found(attribute="department=Sales") == [anna]
    assert await found(name="ä", attribute="department=Sales") == [anna]
    assert await found(team=team) == [zoe]
    assert await found(active="false") == [ben]
    assert await found(active="true", attribute="department=Sales") == [anna]


async def test_sensitive_values_are_for_those_who_look_after_them(
    app: FastAPI, database: Database, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    await define(client, "grade", is_sensitive=True)
    made = await make(client)
    await set_value(client, made["id"], "grade", value="E4")
    assert values(await get(client, made["id"]), "grade") == [("E4", None, None)]
    scopes = with_implied([Scope.PEOPLE_READ])
    reader = await make_tenant(database, tenant.principal.store_name, scopes=scopes)
    async with client_of(app, reader) as reading:
        assert (await get(reading, made["id"]))["attributes"] == []
        asked = {"attribute": "grade=E4"}
        assert (await reading.get(PEOPLE, params=asked)).status_code == 400
        changes = (await reading.get(f"{PEOPLE}/{made['id']}/changes")).json()["changes"]
        assert changes == []
        assert (await reading.post(PEOPLE, json={})).status_code == 403
    await revoke(database, reader)


async def test_who_is_limited_to_some_people_sees_no_others(
    app: FastAPI, database: Database, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    seen, unseen = await make(client, mbox("seen")), await make(client, mbox("unseen"))
    grant = Grant.of(['{"mbox":"mailto:seen@example.org"}'], None)
    scopes = with_implied([Scope.PEOPLE_WRITE])
    lead = await make_tenant(database, tenant.principal.store_name, scopes=scopes, grant=grant)
    async with client_of(app, lead) as leading:
        assert (await get(leading, seen["id"]))["id"] == seen["id"]
        assert (await leading.get(f"{PEOPLE}/{unseen['id']}")).status_code == 404
        listed = (await leading.get(PEOPLE)).json()["people"]
        assert [each["id"] for each in listed] == [seen["id"]]
        # Whoever could join others to somebody they see would see those too.
        path = f"{PEOPLE}/{seen['id']}"
        more = {"identifiers": [account("more")]}
        assert (await leading.post(f"{path}/identifiers", json=more)).status_code == 403
        assert (await leading.post(f"{path}/merges", json={"other": seen["id"]})).status_code == 403
        assert (await leading.post(PEOPLE, json={})).status_code == 403
    await revoke(database, lead)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a\nb"},
        {"name": "\x00"},
        {"name": ""},
        {"name": "a" * 1_001},
        {"name": "\ud800"},
        {"nickname": "Anna"},
        {"language": "not a tag"},
        {"identifiers": [{"name": "Anna"}]},
        {"identifiers": [{"mbox": "anna@example.org"}]},
        {"identifiers": [{"mbox": "mailto:a@example.org", "openid": "https://a.example.org"}]},
        {"identifiers": [{"account": {"homePage": "https://lms.example.org", "name": "\x00"}}]},
        {"identifiers": [account(str(number)) for number in range(1_001)]},
        {"attributes": [{"name": "unknown", "value": "x"}]},
        {"attributes": [{"name": "d", "value": "x", "from": "2024-02-02", "until": "2024-02-02"}]},
        {"attributes": [{"name": "d", "value": "x", "from": "2024-02-30"}]},
        {"attributes": [{"name": "d", "value": "x", "from": 0}]},
        {"attributes": [{"name": "d", "value": None}]},
        [],
    ],
)
async def test_what_no_person_can_be_told_by_is_refused(
    client: httpx.AsyncClient, body: object
) -> None:
    await define(client, "d")
    # Half a surrogate pair is sent as an escape.
    headers = {"Content-Type": "application/json"}
    answer = await client.post(PEOPLE, content=json.dumps(body), headers=headers)
    assert answer.status_code == 400, answer.text
    assert (await client.get(PEOPLE)).json()["people"] == []


async def test_more_identifiers_than_a_person_has_are_refused(client: httpx.AsyncClient) -> None:
    name = somebody()
    made = await make(client, *(account(f"{name} {number}") for number in range(1_000)))
    path = f"{PEOPLE}/{made['id']}/identifiers"
    answer = await client.post(path, json={"identifiers": [account(f"{name} more")]})
    assert answer.status_code == 413
    assert "up to 1000" in answer.json()["detail"]


@pytest.mark.parametrize(
    "asked",
    [
        {"more": "none"},
        {"more": "none", "limit": 1},
        {"attribute": "department"},
        {"attribute": "unknown=1"},
        {"name": "\x00"},
        {"limit": 0},
        {"identifier": "{}"},
        {"identifier": '{"mbox":"mailto:a@example.org"}', "active": "true"},
        {"nickname": "Anna"},
    ],
)
async def test_a_list_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, asked: dict[str, str]
) -> None:
    assert (await client.get(PEOPLE, params=asked)).status_code == 400
