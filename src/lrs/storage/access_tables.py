"""The tables of who may do what, private to this room: people, tokens, the audit log, quotas.

Stores and credentials themselves stand in `tables.py`.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    func,
    text,
)

from lrs.storage.tables import metadata

_moment = DateTime(timezone=True)

# A token is a signed text and is checked without this table, which tells what became of it.
launch_tokens = Table(
    "launch_tokens",
    metadata,
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    # The credential that it was made by, and is good no longer than.
    Column("credential", Integer, nullable=False),
    # The Agent as JSON text, the registration and the activity of the attempt.
    Column("actor", Text, nullable=False),
    Column("registration", Uuid, nullable=False),
    Column("activity", Text, nullable=False),
    Column("created", _moment, nullable=False, server_default=text("now()")),
    Column("expires", _moment, nullable=False),
    # When its cmi5 fetch URL was used, which can be done once.
    Column("fetched", _moment),
    Column("revoked", _moment),
    PrimaryKeyConstraint("store", "id"),
    Index(None, "expires"),
    # Each process holds those that are revoked and not over.
    Index("launch_tokens_revoked_idx", "expires", postgresql_where=text("revoked IS NOT NULL")),
)

users = Table(
    "users",
    metadata,
    Column("id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    # Who they are to the identity provider; NULL for an account of our own.
    Column("issuer", Text),
    Column("subject", Text),
    # Argon2id, in its own notation; NULL until one is set, and for who comes by the provider.
    Column("password_hash", Text),
    # Wrong passwords in a row, and until when no further one is looked at.
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("locked_until", _moment),
    Column("created", _moment, nullable=False, server_default=text("now()")),
    Column("disabled", _moment),
    PrimaryKeyConstraint("id"),
    Index("users_issuer_subject_key", "issuer", "subject", unique=True),
)
# An account of our own is told by its address.
Index(
    "users_email_key",
    func.lower(users.c.email),
    unique=True,
    postgresql_where=text("issuer IS NULL"),
)

user_grants = Table(
    "user_grants",
    metadata,
    Column("user", Uuid, nullable=False),
    # 0 is every store.
    Column("store", Integer, nullable=False),
    Column("role", Text, nullable=False),
    # Agents as JSON texts, and IRIs of activities, that the role is limited to; NULL is all.
    Column("agents", ARRAY(Text)),
    Column("activities", ARRAY(Text)),
    # Names of teams whose members of the day it is limited to, in place of agents.
    Column("teams", ARRAY(Text)),
    # Given by the claims of the provider at the last sign-in, and taken back by them.
    Column("by_claims", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("user", "store", "role"),
)

sessions = Table(
    "sessions",
    metadata,
    # HMAC-SHA-256 of what the cookie holds.
    Column("digest", LargeBinary, nullable=False),
    Column("user", Uuid, nullable=False),
    # The store that the user looks at, and the role; NULL for who has none.
    Column("store", Integer, nullable=False),
    Column("role", Text),
    Column("created", _moment, nullable=False, server_default=text("now()")),
    Column("expires", _moment, nullable=False),
    PrimaryKeyConstraint("digest"),
    Index(None, "user"),
)

set_up_links = Table(
    "set_up_links",
    metadata,
    # HMAC-SHA-256 of what the link holds.
    Column("digest", LargeBinary, nullable=False),
    Column("user", Uuid, nullable=False),
    Column("expires", _moment, nullable=False),
    PrimaryKeyConstraint("digest"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Uuid, nullable=False),
    Column("user", Uuid, nullable=False),
    # The store that it opens, and the role of the user that it acts in.
    Column("store", Integer, nullable=False),
    Column("role", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("secret_mac", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created", _moment, nullable=False, server_default=text("now()")),
    Column("expires", _moment, nullable=False),
    Column("revoked", _moment),
    PrimaryKeyConstraint("id"),
    Index(None, "user"),
)

# Rows are added and never changed. `hash` is over the record and the hash of the one before.
# Of `seals` there is one for each of who, address, target and details: `auth/audit_chain.py`.
audit_records = Table(
    "audit_records",
    metadata,
    # 0 is what belongs to no store.
    Column("store", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("at", _moment, nullable=False),
    # credential, launch, token, user, issuer, system or nobody; and which one.
    Column("who_kind", Text, nullable=False),
    Column("who", Text),
    Column("address", Text),
    Column("action", Text, nullable=False),
    Column("target", Text),
    Column("outcome", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    # Further facts, as JSON text, exactly as they went into the hash.
    Column("details", Text),
    Column("seals", ARRAY(LargeBinary), nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("store", "number"),
    Index(None, "store", "at"),
)

# The last record of each chain: whoever adds one holds this row, and its hash cannot be lost
# together with the end of the chain.
audit_heads = Table(
    "audit_heads",
    metadata,
    Column("store", Integer, nullable=False, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("store"),
)

# Logins of PostgreSQL that see the rows of one store and of no other, by row-level security.
store_logins = Table(
    "store_logins",
    metadata,
    Column("role", Text, nullable=False),
    Column("store", Integer, nullable=False),
    PrimaryKeyConstraint("role"),
)

# A store that is to be deleted, and how far that has come; it stays as the proof that it was done.
store_deletions = Table(
    "store_deletions",
    metadata,
    Column("store", Integer, nullable=False, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("requested", _moment, nullable=False, server_default=text("now()")),
    Column("requested_by", Text, nullable=False),
    # Rows there were when it began, NULL until they are counted, and rows that are gone by now.
    Column("total", BigInteger),
    Column("deleted", BigInteger, nullable=False, server_default=text("0")),
    Column("finished", _moment),
    PrimaryKeyConstraint("store"),
)

# What a store holds, up to what `store_usage_changes` adds to it.
store_usage = Table(
    "store_usage",
    metadata,
    Column("store", Integer, nullable=False, autoincrement=False),
    Column("statements", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    PrimaryKeyConstraint("store"),
)

# What each transaction has added: a row of its own, so that none waits for another.
store_usage_changes = Table(
    "store_usage_changes",
    metadata,
    Column("store", Integer, nullable=False),
    Column("statements", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
)
