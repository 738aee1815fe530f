"""Tokens of people for their scripts."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from conftest import Tenant
from lrs.auth.roles import Role
from lrs.storage.engines import Database
from people import ASKING, Someone, a_browser, as_role, make_someone, signed_in

TOKENS = "/api/v1/api-tokens"
AUDIT = "/api/v1/audit"
SECRET_LENGTH = 43


@pytest.fixture
async def auditor(database: Database, tenant: Tenant) -> Someone:
    return await make_someone(database, as_role(Role.AUDITOR, tenant.principal.store_name))


async def made(browser: httpx.AsyncClient, **members: Any) -> dict[str, Any]:
    answer = await browser.post(TOKENS, json={"label": "Nightly", **members})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def status_by(app: FastAPI, token: str, path: str = AUDIT) -> int:
    async with a_browser(app) as script:
        answer = await script.get(path, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


async def test_a_token_acts_as_its_user_does(app: FastAPI, auditor: Someone) -> None:
    async with signed_in(app, auditor) as browser:
        body = await made(browser)
    assert body["token"].startswith("lrs_token_")
    assert (body["made"]["role"], body["made"]["scopes"]) == ("auditor", ["audit/read"])
    assert await status_by(app, body["token"]) == 200
    assert await status_by(app, body["token"], "/api/v1/users") == 403


async def test_a_token_needs_no_csrf_token_and_makes_no_further_token(
    app: FastAPI, auditor: Someone
) -> None:
    async with signed_in(app, auditor) as browser:
        body = await made(browser)
    async with a_browser(app) as script:
        script.headers["Authorization"] = f"Bearer {body['token']}"
        assert (await script.post(TOKENS, json={"label": "Another"})).status_code == 403
        assert (await script.get(TOKENS)).status_code == 403


async def test_its_secret_is_shown_once_and_kept_nowhere(
    app: FastAPI, database: Database, auditor: Someone
) -> None:
    async with signed_in(app, auditor) as browser:
        body = await made(browser)
        listed = await browser.get(TOKENS)
        one = await browser.get(f"{TOKENS}/{body['made']['id']}")
    secret = body["token"][-SECRET_LENGTH:]
    assert secret not in listed.text + one.text
    assert listed.json() == {"tokens": [one.json()]} == {"tokens": [body["made"]]}
    async with database.primary() as connection:
        sql = "SELECT CAST(t AS text) FROM api_tokens t WHERE id = $1"
        kept = (await connection.exec_driver_sql(sql, (body["made"]["id"],))).scalar_one()
    assert secret not in kept
    assert secret.encode().hex() not in kept


async def test_a_revoked_token_is_good_no_more(app: FastAPI, auditor: Someone) -> None:
    async with signed_in(app, auditor) as browser:
        body = await made(browser)
        one = f"{TOKENS}/{body['made']['id']}"
        assert (await browser.delete(one)).status_code == 204
        assert await status_by(app, body["token"]) == 401
        assert (await browser.delete(one)).status_code == 404
        assert (await browser.get(one)).json()["revoked"] is not None


async def test_a_token_ends(app: FastAPI, database: Database, auditor: Someone) -> None:
    async with signed_in(app, auditor) as browser:
        body = await made(browser, days=1)
    async with database.primary() as connection:
        sql = "UPDATE api_tokens SET expires = expires - interval '1 day' WHERE id = $1"
        await connection.exec_driver_sql(sql, (body["made"]["id"],))
    assert await status_by(app, body["token"]) == 401


async def test_a_token_outlives_neither_its_role_nor_its_user(
    app: FastAPI, auditor: Someone, tenant: Tenant
) -> None:
    users = app.state.services.users
    role = as_role(Role.AUDITOR, tenant.principal.store_name)
    async with signed_in(app, auditor) as browser:
        token = (await made(browser))["token"]
    await users.give(ASKING, auditor.id, [as_role(Role.ANALYST, role.store)])
    assert await status_by(app, token) == 401
    await users.give(ASKING, auditor.id, [role])
    assert await status_by(app, token) == 200
    await users.change(ASKING, auditor.id, disabled=True)
    assert await status_by(app, token) == 401
    # Who lets somebody in again does not let in whoever has their tokens.
    await users.change(ASKING, auditor.id, disabled=False)
    assert await status_by(app, token) == 401


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"scopes": ["admin"]}, 403),
        ({"role": "platform_owner"}, 403),
        ({"store": "no such store"}, 403),
        ({"scopes": []}, 400),
        ({"days": 366}, 400),
        ({"days": 0}, 400),
        ({"label": ""}, 400),
        ({"unknown": 1}, 400),
    ],
    ids=str,
)
async def test_a_token_has_no_more_than_its_user(
    app: FastAPI, auditor: Someone, members: dict[str, Any], status: int
) -> None:
    async with signed_in(app, auditor) as browser:
        answer = await browser.post(TOKENS, json={"label": "Nightly", **members})
    assert answer.status_code == status, answer.text


async def test_a_token_may_have_less_than_its_role(
    app: FastAPI, database: Database, tenant: Tenant
) -> None:
    owner = await make_someone(database, as_role(Role.PLATFORM_OWNER))
    async with signed_in(app, owner) as browser:
        store = tenant.principal.store_name
        body = await made(browser, scopes=["audit/read"], store=store)
    assert body["made"]["store"] == store
    assert await status_by(app, body["token"]) == 200
    assert await status_by(app, body["token"], "/api/v1/users") == 403


async def test_tokens_of_others_are_not_there(
    app: FastAPI, database: Database, auditor: Someone
) -> None:
    other = await make_someone(database, as_role(Role.AUDITOR))
    async with signed_in(app, auditor) as browser, signed_in(app, other) as stranger:
        one = f"{TOKENS}/{(await made(browser))['made']['id']}"
        assert (await stranger.get(one)).status_code == 404
        assert (await stranger.delete(one)).status_code == 404
        assert (await stranger.get(TOKENS)).json() == {"tokens": []}


async def test_what_only_looks_like_a_token_is_refused(app: FastAPI, auditor: Someone) -> None:
    async with signed_in(app, auditor) as browser:
        token = (await made(browser))["token"]
    head = token[: -SECRET_LENGTH - 1]
    unknown = f"lrs_token_{uuid4().hex}_{'A' * SECRET_LENGTH}"
    for shown in (
        token[:-1],
        token + "A",
        f"{head}_{'A' * SECRET_LENGTH}",
        unknown,
        "lrs_token_",
        head,
    ):
        assert await status_by(app, shown) == 401
