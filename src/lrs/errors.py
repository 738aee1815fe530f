"""The closed list of what can go wrong, in the standard's terms and without HTTP.

`api/problems.py` holds the one table from these classes to status codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


class LRSError(Exception):
    """Something the caller can be told about; its text is meant for a person."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidRequestError(LRSError):
    """Malformed JSON, an unknown or miscased parameter, a forbidden combination (Comm. 3.2)."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule of the standard that a statement breaks.

    Attributes:
        path: where, as `statements[3].result.score.max`; empty for the whole statement.
        message: what is wrong, for a person.
        section: the section of the standard that says so, such as `Data 2.4.5.1`.
    """

    path: str
    message: str
    section: str

    def __str__(self) -> str:
        """Give the violation as one line."""
        where = f"{self.path}: " if self.path else ""
        return f"{where}{self.message} ({self.section})"


class InvalidStatementError(LRSError):
    """The structure of one or more statements breaks the data model (Data 2.2, Comm. 3.0)."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(str(violation) for violation in violations))
        self.violations = tuple(violations)


class UnsupportedVersionError(LRSError):
    """The version header is missing or names a version that is not served (Comm. 3.3)."""


class UnauthenticatedError(LRSError):
    """No credentials, or credentials that are refused (Comm. 4.0).

    Attributes:
        store: of the credential that was named, if there is one; only the audit log tells of it.
        key: of that credential.
    """

    def __init__(self, detail: str, store: int | None = None, key: str = "-") -> None:
        super().__init__(detail)
        self.store = store
        self.key = key


class ForbiddenError(LRSError):
    """Who asks is known, and may not do this (Comm. 4.2)."""

    def __init__(self, detail: str, missing: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.missing = tuple(missing)

    @classmethod
    def lacking(cls, any_of: Sequence[str]) -> Self:
        """Make one that says which scopes would have done."""
        names = " or ".join(str(scope) for scope in any_of)
        return cls(f"this needs the scope {names}", [str(scope) for scope in any_of])


class ForgedRequestError(LRSError):
    """A request by cookie does not show that a page of ours has made it."""


class QuotaExceededError(LRSError):
    """The store holds as much as it may; nothing of the request was stored."""


class StatementNotFoundError(LRSError):
    """No such statement, or a voided one asked for as if it were not (Comm. 2.1.3)."""


class StatementConflictError(LRSError):
    """The id is taken by a different statement (Comm. 2.1.1, 2.1.2)."""


class AttachmentNotFoundError(LRSError):
    """No statement brought data with this hash."""


class DocumentNotFoundError(LRSError):
    """No document under this id in this context (Comm. 2.2)."""


class DocumentConflictError(LRSError):
    """A document would be replaced by a request that does not say which one (Comm. 3.1)."""


class PreconditionFailedError(LRSError):
    """If-Match or If-None-Match does not fit the document that is there (Comm. 3.1)."""


class TooLargeError(LRSError):
    """A body, a statement, a batch or a document is over its limit (Comm. 3.2)."""


class SlowBodyError(LRSError):
    """A body pauses, or comes so slowly that reading it would not end in time."""


class SlowHeadError(LRSError):
    """The request line and the headers do not end in time (RFC 9110 15.5.9)."""


class LargeHeadError(LRSError):
    """The request line and the headers are over a limit (RFC 6585 5)."""


class TooManyRequestsError(LRSError):
    """One credential or one address wants more than its share (RFC 6585 4)."""

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class BusyError(LRSError):
    """All together want more at once than the service takes; asking again later may help."""


class UnavailableError(LRSError):
    """The database did not answer in time, or a disk is full; asking again later may help."""


class UnknownMemberError(LRSError):
    """A query names a measure, dimension or operator that does not exist, or a store a setting."""

    def __init__(self, detail: str, known: Sequence[str]) -> None:
        super().__init__(detail)
        self.known = tuple(known)


class InvalidQueryError(LRSError):
    """An analytics query is well-formed JSON but does not make sense."""


class StoreNotFoundError(LRSError):
    """No store has this name."""


class CredentialNotFoundError(LRSError):
    """No such credential, or one that is revoked already."""


class CredentialConflictError(LRSError):
    """The key is taken by another credential."""


class StoreConflictError(LRSError):
    """The name is taken by another store, or the store is being deleted."""


class LaunchTokenNotFoundError(LRSError):
    """No such launch token, or one that is used up or over."""


class ApiTokenNotFoundError(LRSError):
    """No such token of a person, or one that is revoked already."""


class UserNotFoundError(LRSError):
    """No such user."""


class UserConflictError(LRSError):
    """The address or the identity belongs to another user."""


class PersonNotFoundError(LRSError):
    """No such person, identifier or team."""


class PersonConflictError(LRSError):
    """One identifier would belong to two persons, or one value to two days; both are named."""


class InvalidScimError(LRSError):
    """A request of SCIM that cannot be understood or done (RFC 7644 3.12).

    Attributes:
        scim_type: the word that SCIM has for what is wrong, such as invalidFilter.
    """

    def __init__(self, detail: str, scim_type: str) -> None:
        super().__init__(detail)
        self.scim_type = scim_type


class ErasedPersonError(LRSError):
    """Somebody was erased, and a statement or document about them comes again (DSGVO Art. 17)."""


class ErasureNotFoundError(LRSError):
    """No such erasure of this person."""


class ErasureConflictError(LRSError):
    """An erasure cannot be wanted, confirmed or withdrawn as things are."""


class PseudonymousStoreError(LRSError):
    """A pseudonymous store would come to know who somebody is."""


class PseudonymKeyForgottenError(LRSError):
    """The key of a pseudonymous store was thrown away: nothing leads to its persons any more."""


class ReidentificationNotFoundError(LRSError):
    """Nobody has asked for it, or somebody in another store."""


class ReidentificationConflictError(LRSError):
    """It was agreed to already, or too late."""


class ArchiveNotFoundError(LRSError):
    """No such archive of a person, or one that has expired."""


class ArchiveConflictError(LRSError):
    """An archive is not ready yet, or is being made already, or the person is being erased."""


class UnsatisfiableRangeError(LRSError):
    """A download is to go on behind its end (RFC 9110 15.5.17).

    Attributes:
        size: bytes that there are.
    """

    def __init__(self, detail: str, size: int) -> None:
        super().__init__(detail)
        self.size = size


class RetentionNotFoundError(LRSError):
    """No such retention rule, run of one, or legal hold."""


class RetentionConflictError(LRSError):
    """A rule was not tried since it was changed, or a legal hold forbids it."""


class SignInError(LRSError):
    """Somebody could not be signed in: by a password, a link, or the identity provider."""


class StartError(Exception):
    """The service cannot start or stop as asked; told on the terminal, never over HTTP."""


class ClusterError(StartError):
    """The embedded PostgreSQL cannot be made, started or reached."""


class DataDirectoryInUseError(StartError):
    """Another `lrs` holds the data directory."""
