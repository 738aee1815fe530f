"""The About Resource: open to all, in any version (Comm. 2.8)."""

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from lrs.api.state import options_of
from lrs.api.xapi.parameters import check_none

router = APIRouter(prefix="/xapi/about", tags=["xAPI"], dependencies=[Depends(check_none)])


class Limits(BaseModel):
    """What is answered 413, 408 or with a smaller page beyond these: settings, by their names."""

    model_config = ConfigDict(from_attributes=True)

    max_body_bytes: int = Field(description="of a body, as it is sent and as it is unpacked")
    max_statement_bytes: int = Field(description="of one statement")
    max_batch: int = Field(description="statements in one POST")
    max_attachment_bytes: int = Field(description="of the data of one attachment")
    max_multipart_bytes: int = Field(description="of a body that brings attachments")
    body_timeout: int = Field(description="seconds that a body may pause")
    page_size: int = Field(description="statements on a page where no limit is given")
    max_page_size: int = Field(description="statements on a page at the most")


class Codings(BaseModel):
    """How bodies may be packed (RFC 9110 8.4)."""

    requests: list[str] = Field(description="what Content-Encoding may be")
    answers: list[str] = Field(description="what Accept-Encoding may ask for")


class OptionalParts(BaseModel):
    """What of the standard an LRS may have or not, or has in one version only."""

    authentication: list[str] = Field(description="how a client may say who it is")
    alternate_request_syntax: list[str] = Field(description="the versions that have it")
    verified_signatures: list[str] = Field(
        description="algorithms of signed statements whose signature is verified"
    )


class AboutExtensions(BaseModel):
    """What this LRS tells of itself beside the standard."""

    limits: Limits = Field(serialization_alias="urn:lrs:about:limits")
    codings: Codings = Field(serialization_alias="urn:lrs:about:codings")
    optional_parts: OptionalParts = Field(serialization_alias="urn:lrs:about:optional-parts")


class About(BaseModel):
    """What this LRS speaks."""

    version: list[str] = Field(examples=[["1.0.3", "2.0.0"]])
    extensions: AboutExtensions


_CODINGS = Codings(requests=["gzip", "zstd"], answers=["zstd", "gzip"])
_OPTIONAL_PARTS = OptionalParts(
    authentication=["Basic"],
    alternate_request_syntax=["1.0.3"],
    verified_signatures=["RS256", "RS384", "RS512"],
)


@router.get("", summary="Versions, limits and options", operation_id="getAbout")
async def get_about(request: Request) -> About:
    """Tell the versions of xAPI that are served, the limits and the optional parts."""
    options = options_of(request)
    return About(
        version=list(options.about_versions),
        extensions=AboutExtensions(
            limits=Limits.model_validate(options),
            codings=_CODINGS,
            optional_parts=_OPTIONAL_PARTS,
        ),
    )
