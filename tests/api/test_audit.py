"""The audit log over HTTP: what gets into it, and who may read it how."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from conftest import Tenant, client_of, make_tenant, revoke
from lrs.api.notes import ROUTED_BY_OURSELVES
from lrs.api.xapi.routes import ResourceRoute
from lrs.auth.audit import Action, AuditEvent, Caller, WhoKind
from lrs.auth.roles import Role
from lrs.auth.scopes import DEFAULT, Scope, Scopes
from lrs.services.audit import AuditService
from lrs.storage.audit import append_records
from lrs.storage.engines import Database
from lrs.xapi.agents import read_agent
from people import as_role, make_someone, signed_in

AUDIT = "http://lrs.test/api/v1/audit"
QUERY = "http://lrs.test/api/v1/analytics/query"
ADA = {"mbox": "mailto:ada@example.org"}
ADA_KEY = str(read_agent(json.dumps(ADA)).key)
SCOPES = frozenset(Scope)


@pytest.fixture
def audit(app: FastAPI) -> AuditService:
    service: AuditService = app.state.services.audit
    return service


async def read(client: httpx.AsyncClient, **parameters: Any) -> list[dict[str, Any]]:
    answer = await client.get(AUDIT, params=parameters)
    assert answer.status_code == 200, answer.text
    records: list[dict[str, Any]] = answer.json()["records"]
    return records


async def noted(
    client: httpx.AsyncClient, audit: AuditService, action: Action
) -> list[dict[str, Any]]:
    """Return the records of an action, with what is noted but not recorded yet, oldest first."""
    await audit.flush(is_last=True)
    return (await read(client, action=action.value))[::-1]


def times(records: list[dict[str, Any]]) -> int:
    """Return how often it was done; what happens around a flush stands in two records."""
    return sum(record["details"]["count"] for record in records)


@pytest.fixture
async def records(database: Database, tenant: Tenant) -> int:
    """How many records there are in the log of the test's own store: two for each of some."""
    names = ["one", "two", "three", "four", "five"]
    for name in names:
        caller = Caller(WhoKind.USER, name, f"192.0.2.{len(name)}")
        made = AuditEvent(caller, Action.CREDENTIAL_MADE, f"key {name}", details={"label": name})
        async with database.writing() as connection:
            event = AuditEvent(caller, Action.USER_CHANGED, "somebody")
            await append_records(
                connection, [(tenant.principal.store, made), (tenant.principal.store, event)]
            )
    return 2 * len(names)


async def test_records_come_newest_first_with_all_that_they_say(
    client: httpx.AsyncClient, records: int
) -> None:
    found = await read(client)
    assert [record["number"] for record in found] == list(range(records, 0, -1))
    made = found[1]
    assert datetime.fromisoformat(made.pop("at")).tzinfo is not None
    assert len(made.pop("hash")) == 64
    assert made == {
        "number": 9,
        "who_kind": "user",
        "who": "five",
        "address": "192.0.2.4",
        "action": "credential.made",
        "target": "key five",
        "outcome": "done",
        "request_id": "-",
        "details": {"label": "five"},
        "erased": [],
    }


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"action": "credential.made"}, [9, 7, 5, 3, 1]),
        ({"who": "two"}, [4, 3]),
        ({"target": "key two"}, [3]),
        ({"address": "192.0.2.3"}, [4, 3, 2, 1]),
        ({"outcome": "refused"}, []),
        ({"who": "two", "action": "user.changed"}, [4]),
        ({"who": "two' OR 'a'='a"}, []),
        ({"since": "2100-01-01T00:00:00Z"}, []),
        ({"until": "2020-01-01T00:00:00Z"}, []),
    ],
)
@pytest.mark.usefixtures("records")
async def test_filters_are_met_all_at_once(
    client: httpx.AsyncClient, wanted: dict[str, str], numbers: list[int]
) -> None:
    assert [record["number"] for record in await read(client, **wanted)] == numbers


@pytest.mark.usefixtures("records")
async def test_since_is_within_and_until_is_without(client: httpx.AsyncClient) -> None:
    records = await read(client)
    at = records[4]["at"]
    later = (datetime.fromisoformat(at) + timedelta(microseconds=1)).isoformat()
    same = [record["number"] for record in records if record["at"] == at]
    assert [each["number"] for each in await read(client, since=at, until=later)] == same


@pytest.mark.parametrize("size", [1, 3, 9, 10])
async def test_the_pages_behind_more_are_the_whole_answer(
    client: httpx.AsyncClient, records: int, size: int
) -> None:
    found: list[int] = []
    link = f"{AUDIT}?limit={size}"
    while link:
        page = (await client.get(link)).json()
        assert len(page["records"]) <= size
        found += [record["number"] for record in page["records"]]
        link = page["more"] and f"http://lrs.test{page['more']}"
    assert found == list(range(records, 0, -1))


async def test_the_filters_hold_on_every_page(client: httpx.AsyncClient, records: int) -> None:
    assert records
    page = (await client.get(AUDIT, params={"who": "two", "limit": 1})).json()
    page = (await client.get(f"http://lrs.test{page['more']}")).json()
    assert [record["number"] for record in page["records"]] == [3]
    assert page["more"] is None


@pytest.mark.parametrize(
    "parameters",
    [
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "x"},
        {"action": "unknown"},
        {"outcome": "unknown"},
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},
        {"since": "0001-01-01T00:00:00+23:59"},
        {"until": "9999-12-31T23:59:59-23:59"},
        {"who": "a\0b"},
        {"who": "x" * 2_001},
        {"unknown": "x"},
        {"more": "x"},
    ],
)
async def test_what_does_not_make_sense_is_400(
    client: httpx.AsyncClient, parameters: dict[str, str]
) -> None:
    assert (await client.get(AUDIT, params=parameters)).status_code == 400


async def test_more_is_of_no_use_when_changed_or_to_a_stranger(
    app: FastAPI, client: httpx.AsyncClient, database: Database, records: int
) -> None:
    link = (
        "http://lrs.test" + (await client.get(AUDIT, params={"limit": records // 2})).json()["more"]
    )
    assert (await client.get(link)).status_code == 200
    assert (await client.get(link + "&limit=2")).status_code == 400
    assert (await client.get(link[:-2] + "AA")).status_code == 400
    other = await make_tenant(database, scopes=Scopes({Scope.AUDIT_READ}))
    async with client_of(app, other) as stranger:
        assert (await stranger.get(link)).status_code == 403
    await revoke(database, other)


@pytest.fixture
async def auditor(
    app: FastAPI, database: Database, tenant: Tenant
) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who may read the log of the test's own store and nothing else."""
    made = await make_tenant(
        database, tenant.principal.store_name, scopes=Scopes({Scope.AUDIT_READ})
    )
    async with client_of(app, made) as client:
        yield client
    await revoke(database, made)


@pytest.mark.usefixtures("records")
async def test_an_auditor_reads_the_own_log_and_no_other(
    auditor: httpx.AsyncClient, stranger: Tenant
) -> None:
    assert await read(auditor)
    for store in (stranger.principal.store_name, "-", "no such store"):
        answer = await auditor.get(AUDIT, params={"store": store})
        assert (answer.status_code, answer.json()["missing"]) == (403, ["platform"])


async def test_without_the_scope_nothing_is_shown(app: FastAPI, database: Database) -> None:
    made = await make_tenant(database, scopes=SCOPES - {Scope.AUDIT_READ, Scope.PLATFORM})
    async with client_of(app, made) as client:
        answer = await client.get(AUDIT)
    assert (answer.status_code, answer.json()["missing"]) == (403, ["audit/read"])
    await revoke(database, made)


async def test_the_platform_reads_the_log_of_any_store_and_of_what_has_none(
    client: httpx.AsyncClient, database: Database, stranger: Tenant
) -> None:
    target = uuid4().hex
    event = AuditEvent(Caller(WhoKind.SYSTEM, "lrs"), Action.STORE_MADE, target)
    async with database.writing() as connection:
        await append_records(connection, [(0, event), (stranger.principal.store, event)])
    for store in ("-", stranger.principal.store_name):
        assert len(await read(client, store=store, target=target)) == 1
    assert await read(client, target=target) == []
    assert (await client.get(AUDIT, params={"store": "none such"})).status_code == 404


async def test_reading_the_log_is_recorded_in_it(
    client: httpx.AsyncClient, audit: AuditService, tenant: Tenant
) -> None:
    await read(client)
    await read(client)
    found = await noted(client, audit, Action.AUDIT_READ)
    assert {record["who"] for record in found} == {tenant.principal.key}
    assert times(found) == 2


async def test_reading_the_log_of_another_store_is_recorded_there(
    client: httpx.AsyncClient, audit: AuditService, tenant: Tenant, stranger: Tenant
) -> None:
    await read(client, store=stranger.principal.store_name)
    await audit.flush(is_last=True)
    (record,) = await read(client, store=stranger.principal.store_name)
    assert (record["action"], record["who"]) == ("audit.read", tenant.principal.key)


async def test_a_wrong_secret_of_a_known_key_is_recorded_in_its_store(
    client: httpx.AsyncClient, app: FastAPI, audit: AuditService, tenant: Tenant
) -> None:
    async with client_of(app, Tenant(tenant.principal, "wrong")) as wrong:
        for _ in range(3):
            assert (await wrong.get("statements")).status_code == 401
    found = await noted(client, audit, Action.ACCESS_REFUSED)
    assert times(found) == 3
    record = found[0]
    assert (record["who_kind"], record["who"]) == ("credential", tenant.principal.key)
    assert (record["target"], record["outcome"]) == ("GET /xapi/statements", "refused")
    assert record["details"]["error"] == "UnauthenticatedError"
    assert record["address"] == "127.0.0.1"


async def test_an_unknown_key_is_recorded_without_the_key(
    client: httpx.AsyncClient, audit: AuditService, app: FastAPI
) -> None:
    key = uuid4().hex
    transport = httpx.ASGITransport(app, client=("192.0.2.77", 1))
    async with httpx.AsyncClient(transport=transport, auth=(key, "x")) as unknown:
        assert (await unknown.get("http://lrs.test/xapi/statements")).status_code == 401
        assert (await unknown.get("http://lrs.test/xapi/statements", auth=None)).status_code == 401
    await audit.flush(is_last=True)
    found = await read(client, store="-", address="192.0.2.77")
    assert {(record["who_kind"], record["who"]) for record in found} == {("nobody", "-")}
    assert found[0]["details"]["count"] == 1
    assert key not in str(found)


async def test_a_missing_scope_is_recorded_with_its_name(
    app: FastAPI, database: Database, tenant: Tenant, client: httpx.AsyncClient, audit: AuditService
) -> None:
    made = await make_tenant(database, tenant.principal.store_name, scopes=DEFAULT)
    async with client_of(app, made) as weak:
        assert (await weak.get(AUDIT, params={"who": "secret"})).status_code == 403
        await weak.get(f"http://lrs.test/api/v1/statements/{uuid4()}")
        assert (await weak.put("agents/profile", params={"profileId": "x"})).status_code == 403
    found = await noted(client, audit, Action.ACCESS_REFUSED)
    assert {(record["target"], *record["details"]["missing"]) for record in found} == {
        ("GET /api/v1/audit", "audit/read"),
        ("PUT /xapi/agents/profile", "profile"),
    }
    await revoke(database, made)


def test_each_address_that_is_routed_by_ourselves_is_known_to_the_log(app: FastAPI) -> None:
    routed = {route.path for route in _routes(app) if isinstance(route, ResourceRoute)}
    assert routed == ROUTED_BY_OURSELVES


def _routes(app: FastAPI) -> list[Any]:
    return [context.original_route for context in iter_route_contexts(app.routes)]


@pytest.mark.parametrize("resource", ["statements", "agents"])
async def test_a_look_at_a_person_is_recorded_by_the_key_alone(
    client: httpx.AsyncClient, audit: AuditService, resource: str
) -> None:
    answer = await client.get(resource, params={"agent": json.dumps(ADA)})
    assert answer.status_code == 200
    (record,) = await noted(client, audit, Action.PERSON_READ)
    assert record["target"] == ADA_KEY
    assert "ada@example.org" not in str(record)


async def test_a_list_of_all_is_no_look_at_a_person(
    client: httpx.AsyncClient, audit: AuditService
) -> None:
    await client.get("statements")
    await client.post(QUERY, json={"measures": ["statements.count"], "dimensions": ["verb"]})
    assert await noted(client, audit, Action.PERSON_READ) == []


@pytest.mark.parametrize(
    ("question", "ways"),
    [
        ({"dimensions": ["actor"]}, ["dimension"]),
        (
            {"filters": [{"member": "actor", "operator": "equals", "values": [ADA["mbox"]]}]},
            ["filter"],
        ),
    ],
    ids=["dimension", "filter"],
)
async def test_sums_of_single_persons_are_recorded(
    client: httpx.AsyncClient, audit: AuditService, question: dict[str, Any], ways: list[str]
) -> None:
    answer = await client.post(QUERY, json={"measures": ["statements.count"], **question})
    assert answer.status_code == 200, answer.text
    (record,) = await noted(client, audit, Action.PERSON_READ)
    assert (record["target"], record["details"]["analytics"]) == (None, ways)
    assert "ada@example.org" not in str(record)


async def test_a_tool_that_reads_documents_of_its_learner_is_not_recorded(
    client: httpx.AsyncClient, audit: AuditService
) -> None:
    parameters = {"agent": json.dumps(ADA), "activityId": "http://example.org/a"}
    assert (await client.get("activities/state", params=parameters)).status_code == 200
    assert (await client.get("agents/profile", params={"agent": json.dumps(ADA)})).is_success
    assert await noted(client, audit, Action.PERSON_READ) == []


@pytest.mark.parametrize(
    ("resource", "kind"), [("activities/state", "state"), ("agents/profile", "agent_profile")]
)
async def test_a_person_who_reads_documents_of_another_is_recorded(
    app: FastAPI, database: Database, audit: AuditService, resource: str, kind: str
) -> None:
    agent = {"mbox": f"mailto:{uuid4().hex}@example.org"}
    parameters = {"agent": json.dumps(agent)}
    if kind == "state":
        parameters["activityId"] = "http://example.org/a"
    owner = await make_someone(database, as_role(Role.PLATFORM_OWNER))
    async with signed_in(app, owner) as browser:
        headers = {"X-Experience-API-Version": "1.0.3"}
        answer = await browser.get(f"/xapi/{resource}", params=parameters, headers=headers)
        assert answer.status_code == 200, answer.text
        await audit.flush(is_last=True)
        (record,) = await read(browser, target=str(read_agent(json.dumps(agent)).key))
    assert (record["action"], record["who_kind"], record["who"]) == (
        "person.read",
        "user",
        str(owner.id),
    )
    assert record["details"]["documents"] == kind
