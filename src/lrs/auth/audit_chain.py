"""The records of the audit log, and the chain that they make: pure, as an outsider checks it.

What is hashed, and how, stands in `docs/audit.md`. Fields that may be personal go into the chain
by a seal, so that they can be erased and the chain still holds.
"""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from lrs.auth.audit import Action, AuditEvent

# The fields that can be erased, in the order of their seals.
ERASABLE = ("who", "address", "target", "details")
# What stands before the first record of a chain.
BEGINNING = bytes(32)

_FORM = "lrs-audit-1"
_SALT_BYTES = 16
_SEAL_BYTES = 32


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An event as it stands in the log of a store, with its place in the chain.

    Attributes:
        number: from 1 on, without a gap in each store.
        at: when it was recorded, by the clock of the database.
        who: None once it is erased.
        details: JSON text, exactly as it went into the hash; None once it is erased.
        seals: for each of `ERASABLE`, its salt (16 bytes) while the field is there, and what
            stands for it in the hash (32 bytes) once it is erased.
        hash: SHA-256 of the hash before and of this record.
    """

    number: int
    at: datetime
    who_kind: str
    who: str | None
    address: str | None
    action: str
    target: str | None
    outcome: str
    request_id: str
    details: str | None
    seals: tuple[bytes, ...]
    hash: bytes

    @property
    def erased(self) -> tuple[str, ...]:
        """The names of the fields that were erased."""
        sealed = zip(ERASABLE, self.seals, strict=True)
        return tuple(name for name, seal in sealed if len(seal) == _SEAL_BYTES)


def record_of(
    event: AuditEvent, number: int, at: datetime, random: Callable[[int], bytes] = os.urandom
) -> AuditRecord:
    """Make a record of an event; its hash is still empty.

    Args:
        event: what was done; characters that PostgreSQL cannot keep are replaced.
        number: its place in the chain.
        at: when it is recorded.
        random: gives so many bytes that nobody can guess.
    """
    caller = event.caller
    return AuditRecord(
        number=number,
        at=at,
        who_kind=caller.kind.value,
        who=_keepable(caller.name),
        address=_keepable(caller.address),
        action=event.action.value,
        target=_keepable(event.target),
        outcome=event.outcome.value,
        request_id=_keepable(caller.request_id) or "",
        details=json.dumps(event.details, sort_keys=True, separators=(",", ":")),
        seals=tuple(random(_SALT_BYTES) for _ in ERASABLE),
        hash=b"",
    )


def _keepable(value: str | None) -> str | None:
    """Return a text without what PostgreSQL cannot keep: NUL, and halves of surrogate pairs."""
    if value is None:
        return None
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def hash_of(store: int, record: AuditRecord, previous: bytes) -> bytes:
    """Return the hash that a record must have after the one with this hash."""
    said = [
        _FORM,
        store,
        record.number,
        moment(record.at),
        record.who_kind,
        record.action,
        record.outcome,
        record.request_id,
        *(seal.hex() for seal in seals_of(record)),
    ]
    text = json.dumps(said, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def moment(at: datetime) -> str:
    """Return a moment as it is hashed: in UTC, always with microseconds."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def seals_of(record: AuditRecord) -> list[bytes]:
    """Return what stands in the hash for each of the fields that can be erased."""
    values = (record.who, record.address, record.target, record.details)
    pairs = zip(values, record.seals, strict=True)
    return [seal if len(seal) == _SEAL_BYTES else seal_of(value, seal) for value, seal in pairs]


def seal_of(value: str | None, salt: bytes) -> bytes:
    """Return what stands for a field, and tells nothing of it to who does not know the salt."""
    said = b"\0" if value is None else b"\1" + value.encode()
    return hashlib.sha256(salt + said).digest()


def without_person(record: AuditRecord, person: str) -> AuditRecord:
    """Return a record without what it tells of a person; its place in the chain is the same."""
    fields = [
        *(("who", "address") if record.who == person else ()),
        *(("target", "details") if record.target == person else ()),
    ]
    return without_fields(record, fields)


def without_fields(record: AuditRecord, fields: Collection[str]) -> AuditRecord:
    """Return a record without these of its `ERASABLE` fields; its place in the chain stays."""
    kept = zip(ERASABLE, record.seals, seals_of(record), strict=True)
    seals = tuple(sealed if name in fields else seal for name, seal, sealed in kept)
    # mypy cannot tell which names they are.
    blanks: dict[str, Any] = dict.fromkeys(fields)
    return replace(record, seals=seals, **blanks)


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """Where a chain is not whole any more, and in what way."""

    number: int
    what: str


class ChainCheck:
    """Follows a chain from its beginning; it holds no records, however many there are.

    Attributes:
        number: of the last record that was followed, and its hash.
    """

    def __init__(self, store: int) -> None:
        self._store = store
        self.number = 0
        self.hash = BEGINNING
        self._erased = 0
        self._said_erased = 0

    def follow(self, record: AuditRecord) -> BrokenLink | None:
        """Look at the next record; tell what is wrong with the link to it."""
        expected = self.number + 1
        if record.number > expected:
            return BrokenLink(expected, "the record is missing")
        if record.number < expected:
            return BrokenLink(record.number, "the record was never recorded")
        if hash_of(self._store, record, self.hash) != record.hash:
            return BrokenLink(expected, "the record is not what was recorded")
        self.number, self.hash = record.number, record.hash
        self._erased += len(record.erased)
        if record.action == Action.AUDIT_ERASED and record.details is not None:
            self._said_erased += int(json.loads(record.details)["fields"])
        return None

    def end(self, number: int, digest: bytes) -> BrokenLink | None:
        """Hold the last record that was followed against the end that is kept apart."""
        if number > self.number:
            return BrokenLink(self.number + 1, "the records from here to the end are missing")
        if number < self.number:
            return BrokenLink(number + 1, "the record stands past the end that is kept apart")
        if digest != self.hash:
            return BrokenLink(number, "the end that is kept apart is not that of the records")
        if self._erased != self._said_erased:
            what = f"{self._erased} fields are erased, {self._said_erased} by what is recorded"
            return BrokenLink(number, what)
        return None


def chained(store: int, records: Sequence[AuditRecord], previous: bytes) -> list[bytes]:
    """Return the hashes of records that follow each other."""
    hashes: list[bytes] = []
    for record in records:
        previous = hash_of(store, record, previous)
        hashes.append(previous)
    return hashes
