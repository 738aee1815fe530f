"""The data of attachments over HTTP, each under its hash."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Security
from fastapi.responses import StreamingResponse

from lrs import errors
from lrs.api.credentials import May
from lrs.api.harmless import HARMLESS, as_header
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope

router = APIRouter(prefix="/api/v1/attachments", tags=["statements"])

Reader = Annotated[Principal, Security(May(Scope.STATEMENTS_READ, Scope.STATEMENTS_READ_MINE))]

Sha2 = Annotated[
    str,
    Path(
        description="the SHA-2 of the data in hexadecimal, as the statement names it",
        pattern="^[0-9a-fA-F]{56,128}$",
    ),
]


@router.get(
    "/{sha2}",
    summary="Get the data of an attachment",
    operation_id="getAttachment",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The bytes as they were sent, to be saved, never shown as a page.",
            "content": {"application/octet-stream": {}},
        },
        **responses(
            errors.InvalidRequestError,
            errors.UnauthenticatedError,
            errors.ForbiddenError,
            errors.AttachmentNotFoundError,
            errors.UnavailableError,
        ),
    },
)
async def get_attachment(request: Request, principal: Reader, sha2: Sha2) -> StreamingResponse:
    """Answer with the bytes that came with one or more statements."""
    attachments = services_of(request).attachments
    held = await attachments.find(principal, sha2)
    headers = HARMLESS | {
        "Content-Length": str(held.size),
        "Content-Type": as_header(held.content_type),
        # The bytes never change, but who may have them does, and they can be erased.
        "Cache-Control": "private, no-cache",
    }
    return StreamingResponse(attachments.content(principal, held), headers=headers)
