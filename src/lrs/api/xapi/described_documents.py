"""What the OpenAPI document says of documents, which are bytes of any type."""

from typing import Any

from lrs import errors
from lrs.api.problems import responses
from lrs.api.xapi.described import VERSION_HEADER, Described

# As FastAPI takes them: by status.
_Answers = dict[int | str, dict[str, Any]]

_ALWAYS = (
    errors.InvalidRequestError,
    errors.UnauthenticatedError,
    errors.ForbiddenError,
    errors.UnavailableError,
)
_WRITING = (
    *_ALWAYS,
    errors.PreconditionFailedError,
    errors.TooLargeError,
    errors.SlowBodyError,
)
_VERSION = {"X-Experience-API-Version": VERSION_HEADER}
_ETAG = {
    "description": "Of a single document: the quoted SHA-1 of its bytes in hexadecimal.",
    "schema": {"type": "string"},
}
_LAST_MODIFIED = {
    "description": "When the document, or the newest of many, was changed.",
    "schema": {"type": "string"},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "Only if the document has one of these ETags; `*` is any.",
    "schema": {"type": "string", "examples": ['"da39a3ee5e6b4b0d3255bfef95601890afd80709"']},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "With `*` only if there is no document.",
    "schema": {"type": "string", "examples": ["*"]},
}
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_OBJECT = {"schema": {"type": "object"}}
_IDS = {"schema": {"type": "array", "items": {"type": "string"}}}
_NOTHING = {"description": "Done; the answer has no body.", "headers": _VERSION}

CONDITIONS: Described = {"parameters": [_IF_MATCH, _IF_NONE_MATCH]}
PUT_REQUEST: Described = CONDITIONS | {
    "requestBody": {"required": True, "content": {"*/*": _BYTES}}
}
POST_REQUEST: Described = CONDITIONS | {
    "requestBody": {"required": True, "content": {"application/json": _OBJECT, "*/*": _BYTES}}
}
PUT_ANSWERS: _Answers = {
    204: _NOTHING,
    **responses(*_WRITING, errors.DocumentConflictError, errors.PseudonymKeyForgottenError),
}
POST_ANSWERS: _Answers = {
    204: _NOTHING,
    **responses(*_WRITING, errors.PseudonymKeyForgottenError),
}
DELETE_ANSWERS: _Answers = {
    204: _NOTHING,
    **responses(*_ALWAYS, errors.PreconditionFailedError, errors.PseudonymKeyForgottenError),
}
GET_ANSWERS: _Answers = {
    200: {
        "description": "The document as it was stored, or the ids of many.",
        "headers": _VERSION | {"ETag": _ETAG, "Last-Modified": _LAST_MODIFIED},
        "content": {"application/json": _IDS, "*/*": _BYTES},
    },
    **responses(*_ALWAYS, errors.DocumentNotFoundError, errors.PseudonymKeyForgottenError),
}
