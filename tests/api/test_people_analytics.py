"""Sums by persons, by what they were on the day, and by their teams; by hand, over HTTP."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from builders import Json, a_statement, agent
from conftest import Tenant, client_of, make_tenant, revoke
from lrs.auth.scopes import Scope, Scopes
from lrs.people.identifiers import read_identifier
from lrs.people.validities import Validity
from lrs.services.folding import FoldingService
from lrs.storage.engines import Database
from lrs.storage.people import NewPerson, create_person, lock_people
from lrs.storage.people_tables import attribute_definitions
from lrs.storage.person_identifiers import add_identifiers
from lrs.storage.person_merges import merge_people, undo_merge
from lrs.storage.person_values import NewValue, set_values
from lrs.storage.teams import Membership, create_team, set_members
from lrs.xapi.keys import ifi_key
from statement_resource import post

QUERY = "http://lrs.test/api/v1/analytics/query"
BERLIN = {"timezone": "Europe/Berlin"}
ADA, BOB, CARL = agent("ada"), agent("bob"), agent("carl")
ADA_AT_WORK = {"account": {"homePage": "https://lms.example.org", "name": "4711"}}
APRIL = date(2026, 4, 1)


@dataclass(frozen=True)
class Company:
    """A store with Ada, who has two identifiers and went from Sales to IT, and Bob of Sales."""

    store: int
    ada: UUID
    bob: UUID


def did(actor: Json, timestamp: str, minutes: int) -> Json:
    return a_statement(actor=actor, timestamp=timestamp, result={"duration": f"PT{minutes}M"})


STATEMENTS = [
    did(ADA_AT_WORK, "2026-03-30T08:00:00Z", 1),
    did(ADA, "2026-03-31T10:00:00Z", 2),
    # The last second of March in Berlin, and the first one of April, which is March in UTC.
    did(ADA, "2026-03-31T21:59:59Z", 4),
    did(ADA, "2026-03-31T22:00:00Z", 8),
    did(ADA, "2026-04-02T10:00:00Z", 16),
    did(BOB, "2026-04-01T10:00:00Z", 32),
    # Nobody knows anything of Carl.
    did(CARL, "2026-04-01T10:00:00Z", 64),
]


@pytest.fixture
async def company(database: Database, tenant: Tenant, client: httpx.AsyncClient) -> Company:
    await post(client, *STATEMENTS)
    store = tenant.principal.store
    async with database.writing() as connection:
        await lock_people(connection, store)
        definition = {"store": store, "type": "text", "title_de": "", "title_en": ""}
        await connection.execute(
            attribute_definitions.insert(),
            [
                definition | {"name": "department", "is_sensitive": False},
                definition | {"name": "disability", "is_sensitive": True},
                definition | {"name": "manager", "is_sensitive": False, "type": "person"},
            ],
        )
        ada = await create_person(connection, store, NewPerson("Ada"))
        bob = await create_person(connection, store, NewPerson("Bob"))
        for person, known in ((ada, [ADA, ADA_AT_WORK]), (bob, [BOB])):
            ifis = [read_identifier(json.dumps(each)) for each in known]
            await add_identifiers(connection, store, person, ifis, "api")
        values = [
            NewValue(ada, "department", "Sales", Validity(until=APRIL)),
            NewValue(ada, "department", "IT", Validity(since=APRIL)),
            NewValue(bob, "department", "Sales"),
            NewValue(bob, "disability", "none"),
        ]
        await set_values(connection, store, values, "a test")
        north, south = [await create_team(connection, store, name) for name in ("North", "South")]
        memberships = [
            Membership(ada, north, Validity()),
            Membership(ada, south, Validity(since=APRIL)),
            Membership(bob, south, Validity()),
        ]
        await set_members(connection, store, memberships, "a test")
    return Company(store, ada, bob)


async def answer(client: httpx.AsyncClient, *measures: str, **asked: Any) -> Json:
    body = {"measures": [*measures] or ["statements.count"]} | asked
    answered = await client.post(QUERY, json=body)
    assert answered.status_code == 200, answered.text
    found: Json = answered.json()
    return found


async def rows(client: httpx.AsyncClient, *measures: str, **asked: Any) -> list[list[Any]]:
    return list((await answer(client, *measures, **asked))["rows"])


def only(member: str, operator: str, *values: str) -> dict[str, Any]:
    return {"filters": [{"member": member, "operator": operator, "values": [*values]}]}


pytestmark = pytest.mark.usefixtures("company")


async def test_a_department_has_what_was_done_while_people_were_there(
    client: httpx.AsyncClient,
) -> None:
    asked = ("statements.count", "people.unique", "duration.sum")
    by_department = {"dimensions": ["person.department"], "order": [["person.department", "asc"]]}
    assert await rows(client, *asked, time=BERLIN, **by_department) == [
        ["IT", 2, 1, (8 + 16) * 60],
        ["Sales", 4, 2, (1 + 2 + 4 + 32) * 60],
        [None, 1, 1, 64 * 60],
    ]
    # In UTC the first second of April in Berlin is one of March.
    assert await rows(client, *asked, **by_department) == [
        ["IT", 1, 1, 16 * 60],
        ["Sales", 5, 2, (1 + 2 + 4 + 8 + 32) * 60],
        [None, 1, 1, 64 * 60],
    ]


async def test_months_and_departments_meet_at_the_same_midnight(client: httpx.AsyncClient) -> None:
    time = BERLIN | {"granularity": "month"}
    assert await rows(client, dimensions=["person.department"], time=time) == [
        ["2026-03-01T00:00:00+01:00", "Sales", 3],
        ["2026-04-01T00:00:00+02:00", "IT", 2],
        ["2026-04-01T00:00:00+02:00", "Sales", 1],
        ["2026-04-01T00:00:00+02:00", None, 1],
    ]


async def test_persons_are_counted_once_by_however_many_identifiers(
    client: httpx.AsyncClient, company: Company
) -> None:
    assert await rows(client, "actors.unique", "people.unique") == [[4, 3]]
    carl = str(ifi_key(read_identifier(json.dumps(CARL))))
    assert await rows(client, dimensions=["person"]) == [
        [str(company.ada), 5],
        *sorted([[str(company.bob), 1], [carl, 1]]),
    ]


async def test_a_statement_counts_under_each_team_of_its_person(client: httpx.AsyncClient) -> None:
    by_team = await rows(
        client, "statements.count", "people.unique", time=BERLIN, dimensions=["team"]
    )
    assert by_team == [["North", 5, 1], ["South", 3, 2], [None, 1, 1]]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (only("team", "in", "North", "South"), 6),
        (only("team", "equals", "South"), 3),
        (only("team", "not_equals", "South"), 4),
        (only("team", "starts_with", "Nor"), 5),
        (only("team", "set"), 6),
        (only("team", "not_set"), 1),
        (only("person.department", "equals", "Sales"), 4),
        (only("person.department", "not_in", "Sales", "IT"), 1),
        (only("person.department", "starts_with", "I"), 2),
        (only("person", "starts_with", "zz"), 0),
        (only("person", "equals", "no id"), 0),
    ],
)
async def test_a_filter_takes_each_statement_once(
    client: httpx.AsyncClient, filters: dict[str, Any], count: int
) -> None:
    assert await rows(client, time=BERLIN, **filters) == [[count]]


async def test_a_filter_on_a_person_takes_all_identifiers(
    client: httpx.AsyncClient, company: Company
) -> None:
    assert await rows(client, **only("person", "equals", str(company.ada))) == [[5]]


async def test_merge_and_split_change_the_next_answer(
    client: httpx.AsyncClient, database: Database, company: Company
) -> None:
    store = company.store
    async with database.writing() as connection:
        await lock_people(connection, store)
        merge = await merge_people(connection, store, company.ada, company.bob, "a test")
    assert await rows(client, "people.unique") == [[2]]
    assert await rows(client, **only("person", "equals", str(company.ada))) == [[6]]
    # Both were in South in April, which is one team still.
    assert await rows(client, time=BERLIN, **only("team", "equals", "South")) == [[3]]
    async with database.writing() as connection:
        await lock_people(connection, store)
        await undo_merge(connection, store, company.ada, merge.id, "a test")
    assert await rows(client, "people.unique") == [[3]]
    assert await rows(client, **only("person", "equals", str(company.bob))) == [[1]]


async def test_what_asks_for_people_reads_statements(
    client: httpx.AsyncClient, database: Database
) -> None:
    while (await answer(client))["meta"]["source"] != "rollup":
        await FoldingService(database, "UTC", worth=1).catch_up()
    for asked in ({"dimensions": ["team"]}, {"dimensions": ["person.department"]}):
        assert (await answer(client, **asked))["meta"]["source"] == "raw"
    assert (await answer(client, "people.unique"))["meta"]["source"] == "raw"


@pytest.fixture
async def analyst(
    app: FastAPI, database: Database, tenant: Tenant
) -> AsyncIterator[httpx.AsyncClient]:
    """Who may have sums, and none of single persons."""
    scopes = Scopes({Scope.ANALYTICS_READ})
    analyst = await make_tenant(database, tenant.principal.store_name, scopes=scopes)
    async with client_of(app, analyst) as client:
        yield client
    await revoke(database, analyst)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"measures": ["people.unique"]}, 200),
        ({"dimensions": ["person.department", "team"]}, 200),
        ({"dimensions": ["person"]}, 403),
        (only("person", "set"), 403),
        ({"dimensions": ["person.disability"]}, 403),
        (only("person.disability", "equals", "none"), 403),
        ({"dimensions": ["person.manager"]}, 403),
    ],
)
async def test_single_persons_and_what_is_sensitive_need_the_scope_for_it(
    analyst: httpx.AsyncClient, client: httpx.AsyncClient, asked: dict[str, Any], status: int
) -> None:
    body = {"measures": ["statements.count"]} | asked
    assert (await analyst.post(QUERY, json=body)).status_code == status
    assert (await client.post(QUERY, json=body)).status_code == 200


@pytest.mark.usefixtures("company")
async def test_who_sees_single_persons_does_not_see_what_is_sensitive_of_them(
    app: FastAPI, database: Database, tenant: Tenant
) -> None:
    store = tenant.principal.store_name
    for more, status in ((Scope.PEOPLE_READ, 403), (Scope.PRIVACY, 200)):
        scopes = Scopes({Scope.ANALYTICS_PERSONAL, more})
        lead = await make_tenant(database, store, scopes=scopes)
        async with client_of(app, lead) as client:
            for asked in ({"dimensions": ["person.disability"]}, only("person.disability", "set")):
                body = {"measures": ["statements.count"]} | asked
                assert (await client.post(QUERY, json=body)).status_code == status
        await revoke(database, lead)


@pytest.mark.parametrize("name", ["person.shoe_size", "person.", "person.Department", "teams"])
async def test_an_attribute_that_the_store_has_not_defined_is_unknown(
    client: httpx.AsyncClient, name: str
) -> None:
    for asked in ({"dimensions": [name]}, only(name, "set")):
        body = {"measures": ["statements.count"]} | asked
        refused = await client.post(QUERY, json=body)
        assert refused.status_code == 400, refused.text
        assert refused.json()["type"] == "urn:lrs:error:unknown-member"
        assert {"person", "team"} <= set(refused.json()["known"])


async def test_the_known_attributes_are_told(client: httpx.AsyncClient) -> None:
    body = {"measures": ["statements.count"], "dimensions": ["person.shoe_size"]}
    known = (await client.post(QUERY, json=body)).json()["known"]
    assert {"person.department", "person.disability"} <= set(known)
