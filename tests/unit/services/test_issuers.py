"""An issuer is asked for its keys seldom, and what it answers is not trusted blindly."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from issuing import DISCOVERY, jwks, key, published
from lrs.errors import UnavailableError
from lrs.services.issuers import BETWEEN_FETCHES, FRESH_FOR, TRUSTED_FOR, FetchError, Issuer, fetch

ADDRESS = "https://login.example.org/realms/learning"
KEYS_AT = "https://keys.example.org/all"
# How many requests may come at once in these tests.
MANY = 200


class Clock:
    """A clock that is set by the test."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Published(httpx.AsyncBaseTransport):
    """What is published, and how often it was fetched."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.names = ["a"]
        self.metadata: Mapping[str, Any] = {"issuer": ADDRESS, "jwks_uri": KEYS_AT}
        self.is_away = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked[str(request.url)] += 1
        await asyncio.sleep(0)
        if self.is_away:
            raise httpx.ConnectError("away")
        if str(request.url) == KEYS_AT:
            keys = [published(key("P-256", ord(name)), name) for name in self.names]
            return httpx.Response(200, stream=httpx.ByteStream(jwks(*keys)))
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps(self.metadata).encode()))

    @property
    def fetches(self) -> int:
        return self.asked[ADDRESS + DISCOVERY]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def answers() -> Published:
    return Published()


@pytest.fixture
async def issuer(answers: Published, clock: Clock) -> AsyncIterator[Issuer]:
    issuer = Issuer(ADDRESS, answers, clock)
    yield issuer
    await issuer.close()


async def names_at(issuer: Issuer, name: str | None = "a") -> list[str | None]:
    keys = await issuer.keys_for(name)
    if issuer._fetching is not None:
        await issuer._fetching
    return [each.id for each in keys.keys]


async def test_keys_are_fetched_once(issuer: Issuer, answers: Published) -> None:
    for _ in range(10):
        assert await names_at(issuer) == ["a"]
    assert answers.asked == {ADDRESS + DISCOVERY: 1, KEYS_AT: 1}


async def test_many_at_once_fetch_them_once(issuer: Issuer, answers: Published) -> None:
    await asyncio.gather(*(issuer.keys_for("a") for _ in range(MANY)))
    assert answers.fetches == 1


async def test_unknown_names_make_no_storm(
    issuer: Issuer, answers: Published, clock: Clock
) -> None:
    await issuer.keys_for("a")
    clock.now += BETWEEN_FETCHES
    await asyncio.gather(*(issuer.keys_for(f"unknown {number}") for number in range(MANY)))
    for number in range(MANY):
        clock.now += BETWEEN_FETCHES / (2 * MANY)
        await issuer.keys_for(f"new {number}")
    assert answers.fetches == 2


async def test_a_new_key_is_found_at_once(issuer: Issuer, answers: Published, clock: Clock) -> None:
    await issuer.keys_for("a")
    answers.names = ["a", "b"]
    clock.now += BETWEEN_FETCHES
    assert await names_at(issuer, "b") == ["a", "b"]


async def test_a_new_key_is_found_after_a_storm(
    issuer: Issuer, answers: Published, clock: Clock
) -> None:
    await issuer.keys_for("a")
    answers.names = ["a", "b"]
    assert await names_at(issuer, "b") == ["a"]
    clock.now += BETWEEN_FETCHES
    assert await names_at(issuer, "b") == ["a", "b"]


async def test_keys_are_fetched_again_and_meanwhile_nobody_waits(
    issuer: Issuer, answers: Published, clock: Clock
) -> None:
    await issuer.keys_for("a")
    answers.names = ["b"]
    clock.now += FRESH_FOR + 1
    assert await names_at(issuer, "a") == ["a"]
    assert answers.fetches == 2
    assert await names_at(issuer, "a") == ["b"]
    assert answers.fetches == 2


async def test_while_the_issuer_is_away_its_keys_are_good_for_a_while(
    issuer: Issuer, answers: Published, clock: Clock
) -> None:
    await issuer.keys_for("a")
    answers.is_away = True
    for _ in range(int(TRUSTED_FOR) // 100 - 1):
        clock.now += 100
        assert await names_at(issuer) == ["a"]
    clock.now += 201
    with pytest.raises(UnavailableError):
        await issuer.keys_for("a")
    answers.is_away = False
    clock.now += BETWEEN_FETCHES
    assert await names_at(issuer) == ["a"]


async def test_while_the_issuer_is_away_a_new_name_can_not_be_judged(
    issuer: Issuer, answers: Published, clock: Clock
) -> None:
    await issuer.keys_for("a")
    answers.is_away = True
    clock.now += BETWEEN_FETCHES
    for _ in range(MANY):
        with pytest.raises(UnavailableError):
            await issuer.keys_for("b")
    assert answers.fetches == 2
    assert await names_at(issuer) == ["a"]


async def test_an_issuer_that_was_never_there_is_not_asked_again_and_again(
    issuer: Issuer, answers: Published
) -> None:
    answers.is_away = True
    for _ in range(MANY):
        with pytest.raises(UnavailableError):
            await issuer.keys_for(None)
    assert answers.fetches == 1


async def test_who_goes_away_does_not_end_the_fetch_of_the_others(
    issuer: Issuer, answers: Published
) -> None:
    first = asyncio.create_task(issuer.keys_for("a"))
    await asyncio.sleep(0)
    others = [asyncio.create_task(issuer.keys_for("a")) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    assert [len((await other).keys) for other in others] == [1, 1, 1]
    assert answers.fetches == 1


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": ADDRESS + "/", "jwks_uri": KEYS_AT},
        {"issuer": "https://evil.example", "jwks_uri": KEYS_AT},
        {"jwks_uri": KEYS_AT},
        {"issuer": ADDRESS},
        {"issuer": ADDRESS, "jwks_uri": 7},
        {"issuer": ADDRESS, "jwks_uri": "file:///etc/passwd"},
        {"issuer": ADDRESS, "jwks_uri": "http://169.254.169.254/latest/meta-data"},
        {"issuer": ADDRESS, "jwks_uri": "http://localhost.evil.example/keys"},
        {"issuer": ADDRESS, "jwks_uri": "https://ada:secret@keys.example.org/all"},
        {"issuer": ADDRESS, "jwks_uri": "//keys.example.org/all"},
        {"issuer": ADDRESS, "jwks_uri": "http://[::1"},
        {"issuer": ADDRESS, "jwks_uri": ""},
        {"issuer": ADDRESS, "jwks_uri": "https://keys.example.org:x/"},
    ],
    ids=str,
)
async def test_what_an_issuer_says_of_itself_is_checked(
    issuer: Issuer, answers: Published, metadata: dict[str, Any]
) -> None:
    answers.metadata = metadata
    with pytest.raises(UnavailableError):
        await issuer.keys_for("a")
    assert set(answers.asked) == {ADDRESS + DISCOVERY}


async def fetched(answer: httpx.Response) -> bytes:
    transport = httpx.MockTransport(lambda _: answer)
    async with httpx.AsyncClient(transport=transport) as client:
        return await fetch(client, KEYS_AT)


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 404, 500])
async def test_anything_but_200_is_refused(status: int) -> None:
    headers = {"Location": "http://169.254.169.254/"}
    with pytest.raises(FetchError, match=str(status)):
        await fetched(httpx.Response(status, headers=headers, stream=httpx.ByteStream(b"{}")))


async def test_an_answer_may_be_no_larger_than_a_mebibyte() -> None:
    most = b" " * 1024 * 1024
    assert await fetched(httpx.Response(200, stream=httpx.ByteStream(most))) == most
    with pytest.raises(FetchError, match="larger"):
        await fetched(httpx.Response(200, stream=httpx.ByteStream(most + b" ")))
