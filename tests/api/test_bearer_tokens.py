"""Machines come by tokens of an issuer (OAuth 2.0): who is let in, and to what."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from builders import a_statement
from conftest import Tenant, make_tenant, revoke, serving
from issuing import AUDIENCE, DISCOVERY, StandInIssuer, issuing, key, published, signed
from lrs.auth.audit import WhoKind
from lrs.auth.authority import authority_of_account
from lrs.auth.principals import SystemKind
from lrs.services.bearer_tokens import BearerTokensService
from lrs.services.issuers import FRESH_FOR
from lrs.services.writers import NewWriter, ensure_writer
from lrs.storage.engines import Database
from statement_resource import get, listed

ALL_ALGORITHMS = (("RSA", "RS256"), ("RSA", "PS256"), ("P-256", "ES256"), ("P-384", "ES384"),
                  ("Ed25519", "Ed25519"))  # fmt: skip
MACHINE = "statements/write statements/read/mine"


@pytest.fixture
async def issuer() -> AsyncIterator[StandInIssuer]:
    async with issuing() as issuer:
        yield issuer


@pytest.fixture
async def machine(
    database_url: str, tenant: Tenant, issuer: StandInIssuer
) -> AsyncIterator[httpx.AsyncClient]:
    """A client without credentials, of an app that takes tokens of the issuer."""
    settings = {"oauth_issuer": issuer.address, "oauth_audience": AUDIENCE}
    async with serving(database_url, tenant, **settings) as client:
        client.auth = httpx.Auth()
        yield client


def service_of(machine: httpx.AsyncClient) -> BearerTokensService:
    app = cast("FastAPI", cast("httpx.ASGITransport", machine._transport).app)
    return cast("BearerTokensService", app.state.services.bearer_tokens)


def by(shown: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {shown}"}


def token(issuer: StandInIssuer, tenant: Tenant, scope: str = MACHINE, **other: Any) -> str:
    return issuer.token(scope=scope, lrs_store=tenant.principal.store_name, **other)


@pytest.mark.parametrize(("kind", "method"), ALL_ALGORITHMS)
async def test_a_machine_is_let_in(
    machine: httpx.AsyncClient, tenant: Tenant, issuer: StandInIssuer, kind: str, method: str
) -> None:
    shown = issuer.token(kind, method, scope="all", lrs_store=tenant.principal.store_name)
    assert (await machine.get("/statements", headers=by(shown))).status_code == 200


async def test_its_statements_carry_its_account(
    machine: httpx.AsyncClient, client: httpx.AsyncClient, tenant: Tenant, issuer: StandInIssuer
) -> None:
    shown = token(issuer, tenant, azp="moodle")
    answer = await machine.post("/statements", json=a_statement(), headers=by(shown))
    assert answer.status_code == 200, answer.text
    (stored,) = answer.json()
    assert (await get(client, stored)).json()["authority"] == {
        "objectType": "Agent",
        "name": "moodle",
        "account": {"homePage": issuer.address, "name": "moodle"},
    }


async def test_it_sees_its_own_statements_alone(
    machine: httpx.AsyncClient, client: httpx.AsyncClient, tenant: Tenant, issuer: StandInIssuer
) -> None:
    await client.post("/statements", json=a_statement())
    own = token(issuer, tenant)
    (mine,) = (await machine.post("/statements", json=a_statement(), headers=by(own))).json()
    other = token(issuer, tenant, azp="another")
    await machine.post("/statements", json=a_statement(), headers=by(other))
    seen = (await machine.get("/statements", headers=by(own))).json()["statements"]
    assert [each["id"] for each in seen] == [mine]
    assert len(await listed(client)) == 3


async def test_it_may_do_what_its_scopes_say_and_nothing_else(
    machine: httpx.AsyncClient, tenant: Tenant, issuer: StandInIssuer
) -> None:
    reader = by(token(issuer, tenant, scope="statements/read openid"))
    assert (await machine.get("/statements", headers=reader)).status_code == 200
    refused = await machine.post("/statements", json=a_statement(), headers=reader)
    assert refused.status_code == 403
    assert refused.json()["missing"] == ["statements/write"]


async def test_power_is_not_taken_from_a_token(
    machine: httpx.AsyncClient, tenant: Tenant, issuer: StandInIssuer
) -> None:
    powerful = by(token(issuer, tenant, scope="admin platform"))
    answer = await machine.get("/statements", headers=powerful)
    assert (answer.status_code, answer.json()["detail"]) == (
        403,
        "the token grants no scope that is known here",
    )


@pytest.mark.parametrize("named", ["nowhere", "", "' OR 1=1 --", "../..", "%", "x" * 5_000])
async def test_a_store_that_is_not_there_is_not_made(
    machine: httpx.AsyncClient, database: Database, issuer: StandInIssuer, named: str
) -> None:
    count = text("SELECT count(*) FROM stores WHERE name = :name")
    shown = issuer.token(scope="all", lrs_store=named)
    assert (await machine.get("/statements", headers=by(shown))).status_code == 403
    async with database.primary() as connection:
        assert await connection.scalar(count, {"name": named}) == 0


async def test_a_token_for_one_store_shows_nothing_of_another(
    machine: httpx.AsyncClient,
    client: httpx.AsyncClient,
    stranger: Tenant,
    issuer: StandInIssuer,
) -> None:
    await client.post("/statements", json=a_statement())
    shown = token(issuer, stranger, scope="all")
    assert (await machine.get("/statements", headers=by(shown))).json()["statements"] == []


async def test_a_store_that_is_being_deleted_lets_nobody_in(
    machine: httpx.AsyncClient, database: Database, stranger: Tenant, issuer: StandInIssuer
) -> None:
    shown = by(token(issuer, stranger, scope="all"))
    assert (await machine.get("/statements", headers=shown)).status_code == 200
    async with database.writing() as connection:
        deleting = text("UPDATE stores SET deleting = now() WHERE id = :id")
        await connection.execute(deleting, {"id": stranger.principal.store})
        await connection.execute(text("UPDATE credential_changes SET count = count + 1"))
    await asyncio.sleep(1)
    assert (await machine.get("/statements", headers=shown)).status_code == 403


async def test_a_machine_that_is_shut_out_stays_out(
    machine: httpx.AsyncClient, database: Database, tenant: Tenant, issuer: StandInIssuer
) -> None:
    shown = by(token(issuer, tenant))
    assert (await machine.get("/statements", headers=shown)).status_code == 200
    async with database.writing() as connection:
        revocation = text(
            "UPDATE credentials SET revoked = now() WHERE store = :store AND kind = 'issuer'"
        )
        await connection.execute(revocation, {"store": tenant.principal.store})
        await connection.execute(text("UPDATE credential_changes SET count = count + 1"))
    await asyncio.sleep(1)
    assert (await machine.get("/statements", headers=shown)).status_code == 401


async def issuer_rows(database: Database, tenant: Tenant) -> list[tuple[str, str]]:
    rows = text("SELECT key, label FROM credentials WHERE store = :store AND kind = 'issuer'")
    async with database.primary() as connection:
        found = await connection.execute(rows, {"store": tenant.principal.store})
        return [(row.key, row.label) for row in found]


async def test_one_row_stands_for_a_machine(
    machine: httpx.AsyncClient, database: Database, tenant: Tenant, issuer: StandInIssuer
) -> None:
    tokens = [token(issuer, tenant, jti=str(number)) for number in range(20)]
    answers = await asyncio.gather(
        *(machine.get("/statements", headers=by(shown)) for shown in tokens)
    )
    assert {answer.status_code for answer in answers} == {200}
    ((made, label),) = await issuer_rows(database, tenant)
    assert label == "moodle"
    basic = await machine.get("/statements", auth=(made, ""))
    assert basic.status_code == 401


async def test_two_processes_make_one_row(database: Database, tenant: Tenant) -> None:
    authority = authority_of_account("https://login.example.org", "moodle", "Moodle")
    writer = NewWriter("issuer", "moodle", "Moodle", "Moodle", authority)
    store = tenant.principal.store
    made = await asyncio.gather(*(ensure_writer(database, store, writer) for _ in range(8)))
    assert len({each.number for each in made}) == 1
    assert len(await issuer_rows(database, tenant)) == 1


async def test_what_a_credential_with_the_same_authority_brought_is_its_own_too(
    machine: httpx.AsyncClient, database: Database, tenant: Tenant, issuer: StandInIssuer
) -> None:
    authority = authority_of_account(issuer.address, "moodle", "moodle")
    twin = await make_tenant(
        database,
        tenant.principal.store_name,
        authority=authority.text.decode(),
        authority_key=authority.key,
    )
    await machine.post("/statements", json=a_statement(), auth=twin.auth)
    seen = await machine.get("/statements", headers=by(token(issuer, tenant)))
    assert len(seen.json()["statements"]) == 1
    await revoke(database, twin)


# Attacks, each with its answer; `tests/unit/auth/test_bearer_tokens.py` has many more


@pytest.mark.parametrize(
    "other",
    [{"iss": "https://evil.example"}, {"aud": "account"}, {"exp": 1}, {"exp": None},
     {"nbf": 9e9}, {"iat": 9e9}, {"azp": None}, {"cnf": {}}],
    ids=str,
)  # fmt: skip
async def test_a_token_that_is_not_good_is_refused(
    machine: httpx.AsyncClient, tenant: Tenant, issuer: StandInIssuer, other: dict[str, Any]
) -> None:
    shown = token(issuer, tenant, **other)
    answer = await machine.post("/statements", json=a_statement(), headers=by(shown))
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:lrs:error:unauthenticated"
    assert 'Bearer realm="LRS"' in answer.headers["WWW-Authenticate"]
    assert shown not in answer.text


@pytest.mark.parametrize("shown", ["", "x", "a.b.c", "..", "\x7f", "e30.e30.AA", "x" * 60_000])
async def test_what_is_no_token_is_refused(machine: httpx.AsyncClient, shown: str) -> None:
    assert (await machine.get("/statements", headers=by(shown))).status_code == 401


async def test_a_token_is_not_taken_as_a_secret(
    machine: httpx.AsyncClient, tenant: Tenant, issuer: StandInIssuer
) -> None:
    answer = await machine.get("/statements", auth=("moodle", token(issuer, tenant)))
    assert answer.status_code == 401


async def test_a_token_in_the_address_is_not_taken(
    machine: httpx.AsyncClient, tenant: Tenant, issuer: StandInIssuer
) -> None:
    shown = {"access_token": token(issuer, tenant)}
    assert (await machine.get("/statements", params=shown)).status_code == 401


async def test_unknown_keys_make_no_storm(
    machine: httpx.AsyncClient, tenant: Tenant, issuer: StandInIssuer
) -> None:
    assert (await machine.get("/statements", headers=by(token(issuer, tenant)))).is_success
    forged = key("RSA", 7)
    issuer.publish(published(forged, "forged"))
    shown = [
        signed({"alg": "RS256", "kid": f"unknown {number}"}, {}, forged, "RS256")
        for number in range(100)
    ]
    answers = await asyncio.gather(
        *(machine.get("/statements", headers=by(each)) for each in shown)
    )
    # Who fails too often at once is told to wait.
    assert {answer.status_code for answer in answers} <= {401, 429}
    assert issuer.asked[DISCOVERY] == 1


async def test_without_an_issuer_tokens_are_refused_plainly(
    anonymous: httpx.AsyncClient, tenant: Tenant, issuer: StandInIssuer
) -> None:
    answer = await anonymous.get("/statements", headers=by(token(issuer, tenant)))
    assert answer.status_code == 401
    assert "LRS_OAUTH_ISSUER" in answer.json()["detail"]


async def test_an_issuer_that_is_away_is_no_fault_of_the_client(
    machine: httpx.AsyncClient, tenant: Tenant, issuer: StandInIssuer
) -> None:
    issuer.status = 500
    answer = await machine.get("/statements", headers=by(token(issuer, tenant)))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_an_issuer_is_not_followed_elsewhere(
    machine: httpx.AsyncClient, tenant: Tenant, issuer: StandInIssuer, status: int
) -> None:
    issuer.status, issuer.headers = status, {"Location": f"{issuer.address}/elsewhere"}
    answer = await machine.get("/statements", headers=by(token(issuer, tenant)))
    assert answer.status_code == 503
    assert list(issuer.asked) == [DISCOVERY]


async def test_a_token_that_was_good_is_judged_again(
    machine: httpx.AsyncClient, tenant: Tenant, issuer: StandInIssuer
) -> None:
    service = service_of(machine)
    now = service._clock()
    shown = token(issuer, tenant)
    assert (await machine.get("/statements", headers=by(shown))).status_code == 200
    service._clock = lambda: now + 300 + 59
    assert (await machine.get("/statements", headers=by(shown))).status_code == 200
    # More than the minute of leeway, however long it took to make the token.
    service._clock = lambda: now + 300 + 120
    assert (await machine.get("/statements", headers=by(shown))).status_code == 401


async def test_a_key_that_is_withdrawn_is_good_no_longer(
    machine: httpx.AsyncClient, tenant: Tenant, issuer: StandInIssuer
) -> None:
    shown = token(issuer, tenant)
    assert (await machine.get("/statements", headers=by(shown))).status_code == 200
    issuer.publish(published(key("P-256"), "P-256"))
    keys = service_of(machine)._issuer
    keys._clock = lambda: time.monotonic() + FRESH_FOR + 1
    await machine.get("/statements", headers=by(shown))
    assert keys._fetching is not None
    await keys._fetching
    assert (await machine.get("/statements", headers=by(shown))).status_code == 401
    other = issuer.token("P-256", "ES256", scope="all", lrs_store=tenant.principal.store_name)
    assert (await machine.get("/statements", headers=by(other))).status_code == 200


async def test_who_comes_by_a_token_is_told_from_a_credential(
    machine: httpx.AsyncClient, tenant: Tenant, issuer: StandInIssuer
) -> None:
    principal = await service_of(machine).authenticate(token(issuer, tenant))
    assert principal.kind is WhoKind.ISSUER
    assert principal.system_kind is SystemKind.OTHER
    assert principal.key.startswith("issuer:")
