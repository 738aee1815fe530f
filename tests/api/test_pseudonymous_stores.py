"""Stores that know nobody: actors come in as they are, and are kept by pseudonyms alone."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from hashlib import sha1
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from builders import Json, a_statement, a_substatement, activity, agent, group, voiding
from conftest import Tenant, client_of, make_tenant, revoke
from lrs.api.state import Services
from lrs.auth.roles import Role
from lrs.errors import InvalidRequestError, PseudonymousStoreError
from lrs.people.pseudonyms import Pseudonyms
from lrs.storage.engines import Database
from lrs.storage.pseudonym_keys import PseudonymKeys
from lrs.storage.pseudonyms import find_sealed
from lrs.xapi.keys import Ifi, ifi_key
from multipart_requests import Part, multipart
from people import as_role, make_someone
from pseudonymous_stores import CALLER, HOME_PAGE, a_pseudonymous_tenant, entered, everything
from statement_resource import JSON_BODY, VERSION_2, page, post, put, stored

STORES = "http://lrs.test/api/v1/stores"
SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"


@pytest.fixture
async def hidden(app: FastAPI, database: Database) -> AsyncIterator[Tenant]:
    async with a_pseudonymous_tenant(app, database) as tenant:
        yield tenant


@pytest.fixture
async def client(app: FastAPI, hidden: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, hidden) as client:
        yield client


async def pseudonyms_of(app: FastAPI, tenant: Tenant) -> Pseudonyms:
    services: Services = app.state.services
    found = await services.pseudonyms.of(tenant.principal.store)
    assert found is not None
    return found


def keys_of(app: FastAPI) -> PseudonymKeys:
    services: Services = app.state.services
    assert services.pseudonyms._keys is not None
    return services.pseudonyms._keys


def is_pseudonym(actor: Json) -> bool:
    account = actor["account"]
    return account["homePage"] == HOME_PAGE and bool(re.fullmatch("[a-z2-7]{52}", account["name"]))


def named(someone: str) -> Json:
    return agent(someone) | {"name": f"Somebody called {someone}"}


async def forget_key(app: FastAPI, tenant: Tenant) -> int:
    services: Services = app.state.services
    name = tenant.principal.store_name
    return await services.pseudonyms.forget_key(CALLER, name, name)


async def test_a_store_says_that_it_is_pseudonymous(client: httpx.AsyncClient) -> None:
    name = f"store-{uuid4().hex}"
    made = await client.post(STORES, json={"name": name, "pseudonymous": True})
    assert (made.status_code, made.json()["pseudonymous"]) == (201, True)
    assert (await client.get(f"{STORES}/{name}")).json()["pseudonymous"] is True
    changed = await client.patch(f"{STORES}/{name}", json={"pseudonymous": False})
    assert changed.status_code == 400


async def test_others_are_not(database: Database, app: FastAPI) -> None:
    tenant = await make_tenant(database)
    async with client_of(app, tenant) as client:
        found = await client.get(f"{STORES}/{tenant.principal.store_name}")
        assert found.json()["pseudonymous"] is False
        (identifier,) = await post(client, a_statement(actor=named("ada")))
        assert (await stored(client, identifier))["actor"] == named("ada")
    await revoke(database, tenant)


async def test_an_actor_becomes_a_pseudonym_without_a_name(client: httpx.AsyncClient) -> None:
    first, second = await post(
        client, a_statement(actor=named("ada")), a_statement(actor=agent("bob"))
    )
    ada, bob = (await stored(client, first))["actor"], (await stored(client, second))["actor"]
    assert is_pseudonym(ada)
    assert is_pseudonym(bob)
    assert "name" not in ada
    assert ada["account"] != bob["account"]


async def test_two_spellings_of_an_identifier_are_one_pseudonym(client: httpx.AsyncClient) -> None:
    spellings = [{"mbox": "mailto:ada@example.org"}, {"mbox": "mailto:ada@EXAMPLE.ORG"}]
    ids = await post(client, *[a_statement(actor=each) for each in spellings])
    one, other = [(await stored(client, each))["actor"]["account"] for each in ids]
    assert one == other


async def test_the_rest_of_the_text_stays_as_it_came(client: httpx.AsyncClient) -> None:
    identifier = str(uuid4())
    text = (
        '{"id":"ID", "verb":{"id":"http://example.org/verbs/completed"},'
        '"actor":{"mbox":"mailto:ada@example.org"},  "object":{"id":"http://example.org/a"},'
        '"result":{"score":{"scaled":0.850}}}'
    ).replace("ID", identifier)
    answer = await client.post("/statements", content=text, headers=JSON_BODY)
    assert answer.status_code == 200
    kept = (await client.get("/statements", params={"statementId": identifier})).text
    assert '  "object":{"id":"http://example.org/a"},"result":{"score":{"scaled":0.850}}' in kept


async def test_two_stores_have_two_pseudonyms_of_one_person(
    app: FastAPI, database: Database, client: httpx.AsyncClient
) -> None:
    (here,) = await post(client, a_statement())
    async with (
        a_pseudonymous_tenant(app, database) as other,
        client_of(app, other) as elsewhere,
    ):
        (there,) = await post(elsewhere, a_statement())
        other_actor = (await stored(elsewhere, there))["actor"]
    assert (await stored(client, here))["actor"] != other_actor


async def test_who_knows_a_person_finds_them(client: httpx.AsyncClient) -> None:
    (ada, _) = await post(client, a_statement(), a_statement(actor=agent("bob")))
    by_name = await page(client, agent=json.dumps(agent()))
    assert [each["id"] for each in by_name["statements"]] == [ada]
    by_pseudonym = await page(client, agent=json.dumps(by_name["statements"][0]["actor"]))
    assert [each["id"] for each in by_pseudonym["statements"]] == [ada]


async def test_a_person_is_found_in_a_group_and_besides(client: httpx.AsyncClient) -> None:
    (in_group, besides) = await post(
        client,
        a_statement(actor=group(named("ada"), agent("bob"), name="The crew")),
        a_statement(actor=agent("bob"), context={"instructor": named("ada")}),
    )
    found = await page(client, agent=json.dumps(agent()))
    assert [each["id"] for each in found["statements"]] == [in_group]
    crew = found["statements"][0]["actor"]
    assert crew["name"] == "The crew"
    assert all(is_pseudonym(each) and "name" not in each for each in crew["member"])
    related = await page(client, agent=json.dumps(agent()), related_agents="true")
    assert {each["id"] for each in related["statements"]} == {in_group, besides}


async def test_pages_go_on_by_the_pseudonym(client: httpx.AsyncClient) -> None:
    ids = await post(client, *[a_statement() for _ in range(3)])
    first = await page(client, agent=json.dumps(agent()), limit=2)
    rest = (await client.get(f"http://lrs.test{first['more']}")).json()
    assert {each["id"] for each in first["statements"] + rest["statements"]} == set(ids)


async def test_the_same_statement_again_is_the_same(client: httpx.AsyncClient) -> None:
    identifier = str(uuid4())
    sent = a_statement(id=identifier, actor=named("ada"))
    assert (await put(client, identifier, sent)).status_code == 204
    assert (await put(client, identifier, sent)).status_code == 204
    # What was read can be sent again, too.
    read = await stored(client, identifier)
    assert (await put(client, identifier, read)).status_code == 204
    other = sent | {"actor": agent("bob")}
    assert (await put(client, identifier, other)).status_code == 409


async def test_voiding_works_as_ever(client: httpx.AsyncClient) -> None:
    (identifier,) = await post(client, a_statement())
    await post(client, voiding(identifier))
    answer = await client.get("/statements", params={"voidedStatementId": identifier})
    assert is_pseudonym(answer.json()["actor"])


async def test_a_refusal_is_the_usual_one(client: httpx.AsyncClient) -> None:
    # Two identifiers would become one, and an address without mailto an account.
    for wrong in ({"mbox": "ada@example.org"}, agent() | {"openid": "http://ada.example.org"}):
        answer = await client.post("/statements", json=a_statement(actor=wrong))
        assert answer.status_code == 400
        assert answer.json()["type"] == "urn:lrs:error:invalid-statement"


async def test_a_signed_statement_is_refused_at_its_place(client: httpx.AsyncClient) -> None:
    statement = a_statement(
        attachments=[
            {
                "usageType": SIGNATURE,
                "display": {"en": "Signature"},
                "contentType": "application/octet-stream",
                "length": 4,
                "sha2": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            }
        ]
    )
    body, headers = multipart(statement, Part(b"test"))
    answer = await client.post("/statements", content=body, headers=headers)
    assert answer.status_code == 400
    assert [each["path"] for each in answer.json()["violations"]] == ["attachments[0]"]


async def test_documents_are_found_by_the_person(client: httpx.AsyncClient) -> None:
    state = {
        "activityId": "http://example.org/activities/course",
        "agent": json.dumps(named("ada")),
        "stateId": "bookmark",
    }
    content = json.dumps({"page": 7, "learner": named("ada")})
    put_it = await client.put("/activities/state", params=state, content=content, headers=JSON_BODY)
    assert put_it.status_code == 204
    kept = (await client.get("/activities/state", params=state)).json()
    assert kept["page"] == 7
    assert is_pseudonym(kept["learner"])
    other = state | {"agent": json.dumps(agent("bob"))}
    assert (await client.get("/activities/state", params=other)).status_code == 404
    profile = {"agent": json.dumps(agent()), "profileId": "taste"}
    await client.put(
        "/agents/profile", params=profile, content=b"sweet", headers={"If-None-Match": "*"}
    )
    assert (await client.get("/agents/profile", params=profile)).content == b"sweet"


async def test_the_person_of_an_agent_is_a_pseudonym(client: httpx.AsyncClient) -> None:
    await post(client, a_statement(actor=named("ada")))
    answer = await client.get("/agents", params={"agent": json.dumps(named("ada"))})
    person = answer.json()
    assert answer.status_code == 200
    assert [each["homePage"] for each in person["account"]] == [HOME_PAGE]
    assert not {"mbox", "name"} & set(person)


async def test_a_launch_token_is_of_a_pseudonym(client: httpx.AsyncClient) -> None:
    registration, course = str(uuid4()), activity()
    wanted = {"actor": agent(), "activity": course["id"], "registration": registration}
    tokens = "http://lrs.test/api/v1/launch-tokens"
    made = await client.post(tokens, json=wanted)
    assert made.status_code == 201
    (running,) = (await client.get(tokens)).json()["launch_tokens"]
    assert is_pseudonym(running["actor"])
    mine = a_statement(context={"registration": registration})
    client.auth, client.headers["Authorization"] = httpx.Auth(), made.json()["authorization"]
    assert (await client.post("/statements", json=mine)).status_code == 200
    other = mine | {"actor": agent("bob")}
    assert (await client.post("/statements", json=other)).status_code == 403


async def test_a_grant_is_of_pseudonyms(client: httpx.AsyncClient, app: FastAPI) -> None:
    (ada, _) = await post(client, a_statement(), a_statement(actor=agent("bob")))
    credentials = "http://lrs.test/api/v1/credentials"
    wanted = {"label": "Ada's", "system": "x", "scopes": ["statements/read"], "agents": [agent()]}
    made = await client.post(credentials, json=wanted)
    assert made.status_code == 201, made.text
    (granted,) = made.json()["agents"]
    assert is_pseudonym(granted)
    transport = httpx.ASGITransport(app)
    auth = (made.json()["key"], made.json()["secret"])
    async with httpx.AsyncClient(
        transport=transport, base_url="http://lrs.test/xapi", auth=auth, headers=VERSION_2
    ) as limited:
        found = await page(limited)
    assert [each["id"] for each in found["statements"]] == [ada]


async def test_a_user_who_writes_is_not_named(
    app: FastAPI, database: Database, hidden: Tenant, client: httpx.AsyncClient
) -> None:
    owner = await make_someone(database, as_role(Role.PLATFORM_OWNER))
    async with entered(app, database, owner) as browser:
        chosen = {"store": hidden.principal.store_name, "role": "platform_owner"}
        assert (await browser.patch("/api/v1/session", json=chosen)).status_code == 200
        answer = await browser.post("/xapi/statements", json=a_statement(), headers=hidden.headers)
        assert answer.status_code == 200, answer.text
    authority = (await stored(client, answer.json()[0]))["authority"]
    assert is_pseudonym(authority)
    assert "name" not in authority


def full_of(someone: str) -> Json:
    """A statement that names somebody wherever it can."""
    person = named(someone)
    context = {
        "instructor": person,
        "team": group(person),
        "contextAgents": [{"objectType": "contextAgent", "agent": person}],
        "contextGroups": [{"objectType": "contextGroup", "group": group(person)}],
        "extensions": {"http://example.org/x": {"deep": [person, {"by": person}]}},
    }
    planned = a_substatement(actor=person, object=person, context=context)
    del planned["context"]["contextAgents"], planned["context"]["contextGroups"]
    return a_statement(
        actor=group(person, objectType="Group", mbox=f"mailto:crew-{someone}@example.org"),
        object=planned,
        context=context,
        result={"extensions": {"http://example.org/y": person}},
        authority=person,
    )


async def test_nothing_that_is_kept_or_logged_names_anybody(
    client: httpx.AsyncClient,
    database: Database,
    hidden: Tenant,
    app: FastAPI,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    someone = f"p{uuid4().hex}"
    person = json.dumps(named(someone))
    hashed = sha1(f"mailto:{someone}@example.org".encode(), usedforsecurity=False).hexdigest()
    by_hash = {"objectType": "Agent", "mbox_sha1sum": hashed}
    answer = await client.post(
        "/statements", json=[full_of(someone), a_statement(actor=by_hash)], headers=VERSION_2
    )
    assert answer.status_code == 200, answer.text
    profile = {"agent": person, "profileId": "taste"}
    for path, parameters in (
        ("/statements", {"agent": person, "related_agents": "true"}),
        ("/agents", {"agent": person}),
        ("/agents/profile", profile),
    ):
        await client.get(path, params=parameters)
    await client.put(
        "/agents/profile",
        params=profile,
        content=person,
        headers=JSON_BODY | {"If-None-Match": "*"},
    )
    services: Services = app.state.services
    await services.audit.flush(is_last=True)
    text = await everything(database)
    clear = str(ifi_key(Ifi("mbox", f"mailto:{someone}@example.org")))
    assert [each for each in (someone, hashed, clear) if each in text] == []
    # The test's own client logs what it asks for.
    logged = [each.getMessage() for each in caplog.records if not each.name.startswith("http")]
    assert not [each for each in logged if someone in each or hashed in each or clear in each]
    pseudonyms = await pseudonyms_of(app, hidden)
    hidden_ifi = pseudonyms.of(Ifi("mbox", f"mailto:{someone}@example.org"))
    assert hidden_ifi.value in text
    assert str(ifi_key(hidden_ifi)) in text


SCIM_USER = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "ada",
    "emails": [{"value": "ada@example.org", "primary": True}],
}
LIST = "Personalnummer;Name;E-Mail;Abteilung\nP-1;Ada Berger;ada@example.org;Vertrieb\n"
TELLING = [
    ("/api/v1/people", {"json": {"name": "Ada", "identifiers": [agent()]}}),
    ("/api/v1/teams", {"json": {"name": "The crew"}}),
    ("/scim/v2/Users", {"json": SCIM_USER, "headers": {"Content-Type": "application/scim+json"}}),
    ("/api/v1/people/imports", {"content": LIST, "headers": {"Content-Type": "text/csv"}}),
]


@pytest.mark.parametrize(("path", "told"), TELLING, ids=[path for path, _ in TELLING])
async def test_it_keeps_nobody_by_name(
    client: httpx.AsyncClient, path: str, told: dict[str, Any]
) -> None:
    answer = await client.post(f"http://lrs.test{path}", **told)
    assert answer.status_code == 409, answer.text
    assert "a pseudonymous store keeps nobody by name" in answer.json()["detail"]


async def test_who_uses_a_right_is_found_by_an_identifier(client: httpx.AsyncClient) -> None:
    (identifier,) = await post(client, a_statement(actor=named("ada")))
    people = "http://lrs.test/api/v1/people"
    answer = await client.get(people, params={"identifier": json.dumps(agent())})
    (person,) = answer.json()["people"]
    assert is_pseudonym(person["identifiers"][0]["agent"])
    history = await client.get(f"{people}/{person['id']}/history")
    assert [each["statement"] for each in history.json()["entries"]] == [identifier]


async def until_state(client: httpx.AsyncClient, address: str, state: str) -> None:
    for _ in range(1_000):
        if (await client.get(address)).json()["state"] == state:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"the erasure does not come to be {state}")


async def test_who_is_made_anonymous_is_so_with_the_way_back(
    client: httpx.AsyncClient, database: Database, hidden: Tenant
) -> None:
    (identifier,) = await post(client, a_statement())
    asked = {"identifier": json.dumps(agent())}
    people = (await client.get("http://lrs.test/api/v1/people", params=asked)).json()["people"]
    person, store = people[0]["id"], hidden.principal.store
    async with database.primary() as connection:
        assert await find_sealed(connection, store, UUID(person)) is not None
    erasures = f"http://lrs.test/api/v1/people/{person}/erasures"
    wanted = await client.post(erasures, json={"mode": "anonymise"})
    assert wanted.status_code == 202, wanted.text
    address = f"{erasures}/{wanted.json()['id']}"
    await until_state(client, address, "counted")
    confirmed = await client.post(f"{address}/confirmation", json={"confirm": person})
    assert confirmed.status_code == 202, confirmed.text
    await until_state(client, address, "done")
    # Neither what was there nor what comes again leads back any more.
    (again,) = await post(client, a_statement())
    actors = [(await stored(client, each))["actor"] for each in (identifier, again)]
    assert {each["account"]["homePage"] for each in actors} == {"http://lrs.local/anonymous"}
    async with database.primary() as connection:
        assert await find_sealed(connection, store, UUID(person)) is None


async def kept_anyway(client: httpx.AsyncClient) -> list[Json]:
    found: list[Json] = (await page(client))["statements"]
    return found


async def test_without_its_key_nothing_is_written(
    app: FastAPI, client: httpx.AsyncClient, hidden: Tenant
) -> None:
    await post(client, a_statement())
    place = keys_of(app).place_of((await pseudonyms_of(app, hidden)).fingerprint)
    key = place.read_text()
    for left in (None, key.replace('"key": "', '"key": "00')[: len(key)], "{}"):
        place.unlink(missing_ok=True)
        if left is not None:
            place.write_text(left)
        answer = await client.post("/statements", json=a_statement(actor=agent("bob")))
        assert answer.status_code == 503
        asked = await client.get("/statements", params={"agent": json.dumps(agent())})
        assert asked.status_code == 503
    assert len(await kept_anyway(client)) == 1
    place.write_text(key)
    await post(client, a_statement())


async def test_once_the_key_is_thrown_away_nothing_is_written_any_more(
    app: FastAPI, client: httpx.AsyncClient, hidden: Tenant
) -> None:
    await post(client, a_statement(), a_statement(actor=agent("bob")))
    place = keys_of(app).place_of((await pseudonyms_of(app, hidden)).fingerprint)
    assert await forget_key(app, hidden) == 2
    assert not place.exists()
    answer = await client.post("/statements", json=a_statement())
    assert (answer.status_code, answer.json()["type"]) == (
        409,
        "urn:lrs:error:pseudonym-key-forgotten",
    )
    by_person = await client.get("/statements", params={"agent": json.dumps(agent())})
    assert by_person.status_code == 409
    assert len(await kept_anyway(client)) == 2
    assert await forget_key(app, hidden) == 0


async def test_a_key_is_thrown_away_by_who_types_the_name_again(
    app: FastAPI, client: httpx.AsyncClient, hidden: Tenant, tenant: Tenant
) -> None:
    services: Services = app.state.services
    with pytest.raises(InvalidRequestError):
        await services.pseudonyms.forget_key(CALLER, hidden.principal.store_name, "hidden")
    await post(client, a_statement())
    # Of a store that has none there is nothing to throw away.
    with pytest.raises(PseudonymousStoreError):
        await forget_key(app, tenant)


async def test_a_key_is_for_its_owner_alone(app: FastAPI, hidden: Tenant) -> None:
    place = keys_of(app).place_of((await pseudonyms_of(app, hidden)).fingerprint)
    assert place.stat().st_mode & 0o777 == 0o600


async def test_its_sums_count_pseudonyms(client: httpx.AsyncClient) -> None:
    await post(client, a_statement(), a_statement(), a_statement(actor=agent("bob")))
    query: dict[str, Any] = {"measures": ["statements.count", "actors.unique"]}
    address = "http://lrs.test/api/v1/analytics/query"
    assert (await client.post(address, json=query)).json()["rows"] == [[3, 2]]
    equals_ada = {"member": "actor", "operator": "equals", "values": ["mailto:ada@example.org"]}
    answer = await client.post(address, json=query | {"filters": [equals_ada]})
    assert answer.json()["rows"] == [[2, 1]]


def test_a_fingerprint_is_of_the_key_alone() -> None:
    key = UUID(int=7).bytes * 2
    one, other = Pseudonyms(key, "http://one.example"), Pseudonyms(key, "http://two.example/")
    assert one.fingerprint == other.fingerprint
