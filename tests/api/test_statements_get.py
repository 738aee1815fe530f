"""GET of one statement, and what a list looks like (Comm. 2.1.3)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest

from builders import a_statement, agent, voiding
from statement_resource import get, listed, new_id, page, post, stored


async def get_voided(client: httpx.AsyncClient, identifier: str) -> httpx.Response:
    return await client.get("/statements", params={"voidedStatementId": identifier})


@pytest.mark.requirement("XAPI-00156", "XAPI-00158", "XAPI-00165")
async def test_statement_id_gives_the_statement_itself(client: httpx.AsyncClient) -> None:
    first, second = await post(client, a_statement(), a_statement(actor=agent("grace")))
    answer = await get(client, second)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["id"] == second != first
    assert answer.json()["actor"] == agent("grace")


async def test_an_unknown_statement_is_not_found(client: httpx.AsyncClient) -> None:
    await post(client, a_statement())
    assert (await get(client, new_id())).status_code == 404


@pytest.mark.requirement("XAPI-00018", "XAPI-00163")
async def test_a_voided_statement_is_not_found_by_statement_id(client: httpx.AsyncClient) -> None:
    (identifier,) = await post(client, a_statement())
    await post(client, voiding(identifier))
    assert (await get(client, identifier)).status_code == 404


@pytest.mark.requirement("XAPI-00155", "XAPI-00157")
async def test_a_voided_statement_is_found_by_voided_statement_id(
    client: httpx.AsyncClient,
) -> None:
    (identifier,) = await post(client, a_statement())
    before = await stored(client, identifier)
    await post(client, voiding(identifier))
    answer = await get_voided(client, identifier)
    assert (answer.status_code, answer.json()) == (200, before)


async def test_a_statement_that_is_not_voided_is_not_found_by_voided_statement_id(
    client: httpx.AsyncClient,
) -> None:
    (identifier,) = await post(client, a_statement())
    assert (await get_voided(client, identifier)).status_code == 404


async def test_an_unknown_voided_statement_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await get_voided(client, new_id())).status_code == 404


async def test_what_a_voiding_statement_names_before_it_arrives_is_not_found(
    client: httpx.AsyncClient,
) -> None:
    identifier = new_id()
    await post(client, voiding(identifier))
    assert (await get_voided(client, identifier)).status_code == 404


@pytest.mark.parametrize("parameter", ["statementId", "voidedStatementId"])
async def test_last_modified_is_stored_to_the_second(
    client: httpx.AsyncClient, parameter: str
) -> None:
    (identifier,) = await post(client, a_statement())
    if parameter == "voidedStatementId":
        await post(client, voiding(identifier))
    answer = await client.get("/statements", params={parameter: identifier})
    moment = datetime.fromisoformat(answer.json()["stored"]).replace(microsecond=0)
    assert answer.headers["Last-Modified"].endswith(" GMT")
    assert parsedate_to_datetime(answer.headers["Last-Modified"]) == moment


@pytest.mark.requirement("XAPI-00112", "XAPI-00149")
async def test_nothing_fits_is_an_empty_list(client: httpx.AsyncClient) -> None:
    assert await page(client) == {"statements": [], "more": ""}


async def test_the_newest_come_first(client: httpx.AsyncClient) -> None:
    ids = [*await post(client, a_statement(), a_statement()), *await post(client, a_statement())]
    assert await listed(client) == ids[::-1]


@pytest.mark.requirement("XAPI-00166")
async def test_ascending_gives_the_oldest_first(client: httpx.AsyncClient) -> None:
    ids = [*await post(client, a_statement(), a_statement()), *await post(client, a_statement())]
    assert await listed(client, ascending="true") == ids
    assert await listed(client, ascending="false") == ids[::-1]


@pytest.mark.requirement("XAPI-00110", "XAPI-00154")
async def test_a_list_holds_the_statements_as_they_are_got_one_by_one(
    client: httpx.AsyncClient,
) -> None:
    ids = await post(client, a_statement(), a_statement(actor=agent("grace")))
    assert (await page(client, ascending="true"))["statements"] == [
        await stored(client, identifier) for identifier in ids
    ]


@pytest.mark.requirement("XAPI-00023", "XAPI-00097")
async def test_stored_is_now_and_utc(client: httpx.AsyncClient) -> None:
    before = datetime.now(UTC)
    (identifier,) = await post(client, a_statement())
    moment = (await stored(client, identifier))["stored"]
    assert moment.endswith("Z")
    assert before <= datetime.fromisoformat(moment) <= datetime.now(UTC)


@pytest.mark.requirement("XAPI-00159", "XAPI-00165")
async def test_a_list_is_json(client: httpx.AsyncClient) -> None:
    answer = await client.get("/statements")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")


async def test_delete_is_not_offered(client: httpx.AsyncClient) -> None:
    (identifier,) = await post(client, a_statement())
    answer = await client.delete("/statements", params={"statementId": identifier})
    assert answer.status_code == 405
    assert await listed(client) == [identifier]
