"""Completes the OpenAPI document by the models of bodies that the routes read as text."""

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from lrs.api.problems import Problem
from lrs.xapi.statements import Statement

_TEMPLATE = "#/components/schemas/{model}"
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


def describe(app: FastAPI) -> None:
    """Have the app's OpenAPI document name all models."""
    original = app.openapi

    # FastAPI's document is a dictionary of any JSON.
    def completed() -> dict[str, Any]:
        document = original()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        _, models = models_json_schema(
            [(Statement, "validation"), (Problem, "serialization")], ref_template=_TEMPLATE
        )
        schemas.update(models["$defs"], StatementResult=_RESULT)
        _drop_unprocessable(document)
        return document

    app.openapi = completed  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _drop_unprocessable(document: dict[str, Any]) -> None:
    """Take out the 422 that FastAPI announces everywhere: what it stands for is answered by 400."""
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
