"""Sign-in to accounts of our own, sessions, and what protects them."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from conftest import Tenant, settings_for
from lrs.auth.roles import Role
from lrs.main import build_app
from lrs.storage.engines import Database
from people import ASKING, PASSWORD, Someone, a_browser, as_role, make_someone, sign_in, signed_in

SESSION = "/api/v1/session"


@pytest.fixture
async def analyst(database: Database, tenant: Tenant) -> Someone:
    return await make_someone(database, as_role(Role.ANALYST, tenant.principal.store_name))


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json().get("type", "")).rpartition(":")[2]


async def test_who_signs_in_is_told_who_they_are(
    app: FastAPI, analyst: Someone, tenant: Tenant
) -> None:
    async with a_browser(app) as browser:
        answer = await sign_in(browser, analyst)
        told = (await browser.get(SESSION)).json()
    assert told == answer.json()
    assert told["user"] == {"id": str(analyst.id), "name": "Ada", "email": analyst.email}
    assert (told["store"], told["role"]) == (tenant.principal.store_name, "analyst")
    assert told["scopes"] == ["analytics/read"]
    assert told["choices"] == [{"store": tenant.principal.store_name, "role": "analyst"}]


async def test_the_cookie_is_kept_from_scripts_and_from_other_sites(
    app: FastAPI, analyst: Someone
) -> None:
    async with a_browser(app) as browser:
        cookie = (await sign_in(browser, analyst)).headers["set-cookie"]
    name, _, _ = cookie.partition("=")
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert name == "lrs_session"
    assert attributes == {"httponly", "path=/", "samesite=lax"}


async def test_by_tls_the_cookie_is_for_this_host_and_tls_alone(
    app: FastAPI, analyst: Someone
) -> None:
    async with a_browser(app, origin="https://lrs.test") as browser:
        cookie = (await sign_in(browser, analyst)).headers["set-cookie"]
        assert (await browser.get(SESSION)).status_code == 200
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert cookie.startswith("__Host-lrs_session=")
    assert attributes == {"httponly", "path=/", "samesite=lax", "secure"}


@pytest.mark.parametrize("wrong", ["password", "email"])
async def test_a_wrong_password_and_an_unknown_address_are_answered_alike(
    app: FastAPI, analyst: Someone, wrong: str
) -> None:
    body = {"email": analyst.email, "password": PASSWORD} | {wrong: "nobody@example.org"}
    async with a_browser(app, "192.0.2.1") as browser:
        answer = await browser.post(SESSION, json=body)
    assert code_of(answer) == (401, "sign-in-failed")
    assert "the address or the password is wrong" in answer.json()["detail"]
    assert "set-cookie" not in answer.headers


async def test_the_address_is_the_same_however_it_is_written(
    app: FastAPI, analyst: Someone
) -> None:
    async with a_browser(app) as browser:
        await sign_in(browser, Someone(analyst.id, analyst.email.upper()))


async def test_who_signs_out_is_out_at_every_process(
    app: FastAPI, database_url: str, analyst: Someone
) -> None:
    other = build_app(settings_for(database_url))
    async with (
        other.router.lifespan_context(other),
        a_browser(app) as here,
        a_browser(other) as there,
    ):
        await sign_in(here, analyst)
        there.cookies = here.cookies
        assert (await there.get(SESSION)).status_code == 200
        shown = dict(here.cookies)
        assert (await here.delete(SESSION)).status_code == 204
        assert "lrs_session" not in here.cookies
        there.cookies = httpx.Cookies(shown)
        assert code_of(await there.get(SESSION)) == (401, "unauthenticated")


async def test_a_new_sign_in_ends_the_session_that_the_browser_had(
    app: FastAPI, analyst: Someone
) -> None:
    async with a_browser(app) as browser, a_browser(app) as thief:
        await sign_in(browser, analyst)
        thief.cookies.update(dict(browser.cookies))
        assert (await thief.get(SESSION)).status_code == 200
        await sign_in(browser, analyst)
        assert dict(browser.cookies) != dict(thief.cookies)
        assert (await thief.get(SESSION)).status_code == 401
        assert (await browser.get(SESSION)).status_code == 200


async def test_a_session_id_from_elsewhere_is_never_taken_over(
    app: FastAPI, analyst: Someone
) -> None:
    async with a_browser(app) as browser:
        browser.cookies.set("lrs_session", "an id that somebody else has chosen", "lrs.test")
        await sign_in(browser, analyst)
        assert browser.cookies["lrs_session"] != "an id that somebody else has chosen"


async def test_a_session_ends_by_itself(app: FastAPI, database: Database, analyst: Someone) -> None:
    async with signed_in(app, analyst) as browser:
        await _run(database, "UPDATE sessions SET expires = now()")
        assert (await browser.get(SESSION)).status_code == 401


async def test_who_is_kept_out_is_out_with_the_next_request(app: FastAPI, analyst: Someone) -> None:
    users = app.state.services.users
    async with signed_in(app, analyst) as browser:
        await users.change(ASKING, analyst.id, disabled=True)
        assert (await browser.get(SESSION)).status_code == 401
        body = {"email": analyst.email, "password": PASSWORD}
        assert code_of(await browser.post(SESSION, json=body)) == (401, "sign-in-failed")
        await users.change(ASKING, analyst.id, disabled=False)
        assert (await browser.get(SESSION)).status_code == 401, "an old session came back"


async def test_roles_that_are_taken_back_are_gone_with_the_next_request(
    app: FastAPI, analyst: Someone
) -> None:
    async with signed_in(app, analyst) as browser:
        await app.state.services.users.give(ASKING, analyst.id, [])
        told = (await browser.get(SESSION)).json()
        assert (told["store"], told["role"], told["scopes"]) == (None, None, [])
        query = await browser.post("/api/v1/analytics/query", json={"measures": ["statements"]})
        assert code_of(query) == (403, "forbidden")


class TestForgedRequests:
    async def test_a_change_without_the_token_is_refused(
        self, app: FastAPI, analyst: Someone
    ) -> None:
        async with signed_in(app, analyst) as browser:
            for token in ("", "wrong", None):
                headers = {} if token is None else {"X-CSRF-Token": token}
                del browser.headers["X-CSRF-Token"]
                answer = await browser.delete(SESSION, headers=headers)
                browser.headers["X-CSRF-Token"] = "x"
                assert code_of(answer) == (403, "forged-request")

    async def test_the_token_of_another_session_is_refused(
        self, app: FastAPI, analyst: Someone
    ) -> None:
        async with signed_in(app, analyst) as browser, signed_in(app, analyst) as other:
            headers = {"X-CSRF-Token": other.headers["X-CSRF-Token"]}
            answer = await browser.delete(SESSION, headers=headers)
            assert code_of(answer) == (403, "forged-request")

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "http://evil.test"},
            {"Origin": "null"},
            {"Origin": "https://lrs.test"},
            {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    async def test_pages_of_other_origins_may_not_use_a_session(
        self, app: FastAPI, analyst: Someone, headers: dict[str, str], method: str
    ) -> None:
        async with signed_in(app, analyst) as browser:
            answer = await browser.request(method, SESSION, headers=headers)
            assert code_of(answer) == (403, "forged-request")

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "same-origin", "Origin": "http://lrs.test"},
            {"Sec-Fetch-Site": "none"},
            {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        ],
        ids=str,
    )
    async def test_pages_of_ours_may_and_so_may_links(
        self, app: FastAPI, analyst: Someone, headers: dict[str, str]
    ) -> None:
        async with signed_in(app, analyst) as browser:
            assert (await browser.get(SESSION, headers=headers)).status_code == 200

    async def test_a_form_of_another_site_changes_nothing_however_it_is_sent(
        self, app: FastAPI, analyst: Someone
    ) -> None:
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        async with signed_in(app, analyst) as browser:
            answer = await browser.delete(SESSION, headers=headers)
            assert code_of(answer) == (403, "forged-request")

    async def test_a_page_of_another_origin_cannot_sign_somebody_in(
        self, app: FastAPI, analyst: Someone
    ) -> None:
        body = {"email": analyst.email, "password": PASSWORD}
        async with a_browser(app) as browser:
            answer = await browser.post(SESSION, json=body, headers={"Origin": "http://evil.test"})
            assert code_of(answer) == (403, "forged-request")


class TestChoices:
    async def test_one_acts_in_one_role_at_a_time(
        self, app: FastAPI, database: Database, tenant: Tenant, stranger: Tenant
    ) -> None:
        here, there = tenant.principal.store_name, stranger.principal.store_name
        someone = await make_someone(
            database, as_role(Role.LEARNER, here), as_role(Role.AUDITOR, there)
        )
        async with signed_in(app, someone) as browser:
            told = (await browser.get(SESSION)).json()
            assert (told["role"], told["scopes"]) == ("auditor", ["audit/read"])
            wanted = {"store": here, "role": "learner"}
            told = (await browser.patch(SESSION, json=wanted)).json()
            assert (told["store"], told["role"]) == (here, "learner")
            assert "audit/read" not in told["scopes"]
            assert (await browser.get(SESSION)).json() == told
            assert (await browser.get("/api/v1/audit")).status_code == 403

    @pytest.mark.parametrize("wanted", [{"role": "platform_owner"}, {"store": "no such store"}])
    async def test_what_was_not_granted_cannot_be_chosen(
        self, app: FastAPI, analyst: Someone, wanted: dict[str, Any]
    ) -> None:
        async with signed_in(app, analyst) as browser:
            assert code_of(await browser.patch(SESSION, json=wanted)) == (403, "forbidden")

    async def test_a_store_of_somebody_else_cannot_be_chosen(
        self, app: FastAPI, analyst: Someone, stranger: Tenant
    ) -> None:
        wanted = {"store": stranger.principal.store_name}
        async with signed_in(app, analyst) as browser:
            assert code_of(await browser.patch(SESSION, json=wanted)) == (403, "forbidden")


async def test_a_credential_has_no_session(client: httpx.AsyncClient) -> None:
    answer = await client.get("http://lrs.test/api/v1/session")
    assert code_of(answer) == (403, "forbidden")


async def _run(database: Database, sql: str) -> None:
    async with database.primary() as connection:
        await connection.exec_driver_sql(sql)


async def test_answers_to_a_session_are_kept_out_of_shared_caches(
    app: FastAPI, database: Database
) -> None:
    headers = {"X-Experience-API-Version": "1.0.3"}
    owner = await make_someone(database, as_role(Role.PLATFORM_OWNER))
    async with signed_in(app, owner) as browser:
        statements = await browser.get("/xapi/statements", headers=headers)
        session = await browser.get(SESSION)
        users = await browser.get("http://lrs.test/api/v1/users")
    assert statements.status_code == 200, statements.text
    assert "Cookie" in statements.headers.get_list("Vary", split_commas=True)
    assert statements.headers["Cache-Control"] == "private, no-cache"
    assert session.headers.get_list("Cache-Control") == ["no-store"]
    assert users.headers.get_list("Cache-Control") == ["no-store"]


async def test_signing_in_and_out_is_recorded(
    app: FastAPI, database: Database, analyst: Someone, tenant: Tenant
) -> None:
    async with a_browser(app, "192.0.2.2") as browser:
        wrong = {"email": analyst.email, "password": "what was typed by mistake"}
        assert (await browser.post(SESSION, json=wrong)).status_code == 401
        await sign_in(browser, analyst)
        assert (await browser.delete(SESSION)).status_code == 204
    await app.state.services.audit.flush(is_last=True)
    sql = (
        "SELECT store, action, outcome, who_kind, address, target FROM audit_records"
        " WHERE who = $1 OR target = $1 ORDER BY action, outcome"
    )
    async with database.primary() as connection:
        rows = (await connection.exec_driver_sql(sql, (str(analyst.id),))).all()
    store, address = tenant.principal.store, "192.0.2.2"
    assert [tuple(row) for row in rows if row.action.startswith("sign-")] == [
        (store, "sign-in", "done", "user", address, None),
        (0, "sign-in", "refused", "nobody", address, str(analyst.id)),
        (store, "sign-out", "done", "user", address, None),
    ]
