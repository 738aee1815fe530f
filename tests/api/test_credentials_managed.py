"""Credentials over HTTP: nobody gives, changes or takes away more than they have."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from builders import Json, a_statement, activity, agent
from conftest import SECRET, Tenant, client_of, make_tenant, revoke
from lrs.auth.restrictions import Grant
from lrs.auth.scopes import Scope, Scopes
from lrs.storage.engines import Database
from statement_resource import listed, new_id, post, stored

CREDENTIALS = "http://lrs.test/api/v1/credentials"
USERS = "http://lrs.test/api/v1/users"
NEW = {"label": "Nightly sync", "system": "Moodle", "system_kind": "LMS"}
ADA, BEN = agent("ada"), agent("ben")
COURSE, OTHER_COURSE = activity("course")["id"], activity("other")["id"]
SEES_ALL = Scopes({Scope.ADMIN, Scope.ALL, Scope.ANALYTICS_READ})


@asynccontextmanager
async def acting(
    app: FastAPI, database: Database, *scopes: Scope, **access: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a credential of these scopes."""
    tenant = await make_tenant(database, scopes=Scopes(scopes), **access)
    async with client_of(app, tenant) as client:
        yield client
    await revoke(database, tenant)


async def made(client: httpx.AsyncClient, **wanted: object) -> Json:
    answer = await client.post(CREDENTIALS, json=NEW | wanted)
    assert answer.status_code == 201, answer.text
    body: Json = answer.json()
    return body


async def status_of(client: httpx.AsyncClient, key: str, secret: str) -> int:
    answer = await client.get("/statements", auth=(key, secret))
    return answer.status_code


async def until_refused(
    client: httpx.AsyncClient, body: Json, expected: int = 401, seconds: float = 1
) -> None:
    """Expect that the secret of a credential opens the store, and stops to within some time."""
    async with asyncio.timeout(seconds):
        while (status := await status_of(client, body["key"], body["secret"])) != expected:
            assert status == 200
            await asyncio.sleep(0.01)


async def test_a_made_credential_is_good_at_once_and_its_secret_shown_once(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    answer = await client.post(CREDENTIALS, json=NEW)
    body = answer.json()

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(body["secret"]) >= 43  # 256 bits in base64
    assert await status_of(client, body["key"], body["secret"]) == 200
    secret = body.pop("secret")
    for address in ("", f"/{body['key']}"):
        shown = await client.get(CREDENTIALS + address)
        assert secret not in shown.text
        assert "secret_mac" not in shown.text
        assert shown.headers["Cache-Control"] == "no-store"
        assert body in shown.json().get("credentials", [shown.json()])
    assert body["store"] == tenant.principal.store_name


async def test_two_secrets_and_keys_differ(client: httpx.AsyncClient) -> None:
    one, other = await made(client), await made(client)
    assert one["secret"] != other["secret"]
    assert one["key"] != other["key"]


async def test_without_scopes_it_may_write_and_read_what_it_wrote(
    client: httpx.AsyncClient,
) -> None:
    await post(client, a_statement())
    body = await made(client)
    assert body["scopes"] == ["statements/read/mine", "statements/write"]
    client.auth = httpx.BasicAuth(body["key"], body["secret"])
    own = await post(client, a_statement())
    assert await listed(client) == own


async def test_all_terms_are_kept_and_shown(client: httpx.AsyncClient) -> None:
    terms = {
        "scopes": ["statements/read", "state"],
        "agents": [ADA],
        "activities": [COURSE],
        "origins": ["https://lms.example.org"],
        "networks": ["192.0.2.0/24"],
        "rates": {
            "requests_per_second": 5, "statements_per_minute": None, "requests_at_once": None,
        },
        "expires": "2999-01-01T00:00:00Z",
    }  # fmt: skip
    body = await made(client, **terms | {"scopes": ["state", "statements/read", "state"]})
    assert {name: body[name] for name in terms} == terms | {"scopes": ["state", "statements/read"]}
    assert body["revoked"] is None
    assert body["previous_secret_until"] is None


@pytest.mark.parametrize(
    ("method", "address"),
    [("POST", ""), ("GET", ""), ("GET", "/k"), ("PATCH", "/k"), ("POST", "/k/rotate"),
     ("DELETE", "/k")],
)  # fmt: skip
async def test_only_admins_manage_credentials(
    app: FastAPI, database: Database, method: str, address: str
) -> None:
    others = set(Scope) - {Scope.ADMIN, Scope.PLATFORM}
    async with acting(app, database, *others) as client:
        answer = await client.request(method, CREDENTIALS + address, json=NEW)
    assert answer.status_code == 403
    assert answer.json()["missing"] == ["admin"]


@pytest.mark.parametrize(
    ("own", "given", "missing"),
    [
        ([Scope.ADMIN], ["admin"], None),
        ([Scope.ADMIN], ["statements/write"], ["statements/write"]),
        ([Scope.ADMIN, Scope.STATEMENTS_READ], ["statements/read/mine"], None),
        ([Scope.ADMIN, Scope.STATEMENTS_READ_MINE], ["statements/read"], ["statements/read"]),
        ([Scope.ADMIN, Scope.ALL_READ], ["all"],
         ["all", "define", "profile", "state", "statements/write"]),
        ([Scope.ADMIN, Scope.ALL], ["all"], None),
        ([Scope.ADMIN, Scope.ALL], ["all", "export"], ["export"]),
        ([Scope.ADMIN, Scope.ALL], ["platform"], ["audit/read", "platform"]),
        ([Scope.PLATFORM], ["admin", "audit/read"], None),
    ],
    ids=range(9),
)  # fmt: skip
async def test_nobody_gives_scopes_that_they_lack(
    app: FastAPI,
    database: Database,
    own: list[Scope],
    given: list[str],
    missing: list[str] | None,
) -> None:
    async with acting(app, database, *own) as client:
        answer = await client.post(CREDENTIALS, json=NEW | {"scopes": given})
        assert answer.json().get("missing") == missing
        assert answer.status_code == (201 if missing is None else 403)
        assert len((await client.get(CREDENTIALS)).json()["credentials"]) == (
            2 if missing is None else 1
        )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"agents": [ADA], "activities": [COURSE]}, 201),
        ({"agents": [], "activities": []}, 201),
        ({"agents": [ADA, BEN], "activities": [COURSE]}, 403),
        ({"agents": [ADA], "activities": [COURSE, OTHER_COURSE]}, 403),
        ({"agents": [ADA]}, 403),
        ({"activities": [COURSE]}, 403),
        ({}, 403),
    ],
    ids=range(7),
)
async def test_nobody_shows_more_than_they_see(
    app: FastAPI, database: Database, given: Json, expected: int
) -> None:
    grant = Grant((json.dumps(ADA),), (COURSE,))
    async with acting(app, database, *SEES_ALL, grant=grant) as client:
        answer = await client.post(CREDENTIALS, json=NEW | given)
        assert answer.status_code == expected
        narrow = await made(client, agents=[ADA], activities=[COURSE])
        changed = await client.patch(f"{CREDENTIALS}/{narrow['key']}", json=given | {"label": "x"})
        # What is not named stays narrow; null would lift it.
        lifted = await client.patch(f"{CREDENTIALS}/{narrow['key']}", json={"agents": None})
    is_wider = given.get("agents") == [ADA, BEN] or OTHER_COURSE in given.get("activities", [])
    assert changed.status_code == (403 if is_wider else 200)
    assert lifted.status_code == 403


@pytest.mark.parametrize("access", [{}, {"grant": Grant((json.dumps(ADA),))}])
async def test_what_can_do_or_see_more_is_out_of_reach(
    app: FastAPI, database: Database, access: dict[str, Any]
) -> None:
    store = new_id()
    scopes = Scopes({Scope.ADMIN, Scope.STATEMENTS_READ})
    more = scopes | {Scope.EXPORT} if not access else scopes
    mightier = await make_tenant(database, store, scopes=more)
    address = f"{CREDENTIALS}/{mightier.principal.key}"
    async with acting(app, database, *scopes, name=store, **access) as client:
        for answer in (
            await client.patch(address, json={"label": "Mine now"}),
            await client.patch(address, json={"scopes": ["admin"], "agents": [ADA]}),
            await client.post(f"{address}/rotate", json={}),
            await client.delete(address),
        ):
            assert answer.status_code == 403, answer.text
        kept = (await client.get(address)).json()
        assert (kept["label"], kept["revoked"]) == ("A test", None)
        assert await status_of(client, *mightier.auth) == 200
    await revoke(database, mightier)


async def test_a_change_holds_within_a_second(client: httpx.AsyncClient) -> None:
    body = await made(client, scopes=["statements/read", "statements/write"])
    address = f"{CREDENTIALS}/{body['key']}"
    assert await status_of(client, body["key"], body["secret"]) == 200

    answer = await client.patch(address, json={"scopes": ["statements/write"], "label": "Less"})
    assert (answer.status_code, answer.json()["label"]) == (200, "Less")
    assert answer.json()["system"] == "Moodle"
    await until_refused(client, body, 403)


async def test_null_lifts_limits_and_leaves_what_cannot_be_missing(
    client: httpx.AsyncClient,
) -> None:
    limits = {"agents": [ADA], "origins": ["https://lms.example.org"], "networks": ["192.0.2.7"]}
    body = await made(client, **limits, expires="2999-01-01T00:00:00Z")
    nothing = dict.fromkeys([*limits, "expires", "label", "system", "scopes", "rates"])
    answer = await client.patch(f"{CREDENTIALS}/{body['key']}", json=nothing)
    changed = answer.json()
    assert answer.status_code == 200
    assert [changed[name] for name in (*limits, "expires")] == [None] * 4
    same = ("label", "system", "system_kind", "scopes", "rates")
    assert [changed[name] for name in same] == [body[name] for name in same]


async def test_a_rotated_secret_is_good_no_more_and_the_new_one_at_once(
    client: httpx.AsyncClient,
) -> None:
    body = await made(client)
    answer = await client.post(f"{CREDENTIALS}/{body['key']}/rotate", json={})
    rotated = answer.json()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert rotated["secret"] != body["secret"]
    assert await status_of(client, body["key"], rotated["secret"]) == 200
    assert await status_of(client, body["key"], body["secret"]) == 401


async def test_both_secrets_are_good_while_they_overlap(client: httpx.AsyncClient) -> None:
    first = await made(client)
    address = f"{CREDENTIALS}/{first['key']}/rotate"
    second = (await client.post(address, json={"overlap": 3600})).json()
    assert second["previous_secret_until"] > second["created"]
    for secret in (second["secret"], first["secret"]):
        assert await status_of(client, first["key"], secret) == 200

    third = (await client.post(address, json={"overlap": 3600})).json()
    assert await status_of(client, first["key"], third["secret"]) == 200
    assert await status_of(client, first["key"], second["secret"]) == 200
    assert await status_of(client, first["key"], first["secret"]) == 401


async def test_an_overlap_ends_by_the_time_alone(client: httpx.AsyncClient) -> None:
    body = await made(client)
    address = f"{CREDENTIALS}/{body['key']}/rotate"
    rotated = (await client.post(address, json={"overlap": 1})).json()
    assert await status_of(client, body["key"], body["secret"]) == 200
    await until_refused(client, body, seconds=5)
    assert await status_of(client, body["key"], rotated["secret"]) == 200


@pytest.mark.parametrize("overlap", [-1, 30 * 86_400 + 1, "soon", 1.5, None])
async def test_an_overlap_is_at_most_thirty_days(
    client: httpx.AsyncClient, overlap: object
) -> None:
    body = await made(client)
    address = f"{CREDENTIALS}/{body['key']}/rotate"
    assert (await client.post(address, json={"overlap": overlap})).status_code == 400
    assert (await client.post(address, json={"overlap": 30 * 86_400})).status_code == 200


async def test_a_revoked_credential_is_shown_and_of_no_use(client: httpx.AsyncClient) -> None:
    body = await made(client)
    address = f"{CREDENTIALS}/{body['key']}"
    assert await status_of(client, body["key"], body["secret"]) == 200
    assert (await client.delete(address)).status_code == 204
    await until_refused(client, body)
    assert (await client.get(address)).json()["revoked"] is not None
    assert (await client.delete(address)).status_code == 404
    assert (await client.patch(address, json={"label": "x"})).status_code == 404
    assert (await client.post(f"{address}/rotate", json={})).status_code == 404


async def test_an_expired_credential_is_refused_without_anybody_telling(
    client: httpx.AsyncClient, database: Database
) -> None:
    soon = text("SELECT CAST(now() + interval '700 milliseconds' AS text)")
    changes = text("SELECT count FROM credential_changes")
    async with database.primary() as connection:
        expires = (await connection.scalar(soon)).replace(" ", "T")
        body = await made(client, expires=expires + ":00" if expires[-3] in "+-" else expires)
        before = await connection.scalar(changes)
    assert await status_of(client, body["key"], body["secret"]) == 200
    await until_refused(client, body, seconds=5)
    async with database.primary() as connection:
        assert await connection.scalar(changes) == before
    address = f"{CREDENTIALS}/{body['key']}"
    assert (await client.patch(address, json={"expires": None})).status_code == 200
    assert await status_of(client, body["key"], body["secret"]) == 200


async def test_a_credential_of_another_store_is_not_there(
    client: httpx.AsyncClient, app: FastAPI, database: Database
) -> None:
    body = await made(client)
    address = f"{CREDENTIALS}/{body['key']}"
    async with acting(app, database, *set(Scope)) as stranger:
        for answer in (
            await stranger.get(address),
            await stranger.patch(address, json={"label": "x"}),
            await stranger.post(f"{address}/rotate", json={}),
            await stranger.delete(address),
        ):
            assert answer.status_code == 404
            assert answer.json()["type"] == "urn:lrs:error:credential-not-found"
        shown = await stranger.get(CREDENTIALS)
    assert body["key"] not in shown.text
    assert await status_of(client, body["key"], body["secret"]) == 200


async def test_only_the_platform_names_other_stores(
    client: httpx.AsyncClient, app: FastAPI, database: Database, stranger: Tenant
) -> None:
    others = {"store": stranger.principal.store_name}
    body = (await client.post(CREDENTIALS, json=NEW, params=others)).json()
    assert body["store"] == stranger.principal.store_name
    address = f"{CREDENTIALS}/{body['key']}"
    assert (await client.get(address)).status_code == 404
    assert (await client.get(address, params=others)).status_code == 200
    assert (await client.patch(address, json={"label": "x"}, params=others)).status_code == 200
    rotated = (await client.post(f"{address}/rotate", json={}, params=others)).json()
    assert await status_of(client, body["key"], rotated["secret"]) == 200
    keys = [
        each["key"] for each in (await client.get(CREDENTIALS, params=others)).json()["credentials"]
    ]
    assert keys == [stranger.principal.key, body["key"]]

    async with acting(app, database, *(set(Scope) - {Scope.PLATFORM})) as admin:
        for answer in (
            await admin.post(CREDENTIALS, json=NEW, params=others),
            await admin.get(CREDENTIALS, params=others),
            await admin.get(address, params=others),
            await admin.delete(address, params=others),
            await admin.get(CREDENTIALS, params={"store": "no such store"}),
        ):
            assert answer.status_code == 403
            assert answer.json()["missing"] == ["platform"]
    assert (await client.delete(address, params=others)).status_code == 204


async def test_a_store_that_is_not_there_is_not_made(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        answer = await client.post(CREDENTIALS, json=NEW, params={"store": "no such store"})
        assert answer.status_code == 404
        assert answer.json()["type"] == "urn:lrs:error:store-not-found"


async def test_a_template_of_an_authority_vouches_for_what_is_written(
    client: httpx.AsyncClient,
) -> None:
    account = {"homePage": "https://lms.example.org", "name": "{system}/{key}"}
    body = await made(client, authority={"name": "{label}", "account": account})
    expected = {
        "name": "Nightly sync",
        "account": account | {"name": f"Moodle/{body['key']}"},
    }
    assert body["authority"] == expected
    client.auth = httpx.BasicAuth(body["key"], body["secret"])
    (identifier,) = await post(client, a_statement())
    assert (await stored(client, identifier))["authority"] == expected


async def test_credentials_of_one_authority_share_what_is_theirs(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    authority = {"mbox": "mailto:lms@example.org"}
    old, new = await made(client, authority=authority), await made(client, authority=authority)
    admin, ids = httpx.BasicAuth(*tenant.auth), list[str]()
    for body in (old, new):
        client.auth = httpx.BasicAuth(body["key"], body["secret"])
        ids += await post(client, a_statement())
    assert await listed(client, ascending="true") == ids
    client.auth = admin
    assert (await client.delete(f"{CREDENTIALS}/{old['key']}")).status_code == 204
    client.auth = httpx.BasicAuth(new["key"], new["secret"])
    assert await listed(client, ascending="true") == ids


async def test_who_sees_only_what_is_theirs_takes_no_others_authority(
    app: FastAPI, database: Database
) -> None:
    store, authority = new_id(), {"mbox": "mailto:lms@example.org"}
    async with acting(app, database, *set(Scope), name=store) as owner:
        await made(owner, authority=authority)
    own = (Scope.ADMIN, Scope.STATEMENTS_READ_MINE)
    wanted = NEW | {"scopes": ["statements/read/mine"]}
    async with acting(app, database, *own, name=store) as limited:
        answer = await limited.post(CREDENTIALS, json=wanted | {"authority": authority})
        assert answer.status_code == 403
        assert answer.json()["missing"] == ["statements/read"]
        fresh = {"mbox": "mailto:other@example.org"}
        answer = await limited.post(CREDENTIALS, json=wanted | {"authority": fresh})
        assert answer.status_code == 201


@pytest.mark.parametrize(
    "account",
    [
        {"homePage": "http://lrs.local", "name": "somebody"},
        {"homePage": "http://lrs.local", "name": "{label}"},
        {"homePage": "http://lrs.local", "name": "{key}"},
        {"homePage": "http://elsewhere.local", "name": "somebody"},
    ],
    ids=["an account here", "by a template", "its own", "elsewhere"],
)
async def test_who_sees_only_what_is_theirs_takes_no_account_that_the_lrs_names(
    app: FastAPI, database: Database, account: Json
) -> None:
    own = (Scope.ADMIN, Scope.STATEMENTS_READ_MINE)
    wanted = NEW | {"scopes": ["statements/read/mine"], "authority": {"account": account}}
    is_anothers = "lrs" in account["homePage"] and account["name"] != "{key}"
    async with acting(app, database, *own) as limited:
        answer = await limited.post(CREDENTIALS, json=wanted)
        assert answer.status_code == (403 if is_anothers else 201), answer.text
    async with acting(app, database, *own, Scope.STATEMENTS_READ) as reader:
        assert (await reader.post(CREDENTIALS, json=wanted)).status_code == 201


async def test_who_has_sums_of_what_is_theirs_gives_nobody_those_of_all(
    app: FastAPI, database: Database
) -> None:
    mine, sums = "statements/read/mine", "analytics/read"
    own = (Scope.ADMIN, Scope.STATEMENTS_READ_MINE, Scope.ANALYTICS_READ)
    analyst = {"role": "analyst", "store": (store := new_id())}
    user = {"name": "Eve", "email": f"{new_id()}@example.org", "grants": [analyst]}
    async with acting(app, database, *own, name=store) as limited:
        answer = await limited.post(CREDENTIALS, json=NEW | {"scopes": [sums]})
        assert (answer.status_code, answer.json()["missing"]) == (403, ["statements/read"])
        body = await made(limited, scopes=[mine, sums])
        address = f"{CREDENTIALS}/{body['key']}"
        assert (await limited.patch(address, json={"scopes": [sums]})).status_code == 403
        answer = await limited.post(USERS, json=user)
        assert answer.status_code == 403


@pytest.mark.parametrize("scopes", [["statements/read/mine"], ["statements/write"]])
async def test_nobody_is_shown_a_secret_that_opens_what_they_may_not_read(
    app: FastAPI, database: Database, scopes: list[str]
) -> None:
    store = new_id()
    own = (Scope.ADMIN, Scope.STATEMENTS_WRITE, Scope.STATEMENTS_READ_MINE)
    async with acting(app, database, *set(Scope), name=store) as owner:
        address = f"{CREDENTIALS}/{(await made(owner, scopes=scopes))['key']}"
    async with acting(app, database, *own, name=store) as limited:
        rotated = await limited.post(f"{address}/rotate", json={})
        more = await limited.patch(address, json={"scopes": ["statements/read/mine"]})
        shows = scopes == ["statements/read/mine"]
        # What it shows already stays; what it does not show yet, it would show by the new secret.
        assert (rotated.status_code, more.status_code) == ((403, 200) if shows else (200, 403))
        itself = f"{CREDENTIALS}/{await _own_key(limited)}"
        assert (await limited.post(f"{itself}/rotate", json={"overlap": 60})).status_code == 200


async def _own_key(client: httpx.AsyncClient) -> str:
    kept = (await client.get(CREDENTIALS)).json()["credentials"]
    running = (each for each in kept if each["revoked"] is None and "admin" in each["scopes"])
    key: str = next(running)["key"]
    return key


@pytest.mark.parametrize("key", ["%00", "a%00b"])
async def test_a_key_that_cannot_be_is_refused(client: httpx.AsyncClient, key: str) -> None:
    for answer in (
        await client.get(f"{CREDENTIALS}/{key}"),
        await client.patch(f"{CREDENTIALS}/{key}", json={}),
        await client.post(f"{CREDENTIALS}/{key}/rotate", json={}),
        await client.delete(f"{CREDENTIALS}/{key}"),
    ):
        assert answer.status_code == 400, answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": None},
        {"label": ""},
        {"label": "a\0b"},
        {"label": "a\nb"},
        {"label": "x" * 201},
        {"system_kind": "toaster"},
        {"scopes": []},
        {"scopes": ["statements/WRITE"]},
        {"scopes": "all"},
        {"agents": [{}]},
        {"agents": [{"mbox": "mailto:ada@example.org", "extra": 1}]},
        {"agents": ["ada"]},
        {"activities": ["no iri"]},
        {"activities": ["https://example.org/\0"]},
        {"authority": {"objectType": "Group", "mbox": "mailto:ada@example.org"}},
        {"authority": {"name": "Nobody"}},
        {"origins": ["https://lms.example.org/path"]},
        {"origins": ["null"]},
        {"networks": ["everywhere"]},
        {"rates": {"requests_per_second": 0}},
        {"rates": {"max_bytes": 1}},
        {"expires": "2999-01-01T00:00:00"},
        {"expires": "2000-01-01T00:00:00Z"},
        {"expires": "tomorrow"},
        {"expires": "9999-12-31T23:59:59-23:59"},
        {"expires": "0001-01-01T00:00:00+23:59"},
        {"key": "chosen"},
        {"secret": "chosen"},
        {"store": "other"},
        {"unknown": 1},
    ],
    ids=range(30),
)
async def test_what_cannot_be_meant_is_refused_and_nothing_made(
    client: httpx.AsyncClient, wrong: Json
) -> None:
    answer = await client.post(CREDENTIALS, json=NEW | wrong)
    assert answer.status_code == 400, answer.text
    assert len((await client.get(CREDENTIALS)).json()["credentials"]) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"authority": {"mbox": "mailto:a@example.org"}}, {"key": "k"}, {"secret": "s"},
     {"revoked": None}, {"label": "a\tb"}],
    ids=range(5),
)  # fmt: skip
async def test_what_never_changes_is_refused(client: httpx.AsyncClient, wrong: Json) -> None:
    body = await made(client)
    answer = await client.patch(f"{CREDENTIALS}/{body['key']}", json=wrong)
    assert answer.status_code == 400


async def test_nobody_gives_higher_rates_than_their_own(app: FastAPI, database: Database) -> None:
    async with acting(app, database, *SEES_ALL, rates={"requests_per_second": 1_000}) as client:
        body = await made(client, rates={"requests_per_second": 1_000})
        higher = {"rates": {"requests_per_second": 1_001}}
        assert (await client.post(CREDENTIALS, json=NEW | higher)).status_code == 403
        address = f"{CREDENTIALS}/{body['key']}"
        assert (await client.patch(address, json=higher)).status_code == 403


async def test_every_change_is_in_the_audit_log_without_a_secret(
    client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    body = await made(client, agents=[ADA])
    address = f"{CREDENTIALS}/{body['key']}"
    await client.patch(address, json={"label": "Otherwise", "scopes": ["state"]})
    rotated = (await client.post(f"{address}/rotate", json={"overlap": 60})).json()
    await client.delete(address)
    query = text(
        "SELECT action, who, details FROM audit_records"
        " WHERE store = :store AND target = :key ORDER BY number"
    )
    async with database.primary() as connection:
        values = {"store": tenant.principal.store, "key": body["key"]}
        records = [tuple(row) for row in await connection.execute(query, values)]
    assert [action for action, _, _ in records] == [
        "credential.made", "credential.changed", "credential.rotated", "credential.revoked",
    ]  # fmt: skip
    assert {who for _, who, _ in records} == {tenant.principal.key}
    details = [json.loads(said) for _, _, said in records]
    assert details[1]["changed"] == ["label", "scopes"]
    assert details[2]["overlap"] == 60
    for secret in (body["secret"], rotated["secret"], SECRET, "ada@example.org"):
        assert secret not in str(records)


async def test_what_fails_leaves_no_record(
    client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    await client.post(CREDENTIALS, json=NEW | {"expires": "2000-01-01T00:00:00Z"})
    query = text("SELECT count(*) FROM audit_records WHERE store = :store AND target IS NOT NULL")
    async with database.primary() as connection:
        values = {"store": tenant.principal.store}
        assert await connection.scalar(query, values) == 0
