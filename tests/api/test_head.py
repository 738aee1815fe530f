"""HEAD is answered as GET, without the body (Comm. 2.0)."""

import httpx
import pytest

from builders import a_statement, voiding
from statement_resource import UNUSED_ID, page, post

# These differ from one answer to the next.
_OF_THE_MOMENT = ("x-request-id", "x-experience-api-consistent-through")


async def assert_alike(client: httpx.AsyncClient, url: str, status: int) -> None:
    """Expect that HEAD has the status and the headers of GET, and no body."""
    got, headed = await client.get(url), await client.head(url)
    assert got.status_code == headed.status_code == status
    assert headed.content == b""
    names = [name for name in got.headers if name not in _OF_THE_MOMENT]
    assert {name: headed.headers[name] for name in names} == {
        name: got.headers[name] for name in names
    }
    assert set(got.headers) == set(headed.headers)


@pytest.mark.requirement("XAPI-00125", "XAPI-00126")
async def test_a_list(client: httpx.AsyncClient) -> None:
    await post(client, a_statement())
    await assert_alike(client, "/statements", 200)


async def test_an_empty_list(client: httpx.AsyncClient) -> None:
    await assert_alike(client, "/statements", 200)


@pytest.mark.requirement("XAPI-00125", "XAPI-00126")
async def test_a_statement(client: httpx.AsyncClient) -> None:
    (identifier,) = await post(client, a_statement())
    await assert_alike(client, f"/statements?statementId={identifier}", 200)


async def test_a_voided_statement(client: httpx.AsyncClient) -> None:
    (identifier,) = await post(client, a_statement())
    await post(client, voiding(identifier))
    await assert_alike(client, f"/statements?statementId={identifier}", 404)
    await assert_alike(client, f"/statements?voidedStatementId={identifier}", 200)


async def test_a_following_page(client: httpx.AsyncClient) -> None:
    await post(client, a_statement(), a_statement())
    more = (await page(client, limit=1))["more"]
    await assert_alike(client, "http://lrs.test" + more, 200)


@pytest.mark.requirement("XAPI-00125", "XAPI-00126")
@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/about", 200),
        ("/statements?format=ids", 200),
        ("/statements?foo=bar", 400),
        (f"/statements?statementId={UNUSED_ID}", 404),
        ("/nothing", 404),
        ("http://lrs.test/nothing", 404),
    ],
)
async def test_other_answers(client: httpx.AsyncClient, url: str, status: int) -> None:
    await assert_alike(client, url, status)


async def test_no_credentials(anonymous: httpx.AsyncClient) -> None:
    await assert_alike(anonymous, "/statements", 401)


async def test_no_version(client: httpx.AsyncClient) -> None:
    del client.headers["X-Experience-API-Version"]
    await assert_alike(client, "/statements", 400)
