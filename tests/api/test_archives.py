"""An archive holds all that is kept of a person, nothing of others, and is given to few."""

import asyncio
import hashlib
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from archives import API, archives, downloaded, join, key_of, lines, opened, order, ready
from builders import Json, a_statement, a_substatement, activity, agent, group, voiding
from conftest import Tenant, client_of, make_tenant, revoke
from lrs.auth.restrictions import Grant
from lrs.auth.roles import Role
from lrs.auth.scopes import Scope, Scopes
from lrs.services.users import GivenRole
from lrs.storage.engines import Database
from multipart_requests import Part, multipart
from people import make_someone, signed_in
from statement_resource import new_id, post, post_text

DATA = b"what was handed in"
NAME = '<script>alert("Ada")</script>'
ADA, BOB = agent("ada"), agent("bob")
OF_LMS = {"objectType": "Agent", "account": {"homePage": "http://lms.example.org", "name": "4711"}}


async def send_proof(client: httpx.AsyncClient, **properties: object) -> str:
    """Send a statement with data, and return their hash."""
    sha2 = hashlib.sha256(DATA).hexdigest()
    proof = {
        "usageType": "http://example.org/attachments/proof",
        "display": {"en": "Proof"},
        "contentType": "application/octet-stream",
        "length": len(DATA),
        "sha2": sha2,
    }
    body, headers = multipart(a_statement(attachments=[proof], **properties), Part(DATA))
    answer = await client.post("/statements", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return sha2


async def put_document(client: httpx.AsyncClient, path: str, who: Json, content: bytes) -> None:
    params = {"agent": json.dumps(who)}
    if path == "/agents/profile":
        params["profileId"] = "of mine"
    else:
        params |= {"activityId": activity()["id"], "stateId": "of mine"}
    answer = await client.put(
        path,
        params=params,
        content=content,
        headers={"Content-Type": "text/x-note", "If-None-Match": "*"},
    )
    assert answer.status_code == 204, answer.text


async def test_an_archive_holds_all_that_names_the_person_and_nothing_else(
    client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    person = await join(database, tenant.principal.store, ADA, OF_LMS, name=NAME)
    own = [
        a_statement(id=new_id(), actor=ADA | {"name": NAME}, object=activity("bold")),
        a_statement(id=new_id(), actor=OF_LMS, result={"score": {"scaled": 0.85}}),
        a_statement(id=new_id(), actor=BOB, object=ADA),
        a_statement(id=new_id(), actor=group(BOB, OF_LMS)),
        a_statement(id=new_id(), actor=BOB, context={"instructor": ADA}),
        a_statement(id=new_id(), actor=BOB, object=a_substatement(actor=ADA)),
    ]
    await post(client, *own)
    await post(client, voiding(own[0]["id"], actor=BOB))
    others = await post(client, *(a_statement(actor=BOB) for _ in range(3)))
    # Line ends between tokens, and a number with zeros that mean nothing, as a client has sent it.
    odd = json.dumps(a_statement(actor=ADA), indent=1)[:-1]
    odd += ',\r\n"result": {"score": {"raw": 1.500}}}'
    assert (await post_text(client, odd)).status_code == 200
    sha2 = await send_proof(client, actor=ADA)
    await put_document(client, "/activities/state", ADA, b"my state")
    await put_document(client, "/agents/profile", OF_LMS, b"my profile")
    await put_document(client, "/activities/state", BOB, b"not mine")
    assert (await client.get("/statements", params={"agent": json.dumps(ADA)})).status_code == 200

    address = await order(client, person)
    archive = await ready(client, database, address)
    assert archive["percent"] == 100
    counted = {name: archive["counts"][name] for name in ("statements", "attachments", "documents")}
    assert counted == {"statements": 8, "attachments": 1, "documents": 2}
    content = await downloaded(client, address)
    files = opened(content)

    kept = [each["id"] for each in lines(files, "statements/")]
    assert {*kept} >= {each["id"] for each in own}
    assert len(kept) == 8
    assert {*kept}.isdisjoint(others)
    assert b'"score": {"raw": 1.500}' in files["statements/statements-00001.ndjson"]
    assert files[f"attachments/{sha2}"] == DATA
    index = json.loads(files["documents/index-000001.json"])
    texts = {each["kind"]: files[each["file"]] for each in index}
    assert texts == {"state": b"my state", "agent_profile": b"my profile"}
    assert {each["contentType"] for each in index} == {"text/x-note"}
    record = json.loads(files["person.json"])
    assert record["person"]["name"] == NAME
    assert {each["value"] for each in record["identifiers"]} == {
        "mailto:ada@example.org",
        "http://lms.example.org 4711",
    }
    assert "Auskunft" in files["README.txt"].decode()
    assert b"not mine" not in b"".join(files.values())


async def test_the_report_is_escaped_and_in_the_language_that_is_asked_for(
    client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    person = await join(database, tenant.principal.store, ADA, name=NAME)
    course = activity("x") | {"definition": {"name": {"en": '"><img src=x onerror=alert(1)>'}}}
    await post(client, a_statement(actor=ADA | {"name": NAME}, object=course))
    pages = {}
    for language in ("de", "en"):
        address = await order(client, person, language=language)
        await ready(client, database, address)
        pages[language] = opened(await downloaded(client, address))["report.html"].decode()
    for page in pages.values():
        assert "<script" not in page
        assert "<img" not in page
        assert "&lt;script&gt;alert(&quot;Ada&quot;)&lt;/script&gt;" in page
        assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert '<html lang="de">' in pages["de"]
    assert "Gespeicherte Daten von" in pages["de"]
    assert "Data kept of" in pages["en"]


async def test_who_looked_at_the_person_stands_in_it(
    client: httpx.AsyncClient, tenant: Tenant, app: FastAPI, database: Database
) -> None:
    await post(client, a_statement(actor=ADA))
    await client.get("/statements", params={"agent": json.dumps(ADA)})
    await app.state.services.audit.flush()
    address = await order(client, key_of(ADA))
    await ready(client, database, address)
    await downloaded(client, address)
    again = await order(client, key_of(ADA))
    await ready(client, database, again)
    found = lines(opened(await downloaded(client, again)), "recipients/")
    actions = [each["action"] for each in found]
    assert "person.read" in actions
    assert actions.count("archive.downloaded") == 1
    assert {each["name"] for each in found if each["whoKind"] == "credential"} == {
        "A test (Moodle)"
    }
    assert {each["who"] for each in found if each["whoKind"] == "credential"} == {
        tenant.principal.key
    }


async def test_a_download_goes_on_where_it_stopped(
    client: httpx.AsyncClient, database: Database
) -> None:
    await post(client, *(a_statement(actor=ADA) for _ in range(20)))
    address = await order(client, key_of(ADA))
    await ready(client, database, address)
    whole = await downloaded(client, address)
    size = len(whole)

    async def part(asked: str, **headers: str) -> httpx.Response:
        return await client.get(f"{address}/content", headers={"Range": asked, **headers})

    for asked, expected in (
        ("bytes=0-", whole),
        ("bytes=100-", whole[100:]),
        (f"bytes={size - 1}-", whole[-1:]),
        ("bytes=10-19", whole[10:20]),
        ("bytes=-30", whole[-30:]),
        (f"bytes=5-{size * 2}", whole[5:]),
    ):
        answer = await part(asked)
        assert answer.status_code == 206
        assert answer.content == expected
        first = size - 30 if asked == "bytes=-30" else int(asked[6:].split("-")[0])
        assert answer.headers["content-range"] == (
            f"bytes {first}-{first + len(expected) - 1}/{size}"
        )
    for asked in ("bytes=x-", "bytes=20-10", "bytes=0-1,5-6", "pages=1-", "bytes=-", "7"):
        answer = await part(asked)
        assert answer.status_code == 200
        assert answer.content == whole
    for asked in (f"bytes={size}-", "bytes=-0", "bytes=999999999999999999-"):
        answer = await part(asked)
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{size}"
    other = await part("bytes=100-", **{"If-Range": '"another one"'})
    assert other.content == whole


async def test_everybody_can_unpack_it(
    client: httpx.AsyncClient, tmp_path: Path, database: Database
) -> None:
    program = shutil.which("unzip")
    if program is None:
        pytest.skip("there is no unzip here")
    await post(client, a_statement(actor=ADA))
    address = await order(client, key_of(ADA))
    await ready(client, database, address)
    path = tmp_path / "archive.zip"
    path.write_bytes(await downloaded(client, address))
    process = await asyncio.create_subprocess_exec(program, "-tqq", path)
    assert await process.wait() == 0


async def test_one_is_made_at_a_time_and_can_be_stopped(
    client: httpx.AsyncClient, database: Database
) -> None:
    await post(client, a_statement(actor=ADA))
    key = key_of(ADA)
    # As if the making took long: nobody else is let to it.
    async with database.writing() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(19546, 0)"))
        address = await order(client, key)
        refused = await client.post(archives(key), json={})
        assert refused.status_code == 409
        assert refused.json()["type"] == "urn:lrs:error:archive-conflict"
        early = await client.get(f"{address}/content")
        assert early.status_code == 409
        listed = (await client.get(archives(key))).json()["archives"]
        assert [each["stage"] for each in listed] == ["waiting"]
        assert listed[0]["percent"] == 0
        assert (await client.delete(address)).status_code == 204
        for gone in (address, f"{address}/content"):
            assert (await client.get(gone)).status_code == 404
        assert (await client.get(archives(key))).json() == {"archives": []}
        await order(client, key)


async def test_one_that_is_over_is_gone(client: httpx.AsyncClient, database: Database) -> None:
    await post(client, a_statement(actor=ADA))
    address = await order(client, key_of(ADA))
    await ready(client, database, address)
    archive = UUID(address.rsplit("/", 1)[1])
    over = text("UPDATE person_archives SET expires = now() WHERE id = :id")
    async with database.writing() as connection:
        await connection.execute(over, {"id": archive})
    assert (await client.get(f"{address}/content")).status_code == 404
    left = text("SELECT count(*) FROM archive_pieces WHERE archive = :id")
    async with database.primary() as connection:
        while await connection.scalar(left, {"id": archive}):
            pass


async def test_who_sees_a_part_of_the_store_gets_none(
    app: FastAPI, client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    await post(client, a_statement(actor=ADA))
    name = tenant.principal.store_name
    limited = await make_tenant(
        database, name, scopes=Scopes({Scope.PRIVACY}), grant=Grant.of([json.dumps(ADA)], None)
    )
    reader = await make_tenant(database, name, scopes=Scopes({Scope.PEOPLE_WRITE}))
    address = await order(client, key_of(ADA))
    for other in (limited, reader):
        async with client_of(app, other) as theirs:
            assert (await theirs.post(archives(key_of(ADA)), json={})).status_code == 403
            for asked in (archives(key_of(ADA)), address, f"{address}/content"):
                assert (await theirs.get(asked)).status_code == 403
            assert (await theirs.delete(address)).status_code == 403
        await revoke(database, other)


@pytest.mark.parametrize(
    "body", [{"language": "fr"}, {"languages": "de"}, [], "de", {"language": 1}]
)
async def test_an_order_that_is_not_understood_is_refused(
    client: httpx.AsyncClient, body: object
) -> None:
    answer = await client.post(archives(uuid4()), json=body)
    assert answer.status_code == 400


async def test_nobody_and_nothing_is_not_found(client: httpx.AsyncClient) -> None:
    await post(client, a_statement(actor=ADA), a_statement(actor=BOB))
    assert (await client.post(archives(uuid4()), json={})).status_code == 404
    assert (await client.get(f"{archives(key_of(ADA))}/{uuid4()}")).status_code == 404
    address = await order(client, key_of(ADA))
    of_other = address.replace(str(key_of(ADA)), str(key_of(BOB)))
    assert (await client.get(of_other)).status_code == 404


async def test_a_stranger_gets_nothing_of_one_that_is_ready(
    client: httpx.AsyncClient, other: httpx.AsyncClient, database: Database
) -> None:
    await post(client, a_statement(actor=ADA))
    await post(other, a_statement(actor=ADA))
    address = await order(client, key_of(ADA))
    await ready(client, database, address)
    for asked in (address, f"{address}/content"):
        assert (await client.get(asked)).status_code == 200
        assert (await other.get(asked)).status_code == 404
    assert (await other.delete(address)).status_code == 404


async def test_none_is_made_of_somebody_who_is_being_erased(
    client: httpx.AsyncClient, database: Database, tenant: Tenant
) -> None:
    await post(client, a_statement(actor=ADA))
    erasing = text(
        "INSERT INTO erasures (store, id, person, person_mac, mode, on_return, state, done)"
        " VALUES (:store, :id, :person, '', 'erase', 'refuse', :state, '{}')"
    )
    values = {"store": tenant.principal.store, "id": uuid4(), "person": key_of(ADA)}
    ending = text("UPDATE erasures SET state = 'done' WHERE id = :id")
    async with database.writing() as connection:
        # Nobody else takes a step of it meanwhile.
        await connection.execute(text("SELECT pg_advisory_xact_lock(19547, 0)"))
        async with database.writing() as other:
            await other.execute(erasing, {**values, "state": "running"})
        answer = await client.post(archives(key_of(ADA)), json={})
        async with database.writing() as other:
            await other.execute(ending, {"id": values["id"]})
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:lrs:error:archive-conflict"
    await order(client, key_of(ADA))


@pytest.fixture
async def learner(
    app: FastAPI, tenant: Tenant, database: Database
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of somebody who is a learner in the tenant's store, and Ada."""
    grant = GivenRole(Role.LEARNER, tenant.principal.store_name, Grant.of([json.dumps(ADA)], None))
    someone = await make_someone(database, grant)
    async with signed_in(app, someone) as browser:
        yield browser


async def test_learners_get_what_is_their_own(
    learner: httpx.AsyncClient, client: httpx.AsyncClient, database: Database
) -> None:
    own = await post(client, a_statement(actor=ADA))
    await post(client, a_statement(actor=BOB))
    address = f"{API}/me/export"
    assert (await learner.get(address)).status_code == 404
    assert (await learner.post(address, json={"language": "de"})).status_code == 202
    archive = await ready(learner, database, address)
    assert archive["is_own"]
    files = opened(await downloaded(learner, address))
    assert [each["id"] for each in lines(files, "statements/")] == own
    # A new one replaces it.
    assert (await learner.post(address, json={})).status_code == 202
    assert (await learner.get(address)).json()["id"] != archive["id"]
    assert (await learner.delete(address)).status_code == 204
    assert (await learner.get(address)).status_code == 404
    # The right to privacy of others is not theirs.
    assert (await learner.post(archives(key_of(ADA)), json={})).status_code == 403


async def test_an_export_is_lost_with_the_identifiers_that_it_was_of(
    learner: httpx.AsyncClient, client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    await post(client, a_statement(actor=ADA))
    address = f"{API}/me/export"
    person = await join(database, tenant.principal.store, ADA, BOB)
    assert (await learner.post(address, json={})).status_code == 202
    await ready(learner, database, address)
    split = text("DELETE FROM person_identifiers WHERE person = :person AND agent = :agent")
    async with database.writing() as connection:
        await connection.execute(split, {"person": person, "agent": key_of(BOB)})
    assert (await learner.get(address)).status_code == 404
    assert (await learner.get(f"{address}/content")).status_code == 404


async def test_tools_and_those_whom_nobody_knows_have_nothing_of_their_own(
    app: FastAPI, client: httpx.AsyncClient, tenant: Tenant, database: Database
) -> None:
    assert (await client.post(f"{API}/me/export", json={})).status_code == 403
    officer = await make_someone(
        database, GivenRole(Role.PRIVACY_OFFICER, tenant.principal.store_name)
    )
    async with signed_in(app, officer) as browser:
        assert (await browser.post(f"{API}/me/export", json={})).status_code == 404
