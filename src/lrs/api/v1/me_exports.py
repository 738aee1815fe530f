"""What is kept of who is signed in, as one file: `docs/archives.md` says what is in it."""

from typing import Annotated

from fastapi import APIRouter, Request, Response, Security, status
from fastapi.responses import StreamingResponse

from lrs import errors
from lrs.api.credentials import May, caller_of
from lrs.api.json_routes import JsonRoute
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.api.v1.archives import CONTENT, OF_ONE, WITH_BODY, ArchiveBody, NewArchiveBody, sent
from lrs.auth.principals import Principal

router = APIRouter(prefix="/api/v1/me/export", tags=["me"], route_class=JsonRoute)

# What is one's own needs no right but to be somebody.
Somebody = Annotated[Principal, Security(May())]


@router.post(
    "",
    summary="Order all that is kept of oneself",
    operation_id="orderMyExport",
    status_code=status.HTTP_202_ACCEPTED,
    responses=responses(*OF_ONE, *WITH_BODY, errors.ArchiveConflictError),
)
async def order_my_export(
    request: Request, principal: Somebody, wanted: NewArchiveBody
) -> ArchiveBody:
    """Have all that is kept of oneself put into one file; it replaces the one ordered before."""
    made = await services_of(request).persons.archives.order_own(
        caller_of(request, principal), principal, wanted.language
    )
    return ArchiveBody.of(made)


@router.get(
    "",
    summary="Tell how far one's export is",
    operation_id="getMyExport",
    responses=responses(*OF_ONE, errors.ArchiveNotFoundError),
)
async def get_my_export(request: Request, principal: Somebody) -> ArchiveBody:
    """Answer with the export that was ordered last, and how far it is."""
    return ArchiveBody.of(await services_of(request).persons.archives.get_own(principal))


@router.delete(
    "",
    summary="Remove one's export, or stop its making",
    operation_id="removeMyExport",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(*OF_ONE, errors.ArchiveNotFoundError),
)
async def remove_my_export(request: Request, principal: Somebody) -> Response:
    """Let nobody have the file any more; what is in it is deleted in the background."""
    await services_of(request).persons.archives.remove_own(caller_of(request, principal), principal)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.get(
    "/content",
    summary="Download all that is kept of oneself",
    operation_id="downloadMyExport",
    response_class=StreamingResponse,
    responses={
        **CONTENT,
        **responses(
            *OF_ONE,
            errors.ArchiveNotFoundError,
            errors.ArchiveConflictError,
            errors.UnsatisfiableRangeError,
        ),
    },
)
async def download_my_export(request: Request, principal: Somebody) -> StreamingResponse:
    """Answer with the ZIP file, which is put together while it is sent."""
    return await sent(
        request, principal, await services_of(request).persons.archives.get_own(principal)
    )
