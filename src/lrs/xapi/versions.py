"""The versions of the standard that are served, and which one a request asks for (Comm. 3.3)."""

import re
from enum import StrEnum

from lrs.errors import UnsupportedVersionError


class Version(StrEnum):
    """A line of the standard, named by its newest patch, which is what answers carry."""

    V1_0_3 = "1.0.3"
    V2_0_0 = "2.0.0"


_LINES = (
    (re.compile(r"1\.0(\.(0|[1-9][0-9]{0,8}))?"), Version.V1_0_3),
    (re.compile(r"2\.0(\.(0|[1-9][0-9]{0,8}))?"), Version.V2_0_0),
)


def negotiate(header: str | None) -> Version:
    """Return the version whose rules a request with this header is judged by.

    Raises:
        UnsupportedVersionError: the header is missing or names no version that is served.
    """
    if header is None:
        raise UnsupportedVersionError(
            "the header X-Experience-API-Version is missing; send 1.0.3 or 2.0.0 (Comm. 3.3)"
        )
    for pattern, version in _LINES:
        if pattern.fullmatch(header):
            return version
    raise UnsupportedVersionError(
        f"X-Experience-API-Version {header[:40]!r} is not served; send 1.0.x or 2.0.x (Comm. 3.3)"
    )
