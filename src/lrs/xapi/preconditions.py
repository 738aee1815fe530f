"""Which writes the ETag of a document allows, by the version of the request (Comm. 3.1)."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from lrs.errors import DocumentConflictError, InvalidRequestError, PreconditionFailedError
from lrs.xapi.documents import DocumentKind
from lrs.xapi.versions import Version

# In the place of an ETag: whatever is there.
ANY: Final = "*"
_TAG = re.compile(r'(W/)?"([^"]*)"')
# The SHA-1 of the document as adl-xapiwrapper's own manual sends it.
_WITHOUT_QUOTES = re.compile(r"[0-9a-fA-F]{40}")
_WHAT_TO_DO = (
    "get the document, and send its ETag in If-Match to replace it;"
    " or send If-None-Match: * to store it only where there is none"
)


class Preconditions(NamedTuple):
    """The headers If-Match and If-None-Match of a request, as they came."""

    if_match: str | None = None
    if_none_match: str | None = None

    @property
    def are_given(self) -> bool:
        """Whether the request has one of them."""
        return self.if_match is not None or self.if_none_match is not None


def check_put(
    kind: DocumentKind, version: Version, preconditions: Preconditions, etag: str | None
) -> None:
    """Decide whether a document may be put.

    Without preconditions a profile is never replaced, and a state only in 1.0.x, whose clients
    need not send any; and in 1.0.x no profile is created, whose clients must send one.

    Args:
        kind: of the document.
        version: of the request.
        preconditions: of the request.
        etag: of the document that is there; None if there is none.

    Raises:
        DocumentConflictError: there is a document, and no precondition.
        InvalidRequestError: a precondition is needed, though there is no document.
        PreconditionFailedError: a precondition is not met.
    """
    check(preconditions, etag)
    if preconditions.are_given or (kind is DocumentKind.STATE and version is Version.V1_0_3):
        return
    if etag is not None:
        raise DocumentConflictError(
            f"there is a document under this id, and nothing was changed: {_WHAT_TO_DO} (Comm. 3.1)"
        )
    if version is Version.V1_0_3:
        raise InvalidRequestError(
            f"PUT of a profile needs If-Match or If-None-Match: {_WHAT_TO_DO} (Comm. 3.1)"
        )


def may_replace(
    kind: DocumentKind, version: Version, preconditions: Preconditions
) -> Sequence[str] | None:
    """Tell which documents `check_put` lets a PUT replace, before it is known what is there.

    Returns:
        Their ETags; `ANY` stands for all of them. None if it depends on what is there.
    """
    if preconditions.if_none_match is not None:
        return None
    if preconditions.if_match is None:
        is_free = kind is DocumentKind.STATE and version is Version.V1_0_3
        return (ANY,) if is_free else None
    header = preconditions.if_match.strip()
    if header == ANY:
        return (ANY,)
    if _WITHOUT_QUOTES.fullmatch(header):
        return (header.lower(),)
    return [tag for weak, tag in _TAG.findall(header) if not weak]


def check(preconditions: Preconditions, etag: str | None) -> None:
    """Decide whether a document may be changed by POST or DELETE, which need no preconditions.

    Raises:
        PreconditionFailedError: a precondition is not met.
    """
    if_match, if_none_match = preconditions
    if if_match is not None and not _matches(if_match, etag, weakly=False):
        there = "there is none" if etag is None else f'it is "{etag}"'
        raise PreconditionFailedError(
            f"If-Match does not name the ETag of the document, {there}; nothing was changed:"
            " get the document and decide again (Comm. 3.1)"
        )
    if if_none_match is not None and _matches(if_none_match, etag, weakly=True):
        raise PreconditionFailedError(
            f'If-None-Match excludes the document that is there, "{etag}"; nothing was changed:'
            " send its ETag in If-Match to replace it (Comm. 3.1)"
        )


def check_none(preconditions: Preconditions) -> None:
    """Refuse preconditions on what has no ETag: many documents at once.

    Raises:
        PreconditionFailedError: there are some.
    """
    if preconditions.are_given:
        raise PreconditionFailedError(
            "several documents have no ETag together; nothing was changed: delete them one by one,"
            " or without If-Match and If-None-Match"
        )


def _matches(header: str, etag: str | None, *, weakly: bool) -> bool:
    """Tell whether a header names a document; a weak ETag names none where bytes matter."""
    if etag is None:
        return False
    if header.strip() == ANY:
        return True
    if _WITHOUT_QUOTES.fullmatch(header.strip()):
        return header.strip().lower() == etag
    return any(tag == etag and (weakly or not weak) for weak, tag in _TAG.findall(header))
