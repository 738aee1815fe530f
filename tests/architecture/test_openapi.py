"""The OpenAPI document that clients are generated from is the app's, and complete."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from architecture.source_files import ROOT
from lrs.main import build_app
from lrs.settings import Settings

Json = dict[str, Any]

_COMMITTED = ROOT / "openapi" / "openapi.json"
_PROBLEM = {"$ref": "#/components/schemas/Problem"}


@pytest.fixture(scope="module")
def document() -> Json:
    return build_app(Settings()).openapi()


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def parts(value: object) -> Iterator[Json]:
    """Give every object in a JSON value."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for part in value if isinstance(value, list) else ():
        yield from parts(part)


def references(value: object) -> set[str]:
    return {part["$ref"] for part in parts(value) if isinstance(part.get("$ref"), str)}


def resolved(document: Json, reference: str) -> object:
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found.get(step, {})
    return found


def test_the_committed_document_is_that_of_the_app(document: Json) -> None:
    committed = json.loads(_COMMITTED.read_text(encoding="utf-8"))
    assert committed == document, "write it anew: lrs openapi --output openapi/openapi.json"


def test_every_operation_has_a_name_a_title_and_a_description(document: Json) -> None:
    wanted = ("operationId", "summary", "description", "tags")
    incomplete = {
        place: [name for name in wanted if not operation.get(name)]
        for place, operation in operations(document)
    }
    assert {place: names for place, names in incomplete.items() if names} == {}


def test_no_two_operations_share_a_name(document: Json) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert sorted(names) == sorted(set(names))


def test_every_parameter_is_described(document: Json) -> None:
    parameters = [
        (place, parameter)
        for place, operation in operations(document)
        for parameter in operation.get("parameters", ())
    ]
    assert parameters
    assert [(place, it["name"]) for place, it in parameters if not it.get("description")] == []


def test_every_error_is_a_problem(document: Json) -> None:
    others = [
        (place, status)
        for place, operation in operations(document)
        for status, answer in operation["responses"].items()
        if not status.startswith("2")
        if " /scim/" not in place
        if answer["content"] != {"application/problem+json": {"schema": _PROBLEM}}
    ]
    assert others == []


def test_every_error_of_scim_is_in_its_own_words(document: Json) -> None:
    errors = [
        answer["content"]["application/scim+json"]["schema"]
        for place, operation in operations(document)
        for status, answer in operation["responses"].items()
        if " /scim/" in place and not status.startswith("2")
    ]
    assert errors
    assert all("scimType" in schema["properties"] for schema in errors)


def test_422_is_never_promised(document: Json) -> None:
    promised = [place for place, it in operations(document) if "422" in it["responses"]]
    assert promised == []
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_reference_leads_somewhere(document: Json) -> None:
    assert [each for each in references(document) if not resolved(document, each)] == []


def test_every_schema_is_used(document: Json) -> None:
    start = "#/components/schemas/"
    unused = {start + name for name in document["components"]["schemas"]} - references(document)
    assert unused == set()


def test_statement_resource_needs_credentials_and_names_the_version(document: Json) -> None:
    for place, operation in operations(document):
        if not place.endswith("/xapi/statements"):
            continue
        headers = {it["name"].lower() for it in operation["parameters"] if it["in"] == "header"}
        assert "x-experience-api-version" in headers, place
        wanted = "statements/read" if place.startswith("GET") else "statements/write"
        assert [*map(list, operation["security"])] == [["Basic"], ["Bearer"], ["Session"]], place
        assert all(wanted in scopes for each in operation["security"] for scopes in each.values())


def test_the_document_is_the_same_when_it_is_asked_for_again() -> None:
    app = build_app(Settings())
    first = json.dumps(app.openapi())
    assert json.dumps(app.openapi()) == first
