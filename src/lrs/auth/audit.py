"""What the audit log says of a use of power.

`auth/audit_chain.py` makes records of it, and a chain of the records.
"""
# ruff: noqa: S105 - the names of actions are no passwords

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Action(StrEnum):
    """What was done, or was to be done."""

    ACCESS_REFUSED = "access.refused"
    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    STORE_MADE = "store.made"
    STORE_CHANGED = "store.changed"
    STORE_DELETION_REQUESTED = "store.deletion-requested"
    STORE_DELETED = "store.deleted"
    CREDENTIAL_MADE = "credential.made"
    CREDENTIAL_CHANGED = "credential.changed"
    CREDENTIAL_ROTATED = "credential.rotated"
    CREDENTIAL_REVOKED = "credential.revoked"
    LAUNCH_TOKEN_MADE = "launch-token.made"
    LAUNCH_TOKEN_FETCHED = "launch-token.fetched"
    LAUNCH_TOKEN_REVOKED = "launch-token.revoked"
    USER_MADE = "user.made"
    USER_CHANGED = "user.changed"
    USER_GRANTS_CHANGED = "user.grants-changed"
    SET_UP_LINK_MADE = "set-up-link.made"
    PASSWORD_SET = "password.set"
    API_TOKEN_MADE = "api-token.made"
    API_TOKEN_REVOKED = "api-token.revoked"
    PERSON_READ = "person.read"
    PERSON_MADE = "person.made"
    PERSON_CHANGED = "person.changed"
    PERSON_DELETED = "person.deleted"
    PERSON_MERGED = "person.merged"
    PERSON_SPLIT = "person.split"
    PERSON_SUGGESTION_REFUSED = "person.suggestion-refused"
    PEOPLE_IMPORTED = "people.imported"
    ATTRIBUTE_DEFINED = "attribute.defined"
    ATTRIBUTE_REMOVED = "attribute.removed"
    TEAM_MADE = "team.made"
    TEAM_CHANGED = "team.changed"
    TEAM_DELETED = "team.deleted"
    JOINING_RULE_MADE = "joining-rule.made"
    JOINING_RULE_REMOVED = "joining-rule.removed"
    ERASURE_REQUESTED = "erasure.requested"
    ERASURE_CONFIRMED = "erasure.confirmed"
    ERASURE_WITHDRAWN = "erasure.withdrawn"
    PERSON_ERASED = "person.erased"
    PERSON_FROZEN = "person.frozen"
    PERSON_RELEASED = "person.released"
    REIDENTIFICATION_ASKED = "reidentification.asked"
    REIDENTIFICATION_APPROVED = "reidentification.approved"
    REIDENTIFICATION_READ = "reidentification.read"
    PSEUDONYM_KEY_FORGOTTEN = "pseudonym-key.forgotten"
    EXPORTED = "exported"
    ARCHIVE_ORDERED = "archive.ordered"
    ARCHIVE_FINISHED = "archive.finished"
    ARCHIVE_DOWNLOADED = "archive.downloaded"
    ARCHIVE_REMOVED = "archive.removed"
    RETENTION_RULE_MADE = "retention.rule-made"
    RETENTION_RULE_CHANGED = "retention.rule-changed"
    RETENTION_RULE_REMOVED = "retention.rule-removed"
    RETENTION_TRIED = "retention.tried"
    RETENTION_ACTIVATED = "retention.activated"
    RETENTION_DEACTIVATED = "retention.deactivated"
    RETENTION_APPLIED = "retention.applied"
    LEGAL_HOLD_MADE = "legal-hold.made"
    LEGAL_HOLD_RELEASED = "legal-hold.released"
    AUDIT_READ = "audit.read"
    # Personal fields of records were made unreadable; the chain goes on to hold.
    AUDIT_ERASED = "audit.erased"
    # Events that could not be kept while the database was away, or were too many at once.
    AUDIT_DROPPED = "audit.dropped"


class Outcome(StrEnum):
    """How it ended."""

    DONE = "done"
    REFUSED = "refused"


class WhoKind(StrEnum):
    """What sort of somebody has asked."""

    CREDENTIAL = "credential"
    LAUNCH = "launch"
    ISSUER = "issuer"
    USER = "user"
    TOKEN = "token"
    # A command of `lrs`, or the service itself.
    SYSTEM = "system"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and from where.

    Attributes:
        name: the key of a credential, the id of a launch token, a user or a token; never a secret.
        address: of the client; None on the command line.
    """

    kind: WhoKind
    name: str
    address: str | None = None
    request_id: str = "-"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One use of power.

    Attributes:
        target: what it was done to, such as the key of a credential or of a person.
        details: further facts that JSON can hold; neither secrets nor personal data.
    """

    caller: Caller
    action: Action
    target: str | None = None
    outcome: Outcome = Outcome.DONE
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records are wanted: all that is set must be met exactly.

    Attributes:
        since: records from this moment on; `until`: before this one.
    """

    since: datetime | None = None
    until: datetime | None = None
    action: str | None = None
    who: str | None = None
    target: str | None = None
    outcome: str | None = None
    address: str | None = None
