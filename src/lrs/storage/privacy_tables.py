"""The tables of what the law gives persons, private to this room.

Erasures, what is kept of them so that they hold, restrictions, archives, retention, pseudonyms.
"""

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from lrs.storage.tables import metadata

__all__ = ["metadata", "person_freezes"]

_moment = DateTime(timezone=True)

# Who was erased, is or may be, and how far that has come; it stays as the proof that it was done.
erasures = Table(
    "erasures",
    metadata,
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    # As the request named it, a person or the key of an identifier; NULL when it is done.
    Column("person", Uuid),
    # HMAC-SHA-256 of that under the server key: who knows the person finds the certificate.
    Column("person_mac", LargeBinary, nullable=False),
    # erase or anonymise; refuse or anonymise.
    Column("mode", Text, nullable=False),
    Column("on_return", Text, nullable=False),
    # NULL when it is done.
    Column("reason", Text),
    # counting, counted, running or done.
    Column("state", Text, nullable=False),
    # What is looked for, and what stands instead; NULL when it is done.
    Column("subject", JSON),
    # Where the person occurs, as it was counted first.
    Column("found", JSON),
    # What is done at the moment, and after what it goes on; what was done.
    Column("step", Text),
    Column("place", Text),
    Column("done", JSON, nullable=False),
    Column("requested", _moment, nullable=False, server_default=text("now()")),
    Column("requested_by", Text),
    Column("confirmed", _moment),
    Column("confirmed_by", Text),
    Column("finished", _moment),
    # A signed text: what, when, how much.
    Column("certificate", Text),
    PrimaryKeyConstraint("store", "id"),
    Index("erasures_to_do_idx", "state", postgresql_where=text("state IN ('counting', 'running')")),
)

# Who does not come back: identifiers as HMAC-SHA-256 of their keys under the server key.
tombstones = Table(
    "tombstones",
    metadata,
    Column("store", Integer, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Column("erasure", Uuid, nullable=False),
    # refuse or anonymise.
    Column("action", Text, nullable=False),
    # The account that stands instead: its home page, a space and its name.
    Column("replacement", Text, nullable=False),
    PrimaryKeyConstraint("store", "mac"),
)

# Whose data may only be kept (DSGVO Art. 18), and why; `stores.frozen` has what follows from it.
person_freezes = Table(
    "person_freezes",
    metadata,
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    # As it was named then: a person, or the key of the identifier of one whom nobody has joined.
    Column("person", Uuid, nullable=False),
    Column("since", _moment, nullable=False, server_default=text("now()")),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("lifted", _moment),
    Column("lifted_by", Text),
    PrimaryKeyConstraint("store", "id"),
    Index(None, "store", "person"),
)

# The key of a pseudonymous store lies in a file; here is only which one it is.
pseudonym_keys = Table(
    "pseudonym_keys",
    metadata,
    Column("store", Integer, nullable=False, autoincrement=False),
    Column("fingerprint", Text, nullable=False),
    Column("made", _moment, nullable=False, server_default=text("now()")),
    # When it was thrown away, and by whom: from then on nothing is written.
    Column("forgotten", _moment),
    Column("forgotten_by", Text),
    PrimaryKeyConstraint("store"),
)

# Whose a pseudonym is, sealed under that key. `agent` is the key of the pseudonym.
pseudonyms = Table(
    "pseudonyms",
    metadata,
    Column("store", Integer, nullable=False),
    Column("agent", Uuid, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("store", "agent"),
)

# Who asked whose a pseudonym is, and who else agreed; never the answer.
reidentifications = Table(
    "reidentifications",
    metadata,
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("agent", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    # Users: their ids.
    Column("asked_by", Uuid, nullable=False),
    Column("asked", _moment, nullable=False, server_default=text("now()")),
    Column("approved_by", Uuid),
    Column("approved", _moment),
    # The ids grow with time.
    PrimaryKeyConstraint("store", "id"),
)

# All that is kept of a person, on its way into one file and for a while after that (Art. 15, 20).
person_archives = Table(
    "person_archives",
    metadata,
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    # Who it is about, as resolved when it was ordered: the person, and the keys of identifiers.
    Column("person", Uuid, nullable=False),
    Column("keys", ARRAY(Uuid), nullable=False),
    # The user who has ordered what is their own; NULL if it was done for them.
    Column("user", Uuid),
    Column("language", Text, nullable=False),
    # Whether it holds what is frozen: only the platform's owner sees that.
    Column("sees_frozen", Boolean, nullable=False),
    Column("ordered", _moment, nullable=False, server_default=text("now()")),
    Column("ordered_by", Text, nullable=False),
    # What is put into it at the moment, and after what it goes on, as JSON text.
    Column("stage", Text, nullable=False, server_default=text("'waiting'")),
    Column("place", Text),
    # Statements up to here; how many things of the stage there are, and how many are in it.
    Column("until_position", BigInteger),
    Column("total", BigInteger, nullable=False, server_default=text("0")),
    Column("done", BigInteger, nullable=False, server_default=text("0")),
    Column("entries", Integer, nullable=False, server_default=text("0")),
    # How many things are in it, by the stages that are over.
    Column("counts", JSONB, nullable=False, server_default=text("'{}'")),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("finished", _moment),
    Column("expires", _moment),
    # Nobody gets it any more; its rows go in the background.
    Column("removed", _moment),
    PrimaryKeyConstraint("store", "id"),
)

# The files in an archive, in their order; all of one are written by one transaction, but for data
# of attachments, which grow.
archive_entries = Table(
    "archive_entries",
    metadata,
    Column("store", Integer, nullable=False),
    Column("archive", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("name", Text, nullable=False),
    # Of the ZIP format: 0 is as it is, 8 is deflated.
    Column("method", SmallInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("packed", BigInteger, nullable=False),
    Column("crc", BigInteger, nullable=False),
    PrimaryKeyConstraint("store", "archive", "number"),
)

# 512 KiB of a file as it stands in the archive; the last piece is what is left.
archive_pieces = Table(
    "archive_pieces",
    metadata,
    Column("store", Integer, nullable=False),
    Column("archive", Uuid, nullable=False),
    Column("entry", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("store", "archive", "entry", "number"),
)

# Whom the statements in an archive name, so that an erasure finds it.
archive_agents = Table(
    "archive_agents",
    metadata,
    Column("store", Integer, nullable=False),
    Column("agent", Uuid, nullable=False),
    Column("archive", Uuid, nullable=False),
    PrimaryKeyConstraint("store", "agent", "archive"),
    Index(None, "store", "archive"),
)

# Data that the statements in an archive brought, and that go into it.
archive_attachments = Table(
    "archive_attachments",
    metadata,
    Column("store", Integer, nullable=False),
    Column("archive", Uuid, nullable=False),
    Column("sha2", Text, nullable=False),
    PrimaryKeyConstraint("store", "archive", "sha2"),
)

# What a store gives up, and when: by age, system, verb, course or attribute.
retention_rules = Table(
    "retention_rules",
    metadata,
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    # erase or anonymise.
    Column("action", Text, nullable=False),
    # As `lrs.people.retention` writes them.
    Column("conditions", JSON, nullable=False),
    # Grows with every change of what goes, so that a dry run is one of this rule as it is.
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("created", _moment, nullable=False, server_default=text("now()")),
    Column("changed", _moment, nullable=False, server_default=text("now()")),
    Column("changed_by", Text, nullable=False),
    # Since when it is applied; NULL if it is not.
    Column("active_since", _moment),
    # When it was applied last.
    Column("applied", _moment),
    PrimaryKeyConstraint("store", "id"),
)

# A look at what a rule would take, or the taking; it stays as the proof of what went.
retention_runs = Table(
    "retention_runs",
    metadata,
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("rule", Uuid, nullable=False),
    # The rule as it was then.
    Column("rule_name", Text, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("action", Text, nullable=False),
    Column("conditions", JSON, nullable=False),
    Column("is_dry", Boolean, nullable=False),
    # waiting, running, finished, cancelled or failed.
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Column("requested", _moment, nullable=False, server_default=text("now()")),
    Column("requested_by", Text, nullable=False),
    Column("finished", _moment),
    # Statements after `place` and up to `until_position` are still to be looked at.
    Column("until_position", BigInteger),
    Column("place", BigInteger),
    Column("place_id", Uuid),
    # What went, and what a legal hold has kept.
    Column("statements", BigInteger, nullable=False, server_default=text("0")),
    Column("held", BigInteger, nullable=False, server_default=text("0")),
    # What anonymous Agents of this run are derived from; forgotten at its end.
    Column("secret", LargeBinary),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("store", "id"),
    Index(None, "store", "rule"),
)

# What a run took, or would take, of each system and month.
retention_counts = Table(
    "retention_counts",
    metadata,
    Column("store", Integer, nullable=False),
    Column("run", Uuid, nullable=False),
    Column("system", Text, nullable=False),
    # As 2026-01, in UTC.
    Column("month", Text, nullable=False),
    Column("statements", BigInteger, nullable=False),
    PrimaryKeyConstraint("store", "run", "system", "month"),
)

# What must not go, whatever a rule or a person says: all that is set must hold of a statement.
legal_holds = Table(
    "legal_holds",
    metadata,
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    # The person as named then, and the keys of the identifiers that they had.
    Column("person", Uuid),
    Column("keys", ARRAY(Uuid)),
    Column("system", Text),
    # The IRI of a course, and its key.
    Column("activity", Text),
    Column("activity_key", Uuid),
    # Statements whose timestamp is in [since, until).
    Column("since", _moment),
    Column("until", _moment),
    Column("reason", Text, nullable=False),
    Column("made", _moment, nullable=False, server_default=text("now()")),
    Column("made_by", Text, nullable=False),
    Column("released", _moment),
    Column("released_by", Text),
    PrimaryKeyConstraint("store", "id"),
)
