"""The tables, private to this room. `docs/architecture.md` says why they look like this.

Every table of statements carries `store` and the statement's `id`, every unique key of theirs
contains `id`, and nothing refers across: so they can be distributed by `id` as they are.

`position` is one 64-bit integer: microseconds since 1970 of `stored` times 1,024, plus the place
of the statement in its batch. It is the order of answers and, with `id` for ties, the cursor.

Keys of agents, verbs and activities are 128-bit hashes of the canonical IFI or IRI.
"""

from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

_moment = DateTime(timezone=True)

stores = Table(
    "stores",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created", _moment, nullable=False, server_default=text("now()")),
    # strict or tolerant: whether its statements may have what `lrs.xapi.leniencies` lists.
    Column("leniency", Text, nullable=False, server_default=text("'strict'")),
    # What `lrs.auth.store_settings` names, where it differs from what the service is set to.
    Column("settings", JSONB, nullable=False, server_default=text("'{}'")),
    # Since when it is being deleted; nobody is let into it any more.
    Column("deleting", _moment),
    # Its actors are kept by pseudonyms alone, from its beginning on and for ever.
    Column("pseudonymous", Boolean, nullable=False, server_default=text("false")),
    # The keys of all identifiers of people whose data may only be kept, as `person_freezes` says.
    Column("frozen", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
)

credentials = Table(
    "credentials",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("store", Integer, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    # HMAC-SHA-256 of the secret under the server key, which is not in the database.
    Column("secret_mac", LargeBinary, nullable=False),
    Column("label", Text, nullable=False),
    # The tool of the ecosystem that holds this credential, such as "Moodle", and its kind: LMS.
    Column("system", Text, nullable=False),
    Column("system_kind", Text, nullable=False),
    Column("created", _moment, nullable=False, server_default=text("now()")),
    Column("revoked", _moment),
    # client: a tool shows key and secret. issuer, user: statements came by a token of an issuer or
    # from a person, and this is what they are kept as brought by; nobody can show its secret.
    Column("kind", Text, nullable=False, server_default=text("'client'")),
    Column("scopes", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    # Agents as JSON texts, and IRIs of activities, that it is limited to; NULL is all.
    Column("agents", ARRAY(Text)),
    Column("activities", ARRAY(Text)),
    # The Agent that is the authority, as JSON text; NULL is the account named by the key.
    Column("authority", Text),
    # The key of that Agent, by which "mine" is told; NULL is that of the account named by the key.
    Column("authority_key", Uuid),
    # Origins of pages, and networks of addresses, that it may be used from; NULL is all.
    Column("origins", ARRAY(Text)),
    Column("networks", ARRAY(Text)),
    # Rates of its own, as `lrs.auth.store_settings` names them.
    Column("rates", JSONB, nullable=False, server_default=text("'{}'")),
    Column("expires", _moment),
    # The secret before the last rotation, and until when it is good.
    Column("previous_secret_mac", LargeBinary),
    Column("previous_until", _moment),
)

# One row; every change of a credential or of a store counts it up, so that a cache can tell that
# it is old.
credential_changes = Table(
    "credential_changes",
    metadata,
    Column("only", Boolean, primary_key=True, server_default=text("true")),
    Column("count", BigInteger, nullable=False, server_default=text("0")),
)

# What a statement says, in typed columns that sums and walks read without touching the payload.
statements = Table(
    "statements",
    metadata,
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("stored", _moment, nullable=False),
    Column("timestamp", _moment, nullable=False),
    Column("voided", Boolean, nullable=False, server_default=text("false")),
    # A voiding statement can not be voided itself (Data 2.3.2).
    Column("voiding", Boolean, nullable=False),
    # The statement that this one targets: its object is a StatementRef.
    Column("target", Uuid),
    Column("credential", Integer, nullable=False),
    Column("verb", Uuid, nullable=False),
    Column("actor", Uuid),
    # The key of the Activity, Agent or Group that is the object, whichever `object_type` says.
    Column("object", Uuid),
    Column("object_type", Text, nullable=False),
    Column("registration", Uuid),
    # The keys of the agents and activities that it names besides its actor and its object: with
    # those, what a statement that refers to this one is found by. `direct_agents` answer the
    # `agent` filter, `other_agents` only with `related_agents`, `activities` the `activity` filter
    # with `related_activities`. The last one of `other_agents` is the authority.
    Column("direct_agents", ARRAY(Uuid)),
    Column("other_agents", ARRAY(Uuid)),
    Column("activities", ARRAY(Uuid)),
    Column("score_scaled", Double),
    Column("score_raw", Double),
    Column("score_min", Double),
    Column("score_max", Double),
    Column("success", Boolean),
    Column("completion", Boolean),
    # Seconds; a year counts 365 days and a month 30.
    Column("duration", Double),
    Column("platform", Text),
    Column("language", Text),
    # What became of its signature, verified or unverified; NULL if it brings none (Data 2.6).
    Column("signature", Text),
    PrimaryKeyConstraint("store", "id"),
    Index(None, "store", "position"),
    Index(
        "statements_store_target_idx",
        "store",
        "target",
        postgresql_where=text("target IS NOT NULL"),
    ),
)

# The JSON text that came in, completed by what the LRS adds. Its key begins with the position,
# which grows, so that a new entry goes to the end of the index.
statement_payloads = Table(
    "statement_payloads",
    metadata,
    Column("position", BigInteger, nullable=False),
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("payload", JSON, nullable=False),
    PrimaryKeyConstraint("store", "position", "id"),
)

# A row for each statement (`via`) that a statement refers to, chains included, with what that one
# is found by: so a filter is a walk over an index of `statements` and over the same one of these.
statement_references = Table(
    "statement_references",
    metadata,
    Column("position", BigInteger, nullable=False),
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("via", Uuid, nullable=False),
    Column("verb", Uuid, nullable=False),
    Column("actor", Uuid),
    Column("object", Uuid),
    Column("registration", Uuid),
    PrimaryKeyConstraint("store", "position", "id", "via"),
)

# The agents that a statement (`via` is NULL), or one that it refers to, names besides its actor.
# `direct` ones answer the `agent` filter: an Agent or Group as object, and the members of Groups.
statement_agents = Table(
    "statement_agents",
    metadata,
    Column("position", BigInteger, nullable=False),
    Column("store", Integer, nullable=False),
    Column("direct", Boolean, nullable=False),
    Column("agent", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("via", Uuid),
)

# The activities that a statement (`via` is NULL), or one that it refers to, names besides its
# object (related_activities).
statement_activities = Table(
    "statement_activities",
    metadata,
    Column("position", BigInteger, nullable=False),
    Column("store", Integer, nullable=False),
    Column("activity", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("via", Uuid),
)


def _walk(
    column: Column[UUID],
    where: str | None = None,
    name: str = "",
    also: Column[UUID] | None = None,
) -> None:
    """Add an index to walk what has the same key, or two, in the order of answers.

    It has a hash of the key, which fits into the four bytes beside the store: that saves more than
    a third of all these indexes. Who walks it compares the key with the row, which is read anyway.
    """
    table = column.table
    hashed: ColumnElement[int] = func.uuid_hash(column)
    if also is not None:
        hashed = hashed.bitwise_xor(func.uuid_hash(also))
    Index(
        f"{table.name}_{name or column.name}_walk",
        table.c.store,
        hashed,
        table.c.position,
        postgresql_where=None if where is None else text(where),
    )


for _table in (statements, statement_references):
    _walk(_table.c.verb)
    _walk(_table.c.actor, "actor IS NOT NULL")
    _walk(_table.c.object, "object IS NOT NULL")
    _walk(_table.c.registration, "registration IS NOT NULL")
    _walk(_table.c.object, "object IS NOT NULL", "object_verb", _table.c.verb)
_walk(statement_agents.c.agent, "direct", "direct_agent")
_walk(statement_agents.c.agent, "NOT direct", "other_agent")
_walk(statement_activities.c.activity)

# The data of attachments, each once in a store, whatever statements brought it. `sha2` is the hash
# in lower-case hexadecimal, as long as the algorithm makes it.
attachments = Table(
    "attachments",
    metadata,
    Column("store", Integer, nullable=False),
    Column("sha2", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    PrimaryKeyConstraint("store", "sha2"),
)

# In pieces, so that none has to be held in memory as a whole.
attachment_pieces = Table(
    "attachment_pieces",
    metadata,
    Column("store", Integer, nullable=False),
    Column("sha2", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("store", "sha2", "number"),
)

# Which statements brought which data; those that only name a `fileUrl` have no row.
statement_attachments = Table(
    "statement_attachments",
    metadata,
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("sha2", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    PrimaryKeyConstraint("store", "id", "sha2"),
    Index(None, "store", "sha2"),
)

# State and profile documents. `key` is the hash of the whole of what one is found by, so that a
# long id makes no long index, and a state without registration is one row: NULL equals nothing.
documents = Table(
    "documents",
    metadata,
    Column("store", Integer, nullable=False),
    Column("key", Uuid, nullable=False),
    # state, activity_profile or agent_profile.
    Column("kind", Text, nullable=False),
    Column("activity", Uuid),
    Column("agent", Uuid),
    Column("registration", Uuid),
    Column("id", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("content_type", Text, nullable=False),
    # The SHA-1 of the content in hexadecimal.
    Column("etag", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("updated", _moment, nullable=False),
    PrimaryKeyConstraint("store", "key"),
    Index(None, "store", "kind", "activity", "agent"),
    # All that is kept of a person is found by this, whatever Activity it is about.
    Index(None, "store", "agent", postgresql_where=text("agent IS NOT NULL")),
)

# The texts behind the keys, each once.
agents = Table(
    "agents",
    metadata,
    Column("store", Integer, nullable=False),
    Column("key", Uuid, nullable=False),
    # mbox, mbox_sha1sum, openid or account.
    Column("ifi_type", Text, nullable=False),
    # The canonical value; for an account, `homePage` followed by a space and the name.
    Column("ifi", Text, nullable=False),
    PrimaryKeyConstraint("store", "key"),
)

# Every name that statements give to an Agent; `digest` is the hash of the name, which may be long.
agent_names = Table(
    "agent_names",
    metadata,
    Column("store", Integer, nullable=False),
    Column("agent", Uuid, nullable=False),
    Column("digest", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    PrimaryKeyConstraint("store", "agent", "digest"),
)

# `digest` tells the newest description that came in, so that one that comes again costs no write;
# `position` is that of its statement; the merged text itself is the canonical one.
verbs = Table(
    "verbs",
    metadata,
    Column("store", Integer, nullable=False),
    Column("key", Uuid, nullable=False),
    Column("iri", Text, nullable=False),
    Column("digest", Uuid),
    Column("position", BigInteger, nullable=False, server_default=text("0")),
    # The merged display.
    Column("description", JSON),
    PrimaryKeyConstraint("store", "key"),
)

activities = Table(
    "activities",
    metadata,
    Column("store", Integer, nullable=False),
    Column("key", Uuid, nullable=False),
    Column("iri", Text, nullable=False),
    Column("digest", Uuid),
    Column("position", BigInteger, nullable=False, server_default=text("0")),
    # The merged definition, and its `type`.
    Column("description", JSON),
    Column("type", Text),
    PrimaryKeyConstraint("store", "key"),
)
