"""A list of people over HTTP, as CSV and as JSON."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from builders import a_statement
from conftest import Tenant, client_of, make_tenant, revoke
from lrs.auth.restrictions import Grant
from lrs.auth.scopes import Scope, Scopes
from lrs.storage.engines import Database

PATH = "http://lrs.test/api/v1/people/imports"
CSV = {"Content-Type": "text/csv"}
LIST = "Personalnummer;Name;E-Mail;Abteilung\nP-1;Anna Berger;anna@firma.example;Vertrieb\n"


async def take(client: httpx.AsyncClient, text: str = LIST, **parameters: Any) -> Mapping[str, Any]:
    answer = await client.post(PATH, content=text.encode(), headers=CSV, params=parameters)
    assert answer.status_code == 200, answer.text
    found: Mapping[str, Any] = answer.json()
    return found


async def test_a_dry_run_tells_the_same_and_changes_nothing(client: httpx.AsyncClient) -> None:
    dry = await take(client, dry_run=True)
    wet = await take(client, dry_run=False)
    assert dry["counts"] == wet["counts"]
    assert dry["findings"] == wet["findings"]
    assert wet["counts"]["created"] == 1
    again = await take(client)
    assert (again["counts"]["unchanged"], again["counts"]["created"]) == (1, 0)
    assert again["new_attributes"] == []


async def test_identifiers_that_statements_know_are_joined(client: httpx.AsyncClient) -> None:
    for actor in (
        {"mbox": "mailto:anna@firma.example"},
        {"account": {"homePage": "https://lms.example", "name": "4711"}},
    ):
        sent = await client.post("/statements", json=a_statement(actor=actor))
        assert sent.status_code == 200
    text = "Personalnummer,E-Mail,account:https://lms.example\nP-1,anna@FIRMA.example,4711\n"
    counts = (await take(client, text))["counts"]
    assert (counts["joined"], counts["identifiers"]) == (2, 3)


async def test_json_brings_persons_with_identifiers_and_attributes(
    client: httpx.AsyncClient,
) -> None:
    person = {
        "personnel_number": "P-1",
        "identifiers": [{"openid": "https://id.example/anna"}],
        "attributes": {
            "department": [
                {"value": "Sales", "valid_until": "2026-06-30"},
                {"value": "IT", "valid_from": "2026-07-01"},
            ]
        },
    }
    answer = await client.post(PATH, json=[person, {"name": "Nobody"}])
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert (report["counts"]["created"], report["counts"]["refused"]) == (1, 1)
    (refusal,) = [each for each in report["findings"] if each["kind"] == "refused"]
    assert refusal["row"] == 2
    assert "neither a personnel number nor a mail address" in refusal["text"]


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        (b"a,b\n1,2\n", "text/csv", "no column is the personnel number"),
        (b"", "text/csv", "the list is empty"),
        (b"[{]", "application/json", "not JSON"),
        (b"x", "text/plain", "Content-Type must be"),
        (b'Name,E-Mail\n"Anna,a@b.example\n', "text/csv", "row 2 is no CSV"),
    ],
)
async def test_what_is_no_list_is_refused_as_a_whole(
    client: httpx.AsyncClient, content: bytes, kind: str, expected: str
) -> None:
    answer = await client.post(PATH, content=content, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert expected in answer.json()["detail"]


async def test_a_wrong_mapping_is_refused(client: httpx.AsyncClient) -> None:
    mapping = '{"columns": {"Name": "shoe size"}}'
    answer = await client.post(PATH, content=LIST, headers=CSV, params={"mapping": mapping})
    assert answer.status_code == 400
    assert "shoe size" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("scopes", "grant"),
    [
        (Scopes({Scope.PEOPLE_READ}), None),
        (Scopes({Scope.PEOPLE_WRITE}), Grant.of(['{"mbox": "mailto:a@b.example"}'], None)),
    ],
)
async def test_who_may_not_write_of_all_persons_takes_no_list(
    app: FastAPI, database: Database, scopes: Scopes, grant: Grant | None
) -> None:
    more: dict[str, Any] = {} if grant is None else {"grant": grant}
    tenant: Tenant = await make_tenant(database, uuid4().hex, scopes=scopes, **more)
    async with client_of(app, tenant) as client:
        answer = await client.post(PATH, content=LIST, headers=CSV)
    await revoke(database, tenant)
    assert answer.status_code == 403


async def test_a_list_is_audited_without_a_name(client: httpx.AsyncClient) -> None:
    await take(client)
    answer = await client.get("http://lrs.test/api/v1/audit", params={"action": "people.imported"})
    (record,) = answer.json()["records"]
    assert record["details"]["changed"] == 1
    assert "anna" not in answer.text.lower()


async def test_what_no_list_can_be_is_refused_as_a_whole(client: httpx.AsyncClient) -> None:
    nested, wide = b"[" * 100_000, ("\ufeff" + LIST).encode("utf-32-le")
    for content, kind in ((nested, "application/json"), (wide, "text/csv")):
        answer = await client.post(PATH, content=content, headers={"Content-Type": kind})
        assert answer.status_code == 400, answer.text
