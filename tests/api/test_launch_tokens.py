"""Launch tokens: one learner's one attempt at one activity, for hours, and nothing else."""

import asyncio
import json
import time
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from itsdangerous import Signer
from sqlalchemy import func, text, update

from builders import Json, a_statement, activity, agent, group, reference, voiding
from conftest import SERVER_KEY, Tenant, client_of, make_tenant, revoke
from lrs.api.state import Services
from lrs.auth.audit import WhoKind
from lrs.auth.launch_tokens import LaunchTicket, LaunchToken
from lrs.auth.restrictions import Grant
from lrs.auth.scopes import Scope, Scopes
from lrs.errors import UnauthenticatedError
from lrs.services.authentication import AuthenticationService
from lrs.services.launch_tokens import LaunchTokensService
from lrs.storage.access_changes import count_up
from lrs.storage.access_tables import launch_tokens
from lrs.storage.credentials import revoke_credential
from lrs.storage.engines import Database
from lrs.xapi.agents import read_agent
from lrs.xapi.keys import iri_key
from lrs.xapi.leniencies import Mode
from statement_resource import VERSION_2, exists, listed, new_id, post, put, stored

LAUNCHES = "http://lrs.test/api/v1/launch-tokens"
LMS = Scopes({Scope.STATEMENTS_WRITE, Scope.STATE, Scope.PROFILE, Scope.STATEMENTS_READ_MINE})
KEY = SERVER_KEY.encode()
COURSE = activity()["id"]
OTHER = "http://example.org/activities/another"
ANOTHER_ATTEMPT = "5f0c5fd2-9c2c-4b0b-8d5d-5f3d6f4d9f10"
HOW_SIGNED: dict[str, Any] = {"key_derivation": "hmac", "digest_method": sha256}


async def ask(client: httpx.AsyncClient, **wanted: Any) -> httpx.Response:
    return await client.post(LAUNCHES, json={"actor": agent(), "activity": COURSE} | wanted)


async def launch(client: httpx.AsyncClient, **wanted: Any) -> Json:
    """Make a launch token, by default one of Ada's attempt at the course."""
    answer = await ask(client, **wanted)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def plan(**properties: Any) -> Json:
    """A SubStatement, by default one that Ada takes the course."""
    return {"objectType": "SubStatement", **a_statement(**properties)}


@asynccontextmanager
async def showing(app: FastAPI, authorization: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that shows something in the header Authorization."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://lrs.test/xapi",
        headers={"X-Experience-API-Version": "1.0.3", "Authorization": authorization},
    ) as client:
        yield client


@pytest.fixture
async def lms(database: Database) -> AsyncIterator[Tenant]:
    """The credential of an LMS, with no more scopes than launching needs."""
    lms = await make_tenant(database, scopes=LMS)
    yield lms
    await revoke(database, lms)


@pytest.fixture
async def client(app: FastAPI, lms: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, lms) as client:
        yield client


@pytest.fixture
async def made(client: httpx.AsyncClient) -> Json:
    return await launch(client)


@pytest.fixture
async def content(app: FastAPI, made: Json) -> AsyncIterator[httpx.AsyncClient]:
    """Content that plays, with the token of Ada's attempt at the course."""
    async with showing(app, made["authorization"]) as content:
        yield content


def attempt(made: Json, **properties: Any) -> Json:
    """A statement of the attempt that a token is for."""
    return a_statement(context={"registration": made["registration"]}) | properties


def in_context(made: Json, **lists: Any) -> Json:
    return {"registration": made["registration"], "contextActivities": lists}


async def status_of(app: FastAPI, authorization: str) -> int:
    """What content is answered that stores something about itself."""
    async with showing(app, authorization) as content:
        return (await content.get("/agents/profile", params={"agent": agent_json()})).status_code


def agent_json(name: str = "ada") -> str:
    return json.dumps(agent(name))


async def eventually(is_true: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what must happen within a second in each process."""
    async with asyncio.timeout(2):
        while not await is_true():  # noqa: ASYNC110 - another process would tell nobody either
            await asyncio.sleep(0.02)


# What it says


async def test_a_token_is_told_in_each_form_that_it_is_used_in(made: Json) -> None:
    token = made["token"]
    assert token.startswith("lrs_launch_")
    assert made["bearer"] == f"Bearer {token}"
    scheme, _, encoded = made["authorization"].partition(" ")
    assert scheme == "Basic"
    assert b64decode(encoded).decode().partition(":")[2] == token
    assert made["fetch_url"].startswith(f"{LAUNCHES}/fetch/")
    assert token.removeprefix("lrs_launch_") not in made["fetch_url"]


async def test_a_registration_is_made_where_none_is_given(client: httpx.AsyncClient) -> None:
    first, second = await launch(client), await launch(client)
    assert UUID(first["registration"]) != UUID(second["registration"])


async def test_a_registration_that_is_given_is_kept(client: httpx.AsyncClient) -> None:
    registration = new_id()
    assert (await launch(client, registration=registration))["registration"] == registration


async def test_no_one_keeps_the_answer(client: httpx.AsyncClient, made: Json) -> None:
    assert (await ask(client)).headers["Cache-Control"] == "no-store"
    assert (await client.get(LAUNCHES)).headers["Cache-Control"] == "no-store"
    fetched = await client.post(made["fetch_url"])
    assert fetched.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("hours", [None, 1, 72])
async def test_it_is_good_for_hours(
    client: httpx.AsyncClient, database: Database, hours: int | None
) -> None:
    made = await launch(client, **({} if hours is None else {"hours": hours}))
    lasting = text("SELECT expires - created FROM launch_tokens WHERE id = :id")
    async with database.primary() as connection:
        lasted = await connection.scalar(lasting, {"id": made["id"]})
    assert lasted.total_seconds() == (hours or 8) * 3600


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": 0}, {"hours": 73}, {"hours": "8"}, {"hours": 1.5},
        {"actor": {}}, {"actor": agent_json()}, {"actor": {"name": "Ada"}},
        {"actor": agent() | {"openid": "http://example.org/ada"}},
        {"actor": agent() | {"name": "a\0b"}}, {"actor": agent() | {"name": "a" * 5_000}},
        {"actor": {"objectType": "Group", "mbox": "mailto:team@example.org"}},
        {"actor": {"mbox": "ada@example.org"}},
        {"activity": ""}, {"activity": "a course"}, {"activity": None},
        {"activity": "http://example.org/" + "a" * 2_000}, {"activity": "http://example.org/\0"},
        {"registration": "1"}, {"registration": ""}, {"unknown": 1},
    ],
)  # fmt: skip
async def test_what_cannot_be_launched_is_refused(client: httpx.AsyncClient, wrong: Json) -> None:
    answer = await ask(client, **wrong)
    assert answer.status_code == 400, answer.text


async def test_half_a_surrogate_pair_is_refused(client: httpx.AsyncClient) -> None:
    # In UTF-8 it cannot be sent, as an escape it can.
    body = json.dumps({"actor": agent() | {"name": "\ud800"}, "activity": "http://example.org/a"})
    headers = {"Content-Type": "application/json"}
    answer = await client.post(LAUNCHES, content=body, headers=headers)
    assert answer.status_code == 400, answer.text


async def test_a_body_of_half_a_megabyte_is_not_read(client: httpx.AsyncClient) -> None:
    assert (await ask(client, activity="http://example.org/" + "a" * 500_000)).status_code == 413


async def test_a_tolerant_store_launches_what_has_no_iri(app: FastAPI, database: Database) -> None:
    lms = await make_tenant(database, mode=Mode.TOLERANT, scopes=LMS)
    async with client_of(app, lms) as client:
        made = await launch(client, activity="course_1")
        async with showing(app, made["bearer"]) as content:
            await post(content, attempt(made, object={"id": "course_1"}))
    await revoke(database, lms)


# Who may make one


@pytest.mark.parametrize("missing", [Scope.STATEMENTS_WRITE, Scope.STATE])
async def test_who_may_not_do_it_hands_nothing_out(
    app: FastAPI, database: Database, missing: Scope
) -> None:
    tenant = await make_tenant(database, scopes=LMS - {missing})
    async with client_of(app, tenant) as client:
        answer = await ask(client)
    await revoke(database, tenant)
    assert answer.status_code == 403
    assert answer.json()["missing"] == [missing.value]


async def test_nobody_hands_out_more_than_they_have(app: FastAPI, database: Database) -> None:
    tenant = await make_tenant(database, scopes=LMS - {Scope.PROFILE})
    async with client_of(app, tenant) as client:
        made = await launch(client)
        async with showing(app, made["authorization"]) as content:
            await post(content, attempt(made))
            profiles = await content.get("/agents/profile", params={"agent": agent_json()})
    await revoke(database, tenant)
    assert profiles.status_code == 403
    assert profiles.json()["missing"] == ["profile", "all/read"]


@pytest.mark.parametrize(
    ("granted", "wanted", "status"),
    [
        (Grant.of([agent_json()], None), {}, 201),
        (Grant.of([agent_json()], None), {"actor": agent("bob")}, 403),
        (Grant.of(None, [COURSE]), {}, 201),
        (Grant.of(None, [COURSE]), {"activity": OTHER}, 403),
        (Grant.of([], []), {}, 403),
    ],
    ids=["own agent", "another agent", "own activity", "another activity", "nothing"],
)
async def test_nobody_launches_what_is_not_theirs(
    app: FastAPI, database: Database, granted: Grant, wanted: Json, status: int
) -> None:
    tenant = await make_tenant(database, scopes=LMS, grant=granted)
    async with client_of(app, tenant) as client:
        answer = await ask(client, **wanted)
    await revoke(database, tenant)
    assert answer.status_code == status, answer.text


async def test_a_token_makes_no_tokens_and_knows_of_none(
    content: httpx.AsyncClient, made: Json
) -> None:
    assert (await ask(content)).status_code == 403
    assert (await content.get(LAUNCHES)).status_code == 403
    assert (await content.delete(f"{LAUNCHES}/{made['id']}")).status_code == 403
    await post(content, attempt(made))


# What it opens


@pytest.mark.parametrize("form", ["authorization", "bearer"])
async def test_it_opens_by_basic_and_by_bearer(
    app: FastAPI, client: httpx.AsyncClient, made: Json, form: str
) -> None:
    async with showing(app, made[form]) as content:
        (identifier,) = await post(content, attempt(made))
    assert (await stored(client, identifier))["context"]["registration"] == made["registration"]


@pytest.mark.parametrize("user", ["", "anybody", "ada@example.org", "lrs_launch_"])
async def test_the_user_name_is_any(app: FastAPI, made: Json, user: str) -> None:
    encoded = b64encode(f"{user}:{made['token']}".encode()).decode()
    assert await status_of(app, f"Basic {encoded}") == 200


async def test_what_it_writes_is_written_by_the_credential_that_made_it(
    client: httpx.AsyncClient, content: httpx.AsyncClient, made: Json, lms: Tenant
) -> None:
    (own,) = await post(client, a_statement())
    (launched,) = await post(content, attempt(made))
    authorities = [(await stored(client, each))["authority"] for each in (own, launched)]
    assert authorities[0] == authorities[1]
    assert authorities[1]["account"]["name"] == lms.principal.key
    assert await listed(client, ascending="true") == [own, launched]


async def test_a_part_of_the_activity_is_written_about(
    client: httpx.AsyncClient, content: httpx.AsyncClient, made: Json
) -> None:
    parts = [f"{COURSE}/questions/1", f"{COURSE}#2", f"{COURSE}?question=3"]
    ids = await post(content, *[attempt(made, object={"id": part}) for part in parts])
    assert await listed(client, ascending="true") == ids


@pytest.mark.parametrize("place", ["parent", "grouping", "category", "other"])
@pytest.mark.parametrize(
    "about",
    [{"id": OTHER}, agent("bob"), reference(new_id())],
    ids=["activity", "agent", "reference"],
)
async def test_what_has_the_activity_in_its_context_is_written_about(
    content: httpx.AsyncClient, made: Json, place: str, about: Json
) -> None:
    for named in ({"id": COURSE}, [{"id": OTHER}, {"id": COURSE}]):
        context = in_context(made, **{place: named})
        await post(content, attempt(made, object=about, context=context))


async def test_a_plan_for_the_activity_is_written_about(
    content: httpx.AsyncClient, made: Json
) -> None:
    own = {"registration": made["registration"].upper()}
    await post(content, attempt(made, object=plan()), attempt(made, object=plan(context=own)))


async def test_an_urn_has_parts_after_a_colon(app: FastAPI, client: httpx.AsyncClient) -> None:
    made = await launch(client, activity="urn:example:course")
    async with showing(app, made["bearer"]) as content:
        await post(content, attempt(made, object={"id": "urn:example:course:1"}))


@pytest.mark.parametrize(
    "iri", ["urn:uuid:4c8b8a5e-7b0d-4c2b-9a3e-0d5d3a1f2b6c", "https://example.org/", "tag:a,b:c#"]
)
async def test_the_activity_has_any_iri(app: FastAPI, client: httpx.AsyncClient, iri: str) -> None:
    made = await launch(client, activity=iri)
    async with showing(app, made["bearer"]) as content:
        await post(content, attempt(made, object={"id": iri}))


async def test_the_registration_has_no_case(content: httpx.AsyncClient, made: Json) -> None:
    context = {"registration": made["registration"].upper()}
    await post(content, attempt(made, context=context))


async def test_the_agent_is_told_by_its_identifier_alone(
    content: httpx.AsyncClient, made: Json
) -> None:
    await post(content, attempt(made, actor={"mbox": "mailto:ada@EXAMPLE.org", "name": "Ada L."}))


# What it does not open


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"actor": agent("eve")}, "actor"),
        ({"actor": {"account": {"homePage": "http://example.org", "name": "ada"}}}, "actor"),
        ({"actor": group(agent())}, "actor"),
        ({"actor": group(agent("bob"), mbox="mailto:ada@example.org")}, "actor"),
        ({"context": {"registration": ANOTHER_ATTEMPT}}, "registration"),
        ({"context": {"platform": "a page"}}, "registration"),
        ({"object": {"id": OTHER}}, "object"),
        ({"object": {"id": f"{COURSE}2"}}, "object"),
        ({"object": {"id": f"{COURSE}:2"}}, "object"),
        ({"object": {"id": COURSE.upper()}}, "object"),
        ({"object": {"id": COURSE[:-1]}}, "object"),
        ({"object": agent("bob")}, "object"),
        ({"object": reference(new_id())}, "object"),
        ({"object": plan(object={"id": OTHER})}, "object"),
        ({"object": plan(actor=agent("bob"))}, "actor"),
        ({"object": plan(actor=group(agent()))}, "actor"),
        ({"object": plan(context={"registration": ANOTHER_ATTEMPT})}, "registration"),
    ],
    ids=[
        "actor", "account", "anonymous group", "group with the same identifier", "registration",
        "no registration", "activity", "name that goes on", "colon", "case", "above", "agent",
        "reference", "plan", "plan of another", "plan of a group", "plan for another attempt",
    ],
)  # fmt: skip
async def test_what_is_not_of_the_attempt_is_refused(
    client: httpx.AsyncClient, content: httpx.AsyncClient, made: Json, properties: Json, told: str
) -> None:
    answer = await content.post("/statements", json=attempt(made, **properties))
    assert answer.status_code == 403, answer.text
    assert told in answer.json()["detail"]
    assert (await put(content, new_id(), attempt(made, **properties))).status_code == 403
    assert await listed(client) == []


async def test_no_context_is_no_registration(content: httpx.AsyncClient) -> None:
    answer = await content.post("/statements", json=a_statement())
    assert answer.status_code == 403
    assert "registration" in answer.json()["detail"]


async def test_it_voids_nothing(
    client: httpx.AsyncClient, content: httpx.AsyncClient, made: Json
) -> None:
    (own,) = await post(content, attempt(made))
    context = in_context(made, parent=[{"id": COURSE}])
    answer = await content.post("/statements", json=voiding(own, context=context))
    assert answer.status_code == 403
    assert "void" in answer.json()["detail"]
    assert await exists(client, own)


async def test_of_a_batch_with_one_wrong_statement_nothing_is_stored(
    client: httpx.AsyncClient, content: httpx.AsyncClient, made: Json
) -> None:
    batch = [attempt(made), attempt(made), attempt(made, actor=agent("eve"))]
    answer = await content.post("/statements", json=batch)
    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("statements[2]: the actor ")
    assert await listed(client) == []


async def test_a_large_statement_is_judged_too(
    client: httpx.AsyncClient, content: httpx.AsyncClient, made: Json
) -> None:
    long = {"result": {"response": "a" * 200_000}}
    await post(content, attempt(made, **long))
    wrong = attempt(made, actor=agent("eve"), **long)
    assert (await content.post("/statements", json=wrong)).status_code == 403
    assert len(await listed(client)) == 1


async def test_statements_of_2_0_are_judged_too(content: httpx.AsyncClient, made: Json) -> None:
    answer = await content.post(
        "/statements", json=attempt(made, actor=agent("eve")), headers=VERSION_2
    )
    assert answer.status_code == 403


async def test_what_is_wrong_by_the_standard_is_400_all_the_same(
    content: httpx.AsyncClient, made: Json
) -> None:
    answer = await content.post("/statements", json=attempt(made, actor={}))
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/xapi/statements"),
        ("GET", f"/xapi/statements?statementId={new_id()}"),
        ("POST", "/api/v1/analytics/query"),
        ("GET", f"/api/v1/statements/{new_id()}"),
        ("GET", f"/api/v1/attachments/{'0' * 64}"),
    ],
    ids=["list", "statement", "analytics", "provenance", "attachment"],
)
async def test_it_reads_neither_statements_nor_sums(
    content: httpx.AsyncClient, method: str, path: str
) -> None:
    answer = await content.request(method, f"http://lrs.test{path}", json={})
    assert answer.status_code == 403, answer.text
    assert answer.json()["missing"]


async def test_it_defines_nothing(
    client: httpx.AsyncClient, content: httpx.AsyncClient, made: Json
) -> None:
    described = {"id": COURSE, "definition": {"name": {"en": "Forged"}}}
    await post(content, attempt(made, object=described))
    known = await client.get("/activities", params={"activityId": COURSE})
    assert known.json() == {"objectType": "Activity", "id": COURSE}


async def test_definitions_of_the_activity_and_its_parts_are_read(
    content: httpx.AsyncClient,
) -> None:
    answers = [
        await content.get("/activities", params={"activityId": iri})
        for iri in (COURSE, f"{COURSE}/questions/1", OTHER, f"{COURSE}2")
    ]
    assert [each.status_code for each in answers] == [200, 200, 403, 403]


async def test_names_of_others_are_not_told(
    client: httpx.AsyncClient, content: httpx.AsyncClient
) -> None:
    await post(client, a_statement(actor=agent() | {"name": "Ada"}))
    await post(client, a_statement(actor=agent("eve") | {"name": "Eve"}))
    told = [
        (await content.get("/agents", params={"agent": agent_json(each)})).json().get("name")
        for each in ("ada", "eve")
    ]
    assert told == [["Ada"], None]


# Documents


def state_of(made: Json, **more: Any) -> Json:
    own = {"activityId": COURSE, "agent": agent_json(), "registration": made["registration"]}
    return own | {"stateId": "bookmark"} | more


async def test_state_of_the_attempt_is_kept(content: httpx.AsyncClient, made: Json) -> None:
    at = state_of(made)
    assert (await content.put("/activities/state", params=at, content=b"7")).status_code == 204
    assert (await content.get("/activities/state", params=at)).content == b"7"
    many = {name: value for name, value in at.items() if name != "stateId"}
    assert (await content.get("/activities/state", params=many)).json() == ["bookmark"]
    merged = await content.post("/activities/state", params=at | {"stateId": "x"}, json={"a": 1})
    assert merged.status_code == 204
    assert (await content.delete("/activities/state", params=at)).status_code == 204
    assert (await content.delete("/activities/state", params=many)).status_code == 204


@pytest.mark.parametrize(
    "wrong",
    [
        {"activityId": OTHER},
        {"activityId": f"{COURSE}/1"},
        {"agent": agent_json("eve")},
        {"registration": "5f0c5fd2-9c2c-4b0b-8d5d-5f3d6f4d9f10"},
        {"registration": None},
    ],
    ids=["activity", "part", "agent", "registration", "no registration"],
)
async def test_other_state_is_not_touched(
    client: httpx.AsyncClient, content: httpx.AsyncClient, made: Json, wrong: Json
) -> None:
    at = {name: it for name, it in (state_of(made) | wrong).items() if it is not None}
    many = {name: value for name, value in at.items() if name != "stateId"}
    assert (await client.put("/activities/state", params=at, content=b"7")).status_code == 204
    tries = [
        await content.get("/activities/state", params=at),
        await content.get("/activities/state", params=many),
        await content.put("/activities/state", params=at, content=b"8"),
        await content.post("/activities/state", params=at, json={}),
        await content.delete("/activities/state", params=at),
        await content.delete("/activities/state", params=many),
    ]
    assert [each.status_code for each in tries] == [403] * len(tries)
    assert (await client.get("/activities/state", params=at)).content == b"7"


async def test_preferences_of_the_learner_are_kept(content: httpx.AsyncClient) -> None:
    at = {"agent": agent_json(), "profileId": "cmi5LearnerPreferences"}
    assert (await content.get("/agents/profile", params=at)).status_code == 404
    new = {"If-None-Match": "*"}
    stored = await content.put("/agents/profile", params=at, json={"a": 1}, headers=new)
    assert stored.status_code == 204
    assert (await content.get("/agents/profile", params=at)).json() == {"a": 1}


async def test_profiles_of_other_agents_are_not_touched(content: httpx.AsyncClient) -> None:
    at = {"agent": agent_json("eve"), "profileId": "x"}
    tries = [
        await content.get("/agents/profile", params=at),
        await content.get("/agents/profile", params={"agent": at["agent"]}),
        await content.put("/agents/profile", params=at, json={}, headers={"If-None-Match": "*"}),
        await content.post("/agents/profile", params=at, json={}),
        await content.delete("/agents/profile", params=at),
    ]
    assert [each.status_code for each in tries] == [403] * len(tries)


async def test_the_profile_of_the_activity_is_read_only(
    client: httpx.AsyncClient, content: httpx.AsyncClient
) -> None:
    at = {"activityId": COURSE, "profileId": "x"}
    new = {"If-None-Match": "*"}
    await client.put("/activities/profile", params=at, content=b"7", headers=new)
    assert (await content.get("/activities/profile", params=at)).content == b"7"
    listing = await content.get("/activities/profile", params={"activityId": COURSE})
    assert listing.json() == ["x"]
    tries = [
        await content.put("/activities/profile", params=at, json={}, headers={"If-Match": "*"}),
        await content.post("/activities/profile", params=at, json={}),
        await content.delete("/activities/profile", params=at),
        await content.get("/activities/profile", params=at | {"activityId": OTHER}),
        await content.get("/activities/profile", params={"activityId": OTHER}),
    ]
    assert [each.status_code for each in tries] == [403] * len(tries)


# What is no token


def altered(token: str, place: int) -> str:
    other = "A" if token[place] != "A" else "B"
    return token[:place] + other + token[place:][1:]


@pytest.mark.parametrize("place", [11, 40, -60, -20, -2])
async def test_a_changed_token_is_refused(app: FastAPI, made: Json, place: int) -> None:
    assert await status_of(app, f"Bearer {altered(made['token'], place)}") == 401


@pytest.mark.parametrize(
    "token",
    ["", ".", "a.b", "é", "a" * 99, "W10.", "\0", "a" * 30_000, "." * 30_000],
    ids=["nothing", "dot", "short", "letters", "long", "no signature", "NUL", "huge", "huge dots"],
)
async def test_what_is_no_token_is_refused(app: FastAPI, token: str) -> None:
    encoded = b64encode(f"launch:lrs_launch_{token}".encode()).decode()
    assert await status_of(app, f"Basic {encoded}") == 401
    if token.isascii() and token.isprintable():
        assert await status_of(app, f"Bearer lrs_launch_{token}") == 401


async def test_a_token_by_another_key_is_refused(app: FastAPI, made: Json) -> None:
    said = LaunchToken.of(made["token"], KEY)
    assert await status_of(app, f"Bearer {said.signed(b'another key')}") == 401
    assert await status_of(app, f"Bearer {said.signed(KEY)}") == 200


@pytest.mark.parametrize("salt", ["more", "launch ticket", "", "itsdangerous.Signer"])
async def test_what_was_signed_for_something_else_is_refused(
    app: FastAPI, made: Json, salt: str
) -> None:
    said = made["token"].removeprefix("lrs_launch_").rpartition(".")[0]
    for how in ({}, HOW_SIGNED):
        signed = Signer(KEY, salt=salt, **how).sign(said).decode()
        assert await status_of(app, f"Bearer lrs_launch_{signed}") == 401
    signed = Signer(KEY, salt="launch token", **HOW_SIGNED).sign(said).decode()
    assert await status_of(app, f"Bearer lrs_launch_{signed}") == 200


async def test_a_more_link_is_no_token(app: FastAPI, client: httpx.AsyncClient) -> None:
    await post(client, a_statement(), a_statement())
    more = (await client.get("/statements", params={"limit": 1})).json()["more"]
    signed = more.partition("more=")[2]
    assert await status_of(app, f"Bearer lrs_launch_{signed}") == 401
    assert (await fetched(client, f"{LAUNCHES}/fetch/{signed}"))["error-code"] == "2"


async def test_a_token_is_no_more_link_and_no_ticket(
    app: FastAPI, client: httpx.AsyncClient, made: Json
) -> None:
    signed = made["token"].removeprefix("lrs_launch_")
    assert (await client.get("/statements", params={"more": signed})).status_code == 400
    assert (await fetched(client, f"{LAUNCHES}/fetch/{signed}"))["error-code"] == "2"
    ticket = made["fetch_url"].rpartition("/")[2]
    assert await status_of(app, f"Bearer lrs_launch_{ticket}") == 401
    assert await status_of(app, f"Bearer {ticket}") == 401


@pytest.mark.parametrize("said", [b"[]", b"{", b'{"store":1}', b"\xff", b"[1,2,3,4,5,6,7]"])
async def test_a_signed_text_of_another_shape_is_refused(app: FastAPI, said: bytes) -> None:
    signer = Signer(KEY, salt="launch token", **HOW_SIGNED)
    signed = signer.sign(urlsafe_b64encode(said).rstrip(b"=")).decode()
    assert await status_of(app, f"Bearer lrs_launch_{signed}") == 401


# Its end


async def test_a_token_that_is_over_is_refused(app: FastAPI, made: Json) -> None:
    said = LaunchToken.of(made["token"], KEY)
    over = msgspec.structs.replace(said, expires=int(time.time()))
    async with showing(app, f"Bearer {over.signed(KEY)}") as content:
        answer = await content.post("/statements", json=attempt(made))
    assert answer.status_code == 401
    assert answer.json()["detail"] == "the launch token is over"


async def test_a_token_is_good_to_its_last_second(
    database: Database, authentication: AuthenticationService, made: Json
) -> None:
    end = datetime.fromisoformat(made["expires"]).timestamp()
    times = [end - 1, end]
    service = LaunchTokensService(database, authentication, KEY, clock=lambda: times.pop(0))
    assert (await service.authenticate(made["token"])).launch is not None
    with pytest.raises(UnauthenticatedError):
        await service.authenticate(made["token"])


@pytest.fixture
def authentication(app: FastAPI) -> AuthenticationService:
    services: Services = app.state.services
    return services.authentication


async def test_a_principal_is_limited_to_the_launch(
    database: Database, authentication: AuthenticationService, made: Json, lms: Tenant
) -> None:
    service = LaunchTokensService(database, authentication, KEY)
    principal = await service.authenticate(made["token"])
    assert principal.kind is WhoKind.LAUNCH
    assert principal.key == made["id"]
    assert principal.scopes == {Scope.STATEMENTS_WRITE, Scope.STATE, Scope.PROFILE}
    assert principal.credential == lms.principal.credential
    assert principal.authority == lms.principal.authority
    assert principal.restriction.activities == frozenset({iri_key(COURSE)})
    assert principal.restriction.agents == frozenset({read_agent(agent_json()).key})


async def test_a_revoked_token_stops_within_a_second(
    app: FastAPI, client: httpx.AsyncClient, made: Json
) -> None:
    other = await launch(client)
    assert await status_of(app, made["bearer"]) == 200
    assert (await client.delete(f"{LAUNCHES}/{made['id']}")).status_code == 204

    async def is_refused() -> bool:
        return await status_of(app, made["bearer"]) == 401

    await eventually(is_refused)
    assert await status_of(app, other["bearer"]) == 200


async def test_a_token_stops_with_the_credential_that_made_it(
    app: FastAPI, database: Database, lms: Tenant, made: Json
) -> None:
    assert await status_of(app, made["authorization"]) == 200
    async with database.writing() as connection:
        await revoke_credential(connection, lms.principal.key)

    async def is_refused() -> bool:
        return await status_of(app, made["authorization"]) == 401

    await eventually(is_refused)


async def test_a_token_loses_what_its_credential_loses(
    app: FastAPI, database: Database, lms: Tenant, made: Json
) -> None:
    narrowing = text(
        "UPDATE credentials SET scopes = ARRAY['state', 'profile'], agents = '{}' WHERE id = :id"
    )
    async with database.writing() as connection:
        await connection.execute(narrowing, {"id": lms.principal.credential})
        await count_up(connection)

    async def is_refused() -> bool:
        return await status_of(app, made["bearer"]) == 403

    await eventually(is_refused)
    async with showing(app, made["bearer"]) as content:
        answer = await content.post("/statements", json=attempt(made))
    assert answer.json()["missing"] == ["statements/write"]


async def test_a_token_opens_its_own_store_alone(
    app: FastAPI, content: httpx.AsyncClient, made: Json, other: httpx.AsyncClient
) -> None:
    (identifier,) = await post(content, attempt(made))
    assert not await exists(other, identifier)
    at = state_of(made)
    await content.put("/activities/state", params=at, content=b"7")
    assert (await other.get("/activities/state", params=at)).status_code == 404
    assert (await other.get(LAUNCHES)).json() == {"launch_tokens": []}
    assert (await other.delete(f"{LAUNCHES}/{made['id']}")).status_code == 404
    assert await status_of(app, made["bearer"]) == 200


async def test_a_token_that_names_another_store_is_refused(
    app: FastAPI, made: Json, stranger: Tenant
) -> None:
    said = LaunchToken.of(made["token"], KEY)
    moved = msgspec.structs.replace(said, store=stranger.principal.store)
    assert await status_of(app, f"Bearer {moved.signed(KEY)}") == 401


# Which ones there are


async def running(client: httpx.AsyncClient) -> list[str]:
    answer = await client.get(LAUNCHES)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["launch_tokens"]]


async def test_those_that_run_are_listed(
    client: httpx.AsyncClient, made: Json, lms: Tenant
) -> None:
    newer = await launch(client, actor=agent("bob") | {"name": "Bob"}, activity=OTHER)
    found = (await client.get(LAUNCHES)).json()["launch_tokens"]
    assert [each["id"] for each in found] == [newer["id"], made["id"]]
    assert found[0]["actor"] == agent("bob") | {"name": "Bob"}
    assert found[0]["activity"] == OTHER
    assert found[0]["registration"] == newer["registration"]
    assert found[0]["key"] == lms.principal.key
    assert found[0]["fetched"] is None
    assert made["token"] not in json.dumps(found)


async def test_those_that_are_over_or_revoked_are_not_listed(
    client: httpx.AsyncClient, database: Database, made: Json
) -> None:
    revoked, over = await launch(client), await launch(client)
    assert (await client.delete(f"{LAUNCHES}/{revoked['id']}")).status_code == 204
    await age(database, over, "expires", timedelta())
    assert await running(client) == [made["id"]]
    for gone in (revoked, over):
        assert (await client.delete(f"{LAUNCHES}/{gone['id']}")).status_code == 404


async def age(database: Database, made: Json, column: str, ago: timedelta) -> None:
    """Have a moment of a token be so long ago."""
    change = update(launch_tokens).where(launch_tokens.c.id == UUID(made["id"]))
    async with database.primary() as connection:
        await connection.execute(change.values({column: func.now() - ago}))


async def test_a_credential_knows_its_own_and_an_administrator_all(
    app: FastAPI, database: Database
) -> None:
    name = new_id()
    mine, theirs = [await make_tenant(database, name, scopes=LMS) for _ in range(2)]
    admin = await make_tenant(database, name, scopes=Scopes({Scope.ADMIN}))
    async with (
        client_of(app, mine) as client,
        client_of(app, theirs) as other,
        client_of(app, admin) as administrator,
    ):
        made = await launch(client)
        assert await running(other) == []
        assert (await other.delete(f"{LAUNCHES}/{made['id']}")).status_code == 404
        assert await running(administrator) == [made["id"]]
        assert (await administrator.delete(f"{LAUNCHES}/{made['id']}")).status_code == 204
        assert await running(client) == []
    for tenant in (mine, theirs, admin):
        await revoke(database, tenant)


async def test_another_store_is_managed_by_the_platform_alone(
    app: FastAPI, database: Database, client: httpx.AsyncClient, lms: Tenant, made: Json
) -> None:
    elsewhere = {"store": lms.principal.store_name}
    for scope, status in ((Scope.ADMIN, 403), (Scope.PLATFORM, 200)):
        manager = await make_tenant(database, scopes=Scopes({scope}))
        async with client_of(app, manager) as managing:
            listing = await managing.get(LAUNCHES, params=elsewhere)
            deletion = await managing.delete(f"{LAUNCHES}/{made['id']}", params=elsewhere)
            unknown = await managing.get(LAUNCHES, params={"store": new_id()})
        await revoke(database, manager)
        assert listing.status_code == status
        assert deletion.status_code == (204 if status == 200 else 403)
        assert unknown.status_code == (404 if status == 200 else 403)
    assert await running(client) == []


@pytest.mark.parametrize("identifier", ["1", "not-one", "5f0c5fd2"])
async def test_an_id_that_is_none_is_refused(client: httpx.AsyncClient, identifier: str) -> None:
    assert (await client.delete(f"{LAUNCHES}/{identifier}")).status_code == 400


async def test_those_that_were_over_for_a_week_are_forgotten(
    client: httpx.AsyncClient, database: Database, made: Json
) -> None:
    await age(database, made, "expires", timedelta(days=8))
    later = await launch(client)
    kept = text("SELECT id FROM launch_tokens WHERE id = ANY (:ids)")
    async with database.primary() as connection:
        found = await connection.scalars(kept, {"ids": [UUID(made["id"]), UUID(later["id"])]})
    assert [str(each) for each in found] == [later["id"]]


# The fetch of cmi5


async def fetched(client: httpx.AsyncClient, url: str) -> Json:
    """Use a fetch URL as a page does that has no credentials yet."""
    async with httpx.AsyncClient(transport=client._transport) as anybody:
        answer = await anybody.post(url, headers={"Origin": "https://content.example.org"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "https://content.example.org"
    said: Json = answer.json()
    return said


async def test_the_token_is_fetched_once(
    app: FastAPI, client: httpx.AsyncClient, made: Json
) -> None:
    said = await fetched(client, made["fetch_url"])
    assert set(said) == {"auth-token"}
    assert f"Basic {said['auth-token']}" == made["authorization"]
    assert await status_of(app, f"Basic {said['auth-token']}") == 200
    again = await fetched(client, made["fetch_url"])
    assert again["error-code"] == "1"
    assert "auth-token" not in again
    assert (await client.get(LAUNCHES)).json()["launch_tokens"][0]["fetched"] is not None


async def test_of_many_who_fetch_at_once_one_gets_the_token(
    client: httpx.AsyncClient, made: Json
) -> None:
    answers = await asyncio.gather(*(fetched(client, made["fetch_url"]) for _ in range(8)))
    assert sum("auth-token" in each for each in answers) == 1
    assert [each["error-code"] for each in answers if "error-code" in each] == ["1"] * 7


@pytest.mark.parametrize("column", ["created", "expires"])
async def test_a_fetch_url_is_good_for_minutes(
    client: httpx.AsyncClient, database: Database, made: Json, column: str
) -> None:
    await age(database, made, column, timedelta(minutes=16))
    assert (await fetched(client, made["fetch_url"]))["error-code"] == "1"


async def test_a_revoked_token_is_not_fetched(
    client: httpx.AsyncClient, database: Database, lms: Tenant, made: Json
) -> None:
    other = await launch(client)
    await client.delete(f"{LAUNCHES}/{made['id']}")
    assert (await fetched(client, made["fetch_url"]))["error-code"] == "2"
    async with database.writing() as connection:
        await revoke_credential(connection, lms.principal.key)

    async def is_refused() -> bool:
        return (await client.get(LAUNCHES)).status_code == 401

    await eventually(is_refused)
    assert (await fetched(client, other["fetch_url"]))["error-code"] == "2"


@pytest.mark.parametrize("ticket", ["x", "a.b", "%2e%2e", "%00", "a" * 20_000])
async def test_a_ticket_that_was_made_up_is_refused(client: httpx.AsyncClient, ticket: str) -> None:
    assert (await fetched(client, f"{LAUNCHES}/fetch/{ticket}"))["error-code"] == "2"


async def test_a_ticket_of_no_token_is_refused(client: httpx.AsyncClient, lms: Tenant) -> None:
    ticket = LaunchTicket(lms.principal.store, uuid4()).signed(KEY)
    assert (await fetched(client, f"{LAUNCHES}/fetch/{ticket}"))["error-code"] == "2"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
async def test_a_fetch_is_a_post(client: httpx.AsyncClient, made: Json, method: str) -> None:
    assert (await client.request(method, made["fetch_url"])).status_code == 405
    assert "auth-token" in await fetched(client, made["fetch_url"])


# What is written down of it


async def test_each_use_of_power_leaves_a_trace(
    client: httpx.AsyncClient, database: Database, lms: Tenant, made: Json
) -> None:
    await fetched(client, made["fetch_url"])
    await client.delete(f"{LAUNCHES}/{made['id']}")
    traces = text(
        "SELECT action, who_kind, who, target FROM audit_records WHERE store = :store"
        " ORDER BY number"
    )
    async with database.primary() as connection:
        rows = await connection.execute(traces, {"store": lms.principal.store})
        found = [tuple(row) for row in rows]
    key, token = lms.principal.key, made["id"]
    assert found == [
        ("launch-token.made", "credential", key, token),
        ("launch-token.fetched", "launch", token, token),
        ("launch-token.revoked", "credential", key, token),
    ]
