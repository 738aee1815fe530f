"""HTTP Basic: who is let in, and to what (Comm. 4.0)."""

import asyncio
import time
from base64 import b64encode

import httpx
import pytest

from builders import a_statement, agent
from conftest import SECRET, Tenant, make_tenant
from lrs.storage.credentials import revoke_credential
from lrs.storage.engines import Database
from statement_resource import exists, get, listed, new_id, page, post, put, stored

BASIC_AND_BEARER = 'Basic realm="LRS", charset="UTF-8", Bearer realm="LRS"'


def basic(credentials: str | bytes) -> str:
    raw = credentials.encode() if isinstance(credentials, str) else credentials
    return "Basic " + b64encode(raw).decode()


async def assert_refused(anonymous: httpx.AsyncClient, authorization: str | None) -> None:
    """Expect that neither reading nor writing is allowed."""
    headers = {} if authorization is None else {"Authorization": authorization}
    for method, body in (("GET", None), ("HEAD", None), ("POST", a_statement()), ("PUT", {})):
        answer = await anonymous.request(method, "/statements", headers=headers, json=body)
        assert answer.status_code == 401, method
        assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


@pytest.mark.requirement("XAPI-00334")
async def test_none_are_refused(anonymous: httpx.AsyncClient) -> None:
    await assert_refused(anonymous, None)


@pytest.mark.requirement("XAPI-00334")
@pytest.mark.parametrize(
    "credentials",
    [":", "{key}:", "{key}:wrong", "{key}: " + SECRET, "{key}:" + SECRET + " ", ":" + SECRET,
     "nobody:" + SECRET, "{key}", "{KEY}:" + SECRET, "{key}:" + SECRET.upper(), "\0:\0"],
)  # fmt: skip
async def test_wrong_ones_are_refused(
    anonymous: httpx.AsyncClient, tenant: Tenant, credentials: str
) -> None:
    key = tenant.principal.key
    shown = credentials.replace("{key}", key).replace("{KEY}", key.upper())
    assert shown != f"{key}:{SECRET}"
    await assert_refused(anonymous, basic(shown))


@pytest.mark.requirement("XAPI-00334")
@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic ", "Basic Og==", "Basic  ", "Basic !!!", "Basic YQ", "Basic a:b",
     basic(b"\xff\xfe:x"), "Og==", "BasicOg=="],
)  # fmt: skip
async def test_malformed_ones_are_refused(anonymous: httpx.AsyncClient, header: str) -> None:
    await assert_refused(anonymous, header)


@pytest.mark.parametrize("scheme", ["Bearer", "Digest", "OAuth", "Negotiate"])
async def test_other_schemes_are_refused(
    anonymous: httpx.AsyncClient, tenant: Tenant, scheme: str
) -> None:
    right = basic(":".join(tenant.auth)).removeprefix("Basic ")
    await assert_refused(anonymous, f"{scheme} {right}")


@pytest.mark.requirement("XAPI-00335")
@pytest.mark.parametrize("scheme", ["basic", "BASIC"])
async def test_the_scheme_has_no_case(
    anonymous: httpx.AsyncClient, tenant: Tenant, scheme: str
) -> None:
    header = basic(":".join(tenant.auth)).replace("Basic", scheme)
    answer = await anonymous.get("/statements", headers={"Authorization": header})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "offered"),
    [
        ({}, BASIC_AND_BEARER),
        ({"Authorization": "Basic Og=="}, BASIC_AND_BEARER),
        ({"Authorization": "Bearer nonsense"}, BASIC_AND_BEARER),
        ({"Authorization": "Basic Og==", "Cookie": "lrs_session=nonsense"}, BASIC_AND_BEARER),
        # A page must not make the browser ask for a password by itself.
        ({"Cookie": "lrs_session=nonsense"}, 'Bearer realm="LRS"'),
    ],
    ids=range(5),
)
async def test_what_would_be_understood_is_offered(
    anonymous: httpx.AsyncClient, headers: dict[str, str], offered: str
) -> None:
    answer = await anonymous.get("/statements", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == offered


@pytest.mark.requirement("XAPI-00182", "XAPI-00334")
async def test_a_refused_writer_stores_nothing(client: httpx.AsyncClient, tenant: Tenant) -> None:
    wrong = httpx.BasicAuth(tenant.principal.key, "wrong")
    answer = await client.post("/statements", json=a_statement(), auth=wrong)
    assert answer.status_code == 401
    assert await listed(client) == []


async def test_the_answer_does_not_tell_an_unknown_key_from_a_wrong_secret(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    details = [
        (await client.get("/statements", auth=auth)).json()["detail"]
        for auth in ((tenant.principal.key, "wrong"), ("nobody", "wrong"))
    ]
    assert details[0] == details[1]


async def test_strangers_learn_nothing_of_what_else_is_wrong(anonymous: httpx.AsyncClient) -> None:
    assert (await anonymous.get("/statements", params={"foo": "bar"})).status_code == 401
    assert (await anonymous.post("/statements", content=b"{")).status_code == 401
    del anonymous.headers["X-Experience-API-Version"]
    assert (await anonymous.get("/statements")).status_code == 401


async def test_a_new_credential_is_let_in_at_once(
    client: httpx.AsyncClient, database: Database
) -> None:
    await listed(client)
    new = await make_tenant(database)
    assert (await client.get("/statements", auth=new.auth)).status_code == 200


async def test_a_revoked_credential_stops_within_a_second(
    client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    await post(client, a_statement())
    async with database.writing() as connection:
        await revoke_credential(connection, tenant.principal.key)
    revoked_at = time.monotonic()
    while (answer := await client.get("/statements")).status_code == 200:
        assert time.monotonic() - revoked_at < 1
        await asyncio.sleep(0.02)
    assert answer.status_code == 401
    assert (await client.post("/statements", json=a_statement())).status_code == 401


async def test_revoking_one_credential_leaves_the_others_of_its_store(
    client: httpx.AsyncClient, database: Database
) -> None:
    name = new_id()
    revoked, kept = await make_tenant(database, name), await make_tenant(database, name)
    client.auth = httpx.BasicAuth(*revoked.auth)
    ids = await post(client, a_statement())
    async with database.writing() as connection:
        await revoke_credential(connection, revoked.principal.key)
    client.auth = httpx.BasicAuth(*kept.auth)
    assert await listed(client) == ids


async def test_two_credentials_of_a_store_share_its_history_and_differ_in_authority(
    client: httpx.AsyncClient, database: Database
) -> None:
    name = new_id()
    ids = []
    for tenant in (await make_tenant(database, name), await make_tenant(database, name)):
        client.auth = httpx.BasicAuth(*tenant.auth)
        ids += await post(client, a_statement())
        account = (await stored(client, ids[-1]))["authority"]["account"]
        assert account["name"] == tenant.principal.key
    assert await listed(client, ascending="true") == ids


async def test_a_stranger_sees_nothing(client: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    (identifier,) = await post(client, a_statement())
    assert await page(other) == {"statements": [], "more": ""}
    assert await listed(other, verb=a_statement()["verb"]["id"]) == []
    assert await listed(other, agent='{"mbox":"mailto:ada@example.org"}') == []
    assert not await exists(other, identifier)


async def test_a_stranger_changes_nothing(
    client: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    (identifier,) = await post(client, a_statement())
    before = (await get(client, identifier)).content
    assert (await put(other, identifier, a_statement(actor=agent("eve")))).status_code == 204
    assert (await get(client, identifier)).content == before
