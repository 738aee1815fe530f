"""What the OpenAPI document says of bodies that are read and written as text."""

from typing import Any

STORED = "X-LRS-Stored"

# FastAPI takes these parts of the OpenAPI document as plain dictionaries.
Described = dict[str, Any]

_STATEMENT = {"$ref": "#/components/schemas/Statement"}
_BATCH = {"type": "array", "items": _STATEMENT}
_RESULT = {"$ref": "#/components/schemas/StatementResult"}
VERSION_HEADER = {
    "description": "The version of xAPI by which the request was judged.",
    "schema": {"type": "string", "examples": ["1.0.3", "2.0.0"]},
}
_CONSISTENT_HEADER = {
    "description": "No statement stored at or before this moment can still appear.",
    "schema": {"type": "string", "format": "date-time"},
}
_STORED_HEADER = {
    "description": "How many of the statements were not there before.",
    "schema": {"type": "integer", "minimum": 0},
}
_HEADERS = {
    "X-Experience-API-Version": VERSION_HEADER,
    "X-Experience-API-Consistent-Through": _CONSISTENT_HEADER,
}
_WRITING_HEADERS = _HEADERS | {STORED: _STORED_HEADER}

_CANONICAL_HEADERS = {
    "X-Experience-API-Version": VERSION_HEADER,
    "ETag": {
        "description": "The quoted SHA-1 of the answer's bytes in hexadecimal.",
        "schema": {"type": "string"},
    },
}

_PARTS = {
    "type": "string",
    "format": "binary",
    "description": (
        "The JSON is the first part. Each further part is the data of an attachment, with its"
        " `sha2` in the header X-Experience-API-Hash, as it is (Content-Transfer-Encoding: binary)."
    ),
}


def _body(schema: Described) -> Described:
    """Describe a body that is JSON, or JSON with the data of attachments."""
    content = {"application/json": {"schema": schema}, "multipart/mixed": {"schema": _PARTS}}
    return {"requestBody": {"required": True, "content": content}}


PUT_BODY = _body(_STATEMENT)
POST_BODY = _body({"oneOf": [_STATEMENT, _BATCH]})
PUT_ANSWER: Described = {
    "description": "Stored, or there already with the same content.",
    "headers": _WRITING_HEADERS,
}
POST_ANSWER: Described = {
    "description": "The ids of the statements, in the order of the request.",
    "headers": _WRITING_HEADERS,
    "content": {
        "application/json": {
            "schema": {"type": "array", "items": {"type": "string", "format": "uuid"}}
        }
    },
}
GET_ANSWER: Described = {
    "description": "With `statementId` or `voidedStatementId` that statement, otherwise a page.",
    "headers": _HEADERS
    | {
        "Last-Modified": {
            "description": "Of a single statement: when it was stored.",
            "schema": {"type": "string"},
        }
    },
    "content": {
        "application/json": {"schema": {"anyOf": [_RESULT, _STATEMENT]}},
        "multipart/mixed": {"schema": _PARTS},
    },
}
PERSON_ANSWER: Described = {
    "description": "All that is known of the Agent, in arrays; of an unknown one what was sent.",
    "headers": _CANONICAL_HEADERS,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Person"}}},
}
ACTIVITY_ANSWER: Described = {
    "description": "The Activity with its merged definition; an unknown one without any.",
    "headers": _CANONICAL_HEADERS,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Activity"}}},
}
