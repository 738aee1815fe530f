"""ETags, and what a request may change without or with them, by its version (Comm. 3.1)."""

import httpx
import pytest

from builders import Json
from document_resources import (
    ALL,
    PROFILES,
    STATES,
    V1,
    V2,
    Documents,
    etag_of,
    name_of,
    on_each,
)

each_resource = pytest.mark.parametrize("documents", ALL, ids=name_of)
each_profile = pytest.mark.parametrize("documents", PROFILES, ids=name_of)
each_version = pytest.mark.parametrize("version", [V1, V2], ids=name_of)
each_write = pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])

KEPT = b'{"kept":1}'
SENT = b'{"sent":1}'
OTHER = etag_of(b"other")


async def kept(client: httpx.AsyncClient, documents: Documents) -> str:
    return await documents.stored(client, KEPT, Content_Type="application/json")


async def write(
    client: httpx.AsyncClient,
    documents: Documents,
    method: str,
    identifier: str,
    headers: dict[str, str],
) -> httpx.Response:
    return await client.request(
        method,
        documents.path,
        params=documents.one(identifier),
        content=b"" if method == "DELETE" else SENT,
        headers={"Content-Type": "application/json"} | headers,
    )


@pytest.mark.requirement("XAPI-00322")
async def test_the_etag_is_the_quoted_sha1_of_the_bytes(client: httpx.AsyncClient) -> None:
    for documents in ALL:
        identifier = await documents.stored(client, b"abc")
        answer = await documents.get(client, identifier)
        assert answer.headers["ETag"] == '"a9993e364706816aba3e25717850c26c9cd0d89d"'


@pytest.mark.requirement("XAPI-00322")
@each_resource
@each_version
@each_write
@pytest.mark.parametrize(
    "header",
    [
        {"If-Match": etag_of(KEPT)},
        {"If-Match": f"{OTHER}, {etag_of(KEPT)}"},
        {"If-Match": "*"},
        # As adl-xapiwrapper sends it; HTTP wants quotes.
        {"If-Match": etag_of(KEPT).strip('"')},
        {"If-None-Match": OTHER},
    ],
    ids=str,
)
async def test_a_precondition_that_is_met_lets_a_write_through(
    client: httpx.AsyncClient,
    documents: Documents,
    version: dict[str, str],
    method: str,
    header: dict[str, str],
) -> None:
    identifier = await kept(client, documents)
    answer = await write(client, documents, method, identifier, version | header)
    assert answer.status_code == 204
    answer = await documents.get(client, identifier)
    assert (answer.status_code, answer.content) != (200, KEPT)


@pytest.mark.requirement("XAPI-00182", "XAPI-00322")
@each_resource
@each_version
@each_write
@pytest.mark.parametrize(
    "header",
    [
        {"If-Match": OTHER},
        {"If-Match": "W/" + etag_of(KEPT)},
        {"If-Match": etag_of(KEPT).strip('"')[:39]},
        {"If-Match": OTHER.strip('"')},
        {"If-Match": etag_of(KEPT).upper()},
        {"If-Match": ""},
        {"If-None-Match": "*"},
        {"If-None-Match": f"{OTHER}, W/{etag_of(KEPT)}"},
        {"If-Match": etag_of(KEPT), "If-None-Match": "*"},
    ],
    ids=str,
)
async def test_a_precondition_that_is_not_met_changes_nothing(
    client: httpx.AsyncClient,
    documents: Documents,
    version: dict[str, str],
    method: str,
    header: dict[str, str],
) -> None:
    identifier = await kept(client, documents)
    answer = await write(client, documents, method, identifier, version | header)
    assert answer.status_code == 412
    problem: Json = answer.json()
    assert problem["type"] == "urn:lrs:error:precondition-failed"
    assert "nothing was changed" in problem["detail"]
    assert await documents.content(client, identifier) == KEPT


@each_resource
@each_version
@each_write
@pytest.mark.parametrize("header", ["*", OTHER])
async def test_what_is_not_there_matches_nothing(
    client: httpx.AsyncClient,
    documents: Documents,
    version: dict[str, str],
    method: str,
    header: str,
) -> None:
    answer = await write(client, documents, method, "x", version | {"If-Match": header})
    assert answer.status_code == 412
    assert await documents.ids(client) == []


@pytest.mark.requirement("XAPI-00322")
@each_resource
@each_version
@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_what_is_not_there_may_be_created(
    client: httpx.AsyncClient, documents: Documents, version: dict[str, str], method: str
) -> None:
    answer = await write(client, documents, method, "x", version | {"If-None-Match": "*"})
    assert answer.status_code == 204
    assert await documents.content(client, "x") == SENT


@each_resource
@each_version
@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_post_and_delete_need_no_precondition(
    client: httpx.AsyncClient, documents: Documents, version: dict[str, str], method: str
) -> None:
    identifier = await kept(client, documents)
    answer = await write(client, documents, method, identifier, version)
    assert answer.status_code == 204


@pytest.mark.requirement("XAPI-00322")
@each_profile
@each_version
async def test_put_over_a_profile_needs_a_precondition(
    client: httpx.AsyncClient, documents: Documents, version: dict[str, str]
) -> None:
    await assert_conflict(client, documents, version)


@pytest.mark.requirement("XAPI-00322")
async def test_put_over_a_state_needs_a_precondition_in_2_0(client: httpx.AsyncClient) -> None:
    await assert_conflict(client, STATES, V2)


async def assert_conflict(
    client: httpx.AsyncClient, documents: Documents, version: dict[str, str]
) -> None:
    """Expect 409, told what to do, and that nothing changed."""
    identifier = await kept(client, documents)
    answer = await write(client, documents, "PUT", identifier, version)
    assert answer.status_code == 409
    problem: Json = answer.json()
    assert problem["type"] == "urn:lrs:error:document-conflict"
    assert "If-Match" in problem["detail"]
    assert await documents.content(client, identifier) == KEPT


async def test_put_over_a_state_needs_none_in_1_0(client: httpx.AsyncClient) -> None:
    identifier = await kept(client, STATES)
    assert (await write(client, STATES, "PUT", identifier, V1)).status_code == 204
    assert await STATES.content(client, identifier) == SENT


@on_each(activity_profiles="XAPI-00287 XAPI-00293", agent_profiles="XAPI-00273")
async def test_put_of_a_new_profile_needs_a_precondition_in_1_0(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    answer = await write(client, documents, "PUT", "x", V1)
    assert answer.status_code == 400
    assert "If-None-Match" in answer.json()["detail"]
    assert await documents.ids(client) == []


@on_each(activity_profiles="XAPI-00287 XAPI-00293", agent_profiles="XAPI-00273")
async def test_put_of_a_new_profile_needs_none_in_2_0(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    assert (await write(client, documents, "PUT", "x", V2)).status_code == 204
    assert await documents.content(client, "x") == SENT


@each_version
async def test_put_of_a_new_state_needs_none(
    client: httpx.AsyncClient, version: dict[str, str]
) -> None:
    assert (await write(client, STATES, "PUT", "x", version)).status_code == 204


async def test_etags_may_come_in_several_lines(client: httpx.AsyncClient) -> None:
    identifier = await kept(client, STATES)
    answer = await client.delete(
        STATES.path,
        params=STATES.one(identifier),
        headers=[("If-Match", OTHER), ("If-Match", etag_of(KEPT))],
    )
    assert answer.status_code == 204
