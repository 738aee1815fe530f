"""The pages to sign in and out, and to set a password, as a browser without scripts uses them."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from lrs.auth.roles import Role
from lrs.storage.engines import Database
from people import ASKING, PASSWORD, Someone, a_browser, as_role, make_someone

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NEW = "another four words in a row"


@pytest.fixture
async def someone(database: Database) -> Someone:
    return await make_someone(database, as_role(Role.ANALYST))


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with a_browser(app, "192.0.2.40") as browser:
        yield browser


def hidden(page: httpx.Response) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in found}


async def send(browser: httpx.AsyncClient, page: httpx.Response, **fields: str) -> httpx.Response:
    """Send the form of a page to where it wants to go."""
    action = re.search(r'<form method="post" action="([^"]+)"', page.text)
    assert action, page.text
    return await browser.post(unescape(action[1]), data={**hidden(page), **fields})


async def sign_in(
    browser: httpx.AsyncClient, someone: Someone, path: str = "/sign-in"
) -> httpx.Response:
    page = await browser.get(path)
    return await send(browser, page, email=someone.email, password=someone.password)


async def test_who_guesses_at_the_form_must_wait_and_is_recorded(
    app: FastAPI, client: httpx.AsyncClient, someone: Someone
) -> None:
    address, services = "192.0.2.41", app.state.services
    for _ in range(30):
        services.local_accounts._addresses.add_failure(address)
    async with a_browser(app, address) as guessing:
        answer = await sign_in(guessing, someone)
    assert answer.status_code == 429
    await services.audit.flush()
    wanted = {"store": "-", "action": "access.refused", "address": address}
    found = await client.get("http://lrs.test/api/v1/audit", params=wanted)
    records = found.json()["records"]
    assert [each["details"]["error"] for each in records] == ["TooManyRequestsError"]


async def test_somebody_signs_in_and_out(browser: httpx.AsyncClient, someone: Someone) -> None:
    answer = await sign_in(browser, someone)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    page = await browser.get("/sign-in")
    assert "You are signed in as Ada." in page.text
    assert (await browser.get("/api/v1/session")).status_code == 200
    ended = await send(browser, page)
    assert "You are signed out." in ended.text
    assert (await browser.get("/api/v1/session")).status_code == 401


async def test_who_signs_in_comes_to_where_they_wanted_to_be(
    browser: httpx.AsyncClient, someone: Someone
) -> None:
    answer = await sign_in(browser, someone, "/sign-in?next=/api/v1/session%3Fa%3D1%26b%3D2")
    assert answer.headers["location"] == "/api/v1/session?a=1&b=2"


@pytest.mark.parametrize("path", ["https://evil.test", "//evil.test", "/%5Cevil.test", "/%09/e"])
async def test_nobody_is_led_to_another_place(
    browser: httpx.AsyncClient, someone: Someone, path: str
) -> None:
    page = await browser.get(f"/sign-in?next={path}")
    assert hidden(page)["next"] == "/sign-in"
    fields = {"email": someone.email, "password": PASSWORD, "next": "//evil.test"}
    answer = await send(browser, page, **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_a_wrong_password_is_told_beside_the_form(
    browser: httpx.AsyncClient, someone: Someone
) -> None:
    wrong = Someone(someone.id, someone.email, "of no use at all")
    answer = await sign_in(browser, wrong)
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert "lrs_session" not in browser.cookies
    assert "of no use at all" not in answer.text
    assert "WWW-Authenticate" not in answer.headers, "browsers would ask for a password of Basic"
    assert (await send(browser, answer, email=someone.email, password=PASSWORD)).status_code == 303


class TestForgedForms:
    async def _form(self, browser: httpx.AsyncClient, someone: Someone) -> dict[str, str]:
        page = await browser.get("/sign-in")
        return {**hidden(page), "email": someone.email, "password": PASSWORD}

    async def test_a_form_without_its_token_is_refused(
        self, browser: httpx.AsyncClient, someone: Someone
    ) -> None:
        form = await self._form(browser, someone)
        for token in ("", "wrong", form["csrf_token"][:-1] + "!"):
            answer = await browser.post("/sign-in", data={**form, "csrf_token": token})
            assert answer.status_code == 403

    async def test_a_form_of_another_browser_is_refused(
        self, app: FastAPI, browser: httpx.AsyncClient, someone: Someone
    ) -> None:
        form = await self._form(browser, someone)
        async with a_browser(app) as other:
            assert (await other.post("/sign-in", data=form)).status_code == 403
            await other.get("/sign-in")
            assert (await other.post("/sign-in", data=form)).status_code == 403
        assert (await browser.post("/sign-in", data=form)).status_code == 303

    async def test_a_form_of_another_origin_is_refused(
        self, browser: httpx.AsyncClient, someone: Someone
    ) -> None:
        form = await self._form(browser, someone)
        for headers in ({"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "same-site"}):
            assert (await browser.post("/sign-in", data=form, headers=headers)).status_code == 403

    async def test_nobody_is_signed_out_by_another_page(
        self, browser: httpx.AsyncClient, someone: Someone
    ) -> None:
        form = await self._form(browser, someone)
        await sign_in(browser, someone)
        before_sign_in = {"csrf_token": form["csrf_token"]}
        for fields in ({}, {"csrf_token": ""}, before_sign_in):
            answer = await browser.post("/sign-out", data=fields, headers=FORM)
            assert answer.status_code == 403
        assert (await browser.get("/api/v1/session")).status_code == 200


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"email=%ff", FORM),
        (b"a=1&" * 50, FORM),
        (b"email=" + b"a" * 20_000, FORM),
        (b"email=a%00b", FORM),
        (b"{}", {"Content-Type": "application/json"}),
    ],
    ids=["no UTF-8", "many fields", "large", "NUL", "no form"],
)
async def test_what_is_no_form_of_ours_is_refused(
    browser: httpx.AsyncClient, body: bytes, headers: dict[str, str]
) -> None:
    await browser.get("/sign-in")
    answer = await browser.post("/sign-in", content=body, headers=headers)
    assert answer.status_code in (400, 403, 413)


class TestSettingAPassword:
    @pytest.fixture
    async def link(self, app: FastAPI, someone: Someone) -> str:
        made = await app.state.services.users.make_set_up_link(ASKING, someone.id)
        return f"/set-up/{made.token}"

    async def test_a_link_leads_to_a_password(
        self, browser: httpx.AsyncClient, someone: Someone, link: str
    ) -> None:
        page = await browser.get(link)
        assert (await browser.get(link)).status_code == 200, "looking at it has used it up"
        assert someone.email in page.text
        answer = await send(browser, page, password=NEW, again=NEW)
        assert (answer.status_code, "The password is set." in answer.text) == (200, True)
        assert (await browser.get(link)).status_code == 404
        assert (await send(browser, page, password=NEW, again=NEW)).status_code == 404
        renewed = Someone(someone.id, someone.email, NEW)
        assert (await sign_in(browser, renewed)).status_code == 303

    @pytest.mark.parametrize(
        ("password", "again", "told"),
        [(NEW, "another", "differ"), ("short", "short", "too short"), ("", "", "too short")],
    )
    async def test_what_is_wrong_with_it_is_told_and_the_link_stays(
        self, browser: httpx.AsyncClient, link: str, password: str, again: str, told: str
    ) -> None:
        page = await browser.get(link)
        answer = await send(browser, page, password=password, again=again)
        assert (answer.status_code, told in answer.text) == (400, True)
        assert (await send(browser, answer, password=NEW, again=NEW)).status_code == 200

    @pytest.mark.parametrize("token", ["unknown", "a" * 43])
    async def test_a_link_that_is_no_link_leads_nowhere(
        self, browser: httpx.AsyncClient, token: str
    ) -> None:
        answer = await browser.get(f"/set-up/{token}")
        assert answer.status_code == 404
        assert "This link was used already" in answer.text


class TestEachPage:
    @pytest.fixture(params=["/sign-in", "/sign-out", "/set-up/unknown", "/sign-on/callback"])
    async def page(
        self, request: pytest.FixtureRequest, browser: httpx.AsyncClient
    ) -> httpx.Response:
        return await browser.get(request.param)

    def test_may_do_nothing_but_show_and_send_forms(self, page: httpx.Response) -> None:
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script" not in policy + page.text
        assert "frame-ancestors 'none'" in policy
        assert page.headers.get_list("Content-Security-Policy") == [policy]
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
        assert " style=" not in page.text
        assert re.search(r" on\w+=", page.text) is None

    def test_can_be_read_by_everybody(self, page: httpx.Response) -> None:
        assert '<html lang="en">' in page.text
        assert len(re.findall(r"<h1>", page.text)) == 1
        assert "<title>" in page.text
        fields = re.findall(r'<input id="(\w+)"', page.text)
        assert set(fields) == set(re.findall(r'<label for="(\w+)"', page.text))

    @pytest.mark.parametrize(
        ("wanted", "expected"), [("de-AT,de;q=0.9,en;q=0.5", "de"), ("fr", "en"), ("*", "en")]
    )
    async def test_speaks_the_language_of_the_browser(
        self, browser: httpx.AsyncClient, page: httpx.Response, wanted: str, expected: str
    ) -> None:
        answer = await browser.get(page.url, headers={"Accept-Language": wanted})
        assert f'<html lang="{expected}">' in answer.text


async def test_what_others_wrote_is_shown_as_text(
    app: FastAPI, database: Database, browser: httpx.AsyncClient
) -> None:
    someone = await make_someone(database, as_role(Role.ANALYST))
    evil: dict[str, Any] = {"name": "<script>alert('Ada')</script>"}
    await app.state.services.users.change(ASKING, someone.id, **evil)
    await sign_in(browser, someone)
    page = await browser.get("/sign-in")
    assert "<script>" not in page.text
    assert "&lt;script&gt;alert(&#x27;Ada&#x27;)" in page.text
    other = await browser.get('/sign-in?next=/"><script>')
    assert "<script>" not in other.text


async def test_the_style_is_there(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/pages.css")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
