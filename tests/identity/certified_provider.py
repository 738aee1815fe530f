"""A certified OpenID Connect provider: npm's `oidc-provider`, as a program of its own."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import httpx

from node_packages import find_node, without_proxies

IDENTITY = Path(__file__).parent
CLIENT, SECRET = "the lrs", "a secret: of 100 % use"
ORIGIN = "http://lrs.test"
CALLBACK = f"{ORIGIN}/sign-on/callback"


class Provider:
    """The running program."""

    def __init__(self, algorithm: str) -> None:
        program = [str(find_node(IDENTITY)), "provider.js", CLIENT, SECRET, CALLBACK, algorithm]
        self._running = subprocess.Popen(
            program,
            cwd=IDENTITY,
            env=without_proxies(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.issuer = self._said("issuer")

    def rotate(self) -> None:
        """Sign with another key from now on."""
        assert self._running.stdin is not None
        self._running.stdin.write("rotate\n")
        self._running.stdin.flush()
        assert self._said("done") == "rotate"

    def stop(self) -> None:
        self._running.communicate(timeout=20)

    def _said(self, word: str) -> str:
        """Wait for a line that begins with this word, and return the rest of it."""
        assert self._running.stdout is not None
        for line in self._running.stdout:
            if found := re.fullmatch(rf"{word} (.*)\n", line):
                return found[1]
        raise AssertionError("the provider has ended")


@contextmanager
def running(algorithm: str = "RS256") -> Iterator[Provider]:
    provider = Provider(algorithm)
    try:
        yield provider
    finally:
        provider.stop()


class _Form(HTMLParser):
    """The form of a page, and its hidden fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = named.get("action", "")
        if tag == "input" and named.get("type") == "hidden":
            self.fields[named["name"]] = named.get("value", "")


async def submit(browser: httpx.AsyncClient, page: httpx.Response, **fields: str) -> httpx.Response:
    """Send the form of a page, and go where that leads, up to the callback of ours."""
    form = _Form(page.text)
    address = urljoin(str(page.url), form.action or str(page.url))
    answer = await browser.post(address, data={**form.fields, **fields})
    return await followed(browser, answer)


async def followed(browser: httpx.AsyncClient, answer: httpx.Response) -> httpx.Response:
    """Go where an answer leads, but not back to the callback: the test decides who goes there."""
    while answer.next_request is not None and not is_callback(answer):
        answer = await browser.send(answer.next_request)
    return answer


def is_callback(answer: httpx.Response) -> bool:
    return str(answer.headers.get("location", "")).startswith(CALLBACK)


async def signed_in_there(
    browser: httpx.AsyncClient, login: str, address: str | None = None
) -> str:
    """Sign in at the provider, and return the address that it sends the browser back to.

    Args:
        browser: whose sign-in it is.
        login: such as `ada+analysts`.
        address: where it begins at the provider; None asks the service, as a page of ours would.
    """
    address = address or await begun(browser)
    page = await followed(browser, await browser.get(address))
    if not is_callback(page):
        page = await submit(browser, page, login=login, password="of no use")
    if not is_callback(page):
        page = await submit(browser, page)
    assert is_callback(page), page.text
    return str(page.headers["location"])


async def begun(browser: httpx.AsyncClient, next_path: str = "/api/v1/session") -> str:
    """Begin a sign-in, and return where the service sends the browser."""
    answer = await browser.get(f"{ORIGIN}/sign-on/start", params={"next": next_path})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])
