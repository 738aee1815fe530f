"""The table of what may be written under which precondition, by version (Comm. 3.1)."""

import pytest

from lrs.errors import (
    DocumentConflictError,
    InvalidRequestError,
    LRSError,
    PreconditionFailedError,
)
from lrs.xapi.documents import DocumentKind
from lrs.xapi.preconditions import (
    ANY,
    Preconditions,
    check,
    check_none,
    check_put,
    may_replace,
)
from lrs.xapi.versions import Version

V1, V2 = Version.V1_0_3, Version.V2_0_0
STATE, PROFILE = DocumentKind.STATE, DocumentKind.ACTIVITY_PROFILE
NEITHER = Preconditions()
ETAG, OTHER = "da39a3ee", "b858cb28"
SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"

# What PUT without a precondition is answered, by kind, version, and what is there.
WITHOUT = {
    (STATE, V1, None): None,
    (STATE, V1, ETAG): None,
    (STATE, V2, None): None,
    (STATE, V2, ETAG): DocumentConflictError,
    (PROFILE, V1, None): InvalidRequestError,
    (PROFILE, V1, ETAG): DocumentConflictError,
    (PROFILE, V2, None): None,
    (PROFILE, V2, ETAG): DocumentConflictError,
}

# What any write is answered, by its preconditions and what is there.
WITH = [
    (NEITHER, None, True),
    (NEITHER, ETAG, True),
    (Preconditions(if_match="*"), ETAG, True),
    (Preconditions(if_match=" * "), ETAG, True),
    (Preconditions(if_match="*"), None, False),
    (Preconditions(if_match=f'"{ETAG}"'), ETAG, True),
    (Preconditions(if_match=f'"{OTHER}","{ETAG}"'), ETAG, True),
    (Preconditions(if_match=SHA1), SHA1, True),
    (Preconditions(if_match=SHA1.upper()), SHA1, True),
    (Preconditions(if_match=SHA1), ETAG, False),
    (Preconditions(if_match=SHA1), None, False),
    (Preconditions(if_none_match=SHA1), SHA1, False),
    (Preconditions(if_match=f'"{OTHER}"'), ETAG, False),
    (Preconditions(if_match=f'"{ETAG}"'), None, False),
    (Preconditions(if_match=f'W/"{ETAG}"'), ETAG, False),
    (Preconditions(if_match=ETAG), ETAG, False),
    (Preconditions(if_match=""), ETAG, False),
    (Preconditions(if_none_match="*"), None, True),
    (Preconditions(if_none_match="*"), ETAG, False),
    (Preconditions(if_none_match=f'"{OTHER}"'), ETAG, True),
    (Preconditions(if_none_match=f'"{ETAG}"'), ETAG, False),
    (Preconditions(if_none_match=f'W/"{ETAG}"'), ETAG, False),
    (Preconditions(if_match=f'"{ETAG}"', if_none_match="*"), ETAG, False),
    (Preconditions(if_match=f'"{ETAG}"', if_none_match=f'"{OTHER}"'), ETAG, True),
]


def refusal(kind: DocumentKind, version: Version, given: Preconditions, etag: str | None) -> object:
    try:
        check_put(kind, version, given, etag)
    except LRSError as error:
        return type(error)
    return None


@pytest.mark.parametrize(("case", "expected"), WITHOUT.items(), ids=str)
def test_put_without_preconditions(
    case: tuple[DocumentKind, Version, str | None], expected: type[LRSError] | None
) -> None:
    kind, version, etag = case
    assert refusal(kind, version, NEITHER, etag) is expected


def test_both_profiles_are_judged_alike() -> None:
    for (kind, version, etag), expected in WITHOUT.items():
        if kind is PROFILE:
            assert refusal(DocumentKind.AGENT_PROFILE, version, NEITHER, etag) is expected


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("kind", DocumentKind)
@pytest.mark.parametrize(("given", "etag", "is_met"), WITH)
def test_put_under_preconditions(
    version: Version, kind: DocumentKind, given: Preconditions, etag: str | None, *, is_met: bool
) -> None:
    if given.are_given:
        expected = None if is_met else PreconditionFailedError
        assert refusal(kind, version, given, etag) is expected


@pytest.mark.parametrize(("given", "etag", "is_met"), WITH)
def test_other_writes(given: Preconditions, etag: str | None, *, is_met: bool) -> None:
    if is_met:
        check(given, etag)
    else:
        with pytest.raises(PreconditionFailedError, match="nothing was changed"):
            check(given, etag)


def test_many_documents_meet_no_precondition() -> None:
    check_none(NEITHER)
    for given in (Preconditions(if_match="*"), Preconditions(if_none_match="*")):
        with pytest.raises(PreconditionFailedError):
            check_none(given)


def may_put(kind: DocumentKind, version: Version, preconditions: Preconditions, etag: str) -> bool:
    try:
        check_put(kind, version, preconditions, etag)
    except LRSError:
        return False
    return True


@pytest.mark.parametrize("kind", [STATE, PROFILE])
@pytest.mark.parametrize("version", [V1, V2])
@pytest.mark.parametrize("preconditions", list(dict.fromkeys(each for each, _, _ in WITH)))
def test_what_may_be_replaced_unseen_is_what_a_put_may_replace(
    kind: DocumentKind, version: Version, preconditions: Preconditions
) -> None:
    etags = may_replace(kind, version, preconditions)
    for etag in (ETAG, OTHER, SHA1):
        is_allowed = etags is not None and (ANY in etags or etag in etags)
        is_known = etags is not None or preconditions.if_none_match is None
        assert is_allowed <= may_put(kind, version, preconditions, etag)
        assert not is_known or is_allowed == may_put(kind, version, preconditions, etag)
