"""Attachments: their data come with statements, are kept once, and come back to the byte."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from email.parser import BytesParser
from typing import Any

import httpx
import pytest

from builders import Json, a_statement, a_substatement
from conftest import Tenant, serving
from multipart_requests import Part, multipart
from statement_resource import VERSION_2, exists, get, new_id, page, post, put

HOST = "http://lrs.test"
# Line ends, dashes and every byte: what careless readers of multipart stumble over.
DATA = b"\r\n--\r\n\r\n--lrs\n" + bytes(range(256)) + b"\r\n--boundary--\r\n"


def sha2(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def attachment(data: bytes = DATA, **properties: Any) -> Json:
    return {
        "usageType": "http://example.org/attachments/proof",
        "display": {"en": "Proof"},
        "contentType": "application/octet-stream",
        "length": len(data),
        "sha2": sha2(data),
    } | properties


def with_data(*data: bytes, **properties: Any) -> Json:
    return a_statement(attachments=[attachment(each) for each in data], **properties)


async def send(client: httpx.AsyncClient, statements: Any, *parts: Part) -> httpx.Response:
    body, headers = multipart(statements, *parts)
    return await client.post("/statements", content=body, headers=headers)


async def sent(client: httpx.AsyncClient, statements: Any, *parts: Part) -> list[str]:
    answer = await send(client, statements, *parts)
    assert answer.status_code == 200, answer.text
    ids: list[str] = answer.json()
    return ids


def parts_of(answer: httpx.Response) -> tuple[bytes, dict[str, tuple[str, bytes]]]:
    """Return the JSON of a multipart answer, and type and bytes of each attachment by its hash."""
    assert answer.status_code == 200, answer.text
    head = b"Content-Type: " + answer.headers["Content-Type"].encode() + b"\r\n\r\n"
    boundary = answer.headers["Content-Type"].rpartition("boundary=")[2].encode()
    pieces = (b"\r\n" + answer.content).split(b"\r\n--" + boundary)
    assert pieces[0] == b"", head
    assert pieces[-1] == b"--\r\n"
    read = [piece.removeprefix(b"\r\n").split(b"\r\n\r\n", 1) for piece in pieces[1:-1]]
    (json_headers, json), *others = read
    assert json_headers == b"Content-Type: application/json"
    found = {}
    for raw, content in others:
        headers = BytesParser().parsebytes(raw)
        assert set(headers) == {
            "Content-Type",
            "Content-Transfer-Encoding",
            "X-Experience-API-Hash",
        }
        assert headers["Content-Transfer-Encoding"] == "binary"
        assert headers["X-Experience-API-Hash"] not in found
        found[headers["X-Experience-API-Hash"]] = headers["Content-Type"], content
    return json, found


async def data_of(client: httpx.AsyncClient, identifier: str) -> dict[str, tuple[str, bytes]]:
    """Return what comes with a statement, asked for with its attachments."""
    parameters = {"statementId": identifier, "attachments": "true"}
    return parts_of(await client.get("/statements", params=parameters))[1]


async def is_kept(client: httpx.AsyncClient, data: bytes) -> bool:
    answer = await client.get(f"{HOST}/api/v1/attachments/{sha2(data)}")
    assert answer.status_code in {200, 404}
    return answer.status_code == 200


@pytest.fixture
async def limited(database_url: str, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app that takes small attachments only."""
    async with serving(
        database_url, tenant, max_attachment_bytes=2_000, max_multipart_bytes=9_000
    ) as client:
        yield client


# What comes back


@pytest.mark.requirement("XAPI-00167")
@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
async def test_the_data_of_an_attachment_come_back_to_the_byte(
    client: httpx.AsyncClient, version: str
) -> None:
    client.headers["X-Experience-API-Version"] = version
    (identifier,) = await sent(client, with_data(DATA), Part(DATA))
    expected = {sha2(DATA): ("application/octet-stream", DATA)}
    assert await data_of(client, identifier) == expected
    listed = await client.get("/statements", params={"attachments": "true"})
    assert parts_of(listed)[1] == expected


async def test_put_brings_data_too(client: httpx.AsyncClient) -> None:
    body, headers = multipart(with_data(DATA), Part(DATA))
    identifier = new_id()
    parameters = {"statementId": identifier}
    answer = await client.put("/statements", params=parameters, content=body, headers=headers)
    assert answer.status_code == 204, answer.text
    assert await data_of(client, identifier) == {sha2(DATA): ("application/octet-stream", DATA)}


async def test_data_of_several_pieces_and_of_none_come_back(client: httpx.AsyncClient) -> None:
    large = bytes(range(251)) * 5_000
    (identifier,) = await sent(client, with_data(large, b""), Part(large), Part(b""))
    found = await data_of(client, identifier)
    assert found[sha2(large)][1] == large
    assert found[sha2(b"")][1] == b""


async def test_each_hash_stands_in_the_json_and_before_its_data_and_nowhere_else(
    client: httpx.AsyncClient,
) -> None:
    data = [b"one", b"two", b"three"]
    (identifier,) = await sent(client, with_data(*data), *map(Part, data))
    parameters = {"statementId": identifier, "attachments": "true"}
    answer = await client.get("/statements", params=parameters)
    assert [answer.text.count(sha2(each)) for each in data] == [2, 2, 2]


@pytest.mark.requirement("XAPI-00161")
async def test_without_attachments_true_no_data_are_answered(client: httpx.AsyncClient) -> None:
    (identifier,) = await sent(client, with_data(DATA), Part(DATA))
    for parameters in ({}, {"attachments": "false"}):
        answer = await client.get("/statements", params=parameters | {"statementId": identifier})
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json()["attachments"] == [attachment(DATA)]


async def test_pages_bring_the_data_of_their_own_statements(client: httpx.AsyncClient) -> None:
    data = [b"first", b"second", b"third"]
    await sent(client, [with_data(each) for each in data], *map(Part, data))
    answer = await client.get("/statements", params={"attachments": "true", "limit": 2})
    json, first = parts_of(answer)
    assert set(first) == {sha2(b"second"), sha2(b"third")}
    more = httpx.Response(200, content=json).json()["more"]
    _, rest = parts_of(await client.get(f"{HOST}{more}"))
    assert set(rest) == {sha2(b"first")}


async def test_head_tells_how_large_the_answer_is(client: httpx.AsyncClient) -> None:
    (identifier,) = await sent(client, with_data(DATA), Part(DATA))
    parameters = {"statementId": identifier, "attachments": "true"}
    whole = await client.get("/statements", params=parameters)
    head = await client.head("/statements", params=parameters)
    assert head.content == b""
    assert head.headers["Content-Length"] == str(len(whole.content))


async def test_a_voided_statement_keeps_its_data(client: httpx.AsyncClient) -> None:
    (identifier,) = await sent(client, with_data(DATA), Part(DATA))
    reference = {"objectType": "StatementRef", "id": identifier}
    await post(
        client, a_statement(verb={"id": "http://adlnet.gov/expapi/verbs/voided"}, object=reference)
    )
    parameters = {"voidedStatementId": identifier, "attachments": "true"}
    _, found = parts_of(await client.get("/statements", params=parameters))
    assert set(found) == {sha2(DATA)}


# What is accepted


async def test_one_part_serves_all_attachments_with_its_hash(client: httpx.AsyncClient) -> None:
    batch = [with_data(DATA), with_data(DATA, DATA)]
    ids = await sent(client, batch, Part(DATA))
    answer = await client.get("/statements", params={"attachments": "true"})
    assert set(parts_of(answer)[1]) == {sha2(DATA)}
    for identifier in ids:
        assert set(await data_of(client, identifier)) == {sha2(DATA)}


async def test_the_same_part_may_come_several_times(client: httpx.AsyncClient) -> None:
    (identifier,) = await sent(client, with_data(DATA), Part(DATA), Part(DATA))
    assert await data_of(client, identifier) == {sha2(DATA): ("application/octet-stream", DATA)}


async def test_the_case_of_a_hash_plays_no_part(client: httpx.AsyncClient) -> None:
    named = attachment(sha2=sha2(DATA).upper())
    (identifier,) = await sent(client, a_statement(attachments=[named]), Part(DATA))
    assert set(await data_of(client, identifier)) == {sha2(DATA)}
    assert (await get(client, identifier)).json()["attachments"] == [named]


@pytest.mark.parametrize("algorithm", ["sha224", "sha384", "sha512"])
async def test_longer_and_shorter_hashes_of_the_family_work(
    client: httpx.AsyncClient, algorithm: str
) -> None:
    digest = hashlib.new(algorithm, DATA).hexdigest()
    statement = a_statement(attachments=[attachment(sha2=digest)])
    (identifier,) = await sent(client, statement, Part(DATA, sha2=digest))
    assert set(await data_of(client, identifier)) == {digest}


async def test_statements_without_attachments_or_with_addresses_only_may_come_in_parts(
    client: httpx.AsyncClient,
) -> None:
    linked = attachment(fileUrl="http://example.org/file")
    ids = await sent(client, [a_statement(), a_statement(attachments=[linked])])
    assert [await exists(client, each) for each in ids] == [True, True]
    assert await data_of(client, ids[1]) == {}


async def test_an_attachment_of_a_substatement_brings_its_data(client: httpx.AsyncClient) -> None:
    planned = a_substatement(attachments=[attachment()])
    (identifier,) = await sent(client, a_statement(object=planned), Part(DATA))
    assert set(await data_of(client, identifier)) == {sha2(DATA)}


async def test_the_declared_length_need_not_be_that_of_the_data(client: httpx.AsyncClient) -> None:
    statement = a_statement(attachments=[attachment(length=1)])
    assert (await send(client, statement, Part(DATA))).status_code == 200


async def test_the_type_of_a_part_is_compared_without_its_parameters(
    client: httpx.AsyncClient,
) -> None:
    named = attachment(contentType="text/plain; charset=ascii")
    part = Part(DATA, content_type="Text/Plain")
    (identifier,) = await sent(client, a_statement(attachments=[named]), part)
    assert await data_of(client, identifier) == {sha2(DATA): ("text/plain; charset=ascii", DATA)}


async def test_a_statement_sent_again_with_its_data_changes_nothing(
    client: httpx.AsyncClient,
) -> None:
    statement = with_data(DATA, id=new_id())
    await sent(client, statement, Part(DATA))
    again = await send(client, statement, Part(DATA))
    assert (again.status_code, again.headers["X-LRS-Stored"]) == (200, "0")
    assert set(await data_of(client, statement["id"])) == {sha2(DATA)}


async def test_data_that_many_bring_at_once_are_kept_once(client: httpx.AsyncClient) -> None:
    data = [b"of all", b"of some"]
    answers = await asyncio.gather(
        *(send(client, with_data(*data), *map(Part, data)) for _ in range(20))
    )
    assert [each.status_code for each in answers] == [200] * 20
    answer = await client.get("/statements", params={"attachments": "true"})
    assert {content for _, content in parts_of(answer)[1].values()} == set(data)


# What is refused, and leaves nothing


@pytest.mark.parametrize(
    ("statement", "parts", "reason"),
    [
        pytest.param(
            with_data(DATA),
            [],
            "no part has its hash",
            marks=pytest.mark.requirement("XAPI-00129"),
            id="no part",
        ),
        pytest.param(
            with_data(DATA),
            [Part(b"other")],
            "no part has its hash",
            marks=pytest.mark.requirement("XAPI-00132"),
            id="a part of another",
        ),
        pytest.param(
            with_data(DATA),
            [Part(DATA, sha2="")],
            "no X-Experience-API-Hash",
            marks=pytest.mark.requirement("XAPI-00132"),
            id="no hash",
        ),
        pytest.param(
            with_data(DATA),
            [Part(DATA), Part(b"x")],
            "belongs to no attachment",
            marks=pytest.mark.requirement("XAPI-00128"),
            id="a part too much",
        ),
        pytest.param(
            a_statement(),
            [Part(DATA)],
            "belongs to no attachment",
            marks=pytest.mark.requirement("XAPI-00128"),
            id="a part without need",
        ),
        pytest.param(with_data(DATA), [Part(b"forged", sha2=sha2(DATA))], "hash", id="other bytes"),
        pytest.param(
            with_data(DATA),
            [Part(DATA, encoding="base64")],
            "base64",
            marks=pytest.mark.requirement("XAPI-00135"),
            id="base64",
        ),
        pytest.param(
            with_data(DATA), [Part(DATA, content_type="text/html")], "text/html", id="another type"
        ),
        pytest.param(
            with_data(DATA),
            [Part(DATA, headers={"Content-Length": "1"})],
            "Content-Length",
            id="another length",
        ),
    ],
)
async def test_data_that_do_not_fit_are_refused(
    client: httpx.AsyncClient, statement: Json, parts: list[Part], reason: str
) -> None:
    answer = await send(client, statement | {"id": new_id()}, *parts)
    assert answer.status_code == 400, answer.text
    assert reason.lower() in answer.json()["detail"].lower()
    assert (await page(client))["statements"] == []
    assert not await is_kept(client, DATA)


@pytest.mark.requirement("XAPI-00129")
async def test_in_json_every_attachment_needs_an_address(client: httpx.AsyncClient) -> None:
    answer = await client.post("/statements", json=with_data(DATA))
    assert answer.status_code == 400
    assert answer.json()["violations"][0]["path"] == "attachments[0]"


async def test_data_known_to_the_store_must_come_again(client: httpx.AsyncClient) -> None:
    await sent(client, with_data(DATA), Part(DATA))
    assert (await client.post("/statements", json=with_data(DATA))).status_code == 400
    assert (await send(client, with_data(DATA))).status_code == 400


@pytest.mark.requirement("XAPI-00127")
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "text/plain", ""])
async def test_other_types_of_bodies_are_refused(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.post("/statements", content=b"--x", headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert "multipart/mixed" in answer.json()["detail"]


async def test_a_batch_with_one_bad_statement_leaves_no_data(client: httpx.AsyncClient) -> None:
    bad = with_data(b"second", verb={"id": "no iri"})
    answer = await send(client, [with_data(DATA), bad], Part(DATA), Part(b"second"))
    assert answer.status_code == 400
    assert not await is_kept(client, DATA)


async def test_a_conflict_leaves_no_data(client: httpx.AsyncClient) -> None:
    (taken,) = await post(client, a_statement())
    answer = await send(
        client, [with_data(DATA), with_data(b"x", id=taken)], Part(DATA), Part(b"x")
    )
    assert answer.status_code == 409
    assert not await is_kept(client, DATA)


async def test_data_that_no_new_statement_needs_are_not_kept(client: httpx.AsyncClient) -> None:
    """In 2.0 attachments play no part in whether two statements are the same."""
    (taken,) = await post(client, a_statement(), **VERSION_2)
    client.headers.update(VERSION_2)
    answer = await send(
        client, [with_data(DATA, id=taken), with_data(b"x")], Part(DATA), Part(b"x")
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-LRS-Stored"] == "1"
    assert not await is_kept(client, DATA)
    assert await is_kept(client, b"x")
    assert await data_of(client, taken) == {}


async def test_what_is_over_a_limit_is_refused(limited: httpx.AsyncClient) -> None:
    small, large = b"s" * 2_000, b"l" * 2_001
    answer = await send(limited, with_data(small, large), Part(small), Part(large))
    assert answer.status_code == 413, answer.text
    assert "2000 bytes" in answer.json()["detail"]
    several = [bytes([number]) * 2_000 for number in range(5)]
    answer = await send(limited, with_data(*several), *map(Part, several))
    assert answer.status_code == 413, answer.text
    assert "9000 bytes" in answer.json()["detail"]
    assert not await is_kept(limited, small)
    assert (await send(limited, with_data(small), Part(small))).status_code == 200


# Who gets what


async def test_a_statement_that_only_names_a_hash_gets_no_data(client: httpx.AsyncClient) -> None:
    await sent(client, with_data(DATA), Part(DATA))
    named = attachment(fileUrl="http://example.org/file")
    (identifier,) = await post(client, a_statement(attachments=[named]))
    assert await data_of(client, identifier) == {}


async def test_nothing_crosses_stores(client: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    (identifier,) = await sent(client, with_data(DATA), Part(DATA))
    assert not await is_kept(other, DATA)
    assert (await put(other, identifier, a_statement())).status_code == 204
    assert await data_of(other, identifier) == {}
    assert (await send(other, with_data(DATA))).status_code == 400


# The raw data


async def test_raw_data_never_run_as_a_page(client: httpx.AsyncClient) -> None:
    script = b"<script>alert(1)</script>"
    statement = a_statement(attachments=[attachment(script, contentType="text/html")])
    await sent(client, statement, Part(script, content_type="text/html"))
    answer = await client.get(f"{HOST}/api/v1/attachments/{sha2(script)}")
    assert answer.content == script
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["Content-Length"] == str(len(script))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "private, no-cache"


async def test_answers_in_parts_never_run_as_a_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/statements", params={"attachments": "true"})
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("path", "status"), [("0" * 64, 404), ("0" * 10, 400), ("x" * 64, 400)])
async def test_raw_data_that_are_not_there_are_404(
    client: httpx.AsyncClient, path: str, status: int
) -> None:
    answer = await client.get(f"{HOST}/api/v1/attachments/{path}")
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_raw_data_need_credentials(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    await sent(client, with_data(DATA), Part(DATA))
    answer = await anonymous.get(f"{HOST}/api/v1/attachments/{sha2(DATA)}")
    assert answer.status_code == 401
