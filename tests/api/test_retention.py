"""Retention rules and legal holds over HTTP: what is refused, and that nothing goes untried."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from archives import API, key_of
from builders import Json, a_statement, agent
from conftest import Tenant, client_of, make_tenant, revoke
from lrs.auth.restrictions import Grant
from lrs.auth.scopes import Scope, Scopes
from lrs.services.retaining import RetainingService
from lrs.storage.engines import Database
from statement_resource import post

RULES, RUNS, HOLDS = f"{API}/retention-rules", f"{API}/retention-runs", f"{API}/legal-holds"
VERB = "http://adlnet.gov/expapi/verbs/completed"
SYSTEM = {"systems": ["Moodle"]}


def rule(conditions: Any = SYSTEM, **more: Any) -> Json:
    return {"name": "old things", "action": "erase", "conditions": conditions} | more


async def made(client: httpx.AsyncClient, path: str, body: Json) -> Json:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    thing: Json = answer.json()
    return thing


async def finished(client: httpx.AsyncClient, database: Database, address: str) -> Json:
    """Have a run come to its end, by this process or by another one that is at it."""
    while True:
        await RetainingService(database, "http://lrs.local").go_on()
        answer = await client.get(address)
        assert answer.status_code == 200, answer.text
        run: Json = answer.json()
        if run["finished"]:
            return run


async def tried(client: httpx.AsyncClient, database: Database, of_rule: str) -> Json:
    answer = await client.post(f"{RULES}/{of_rule}/dry-runs")
    assert answer.status_code == 202, answer.text
    return await finished(client, database, f"{RULES}/{of_rule}/dry-runs/{answer.json()['id']}")


async def test_a_rule_takes_nothing_before_it_was_tried_and_activated(
    client: httpx.AsyncClient, database: Database
) -> None:
    await post(client, *(a_statement(verb={"id": VERB}) for _ in range(3)), a_statement())
    wanted = rule({"verb_families": ["completed"]})
    of = (await made(client, RULES, wanted))["id"]
    refused = await client.post(f"{RULES}/{of}/activation")
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:lrs:error:retention-conflict"
    would = await tried(client, database, of)
    assert would["statements"] == 3
    assert [(each["system"], each["statements"]) for each in would["counts"]] == [("Moodle", 3)]
    assert (await client.get("/statements")).json()["statements"].__len__() == 4

    # Whoever changes the rule has to try it again.
    changed = await client.put(f"{RULES}/{of}", json=wanted | {"name": "another name"})
    assert changed.json()["version"] == 2
    assert (await client.post(f"{RULES}/{of}/activation")).status_code == 409
    await tried(client, database, of)
    active = await client.post(f"{RULES}/{of}/activation")
    assert active.status_code == 200
    assert active.json()["active_since"]

    while not (runs := (await client.get(RUNS, params={"rule": of})).json()["runs"]):
        await RetainingService(database, "http://lrs.local").go_on()
    run = await finished(client, database, f"{RUNS}/{runs[0]['id']}")
    assert (run["state"], run["statements"], run["held"]) == ("finished", 3, 0)
    assert len((await client.get("/statements")).json()["statements"]) == 1
    assert (await client.delete(f"{RULES}/{of}")).status_code == 204
    assert (await client.get(f"{RULES}/{of}")).status_code == 404
    # What went is still told.
    assert (await client.get(f"{RUNS}/{run['id']}")).json()["name"] == "another name"
    audit = (await client.get(f"{API}/audit", params={"target": of})).json()["records"]
    assert [each["action"] for each in reversed(audit)] == [
        "retention.rule-made",
        "retention.tried",
        "retention.rule-changed",
        "retention.tried",
        "retention.activated",
        "retention.applied",
        "retention.rule-removed",
    ]


@pytest.mark.parametrize(
    "body",
    [
        rule({}),
        rule({"age": None}),
        rule({"systems": []}),
        rule({"age": {"days": 0}}),
        rule({"age": {"days": -1}}),
        rule({"age": {"days": 36_501}}),
        rule({"age": {"days": 1.5}}),
        rule({"age": {"days": "100"}}),
        rule({"age": {"days": True}}),
        rule({"age": {"days": 10, "by": "guess"}}),
        rule({"verbs": ["no iri"]}),
        rule({"verb_families": ["unheard"]}),
        rule({"activities": ["\x00"]}),
        rule({"attribute": {"name": "unknown", "value": "x"}}),
        rule({"attribute": {"name": "unknown"}}),
        rule({"unknown": 1}),
        rule(SYSTEM, unknown=1),
        rule(SYSTEM, action="burn"),
        rule(SYSTEM, name=""),
        rule(SYSTEM, name="a\x00b"),
        {"name": "x", "action": "erase"},
        [],
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(client: httpx.AsyncClient, body: Any) -> None:
    answer = await client.post(RULES, json=body)
    assert answer.status_code == 400, answer.text
    assert (await client.get(RULES)).json() == {"rules": []}


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "x"},
        {"person": str(uuid4())},
        {"reason": "", "system": "Moodle"},
        {"reason": "x", "person": "nobody"},
        {"reason": "x", "activity": "no iri"},
        {"reason": "x", "since": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        {"reason": "x", "since": "2026-01-01T00:00:00"},
        {"reason": "x", "system": "Moodle", "unknown": 1},
    ],
)
async def test_a_hold_of_nothing_is_refused(client: httpx.AsyncClient, body: Any) -> None:
    answer = await client.post(HOLDS, json=body)
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "before=x", "rule=x", "unknown=1", "limit=x"]
)
async def test_pages_that_make_no_sense_are_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"{RUNS}?{query}")).status_code == 400


async def test_a_hold_is_kept_and_ends_once(client: httpx.AsyncClient) -> None:
    await post(client, a_statement())
    key = str(key_of(agent()))
    assert (
        await client.post(HOLDS, json={"reason": "x", "person": str(uuid4())})
    ).status_code == 404
    hold = await made(
        client, HOLDS, {"reason": "case 1", "person": key, "since": "2026-01-01T00:00:00+01:00"}
    )
    assert hold["person"] == key
    assert hold["released"] is None
    address = f"{HOLDS}/{hold['id']}"
    assert (await client.get(address)).json() == hold
    ended = await client.delete(address)
    assert ended.json()["released"]
    assert (await client.delete(address)).status_code == 409
    assert (await client.get(HOLDS)).json()["holds"] == [ended.json()]
    audit = (await client.get(f"{API}/audit", params={"target": key})).json()["records"]
    assert [each["action"] for each in audit][:2] == ["legal-hold.released", "legal-hold.made"]


async def test_what_is_nowhere_is_not_found(client: httpx.AsyncClient, database: Database) -> None:
    of = (await made(client, RULES, rule()))["id"]
    other = (await made(client, RULES, rule()))["id"]
    run = await tried(client, database, of)
    nobody = uuid4()
    for method, address in (
        ("GET", f"{RULES}/{nobody}"),
        ("DELETE", f"{RULES}/{nobody}"),
        ("POST", f"{RULES}/{nobody}/dry-runs"),
        ("GET", f"{RULES}/{nobody}/dry-runs"),
        ("POST", f"{RULES}/{nobody}/activation"),
        ("DELETE", f"{RULES}/{nobody}/activation"),
        ("GET", f"{RULES}/{of}/dry-runs/{nobody}"),
        ("GET", f"{RULES}/{other}/dry-runs/{run['id']}"),
        ("GET", f"{RUNS}/{nobody}"),
        ("GET", f"{RUNS}/{run['id']}"),
        ("GET", f"{HOLDS}/{nobody}"),
        ("DELETE", f"{HOLDS}/{nobody}"),
    ):
        answer = await client.request(method, address)
        assert answer.status_code == 404, (method, address, answer.text)
    assert (await client.put(f"{RULES}/{nobody}", json=rule())).status_code == 404


async def test_who_sees_a_part_of_the_store_makes_no_rules(
    app: FastAPI, client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    of = (await made(client, RULES, rule()))["id"]
    limited = await make_tenant(
        database,
        tenant.principal.store_name,
        scopes=Scopes({Scope.PRIVACY}),
        grant=Grant.of(None, ["http://example.org/activities/course"]),
    )
    async with client_of(app, limited) as theirs:
        for path, body in ((RULES, rule()), (HOLDS, {"reason": "x", "system": "Moodle"})):
            assert (await theirs.post(path, json=body)).status_code == 403
        for address in (RULES, f"{RULES}/{of}", RUNS, HOLDS):
            assert (await theirs.get(address)).status_code == 403
        assert (await theirs.post(f"{RULES}/{of}/dry-runs")).status_code == 403
    await revoke(database, limited)
