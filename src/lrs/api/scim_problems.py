"""What an error looks like to a client of SCIM (RFC 7644 3.12)."""

from typing import Final

from fastapi import Request
from scim2_models import Error

from lrs.errors import InvalidScimError, LRSError

SCIM: Final = "/scim/v2"
SCIM_JSON: Final = "application/scim+json"
# What the words of SCIM are for errors of ours.
_TYPES: Final = {"invalid-request": "invalidSyntax", "person-conflict": "uniqueness"}


def is_scim(request: Request) -> bool:
    """Tell whether a request is for a resource of SCIM."""
    path = str(request.scope.get("path", ""))
    return path == SCIM or path.startswith(f"{SCIM}/")


def scim_error(status: int, code: str, detail: str, error: LRSError | None) -> bytes:
    """Return the body of an answer.

    Args:
        status: of the answer.
        code: our own word for what is wrong.
        detail: for a person.
        error: what has happened, if it is known.
    """
    scim_type = error.scim_type if isinstance(error, InvalidScimError) else _TYPES.get(code)
    told = Error(status=status, scim_type=scim_type, detail=detail)
    return told.model_dump_json().encode(errors="replace")
