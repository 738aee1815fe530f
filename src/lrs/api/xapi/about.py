"""The About Resource: open to all, in any version (Comm. 2.8)."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from lrs.api.xapi.parameters import check_none
from lrs.xapi.versions import Version

router = APIRouter(prefix="/xapi/about", tags=["xAPI"], dependencies=[Depends(check_none)])


class About(BaseModel):
    """What this LRS speaks."""

    version: list[str] = Field(examples=[["1.0.3", "2.0.0"]])
    extensions: dict[str, object]


@router.get("", summary="Versions that are served", operation_id="getAbout")
async def get_about() -> About:
    """Tell the versions of xAPI that are served."""
    return About(version=[version.value for version in Version], extensions={})
