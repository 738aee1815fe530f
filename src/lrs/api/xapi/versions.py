"""Which version of the standard a request is judged by (Comm. 3.3)."""

from typing import Annotated

from fastapi import Depends, Header, Request

from lrs.api.xapi.headers import VERSION, asked_version
from lrs.xapi.versions import Version, negotiate


async def version_of(
    request: Request,
    # Only described here: a header that comes twice is to be seen twice.
    _: Annotated[
        str | None,
        Header(alias=VERSION, description="1.0.x or 2.0.x", examples=["1.0.3", "2.0.0"]),
    ] = None,
) -> Version:
    """Return the version of a request.

    Raises:
        UnsupportedVersionError: the header is missing or names no version that is served.
    """
    return negotiate(asked_version(request.scope))


RequestVersion = Annotated[Version, Depends(version_of)]
