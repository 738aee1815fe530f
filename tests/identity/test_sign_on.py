"""Sign-in by a certified provider, end to end, and what is refused on the way."""

import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from itsdangerous import URLSafeSerializer
from pydantic import SecretStr

from conftest import SERVER_KEY, Tenant, settings_for
from identity.certified_provider import (
    CALLBACK,
    CLIENT,
    IDENTITY,
    ORIGIN,
    SECRET,
    Provider,
    begun,
    running,
    signed_in_there,
)
from lrs.auth.claim_roles import read_claim_roles
from lrs.main import build_app
from lrs.services.identity_provider import IdentityProvider, ProviderOptions
from lrs.services.issuers import Issuer
from lrs.services.sign_on import SignOnService
from lrs.storage.engines import Database
from node_packages import require_node

SESSION = f"{ORIGIN}/api/v1/session"


class Clock:
    """A clock that a test can put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead


@pytest.fixture(scope="module", autouse=True)
def _node() -> None:
    require_node(IDENTITY, "sign-in by a certified provider is not tested")


@pytest.fixture(scope="module")
def provider(_node: None) -> Iterator[Provider]:
    with running() as provider:
        yield provider


@asynccontextmanager
async def serving(database_url: str, provider: Provider, **more: Any) -> AsyncIterator[FastAPI]:
    app = build_app(
        settings_for(
            database_url,
            public_url=ORIGIN,
            sign_on_issuer=provider.issuer,
            sign_on_client_id=CLIENT,
            sign_on_client_secret=SecretStr(SECRET),
            sign_on_scopes="openid profile email groups",
            sign_on_claim="groups",
            **more,
        )
    )
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def service(database_url: str, provider: Provider, tenant: Tenant) -> AsyncIterator[FastAPI]:
    store = tenant.principal.store_name
    roles = f"analysts=analyst@{store}; students=learner@{store}; chiefs=platform_owner"
    async with serving(database_url, provider, sign_on_roles=roles) as app:
        yield app


@asynccontextmanager
async def a_browser(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that reaches the service, and the provider over the network."""
    here = httpx.ASGITransport(app, client=("192.0.2.30", 4711))
    async with httpx.AsyncClient(mounts={ORIGIN: here}, trust_env=False, timeout=20) as browser:
        yield browser


@pytest.fixture
async def browser(service: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with a_browser(service) as browser:
        yield browser


def a_login(*groups: str) -> str:
    return "+".join([f"ada{uuid4().hex[:8]}", *groups])


async def sign_on(browser: httpx.AsyncClient, login: str) -> dict[str, Any]:
    """Sign in by the provider, and return what the session says."""
    answer = await browser.get(await signed_in_there(browser, login))
    assert answer.status_code == 303, answer.text
    told = await browser.get(f"{ORIGIN}{answer.headers['location']}")
    assert told.status_code == 200, told.text
    body: dict[str, Any] = told.json()
    return body


async def is_refused(answer: httpx.Response, said: str) -> None:
    assert answer.status_code == 401, answer.text
    assert said in answer.text
    assert "lrs_session" not in answer.headers.get("set-cookie", "")


class TestSigningIn:
    async def test_claims_say_who_it_is_and_what_they_may(
        self, browser: httpx.AsyncClient, tenant: Tenant
    ) -> None:
        login = a_login("analysts", "of no meaning here")
        told = await sign_on(browser, login)
        name = login.partition("+")[0]
        assert (told["user"]["name"], told["user"]["email"]) == (name, f"{name}@example.org")
        assert told["choices"] == [{"store": tenant.principal.store_name, "role": "analyst"}]

    async def test_the_cookies_are_kept_from_scripts(self, browser: httpx.AsyncClient) -> None:
        started = await browser.get(f"{ORIGIN}/sign-on/start")
        callback = await signed_in_there(browser, a_login("analysts"))
        ended = await browser.get(callback)
        for cookie in [
            *started.headers.get_list("set-cookie"),
            *ended.headers.get_list("set-cookie"),
        ]:
            assert "httponly" in cookie.lower()
            assert "samesite=lax" in cookie.lower()
        assert {name for name in browser.cookies if name.startswith("lrs_")} == {"lrs_session"}

    async def test_the_request_to_the_provider_is_bound_to_this_sign_in(
        self, browser: httpx.AsyncClient
    ) -> None:
        one, other = [parse_qs(urlsplit(await begun(browser)).query) for _ in range(2)]
        assert one["code_challenge_method"] == ["S256"]
        assert one["redirect_uri"] == [CALLBACK]
        for name in ("state", "nonce", "code_challenge"):
            assert len(one[name][0]) >= 43
            assert one[name] != other[name]

    async def test_the_same_person_is_the_same_user_with_the_roles_of_now(
        self, service: FastAPI, provider: Provider, database_url: str, tenant: Tenant
    ) -> None:
        login = a_login("analysts")
        async with a_browser(service) as first, a_browser(service) as second:
            one, other = await sign_on(first, login), await sign_on(second, login)
        assert one["user"] == other["user"]
        roles = f"analysts=auditor@{tenant.principal.store_name}"
        async with (
            serving(database_url, provider, sign_on_roles=roles) as changed,
            a_browser(changed) as browser,
            a_browser(changed) as again,
        ):
            told = await sign_on(browser, login)
            assert told["user"]["id"] == one["user"]["id"]
            assert [each["role"] for each in told["choices"]] == ["auditor"]
            assert (await sign_on(again, login))["choices"] == told["choices"]

    async def test_what_was_given_by_hand_stays(
        self, service: FastAPI, browser: httpx.AsyncClient, database: Database, tenant: Tenant
    ) -> None:
        login = a_login("analysts")
        user = (await sign_on(browser, login))["user"]["id"]
        async with database.writing() as connection:
            await connection.exec_driver_sql(
                'INSERT INTO user_grants ("user", store, role) VALUES ($1, $2, $3)',
                (user, tenant.principal.store, "auditor"),
            )
        async with a_browser(service) as again:
            told = await sign_on(again, login)
        assert [each["role"] for each in told["choices"]] == ["auditor", "analyst"]

    async def test_a_learner_is_limited_to_who_they_are(
        self, service: FastAPI, provider: Provider, browser: httpx.AsyncClient
    ) -> None:
        login = a_login("students")
        await sign_on(browser, login)
        signed_in = await service.state.services.sessions.find(browser.cookies["lrs_session"])
        (choice,) = signed_in.choices
        name = login.partition("+")[0]
        account = f'{{"account": {{"homePage": "{provider.issuer}", "name": "{login}"}}}}'
        mailbox = f'{{"mbox": "mailto:{name}@example.org"}}'
        assert choice.granted.grant.agents == (account, mailbox)

    async def test_a_local_account_with_the_same_address_is_somebody_else(
        self, browser: httpx.AsyncClient, client: httpx.AsyncClient
    ) -> None:
        login = a_login("analysts")
        address = f"{login.partition('+')[0]}@example.org"
        body = {"name": "Local", "email": address, "grants": [{"role": "platform_owner"}]}
        local = await client.post("http://lrs.test/api/v1/users", json=body)
        assert local.status_code == 201, local.text
        told = await sign_on(browser, login)
        assert told["user"]["id"] != local.json()["id"]
        assert [each["role"] for each in told["choices"]] == ["analyst"]

    async def test_sign_in_and_refusal_are_recorded(
        self, service: FastAPI, browser: httpx.AsyncClient, database: Database
    ) -> None:
        user = (await sign_on(browser, a_login("analysts")))["user"]["id"]
        await is_refused(await browser.get(CALLBACK), "was not begun in this browser")
        await service.state.services.audit.flush(is_last=True)
        sql = (
            "SELECT outcome, who, address FROM audit_records"
            " WHERE action = 'sign-in' AND address = '192.0.2.30' ORDER BY at DESC, number DESC"
        )
        async with database.primary() as connection:
            rows = [tuple(row) for row in await connection.exec_driver_sql(sql)]
        assert ("done", user, "192.0.2.30") in rows
        assert ("refused", "-", "192.0.2.30") in rows

    async def test_signing_out_ends_it(self, browser: httpx.AsyncClient) -> None:
        token = (await sign_on(browser, a_login("analysts")))["csrf_token"]
        shown = browser.cookies["lrs_session"]
        ended = await browser.delete(SESSION, headers={"X-CSRF-Token": token})
        assert ended.status_code == 204
        again = await browser.get(SESSION, headers={"Cookie": f"lrs_session={shown}"})
        assert again.status_code == 401

    async def test_a_session_that_was_there_before_is_replaced(
        self, service: FastAPI, browser: httpx.AsyncClient
    ) -> None:
        await sign_on(browser, a_login("analysts"))
        before = browser.cookies["lrs_session"]
        await sign_on(browser, a_login("analysts"))
        assert browser.cookies["lrs_session"] != before
        async with a_browser(service) as thief:
            stolen = await thief.get(SESSION, headers={"Cookie": f"lrs_session={before}"})
            assert stolen.status_code == 401


class TestRefusals:
    async def test_who_is_granted_nothing_is_not_let_in(self, browser: httpx.AsyncClient) -> None:
        answer = await browser.get(await signed_in_there(browser, a_login("strangers")))
        await is_refused(answer, "nothing is granted to you here")

    async def test_who_is_kept_out_stays_out(
        self, service: FastAPI, browser: httpx.AsyncClient, client: httpx.AsyncClient
    ) -> None:
        login = a_login("analysts")
        user = (await sign_on(browser, login))["user"]["id"]
        answer = await client.patch(f"http://lrs.test/api/v1/users/{user}", json={"disabled": True})
        assert answer.status_code == 200, answer.text
        assert (await browser.get(SESSION)).status_code == 401
        async with a_browser(service) as again:
            answer = await again.get(await signed_in_there(again, login))
            await is_refused(answer, "nothing is granted to you here")

    async def test_a_code_is_good_once(self, browser: httpx.AsyncClient) -> None:
        callback = await signed_in_there(browser, a_login("analysts"))
        kept = browser.cookies["lrs_sign_on"]
        assert (await browser.get(callback)).status_code == 303
        replayed = await browser.get(callback)
        await is_refused(replayed, "was not begun in this browser")
        again = await browser.get(callback, headers={"Cookie": f"lrs_sign_on={kept}"})
        await is_refused(again, "did not confirm who you are")

    async def test_another_browser_cannot_end_it(
        self, service: FastAPI, browser: httpx.AsyncClient
    ) -> None:
        callback = await signed_in_there(browser, a_login("analysts"))
        async with a_browser(service) as victim:
            await is_refused(await victim.get(callback), "was not begun in this browser")
            await begun(victim)
            await is_refused(await victim.get(callback), "was not begun in this browser")

    @pytest.mark.parametrize("changed", ["x", ""])
    async def test_a_changed_state_is_refused(
        self, browser: httpx.AsyncClient, changed: str
    ) -> None:
        callback = await signed_in_there(browser, a_login("analysts"))
        other = re.sub(r"state=[^&]+", f"state={changed}", callback)
        await is_refused(await browser.get(other), "was not begun in this browser")

    async def test_a_changed_cookie_is_refused(self, browser: httpx.AsyncClient) -> None:
        callback = await signed_in_there(browser, a_login("analysts"))
        cookie = browser.cookies["lrs_sign_on"]
        head, _, signature = cookie.rpartition(".")
        changed = "B" if signature[0] == "A" else "A"
        for other in (f"{head}A.{signature}", f"{head}.{changed}{signature[1:]}", "", "."):
            answer = await browser.get(callback, headers={"Cookie": f"lrs_sign_on={other}"})
            await is_refused(answer, "was not begun in this browser")

    async def test_a_changed_code_is_refused(self, browser: httpx.AsyncClient) -> None:
        callback = await signed_in_there(browser, a_login("analysts"))
        other = re.sub(r"code=[^&]+", "code=of-somebody-else", callback)
        await is_refused(await browser.get(other), "did not confirm who you are")

    async def test_another_nonce_is_refused(self, browser: httpx.AsyncClient) -> None:
        address = re.sub(r"nonce=[^&]+", "nonce=of-another-sign-in", await begun(browser))
        callback = await signed_in_there(browser, a_login("analysts"), address)
        await is_refused(await browser.get(callback), "belongs to another sign-in")

    async def test_a_code_asked_for_with_another_verifier_is_refused(
        self, service: FastAPI, browser: httpx.AsyncClient
    ) -> None:
        """The code of a victim, put into the attacker's own sign-in."""
        async with a_browser(service) as attacker:
            stolen = await signed_in_there(browser, a_login("analysts"))
            code = parse_qs(urlsplit(stolen).query)["code"][0]
            own = await signed_in_there(attacker, a_login("strangers"))
            injected = re.sub(r"code=[^&]+", f"code={code}", own)
            await is_refused(await attacker.get(injected), "did not confirm who you are")

    async def test_an_answer_of_another_provider_is_refused(
        self, browser: httpx.AsyncClient
    ) -> None:
        callback = await signed_in_there(browser, a_login("analysts"))
        assert "iss=" in callback
        other = re.sub(r"iss=[^&]+", "iss=https://evil.test", callback)
        await is_refused(await browser.get(other), "another provider has answered")

    async def test_who_gives_up_at_the_provider_is_told_so(
        self, browser: httpx.AsyncClient
    ) -> None:
        state = parse_qs(urlsplit(await begun(browser)).query)["state"][0]
        query = {"state": state, "error": "access_denied"}
        answer = await browser.get(CALLBACK, params=query)
        await is_refused(answer, "has not signed you in")

    @pytest.mark.parametrize(
        "next_path",
        [
            "https://evil.test",
            "//evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "/\t/evil.test",
            "/\n/evil.test",
            "javascript:alert(1)",
            "evil.test",
            "/\\/evil.test",
            "/" + "a" * 3_000,
            "",
        ],
    )
    async def test_nobody_is_led_to_another_place(
        self, browser: httpx.AsyncClient, next_path: str
    ) -> None:
        address = await begun(browser, next_path)
        callback = await signed_in_there(browser, a_login("analysts"), address)
        answer = await browser.get(callback)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


class TestTime:
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    async def timed(
        self, service: FastAPI, database: Database, provider: Provider, clock: Clock
    ) -> AsyncIterator[FastAPI]:
        """The service with a clock of the test's own where it signs people in."""
        services = service.state.services
        options = ProviderOptions(
            provider.issuer,
            CLIENT,
            SECRET,
            "openid profile email groups",
            CALLBACK,
            "groups",
            read_claim_roles("analysts=analyst"),
        )
        own = SignOnService(
            database,
            URLSafeSerializer(SERVER_KEY.encode(), salt="sign-on"),
            IdentityProvider(options, Issuer(provider.issuer, clock=clock.now), clock.now),
            services.sessions,
            services.audit,
            clock=clock.now,
        )
        service.state.services = replace(services, sign_on=own)
        yield service
        service.state.services = services
        await own.close()

    async def test_a_sign_in_that_took_too_long_is_refused(
        self, timed: FastAPI, clock: Clock
    ) -> None:
        async with a_browser(timed) as browser:
            callback = await signed_in_there(browser, a_login("analysts"))
            clock.ahead = 601
            await is_refused(await browser.get(callback), "took too long")

    @pytest.mark.parametrize(
        ("ahead", "said"), [(3_700.0, "has expired"), (-120.0, "is of the future")]
    )
    async def test_a_token_of_another_time_is_refused(
        self, timed: FastAPI, clock: Clock, ahead: float, said: str
    ) -> None:
        """The provider's tokens are good for an hour, by its own clock."""
        clock.ahead = ahead
        async with a_browser(timed) as browser:
            callback = await signed_in_there(browser, a_login("analysts"))
            await is_refused(await browser.get(callback), said)

    async def test_a_new_key_of_the_provider_is_learned(
        self, timed: FastAPI, clock: Clock, provider: Provider
    ) -> None:
        async with a_browser(timed) as browser, a_browser(timed) as another:
            await sign_on(browser, a_login("analysts"))
            provider.rotate()
            clock.ahead = 40
            assert (await sign_on(another, a_login("analysts")))["role"] == "analyst"


async def test_keys_of_elliptic_curves_do_as_well(database_url: str) -> None:
    with running("ES256") as provider:
        async with (
            serving(database_url, provider, sign_on_roles="analysts=analyst") as app,
            a_browser(app) as browser,
        ):
            assert (await sign_on(browser, a_login("analysts")))["role"] == "analyst"


async def test_a_provider_that_is_away_is_said_to_be(database_url: str) -> None:
    with running() as provider:
        pass
    async with (
        serving(database_url, provider, sign_on_roles="analysts=analyst") as app,
        a_browser(app) as browser,
    ):
        answer = await browser.get(f"{ORIGIN}/sign-on/start")
    assert answer.status_code == 503
