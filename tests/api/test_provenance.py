"""What the store knows of a statement besides what it says."""

import hashlib

import httpx

from builders import a_statement, voiding
from conftest import Tenant
from multipart_requests import Part, multipart
from statement_resource import UNUSED_ID, post, stored

URL = "http://lrs.test/api/v1/statements"


async def test_it_tells_who_brought_a_statement_and_when(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    (identifier,) = await post(client, a_statement())
    answer = await client.get(f"{URL}/{identifier}")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "id": identifier,
        "stored": (await stored(client, identifier))["stored"],
        "voided": False,
        "voiding": False,
        "signature": None,
        "key": tenant.principal.key,
        "label": "A test",
        "system": "Moodle",
        "system_kind": "LMS",
        "attachments": [],
    }


async def test_it_tells_of_voided_statements_and_of_those_that_void(
    client: httpx.AsyncClient,
) -> None:
    (target,) = await post(client, a_statement())
    (voiding_one,) = await post(client, voiding(target))
    assert (await client.get(f"{URL}/{target}")).json()["voided"] is True
    assert (await client.get(f"{URL}/{voiding_one}")).json()["voiding"] is True


async def test_it_tells_what_came_with_a_statement(client: httpx.AsyncClient) -> None:
    data = b"a report"
    digest = hashlib.sha256(data).hexdigest()
    attachment = {
        "usageType": "http://example.org/attachments/report",
        "display": {"en": "Report"},
        "contentType": "application/pdf",
        "length": len(data),
        "sha2": digest,
    }
    body, headers = multipart(
        a_statement(attachments=[attachment]), Part(data, content_type="application/pdf")
    )
    answer = await client.post("/statements", content=body, headers=headers)
    (identifier,) = answer.json()
    answer = await client.get(f"{URL}/{identifier}")
    assert answer.json()["attachments"] == [
        {"sha2": digest, "content_type": "application/pdf", "size": len(data)}
    ]


async def test_nobody_else_is_told(client: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    (identifier,) = await post(client, a_statement())
    assert (await other.get(f"{URL}/{identifier}")).status_code == 404
    assert (await client.get(f"{URL}/{UNUSED_ID}")).status_code == 404
    assert (await client.get(f"{URL}/no-id")).status_code == 400
