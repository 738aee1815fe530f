"""Which version of the standard a request is judged by (Comm. 3.3)."""

from typing import Annotated

from fastapi import Depends, Header

from lrs.api.xapi.headers import VERSION
from lrs.xapi.versions import Version, negotiate


def version_of(
    x_experience_api_version: Annotated[
        str | None,
        Header(alias=VERSION, description="1.0.x or 2.0.x", examples=["1.0.3", "2.0.0"]),
    ] = None,
) -> Version:
    """Return the version of a request.

    Raises:
        UnsupportedVersionError: the header is missing or names no version that is served.
    """
    return negotiate(x_experience_api_version)


RequestVersion = Annotated[Version, Depends(version_of)]
