"""Nothing crosses from one store into another, whatever is asked by whoever of whichever route.

The routes are taken from the app. Somebody with every right in another store, who knows what all
things in this one are called, asks each of them for these things; and somebody else of yet another
store asks the same for things that are nowhere. Both must get the same answer.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from builders import Json, activity, voiding
from conftest import SECRET, Tenant, client_of, make_tenant, revoke
from lrs.auth.principals import Principal
from lrs.auth.scopes import EVERYTHING, Scope
from lrs.main import build_app
from lrs.services.statements import StatementLimits, StatementsService
from lrs.settings import Settings
from lrs.storage.driver import driver_of
from lrs.storage.engines import Database, DatabaseOptions, open_database
from lrs.xapi.versions import Version
from multipart_requests import Part, multipart
from statement_resource import new_id, page, post
from stranger_requests import ASKED, Ask, Names, account_of, new_names

HOST = "http://lrs.test"
API = f"{HOST}/api/v1"
EVERYTHING_HERE = EVERYTHING - {Scope.PLATFORM}
ROUTES = sorted(
    {
        (method, route.path)
        for route in iter_route_contexts(build_app(Settings()).routes)
        for method in {*(route.methods or ())} - {"HEAD"}
    },
    key=lambda each: each[::-1],
)
# What differs from one answer to the next, whoever asks for whatever.
CHANGING = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"), "<moment>"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"), "<date>"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"[0-9A-Za-z_-]{40,}"), "<secret or hash>"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "<key>"),
)
LEFT_OUT = {"content-length", "date", "x-request-id", "etag"}


@dataclass(frozen=True)
class Owner:
    """Somebody who has something of each kind.

    Attributes:
        names: of these things.
        hidden: what stands in all of them.
    """

    client: httpx.AsyncClient
    names: Names
    hidden: str

    async def seen(self) -> Mapping[str, str]:
        """Return all that the owner has, to tell whether it is still the same."""
        names = self.names
        state = {"activityId": names.activity, "agent": names.agent_text}
        document = {"stateId": names.document}
        profile = {"profileId": names.document}
        looks: Mapping[str, Mapping[str, str]] = {
            f"{HOST}/xapi/statements": {},
            f"{HOST}/xapi/activities": {"activityId": names.activity},
            f"{HOST}/xapi/agents": {"agent": names.agent_text},
            f"{HOST}/xapi/activities/state": state | document,
            f"{HOST}/xapi/activities/profile": {"activityId": names.activity} | profile,
            f"{HOST}/xapi/agents/profile": {"agent": names.agent_text} | profile,
            f"{API}/statements/{names.statement}": {},
            f"{API}/attachments/{names.sha2}": {},
            f"{API}/stores/{names.store}": {},
            f"{API}/credentials": {"store": names.store},
            f"{API}/launch-tokens": {},
            f"{API}/users/{names.user}": {},
            f"{API}/people/{names.kept}": {},
            f"{API}/teams/{names.team}/members": {},
            f"{API}/joining-rules": {},
            f"{API}/retention-rules/{names.retention}": {},
            f"{API}/legal-holds/{names.hold}": {},
        }
        answers = {
            address: await self.client.get(address, params=params)
            for address, params in looks.items()
        }
        for address, answer in answers.items():
            assert answer.status_code == 200, (address, answer.text)
        return {address: answer.text for address, answer in answers.items()}


@pytest.fixture
async def owner(app: FastAPI, database: Database) -> AsyncIterator[Owner]:
    tenant = await make_tenant(database)
    async with client_of(app, tenant) as client:
        yield await filled(client, tenant)
    await revoke(database, tenant)


@pytest.fixture
async def strangers(
    app: FastAPI, database: Database
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Two, each with all rights in a store of their own."""
    tenants = [await make_tenant(database, scopes=EVERYTHING_HERE) for _ in range(2)]
    async with client_of(app, tenants[0]) as one, client_of(app, tenants[1]) as other:
        for client, tenant in ((one, tenants[0]), (other, tenants[1])):
            client.headers["X-Own-Store"] = tenant.principal.store_name
            client.headers["X-Own-Key"] = tenant.principal.key
        yield one, other
    for tenant in tenants:
        await revoke(database, tenant)


async def filled(client: httpx.AsyncClient, tenant: Tenant) -> Owner:
    """Give somebody something of each kind, and hide a text in it."""
    hidden = f"hidden-{uuid4().hex}"
    principal = tenant.principal
    names = new_names(key=principal.key, store=principal.store_name)
    await fill_with_statements(client, names, hidden)
    etag = await fill_with_documents(client, names, hidden)
    launch = await made(
        client, "/launch-tokens", {"actor": names.agent, "activity": names.activity}
    )
    credential = {"label": hidden, "system": hidden, "scopes": ["statements/write"]}
    other = await made(client, "/credentials", credential)
    grants = [{"role": "analyst", "store": names.store}]
    person = {"name": hidden, "email": names.email, "grants": grants}
    user = await made(client, "/users", person)
    known = {"etag": etag, "launch": launch["id"], "other_key": other["key"], "user": user["id"]}
    known["more"] = await more_link(client)
    known |= await fill_with_people(client, names, hidden)
    known |= await fill_with_retention(client, hidden)
    known |= await fill_with_erasure(client, hidden)
    return Owner(client, Names(**{**names.all(), **known}), hidden)


async def fill_with_people(client: httpx.AsyncClient, names: Names, hidden: str) -> dict[str, str]:
    """Keep a person of two, in a team; return what all of it is called."""
    definition = {"type": "text", "title": {"de": hidden, "en": hidden}}
    path = f"{API}/attribute-definitions/{names.attribute}"
    assert (await client.put(path, json=definition)).status_code == 200
    value = {"name": names.attribute, "value": hidden}
    called = {"name": hidden, "user_name": hidden}
    person = {**called, "identifiers": [account_of(names)], "attributes": [value]}
    kept = (await made(client, "/people", person))["id"]
    merged = (await made(client, "/people", {"name": hidden}))["id"]
    merge = (await made(client, f"/people/{kept}/merges", {"other": merged}))["id"]
    team = (await made(client, "/teams", {"name": hidden}))["id"]
    days = {"from": "2019-01-01"}
    answer = await client.put(f"{API}/teams/{team}/members/{kept}", json=days)
    assert answer.status_code == 204, answer.text
    rule = {"kind": "account_is_mail", "home_page": f"https://{hidden}.example.org"}
    made_rule = (await made(client, "/joining-rules", rule))["id"]
    return {"kept": kept, "merged": merged, "merge": merge, "team": team, "rule": made_rule}


async def fill_with_retention(client: httpx.AsyncClient, hidden: str) -> dict[str, str]:
    """Order an archive, make a rule that is tried, and a hold; return what they are called."""
    person = (await made(client, "/people", {"name": hidden}))["id"]
    rule = {"name": hidden, "action": "erase", "conditions": {"systems": [hidden]}}
    retention = (await made(client, "/retention-rules", rule))["id"]
    hold = (await made(client, "/legal-holds", {"reason": hidden, "system": hidden}))["id"]
    accepted = {
        "archive": await client.post(f"{API}/people/{person}/archives", json={}),
        "trial": await client.post(f"{API}/retention-rules/{retention}/dry-runs"),
    }
    assert {answer.status_code for answer in accepted.values()} == {202}
    names = {name: answer.json()["id"] for name, answer in accepted.items()}
    return {"archived": person, "retention": retention, "hold": hold, **names}


async def fill_with_erasure(client: httpx.AsyncClient, hidden: str) -> dict[str, str]:
    """Ask for the erasure of somebody; return what both are called."""
    person = (await made(client, "/people", {"name": hidden}))["id"]
    wanted = {"mode": "erase", "reason": hidden}
    answer = await client.post(f"{API}/people/{person}/erasures", json=wanted)
    assert answer.status_code == 202, answer.text
    return {"forgettable": person, "erasure": answer.json()["id"]}


async def made(client: httpx.AsyncClient, path: str, wanted: Json) -> Json:
    answer = await client.post(API + path, json=wanted)
    assert answer.status_code == 201, answer.text
    thing: Json = answer.json()
    return thing


async def more_link(client: httpx.AsyncClient) -> str:
    """Return the token of a link to the next page."""
    link = (await page(client, limit=1))["more"]
    return parse_qs(urlsplit(link).query)["more"][0]


async def fill_with_statements(client: httpx.AsyncClient, names: Names, hidden: str) -> None:
    definition = {"name": {"en": hidden}, "description": {"en": hidden}}
    statement = names.about | {
        "id": names.statement,
        "actor": names.agent | {"name": hidden},
        "object": names.object | {"definition": definition},
        "result": {"response": hidden},
        "context": {"registration": names.registration, "platform": hidden},
        "attachments": [names.proof],
    }
    body, headers = multipart(statement, Part(names.data.encode()))
    answer = await client.post("/statements", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    await post(client, names.about | {"id": names.voided}, voiding(names.voided))


async def fill_with_documents(client: httpx.AsyncClient, names: Names, hidden: str) -> str:
    """Store a document of each kind, all with one ETag, which is returned."""
    content = f'{{"text":"{hidden}"}}'.encode()
    about = {"activityId": names.activity}
    person = {"agent": names.agent_text}
    for path, params in (
        ("/activities/state", about | person | {"stateId": names.document}),
        ("/activities/profile", about | {"profileId": names.document}),
        ("/agents/profile", person | {"profileId": names.document}),
    ):
        headers = {"If-None-Match": "*", "Content-Type": "application/json"}
        answer = await client.put(path, params=params, content=content, headers=headers)
        assert answer.status_code == 204, answer.text
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def told(answer: httpx.Response, client: httpx.AsyncClient, names: Names) -> tuple[Any, ...]:
    """Return an answer without what differs by what it is asked for, by whom, and when."""
    own = {"own store": client.headers["X-Own-Store"], "own key": client.headers["X-Own-Key"]}
    headers = [
        (name, cleaned(value, names, own))
        for name, value in answer.headers.multi_items()
        if name.lower() not in LEFT_OUT
    ]
    content = answer.content.decode("utf-8", errors="replace")
    return answer.status_code, sorted(headers), cleaned(content, names, own)


def cleaned(text: str, names: Names, own: Mapping[str, str]) -> str:
    called = {**names.all(), **own}
    for name, value in sorted(called.items(), key=lambda each: -len(each[1])):
        text = text.replace(value, f"<{name}>")
    for pattern, word in CHANGING:
        text = pattern.sub(word, text)
    return text


def sent(answer: httpx.Response) -> str:
    """Return what the request said, all of which may be repeated to who has sent it."""
    request = answer.request
    return f"{unquote_plus(str(request.url))}{request.headers}{request.content!r}"


def is_told(name: str, answer: httpx.Response) -> bool:
    """Tell whether an answer says something that was not in the request."""
    return name in f"{answer.headers}{answer.text}" and name not in sent(answer)


def test_each_route_is_asked_by_a_stranger() -> None:
    asked, missing = {*ASKED}, sorted({*ROUTES} - {*ASKED})
    assert not missing, (
        f"a stranger does not ask these routes yet: {missing}. Say in ASKED, in"
        " tests/stranger_requests.py, how somebody of another store would ask each of them for"
        " what is not theirs; and if it keeps something of a new kind, add that to Names, and to"
        " what the owner is filled with and sees here."
    )
    assert asked - {*ROUTES} == set(), "these routes are there no more"


@pytest.mark.parametrize("route", [each for each in ROUTES if each in ASKED], ids=" ".join)
async def test_a_stranger_gets_the_answer_of_who_asks_for_what_is_nowhere(
    route: tuple[str, str],
    owner: Owner,
    strangers: tuple[httpx.AsyncClient, httpx.AsyncClient],
    app: FastAPI,
    database: Database,
) -> None:
    one, other = strangers
    third = await make_tenant(database)
    async with client_of(app, third) as client:
        await post(client, new_names().about, new_names().about)
        nobody = new_names(more=await more_link(client))
    await revoke(database, third)
    before = await owner.seen()
    for asking in ASKED[route]:
        ask = asking(owner.names)
        answer = await ask.send(one, *route)
        of_nothing = await asking(nobody).send(other, *route)
        assert told(answer, one, owner.names) == told(of_nothing, other, nobody)
        assert answer.status_code < 500
        assert ask.stranger in {None, answer.status_code}
        assert owner.hidden not in f"{answer.headers}{answer.text}"
        crossing = [name for name, it in owner.names.all().items() if is_told(it, answer)]
        assert crossing == []
    assert await owner.seen() == before
    for asking in ASKED[route]:
        await check_that_the_owner_is_served(asking(owner.names), owner, route)


async def check_that_the_owner_is_served(ask: Ask, owner: Owner, route: tuple[str, str]) -> None:
    """Show that what the stranger was refused is there."""
    if ask.owner == 0:
        return
    answer = await ask.send(owner.client, *route)
    if ask.owner is None:
        assert answer.is_success, answer.text
    else:
        assert answer.status_code == ask.owner, answer.text


async def test_the_owners_answers_do_show_what_is_hidden(owner: Owner) -> None:
    """So that the search for it in other answers means something."""
    seen = await owner.seen()
    without = [address for address, text in seen.items() if owner.hidden not in text]
    assert [address.removeprefix(HOST).split("/")[1:4] for address in without] == [
        ["api", "v1", "statements"],
        ["api", "v1", "attachments"],
        ["api", "v1", "stores"],
        ["api", "v1", "launch-tokens"],
    ]


async def test_a_taken_id_takes_a_stranger_the_same_way_as_a_new_one(
    database_url: str, database: Database
) -> None:
    """What is sent to the database is the same, so nothing can be told from the time either."""
    owned, strange = [(await make_tenant(database)).principal for _ in range(2)]
    own = await open_database(DatabaseOptions(database_url, workers=4))
    limits = StatementLimits(batch=10, statement_bytes=10_000, page=10, max_page=10)
    service = StatementsService(own, limits, uuid4)
    taken = new_id()
    await store(service, owned, taken)
    await store(service, strange, new_id())
    (connection,) = own._writer._free
    ways: list[list[str]] = []
    for identifier in (new_id(), taken, new_id()):
        ways.append([])
        with driver_of(connection).query_logger(lambda said: ways[-1].append(said.query)):
            await store(service, strange, identifier)
    await own.close()
    assert ways[0]
    assert ways[0] == ways[1] == ways[2]


async def store(service: StatementsService, principal: Principal, identifier: str) -> None:
    text = (
        f'{{"id":"{identifier}","actor":{{"mbox":"mailto:ada@example.org"}},'
        f'"verb":{{"id":"http://example.org/v"}},"object":{{"id":"{activity()["id"]}"}}}}'
    )
    assert (await service.store(principal, text.encode(), Version.V1_0_3)).new == 1


async def test_an_etag_is_no_key_to_another_store(
    owner: Owner, strangers: tuple[httpx.AsyncClient, httpx.AsyncClient]
) -> None:
    """A document with the same content has the same ETag, and is another document."""
    params = {"activityId": owner.names.activity, "profileId": owner.names.document}
    one, _ = strangers
    content = f'{{"text":"{owner.hidden}"}}'.encode()
    headers = {"If-None-Match": "*", "Content-Type": "application/json"}
    mine = await one.put("/activities/profile", params=params, content=content, headers=headers)
    assert mine.status_code == 204
    changed = {"If-Match": f'"{owner.names.etag}"', "Content-Type": "application/json"}
    answer = await one.put("/activities/profile", params=params, content=b"{}", headers=changed)
    assert answer.status_code == 204
    kept = await owner.client.get("/activities/profile", params=params)
    assert (kept.content, kept.headers["ETag"]) == (content, f'"{owner.names.etag}"')


async def test_the_secret_of_one_store_opens_no_other(owner: Owner) -> None:
    answer = await owner.client.get("/statements", auth=(new_id(), SECRET))
    assert answer.status_code == 401
