"""`lrs user`: the first person, and how they get their password."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from running_service import Service, known, lrs

PASSWORD = "four words in a row"


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lrs-") as directory:
        yield Path(directory) / "data"


@pytest.fixture(scope="module")
def service(data: Path) -> Iterator[Service]:
    with known(data) as service:
        yield service


@pytest.fixture
def browser(service: Service) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.address, timeout=20, trust_env=False) as browser:
        yield browser


def made(data: Path, email: str, *options: str, **settings: str) -> str:
    words = ("user", "create", "--email", email, "--name", "Ada", *options)
    answer = lrs(*words, LRS_DATA_DIR=data, **settings)
    assert answer.returncode == 0, answer.stderr
    assert "shown only this once" in answer.stderr
    return answer.stdout.strip()


def set_up(browser: httpx.Client, link: str) -> int:
    path = "/set-up/" + link.rpartition("/")[2]
    page = browser.get(path)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    if found is None:
        return page.status_code
    fields = {"csrf_token": found[1], "password": PASSWORD, "again": PASSWORD}
    return browser.post(path, data=fields).status_code


def signs_in(browser: httpx.Client, email: str) -> bool:
    body = {"email": email, "password": PASSWORD}
    return browser.post("/api/v1/session", json=body).status_code == 201


def test_the_first_person_gets_a_link_that_is_good_once(data: Path, browser: httpx.Client) -> None:
    link = made(data, "ada@example.org", "--role", "platform_owner")
    # The command has not been told the port; the service that runs has said where it answers.
    assert link.startswith(f"{browser.base_url}".rstrip("/") + "/set-up/")
    assert not signs_in(browser, "ada@example.org")
    assert set_up(browser, link) == 200
    assert set_up(browser, link) == 404
    assert signs_in(browser, "ada@example.org")
    session = browser.get("/api/v1/session").json()
    assert session["role"] == "platform_owner"
    assert "platform" in session["scopes"]


def test_the_link_leads_to_where_browsers_reach_the_service(data: Path, service: Service) -> None:
    settings = {"LRS_PUBLIC_URL": "https://lrs.example.org"}
    link = made(data, "bob@example.org", "--role", "auditor", "--store", "default", **settings)
    assert re.fullmatch(r"https://lrs\.example\.org/set-up/[A-Za-z0-9_-]{43}", link)
    assert service.running.poll() is None


def test_who_is_kept_out_is_out_at_once(data: Path, browser: httpx.Client) -> None:
    email = "carol@example.org"
    assert set_up(browser, made(data, email, "--role", "analyst", "--store", "default")) == 200
    assert signs_in(browser, email)
    told = lrs("user", "disable", email, LRS_DATA_DIR=data)
    assert (told.returncode, told.stdout) == (0, f"{email} is kept out\n")
    assert browser.get("/api/v1/session").status_code == 401
    assert not signs_in(browser, email)
    listed = lrs("user", "list", LRS_DATA_DIR=data)
    assert re.search(r"carol@example\.org .* analyst@default .*\d{4}.*\d{4}", listed.stdout)
    assert lrs("user", "enable", email, LRS_DATA_DIR=data).returncode == 0
    assert signs_in(browser, email)


def test_a_new_link_sets_the_password_anew(data: Path, browser: httpx.Client) -> None:
    email = "dora@example.org"
    older = made(data, email, "--role", "team_lead", "--agent", email, "--team", "North")
    newer = lrs("user", "set-up-link", email, LRS_DATA_DIR=data).stdout.strip()
    assert set_up(browser, older) == 404
    assert set_up(browser, newer) == 200


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--email", "nobody", "--role", "analyst"), "must be an address"),
        (("--email", "e@example.org", "--role", "learner"), "needs `agents`"),
        (("--email", "e@example.org", "--role", "analyst", "--store", "none"), "no store"),
        (("--email", "e@example.org", "--role", "emperor"), "emperor"),
    ],
    ids=["address", "limit", "store", "role"],
)
def test_what_cannot_be_is_told(
    data: Path, service: Service, words: tuple[str, ...], told: str
) -> None:
    answer = lrs("user", "create", "--name", "E", *words, LRS_DATA_DIR=data)
    assert answer.returncode != 0
    assert told in answer.stderr
    assert service.running.poll() is None
