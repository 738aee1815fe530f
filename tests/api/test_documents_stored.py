"""State and profile documents: stored, returned as they came, deleted (Comm. 2.2)."""

import httpx
import pytest

from document_resources import (
    ALL,
    NEW,
    V1,
    V2,
    Documents,
    name_of,
    on_each,
)

each_resource = pytest.mark.parametrize("documents", ALL, ids=name_of)
each_version = pytest.mark.parametrize("version", [V1, V2], ids=name_of)

BINARY = bytes(range(256)) * 4
CONTENTS = [
    (BINARY, "application/octet-stream"),
    (b"", "text/plain"),
    ("sofort ⏳".encode(), 'text/plain; charset="utf-8"; format=flowed'),
    (b'{ "b": 1.10,\n "a": 1e3, "a": 2 }', "application/json"),
    # Articulate Rise and Adobe Captivate call this JSON.
    (b"2b3c4d%%not json", "application/json"),
    (b"<script>alert(1)</script>", "text/html"),
    (b"GIF89a", "Image/GIF"),
]


@on_each(
    states="XAPI-00188 XAPI-00190 XAPI-00192 XAPI-00217",
    activity_profiles="XAPI-00287 XAPI-00288 XAPI-00290 XAPI-00293",
    agent_profiles="XAPI-00259 XAPI-00269 XAPI-00273 XAPI-00274",
)
@each_version
@pytest.mark.parametrize(("content", "kind"), CONTENTS)
async def test_what_was_put_is_returned_byte_for_byte(
    client: httpx.AsyncClient,
    documents: Documents,
    version: dict[str, str],
    content: bytes,
    kind: str,
) -> None:
    headers = NEW | version | {"Content-Type": kind}
    answer = await documents.put(client, "x", content, headers)
    assert (answer.status_code, answer.content) == (204, b"")

    got = await documents.get(client, "x")
    assert (got.status_code, got.content) == (200, content)
    assert got.headers["Content-Type"] == kind


@each_resource
async def test_a_document_without_a_type_is_just_bytes(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    await client.put(documents.path, params=documents.one("x"), content=b"{}", headers=NEW)
    answer = await documents.get(client, "x")
    assert answer.headers["Content-Type"] == "application/octet-stream"


@each_resource
async def test_put_replaces_everything(client: httpx.AsyncClient, documents: Documents) -> None:
    identifier = await documents.stored(client, b"first")
    headers = {"If-Match": "*", "Content-Type": "application/json"}
    assert (await documents.put(client, identifier, b'"second"', headers)).status_code == 204
    answer = await documents.get(client, identifier)
    assert answer.content == b'"second"'
    assert answer.headers["Content-Type"] == "application/json"


@each_resource
@pytest.mark.parametrize("identifier", ["a b/c?d&e=f", "ünï-⏳", "x" * 5000, "http://a.b/c", " "])
async def test_an_id_is_any_text(
    client: httpx.AsyncClient, documents: Documents, identifier: str
) -> None:
    await documents.put(client, identifier, b"1", NEW)
    assert await documents.content(client, identifier) == b"1"
    assert await documents.ids(client) == [identifier]


@each_resource
async def test_no_document_is_404(client: httpx.AsyncClient, documents: Documents) -> None:
    answer = await documents.get(client, "nothing")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:lrs:error:document-not-found"


@pytest.mark.requirement("XAPI-00125", "XAPI-00126")
@each_resource
async def test_head_is_get_without_a_body(client: httpx.AsyncClient, documents: Documents) -> None:
    identifier = await documents.stored(client, b"some bytes")
    got = await documents.get(client, identifier)
    headed = await client.head(documents.path, params=documents.one(identifier))
    assert (headed.status_code, headed.content) == (200, b"")
    for name in ("ETag", "Last-Modified", "Content-Type", "Content-Length"):
        assert headed.headers[name] == got.headers[name]


@each_resource
async def test_a_stored_page_never_runs_in_a_browser(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    identifier = await documents.stored(client, b"<script>1</script>", Content_Type="text/html")
    headers = (await documents.get(client, identifier)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"] == "attachment"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


@each_resource
async def test_caches_have_to_ask_each_time(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    identifier = await documents.stored(client, b"x")
    assert (await documents.get(client, identifier)).headers["Cache-Control"] == "no-cache"
    many = await client.get(documents.path, params=documents.context)
    assert many.headers["Cache-Control"] == "no-cache"


@each_resource
async def test_documents_of_another_store_are_invisible(
    client: httpx.AsyncClient, other: httpx.AsyncClient, documents: Documents
) -> None:
    identifier = await documents.stored(client, b"ours")
    assert (await documents.get(other, identifier)).status_code == 404
    assert await documents.ids(other) == []
    assert (await documents.delete(other, identifier, {})).status_code == 204
    assert (await documents.put(other, identifier, b"theirs", NEW)).status_code == 204
    assert await documents.content(client, identifier) == b"ours"


@pytest.mark.requirement("XAPI-00321")
@each_resource
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
async def test_credentials_and_version_are_needed(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, documents: Documents, method: str
) -> None:
    answer = await anonymous.request(method, documents.path, params=documents.one())
    assert answer.status_code == 401
    del client.headers["X-Experience-API-Version"]
    answer = await client.request(method, documents.path, params=documents.one())
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:lrs:error:unsupported-version"


@on_each(
    states="XAPI-00187 XAPI-00191 XAPI-00216",
    activity_profiles="XAPI-00285 XAPI-00291",
    agent_profiles="XAPI-00271",
)
@each_version
async def test_delete_is_204_whether_it_is_there_or_not(
    client: httpx.AsyncClient, documents: Documents, version: dict[str, str]
) -> None:
    identifier = await documents.stored(client, b"1")
    for _ in range(2):
        assert (await documents.delete(client, identifier, version)).status_code == 204
        assert (await documents.get(client, identifier)).status_code == 404
    assert (await documents.put(client, identifier, b"2", NEW)).status_code == 204


@pytest.mark.requirement("XAPI-00328")
@each_resource
async def test_a_document_over_the_limit_is_refused(
    client: httpx.AsyncClient, documents: Documents
) -> None:
    assert (await documents.put(client, "x", b"x" * 2_000_000, NEW)).status_code == 204
    assert (await documents.put(client, "y", b"x" * 2_000_001, NEW)).status_code == 413
    assert await documents.ids(client) == ["x"]
