"""A team lead sees who is in the team today, and a learner themselves, by all identifiers."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from builders import Json, a_statement, agent
from conftest import Tenant
from lrs.auth.restrictions import Grant
from lrs.auth.roles import Role
from lrs.people.identifiers import read_identifier
from lrs.people.validities import Validity
from lrs.services.users import GivenRole
from lrs.storage.engines import Database
from lrs.storage.people import NewPerson, create_person, lock_people
from lrs.storage.person_identifiers import add_identifiers
from lrs.storage.teams import Membership, create_team, set_members
from people import Someone, make_someone, signed_in
from statement_resource import post

HOST = "http://lrs.test"
USERS = f"{HOST}/api/v1/users"
ADA, BOB, CARL = agent("ada"), agent("bob"), agent("carl")
ADA_AT_WORK = {"account": {"homePage": "https://lms.example.org", "name": "4711"}}


@pytest.fixture
async def team(database: Database, tenant: Tenant, client: httpx.AsyncClient) -> str:
    """The name of a team that Ada is in by two identifiers, Bob was in, and Carl will be in."""
    store, name = tenant.principal.store, f"Team {uuid4().hex}"
    today = datetime.now(UTC).date()
    days = {
        "ada": Validity(since=today),
        "bob": Validity(until=today),
        "carl": Validity(since=today + timedelta(days=2)),
    }
    async with database.writing() as connection:
        await lock_people(connection, store)
        made = await create_team(connection, store, name)
        for who, validity in days.items():
            person = await create_person(connection, store, NewPerson(who))
            known = [agent(who), *([ADA_AT_WORK] if who == "ada" else [])]
            ifis = [read_identifier(json.dumps(each)) for each in known]
            await add_identifiers(connection, store, person, ifis, "api")
            await set_members(connection, store, [Membership(person, made, validity)], "a test")
    await post(client, *(a_statement(actor=each) for each in (ADA, ADA_AT_WORK, BOB, CARL)))
    return name


async def seen_by(app: FastAPI, someone: Someone) -> list[Json]:
    """Return the actors of all statements that somebody is shown."""
    async with signed_in(app, someone) as browser:
        headers = {"X-Experience-API-Version": "1.0.3"}
        answer = await browser.get("/xapi/statements", headers=headers)
        assert answer.status_code == 200, answer.text
        return [each["actor"] for each in answer.json()["statements"]]


async def a_lead(database: Database, tenant: Tenant, **grant: Any) -> Someone:
    granted = Grant.of(grant.get("agents"), grant.get("activities"), grant.get("teams"))
    return await make_someone(
        database, GivenRole(Role.TEAM_LEAD, tenant.principal.store_name, granted)
    )


def names(actors: list[Json]) -> set[str]:
    return {each.get("mbox", "account") for each in actors}


async def test_a_lead_of_a_team_sees_who_is_in_it_today_by_all_identifiers(
    app: FastAPI, database: Database, tenant: Tenant, team: str
) -> None:
    lead = await a_lead(database, tenant, teams=[team.upper()])
    assert names(await seen_by(app, lead)) == {"mailto:ada@example.org", "account"}


async def test_agents_beside_a_team_are_seen_too(
    app: FastAPI, database: Database, tenant: Tenant, team: str
) -> None:
    lead = await a_lead(database, tenant, teams=[team], agents=[json.dumps(BOB)])
    assert names(await seen_by(app, lead)) == {
        "mailto:ada@example.org",
        "account",
        "mailto:bob@example.org",
    }


@pytest.mark.usefixtures("team")
async def test_a_team_that_is_not_there_shows_nobody(
    app: FastAPI, database: Database, tenant: Tenant
) -> None:
    assert await seen_by(app, await a_lead(database, tenant, teams=["nobody's"])) == []


@pytest.mark.usefixtures("team")
async def test_a_learner_sees_themselves_by_all_identifiers(
    app: FastAPI, database: Database, tenant: Tenant
) -> None:
    own = Grant.of([json.dumps(ADA)], None)
    learner = await make_someone(
        database, GivenRole(Role.LEARNER, tenant.principal.store_name, own)
    )
    assert names(await seen_by(app, learner)) == {"mailto:ada@example.org", "account"}


async def test_a_token_of_a_lead_sees_the_team_too(
    app: FastAPI, database: Database, tenant: Tenant, team: str
) -> None:
    lead = await a_lead(database, tenant, teams=[team])
    async with signed_in(app, lead) as browser:
        made = await browser.post("/api/v1/api-tokens", json={"label": "script"})
        assert made.status_code == 201, made.text
        browser.cookies.clear()
        asked = {"measures": ["statements.count", "actors.unique", "people.unique"]}
        answer = await browser.post(
            "/api/v1/analytics/query",
            json=asked,
            headers={"Authorization": f"Bearer {made.json()['token']}"},
        )
    assert answer.json()["rows"] == [[2, 2, 1]]


async def test_teams_are_given_and_told_over_http(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    role = {"role": "team_lead", "store": tenant.principal.store_name, "teams": ["North"]}
    body = {"name": "Ada", "email": f"{uuid4().hex}@example.org", "grants": [role]}
    made = await client.post(USERS, json=body)
    assert made.status_code == 201, made.text
    (told,) = (await client.get(f"{USERS}/{made.json()['id']}")).json()["grants"]
    assert (told["teams"], told["agents"]) == (["North"], None)


@pytest.mark.parametrize(
    "role",
    [
        {"role": "learner", "teams": ["North"]},
        {"role": "content_owner", "teams": ["North"], "activities": ["http://example.org/c"]},
        {"role": "team_lead"},
        {"role": "team_lead", "teams": []},
        {"role": "team_lead", "teams": [""]},
        {"role": "team_lead", "teams": ["North"], "agents": []},
    ],
)
async def test_teams_that_do_not_fit_a_role_are_refused(
    client: httpx.AsyncClient, tenant: Tenant, role: dict[str, Any]
) -> None:
    given = {"store": tenant.principal.store_name} | role
    body = {"name": "Ada", "email": f"{uuid4().hex}@example.org", "grants": [given]}
    assert (await client.post(USERS, json=body)).status_code == 400
