"""POST merges JSON objects at their top level, and nothing else (Comm. 2.2)."""

import httpx
import pytest

from document_resources import ALL, JSON_TYPE, TEXT, V1, V2, Documents, etag_of, name_of, on_each

each_resource = pytest.mark.parametrize("documents", ALL, ids=name_of)
each_version = pytest.mark.parametrize("version", [V1, V2], ids=name_of)


@on_each(
    states="XAPI-00189 XAPI-00231 XAPI-00233",
    activity_profiles="XAPI-00286 XAPI-00292 XAPI-00310 XAPI-00312",
    agent_profiles="XAPI-00272 XAPI-00280 XAPI-00283",
)
@each_version
async def test_post_creates_a_document(
    client: httpx.AsyncClient, documents: Documents, version: dict[str, str]
) -> None:
    sent = b'{ "a" : 1.0 }'
    assert (await documents.post(client, "x", sent, version)).status_code == 204
    assert await documents.content(client, "x") == sent


@pytest.mark.requirement("XAPI-00183", "XAPI-00184", "XAPI-00185", "XAPI-00186")
@on_each(states="XAPI-00234", activity_profiles="XAPI-00308", agent_profiles="XAPI-00279")
@each_version
async def test_post_merges_at_the_top_level_and_keeps_each_value_as_it_came(
    client: httpx.AsyncClient, documents: Documents, version: dict[str, str]
) -> None:
    await documents.post(client, "x", b'{"a": 1.10, "b": {"c": 1}, "d": [1,  2], "\\u00e9": 0}', {})
    sent = '{"b": {"e": 12345678901234567890}, "a": null, "é": 1E400}'.encode()
    assert (await documents.post(client, "x", sent, version)).status_code == 204
    answer = await documents.get(client, "x")
    merged = '{"a":null,"b":{"e": 12345678901234567890},"d":[1,  2],"é":1E400}'
    assert answer.content.decode() == merged
    assert answer.headers["ETag"] == etag_of(answer.content)


@each_resource
async def test_post_of_what_is_no_json_creates_a_document(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    assert (await documents.post(client, "x", b"\0\xff", TEXT)).status_code == 204
    assert await documents.content(client, "x") == b"\0\xff"


UNMERGEABLE = [b"[1]", b"1", b"", b"{", b'{"a":1}{"b":2}', b'{"a":"\xff"}', b'{"a":NaN}']
UNMERGEABLE += [b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", b'\xef\xbb\xbf{"a":1}']


@on_each(
    states="XAPI-00229 XAPI-00235",
    activity_profiles="XAPI-00313 XAPI-00314",
    agent_profiles="XAPI-00281 XAPI-00284",
)
@pytest.mark.parametrize("sent", UNMERGEABLE, ids=range(len(UNMERGEABLE)))
async def test_post_of_json_that_is_no_object_is_refused(
    client: httpx.AsyncClient, documents: Documents, sent: bytes
) -> None:
    assert (await documents.post(client, "new", sent, {})).status_code == 400
    assert await documents.ids(client) == []

    await documents.post(client, "x", b'{"a":1}', {})
    answer = await documents.post(client, "x", sent, {})
    assert answer.status_code == 400
    assert "that was sent" in answer.json()["detail"]
    assert await documents.content(client, "x") == b'{"a":1}'


@on_each(
    states="XAPI-00229 XAPI-00232",
    activity_profiles="XAPI-00309 XAPI-00313",
    agent_profiles="XAPI-00278 XAPI-00281",
)
@pytest.mark.parametrize(("kept", "kind"), [(b"text", "text/plain"), (b"[1]", "application/json")])
async def test_post_over_what_cannot_be_merged_into_is_refused(
    client: httpx.AsyncClient, documents: Documents, kept: bytes, kind: str
) -> None:
    identifier = await documents.stored(client, kept, Content_Type=kind)
    answer = await documents.post(client, identifier, b'{"a":1}', {})
    assert answer.status_code == 400
    assert "that is there" in answer.json()["detail"]
    assert await documents.content(client, identifier) == kept


@on_each(states="XAPI-00232", activity_profiles="XAPI-00309", agent_profiles="XAPI-00278")
async def test_post_of_another_type_over_json_is_refused(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    await documents.post(client, "x", b'{"a":1}', {})
    assert (await documents.post(client, "x", b'{"b":1}', TEXT)).status_code == 400
    assert await documents.content(client, "x") == b'{"a":1}'


@each_resource
async def test_json_may_have_parameters_and_any_case(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    await documents.post(client, "x", b'{"a":1}', JSON_TYPE)
    kind = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await documents.post(client, "x", b'{"b":1}', kind)).status_code == 204
    assert await documents.content(client, "x") == b'{"a":1,"b":1}'


@each_resource
async def test_what_merging_makes_too_large_is_refused(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    half = b"1" * 1_500_000
    assert (await documents.post(client, "x", b'{"a":"%s"}' % half, {})).status_code == 204
    answer = await documents.post(client, "x", b'{"b":"%s"}' % half, {})
    assert answer.status_code == 413
    assert await documents.content(client, "x") == b'{"a":"%s"}' % half
