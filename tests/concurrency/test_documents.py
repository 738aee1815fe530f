"""The check of an ETag and the write of a document are one transaction (design truth 7)."""

import asyncio
import itertools
import json
import logging
import os
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from conftest import Tenant, serving
from document_resources import ALL, NEW, STATES, V1, V2, Documents, etag_of, name_of
from running_service import KEY, SECRET, Service, known

WRITERS = 50
# More rounds are for those who doubt.
ROUNDS = int(os.environ.get("LRS_TEST_ROUNDS", "5"))

_log = logging.getLogger(__name__)
each_resource = pytest.mark.parametrize("documents", ALL, ids=name_of)


@pytest.fixture
async def elsewhere(database_url: str, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a second app with connections of its own, as another process would have."""
    async with serving(database_url, tenant) as client:
        yield client


async def race(
    clients: list[httpx.AsyncClient], documents: Documents, method: str, headers: dict[str, str]
) -> tuple[Counter[int], list[str]]:
    """Have many write at once what nobody wrote before; return the answers and who won."""
    sent = [str(uuid4()) for _ in range(WRITERS)]
    asked = {"Content-Type": "application/json"} | headers
    answers = await asyncio.gather(
        *(
            clients[number % len(clients)].request(
                method, documents.path, params=documents.one("x"), json={"by": each}, headers=asked
            )
            for number, each in enumerate(sent)
        )
    )
    statuses = [answer.status_code for answer in answers]
    winners = [each for each, status in zip(sent, statuses, strict=True) if status == 204]
    return Counter(statuses), winners


ONE_WON = Counter({204: 1, 412: WRITERS - 1})


@each_resource
@pytest.mark.parametrize("version", [V1, V2], ids=name_of)
@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_one_of_many_who_saw_the_same_document_wins(
    client: httpx.AsyncClient,
    elsewhere: httpx.AsyncClient,
    documents: Documents,
    version: dict[str, str],
    method: str,
) -> None:
    await documents.put(client, "x", b"{}", NEW | {"Content-Type": "application/json"})
    for _ in range(ROUNDS):
        seen = (await documents.get(client, "x")).headers["ETag"]
        statuses, winners = await race(
            [client, elsewhere], documents, method, version | {"If-Match": seen}
        )
        assert statuses == ONE_WON
        assert json.loads(await documents.content(client, "x")) == {"by": winners[0]}


@each_resource
@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_one_of_many_creators_wins(
    client: httpx.AsyncClient, elsewhere: httpx.AsyncClient, documents: Documents, method: str
) -> None:
    for _ in range(ROUNDS):
        statuses, winners = await race([client, elsewhere], documents, method, NEW)
        assert statuses == ONE_WON
        assert json.loads(await documents.content(client, "x")) == {"by": winners[0]}
        await documents.delete(client, "x", {})


@each_resource
async def test_one_of_many_deletions_of_the_same_document_wins(
    client: httpx.AsyncClient, elsewhere: httpx.AsyncClient, documents: Documents
) -> None:
    identifier = await documents.stored(client, b"1")
    answers = await asyncio.gather(
        *(
            documents.delete((client, elsewhere)[n % 2], identifier, {"If-Match": etag_of(b"1")})
            for n in range(WRITERS)
        )
    )
    assert Counter(answer.status_code for answer in answers) == ONE_WON


@each_resource
async def test_all_that_is_merged_at_once_is_in_the_result(
    client: httpx.AsyncClient, elsewhere: httpx.AsyncClient, documents: Documents
) -> None:
    answers = await asyncio.gather(
        *(
            documents.post((client, elsewhere)[n % 2], "x", b'{"%d":%d}' % (n, n), {})
            for n in range(WRITERS)
        )
    )
    assert {answer.status_code for answer in answers} == {204}
    merged = json.loads(await documents.content(client, "x"))
    assert merged == {str(n): n for n in range(WRITERS)}


@each_resource
async def test_who_reads_and_tries_again_loses_no_update(
    client: httpx.AsyncClient, elsewhere: httpx.AsyncClient, documents: Documents
) -> None:
    await documents.put(client, "x", b"0", NEW)

    async def count_up(speaking: httpx.AsyncClient) -> int:
        """Add one, as often as it takes, and return how often it took."""
        for attempt in range(1, 1000):
            seen = await documents.get(speaking, "x")
            headers = {"If-Match": seen.headers["ETag"]}
            answer = await documents.put(speaking, "x", b"%d" % (int(seen.content) + 1), headers)
            if answer.status_code == 204:
                return attempt
            assert answer.status_code == 412
        raise AssertionError("it never had its turn")

    attempts = await asyncio.gather(*(count_up((client, elsewhere)[n % 2]) for n in range(20)))
    _log.info("20 counted, in %d attempts", sum(attempts))
    assert await documents.content(client, "x") == b"20"


async def test_a_state_without_registration_is_one_however_many_create_it(
    client: httpx.AsyncClient, elsewhere: httpx.AsyncClient
) -> None:
    statuses, _ = await race([client, elsewhere], STATES, "PUT", {})
    assert statuses == {204: WRITERS}
    assert await STATES.ids(client) == ["x"]
    await STATES.delete(client, "x", {})
    assert await STATES.ids(client) == []


async def test_deleting_all_while_others_write_and_merge_blocks_nobody(
    client: httpx.AsyncClient, elsewhere: httpx.AsyncClient
) -> None:
    async def delete_all(speaking: httpx.AsyncClient) -> httpx.Response:
        return await speaking.delete(STATES.path, params=STATES.context)

    def work(number: int) -> list[asyncio.Task[httpx.Response]]:
        speaking = (client, elsewhere)[number % 2]
        asked = (
            delete_all(speaking),
            STATES.post(speaking, str(number % 5), b'{"a":1}', {}),
            STATES.put(speaking, str(number % 3), b"{}", {"Content-Type": "application/json"}),
        )
        return [asyncio.ensure_future(each) for each in asked]

    answers = await asyncio.gather(*(task for number in range(30) for task in work(number)))
    assert {answer.status_code for answer in answers} == {204}
    await delete_all(client)
    assert await STATES.ids(client) == []


@pytest.mark.timeout(ROUNDS * 6 + 120)
async def test_one_writer_wins_each_round_with_two_workers() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="lrs-documents-") as directory,
        known(Path(directory) / "data", LRS_WORKERS=2) as service,
    ):
        async with AsyncExitStack() as stack:
            # Each client has connections of its own, so that both workers get some.
            clients = [await stack.enter_async_context(_client(service)) for _ in range(WRITERS)]
            for documents, version in itertools.product(ALL, (V1, V2)):
                await documents.delete(clients[0], "x", {})
                await documents.put(clients[0], "x", b"first", NEW)
                for _ in range(ROUNDS):
                    seen = etag_of(await documents.content(clients[0], "x"))
                    headers = version | {"If-Match": seen}
                    statuses, winners = await race(clients, documents, "PUT", headers)
                    assert statuses == ONE_WON
                    kept = json.loads(await documents.content(clients[1], "x"))
                    assert kept == {"by": winners[0]}


def _client(service: Service) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"{service.address}/xapi",
        auth=(KEY, SECRET),
        headers=V1,
        timeout=30,
        trust_env=False,
    )
