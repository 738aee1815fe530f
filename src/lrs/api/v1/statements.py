"""What the store knows of a statement besides what it says, over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Security
from pydantic import BaseModel, ConfigDict, Field

from lrs import errors
from lrs.api.credentials import May
from lrs.api.problems import responses
from lrs.api.state import services_of
from lrs.auth.principals import Principal, SystemKind
from lrs.auth.scopes import Scope
from lrs.xapi.signatures import Signature

router = APIRouter(prefix="/api/v1/statements", tags=["statements"])

Reader = Annotated[Principal, Security(May(Scope.STATEMENTS_READ, Scope.STATEMENTS_READ_MINE))]

StatementId = Annotated[UUID, Path(description="the id of a statement, voided ones too")]


class AttachmentBody(BaseModel):
    """Data that a statement brought."""

    model_config = ConfigDict(from_attributes=True)

    sha2: str = Field(description="names the data under /api/v1/attachments")
    content_type: str = Field(examples=["application/pdf"])
    size: int = Field(description="in bytes")


class ProvenanceBody(BaseModel):
    """Where a statement comes from, and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    stored: datetime
    voided: bool
    voiding: bool = Field(description="it voids another statement")
    signature: Signature | None = Field(
        description=(
            "`verified`: the signature fits the statement and the certificate that it names."
            " `unverified`: it fits the statement, but brings no certificate to check it by, or"
            " lies at a `fileUrl`. Null: the statement is not signed."
        )
    )
    key: str = Field(description="of the credential that brought it")
    label: str = Field(description="of that credential")
    system: str = Field(description="the tool that holds that credential", examples=["Moodle"])
    system_kind: SystemKind
    attachments: list[AttachmentBody] = Field(description="whose data came with it")


@router.get(
    "/{statement_id}",
    summary="Tell where a statement comes from and what became of it",
    operation_id="getProvenance",
    responses=responses(
        errors.InvalidRequestError,
        errors.UnauthenticatedError,
        errors.ForbiddenError,
        errors.StatementNotFoundError,
        errors.UnavailableError,
    ),
)
async def get_provenance(
    request: Request, principal: Reader, statement_id: StatementId
) -> ProvenanceBody:
    """Tell who brought a statement, whether it is voided or signed, and what came with it."""
    found = await services_of(request).provenance.get(principal, statement_id)
    return ProvenanceBody.model_validate(found)
