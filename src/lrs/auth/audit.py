"""What the audit log says of a use of power, and the chain that its records make."""
# ruff: noqa: S105 - the names of actions are no passwords

import hashlib
import json
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
    EXPORTED = "exported"
    AUDIT_READ = "audit.read"


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
class AuditRecord:
    """An event as it stands in the log of a store, with its place in the chain.

    Attributes:
        details: JSON text, exactly as it went into the hash.
        hash: SHA-256 of this record and the hash of the one before.
    """

    number: int
    at: datetime
    who_kind: str
    who: str
    address: str | None
    action: str
    target: str | None
    outcome: str
    request_id: str
    details: str
    hash: bytes


# What stands before the first record of a chain.
BEGINNING = bytes(32)


def hash_of(store: int, record: AuditRecord, previous: bytes) -> bytes:
    """Return the hash that a record must have after the one with this hash."""
    said = [
        store,
        record.number,
        record.at.isoformat(),
        record.who_kind,
        record.who,
        record.address,
        record.action,
        record.target,
        record.outcome,
        record.request_id,
        record.details,
    ]
    text = json.dumps(said, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()
