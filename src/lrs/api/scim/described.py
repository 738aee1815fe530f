"""What the OpenAPI document says of SCIM, whose own document is `/scim/v2/Schemas`."""

from typing import Any, Final

from lrs import errors
from lrs.api.problems import KINDS
from lrs.api.scim_problems import SCIM_JSON
from lrs.errors import LRSError

# FastAPI takes these parts of the OpenAPI document as plain dictionaries.
Described = dict[str, Any]

_ERROR: Final[Described] = {
    "type": "object",
    "description": "An error of SCIM (RFC 7644 3.12).",
    "required": ["schemas", "status"],
    "properties": {
        "schemas": {"type": "array", "items": {"type": "string"}},
        "status": {"type": "string", "examples": ["400"]},
        "scimType": {"type": "string", "examples": ["invalidFilter"]},
        "detail": {"type": "string", "description": "for a person"},
    },
}
_RESOURCE: Final[Described] = {"type": "object", "description": "By the schemas of SCIM."}
_ALWAYS: Final = (
    errors.UnauthenticatedError,
    errors.ForbiddenError,
    errors.TooManyRequestsError,
    errors.UnavailableError,
)
READING: Final = (errors.InvalidScimError, *_ALWAYS)
READING_ONE: Final = (errors.PersonNotFoundError, *READING)
SENDING: Final = (errors.TooLargeError, errors.SlowBodyError, *READING)
MAKING: Final = (errors.PersonConflictError, *SENDING)
CHANGING: Final = (errors.PersonNotFoundError, errors.PreconditionFailedError, *MAKING)
GIVING_UP: Final = (
    errors.PersonNotFoundError,
    errors.PersonConflictError,
    errors.PreconditionFailedError,
    *READING,
)

BODY: Final[Described] = {
    "requestBody": {
        "required": True,
        "content": {
            SCIM_JSON: {"schema": _RESOURCE},
            "application/json": {"schema": _RESOURCE},
        },
    }
}


def scim_answers(status: int, description: str, *kinds: type[LRSError]) -> dict[int | str, Any]:
    """Describe an answer, and what these errors look like to a client."""
    titles = {KINDS[kind].status: KINDS[kind].title for kind in reversed(kinds)}
    answers: dict[int | str, Any] = {
        number: {"description": title, "content": {SCIM_JSON: {"schema": _ERROR}}}
        for number, title in titles.items()
    }
    answers[status] = {"description": description}
    if status != 204:  # noqa: PLR2004 - which has no body
        answers[status]["content"] = {SCIM_JSON: {"schema": _RESOURCE}}
    return answers
