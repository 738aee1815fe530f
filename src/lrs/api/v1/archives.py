"""Archives of persons over HTTP: `docs/archives.md` says what is in them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response, Security, status
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from lrs import errors
from lrs.api.credentials import May, caller_of
from lrs.api.harmless import HARMLESS
from lrs.api.json_routes import JsonRoute
from lrs.api.problems import responses
from lrs.api.ranges import part_asked_for
from lrs.api.state import services_of
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.people.archive_stages import Stage
from lrs.services.archives import Archive, percent_of

router = APIRouter(prefix="/api/v1/people/{id}/archives", tags=["people"], route_class=JsonRoute)

Officer = Annotated[Principal, Security(May(Scope.PRIVACY))]
PersonId = Annotated[UUID, Path(alias="id", description="of a person, or the key of an identifier")]
ArchiveId = Annotated[UUID, Path(alias="archive", description="of the person")]

_ALWAYS = (errors.UnauthenticatedError, errors.ForbiddenError, errors.UnavailableError)
OF_ONE = (errors.InvalidRequestError, errors.PersonNotFoundError, *_ALWAYS)
WITH_BODY = (errors.TooLargeError, errors.SlowBodyError)
CONTENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A ZIP file, whose bytes never change: a download can go on by `Range`.",
        "content": {"application/zip": {}},
    },
    206: {
        "description": "The part that was asked for by `Range: bytes=...`.",
        "content": {"application/zip": {}},
    },
}


class NewArchiveBody(BaseModel):
    """What archive is wanted."""

    model_config = ConfigDict(extra="forbid")

    language: Literal["de", "en"] | None = Field(
        default=None,
        description="of the report and of what explains the files; without it that of the person,"
        " else English",
    )


class ArchiveBody(BaseModel):
    """An archive, and how far it is."""

    id: UUID
    person: UUID = Field(description="as resolved when it was ordered")
    language: Literal["de", "en"]
    ordered: datetime
    ordered_by: str = Field(description="the key of a credential, or the id of a user or a token")
    is_own: bool = Field(description="the person has ordered it by `/api/v1/me/export`")
    stage: Stage = Field(description="what is put into it at the moment; `ready` and `failed` last")
    percent: int = Field(ge=0, le=100, description="how much is done")
    counts: dict[str, int] = Field(description="things in it, by the stages that are over")
    finished: datetime | None
    expires: datetime | None = Field(description="when it is gone; null while it is being made")

    @classmethod
    def of(cls, archive: Archive) -> Self:
        """Write an archive down."""
        order = archive.order
        return cls(
            id=archive.id,
            person=order.person,
            language="de" if order.language == "de" else "en",
            ordered=archive.ordered,
            ordered_by=order.ordered_by,
            is_own=order.user is not None,
            stage=archive.stage,
            percent=percent_of(archive),
            counts=dict(archive.counts),
            finished=archive.finished,
            expires=archive.expires,
        )


class ArchivesBody(BaseModel):
    """The archives of a person, the last one ordered first."""

    archives: list[ArchiveBody]


@router.post(
    "",
    summary="Order an archive of a person",
    operation_id="orderArchive",
    status_code=status.HTTP_202_ACCEPTED,
    responses=responses(*OF_ONE, *WITH_BODY, errors.ArchiveConflictError),
)
async def order_archive(
    request: Request, principal: Officer, person: PersonId, wanted: NewArchiveBody
) -> ArchiveBody:
    """Have all that is kept of a person put into one file, in the background."""
    made = await services_of(request).persons.archives.order(
        caller_of(request, principal), principal, person, wanted.language
    )
    return ArchiveBody.of(made)


@router.get(
    "",
    summary="List the archives of a person",
    operation_id="listArchives",
    responses=responses(*OF_ONE),
)
async def list_archives(request: Request, principal: Officer, person: PersonId) -> ArchivesBody:
    """Answer with the archives that can be had or are being made."""
    found = await services_of(request).persons.archives.list(principal, person)
    return ArchivesBody(archives=[ArchiveBody.of(each) for each in found])


@router.get(
    "/{archive}",
    summary="Tell how far an archive is",
    operation_id="getArchive",
    responses=responses(*OF_ONE, errors.ArchiveNotFoundError),
)
async def get_archive(
    request: Request, principal: Officer, person: PersonId, archive: ArchiveId
) -> ArchiveBody:
    """Answer with an archive, and how far it is."""
    return ArchiveBody.of(
        await services_of(request).persons.archives.get(principal, person, archive)
    )


@router.delete(
    "/{archive}",
    summary="Remove an archive, or stop its making",
    operation_id="removeArchive",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(*OF_ONE, errors.ArchiveNotFoundError),
)
async def remove_archive(
    request: Request, principal: Officer, person: PersonId, archive: ArchiveId
) -> Response:
    """Let nobody have an archive any more; what is in it is deleted in the background."""
    service = services_of(request).persons.archives
    await service.remove(caller_of(request, principal), principal, person, archive)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.get(
    "/{archive}/content",
    summary="Download an archive",
    operation_id="downloadArchive",
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
async def download_archive(
    request: Request, principal: Officer, person: PersonId, archive: ArchiveId
) -> StreamingResponse:
    """Answer with the ZIP file, which is put together while it is sent."""
    found = await services_of(request).persons.archives.get(principal, person, archive)
    return await sent(request, principal, found)


async def sent(request: Request, principal: Principal, archive: Archive) -> StreamingResponse:
    """Answer with the bytes of an archive, or the part of them that is asked for."""
    service = services_of(request).persons.archives
    download = await service.download(caller_of(request, principal), principal, archive)
    size, etag = download.file.size, f'"{archive.id}-{archive.finished:%Y%m%d%H%M%S%f}"'
    part = part_asked_for(request, size, etag)
    headers = HARMLESS | {
        # The name of the person stands in no header: it would be kept in many places.
        "Content-Disposition": f'attachment; filename="archive-{archive.id}.zip"',
        "Content-Type": "application/zip",
        "Cache-Control": "private, no-store",
        "ETag": etag,
        **part.headers(size),
    }
    code = status.HTTP_200_OK if part.is_all else status.HTTP_206_PARTIAL_CONTENT
    content = service.content(download, part.first, part.length)
    return StreamingResponse(content, code, headers)
