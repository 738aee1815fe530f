"""Completes the OpenAPI document by the models of bodies that the routes read as text."""

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from lrs import errors
from lrs.api.callers import SESSION_COOKIE
from lrs.api.permissions import Permission, permissions_of
from lrs.api.problems import Problem, responses
from lrs.api.xapi.headers import VERSION
from lrs.xapi.persons import Person
from lrs.xapi.statements import Statement

_TEMPLATE = "#/components/schemas/{model}"
_AGENT = {"anyOf": [{"$ref": "#/components/schemas/Agent"}, {"$ref": "#/components/schemas/Group"}]}
_RESULT = {
    "title": "StatementResult",
    "description": "A page of statements (Comm. 2.1.3).",
    "type": "object",
    "required": ["statements", "more"],
    "properties": {
        "statements": {"type": "array", "items": {"$ref": "#/components/schemas/Statement"}},
        "more": {
            "type": "string",
            "description": "Absolute path of the next page; empty if nothing more is there.",
        },
    },
}

# What each route may answer that asks who comes.
_REFUSALS = responses(
    errors.UnauthenticatedError, errors.ForbiddenError, errors.TooManyRequestsError
)
# Each operation names the scopes of which one is enough, whatever the scheme.
_SCHEMES: dict[str, dict[str, str]] = {
    "Basic": {
        "type": "http",
        "scheme": "basic",
        "description": "Key and secret of a credential, or any name and a launch token.",
    },
    "Bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A launch token, a token of a person, or a JWT of the configured issuer.",
    },
    "Session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "Of a person who is signed in; what changes something needs X-CSRF-Token.",
    },
}


def describe(app: FastAPI) -> None:
    """Have the app's OpenAPI document name all models."""
    original = app.openapi

    # FastAPI's document is a dictionary of any JSON.
    def completed() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        document = original()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        _, models = models_json_schema(
            [(Statement, "validation"), (Person, "validation"), (Problem, "serialization")],
            ref_template=_TEMPLATE,
        )
        schemas.update(models["$defs"], StatementResult=_RESULT)
        _drop_unprocessable(document)
        _secure(document, permissions_of(app))
        for parameter in _parameters(document):
            _complete(parameter)
        return document

    app.openapi = completed  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _drop_unprocessable(document: dict[str, Any]) -> None:
    """Take out the 422 that FastAPI announces everywhere: what it stands for is answered by 400."""
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def _secure(document: dict[str, Any], permissions: Sequence[Permission]) -> None:
    """Say how a caller can be known, and of each operation the scopes of which one is enough."""
    document["components"]["securitySchemes"] = _SCHEMES
    for each in permissions:
        operation = document["paths"].get(each.path, {}).get(each.method.lower())
        if operation is not None and each.any_of is not None:
            scopes = [scope.value for scope in each.any_of]
            operation["security"] = [{scheme: scopes} for scheme in _SCHEMES]
            for status, answer in _REFUSALS.items():
                operation["responses"].setdefault(str(status), answer)


# As above: any JSON.
def _parameters(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        for operation in path.values():
            yield from operation.get("parameters", ())


def _complete(parameter: dict[str, Any]) -> None:
    """Say what FastAPI cannot be told: that a parameter is JSON, that a header must be there."""
    parameter["schema"].pop("title", None)
    if parameter["name"] == "agent":
        schema = parameter.pop("schema")
        accepted = schema if "$ref" in schema else _AGENT
        parameter["content"] = {"application/json": {"schema": accepted}}
    if parameter["name"] == VERSION:
        parameter["required"] = True
        parameter["schema"] = {"type": "string", "examples": ["1.0.3", "2.0.0"]}
