"""The tables of persons, private to this room: who is who, in which team, and since when.

No statement is touched by any of this. What a person did is found by the keys of their identifiers;
`person_identifiers.person` says whose they are at the moment, and a merge or a split changes that.

`person` is whose a row is now, `own` whose it was before all merges: a split gives it back.
A validity lasts from its first day up to, and without, `valid_until`.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    func,
    text,
)

from lrs.storage.tables import metadata

_moment = DateTime(timezone=True)

people = Table(
    "people",
    metadata,
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    # The person that this one is a part of now, always one that is itself no part of another.
    Column("merged_into", Uuid),
    Column("name", Text),
    # How HR or the identity provider calls the person: SCIM's userName and externalId.
    Column("user_name", Text),
    Column("external_id", Text),
    # A language tag, for what is written to the person.
    Column("language", Text),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    # What SCIM tells and nothing else here knows, as JSON text.
    Column("scim", JSON),
    Column("created", _moment, nullable=False, server_default=text("now()")),
    Column("updated", _moment, nullable=False, server_default=text("now()")),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    PrimaryKeyConstraint("store", "id"),
    Index(
        "people_merged_idx",
        "store",
        "merged_into",
        postgresql_where=text("merged_into IS NOT NULL"),
    ),
    Index("people_external_id_idx", "store", "external_id"),
)
Index(
    "people_user_name_key",
    people.c.store,
    func.lower(people.c.user_name),
    unique=True,
    postgresql_where=text("user_name IS NOT NULL"),
)
# Walked from a prefix on, in the order of a list. The migration makes it COLLATE "C", so that it is
# so whatever the database sorts by; Alembic, which compares them, can not read that back.
Index("people_name_idx", people.c.store, func.lower(people.c.name), people.c.id)
Index("people_inactive_idx", people.c.store, people.c.id, postgresql_where=text("NOT active"))

# Which person an identifier belongs to: one at most. `agent` is the key of the identifier.
person_identifiers = Table(
    "person_identifiers",
    metadata,
    Column("store", Integer, nullable=False),
    Column("agent", Uuid, nullable=False),
    Column("person", Uuid, nullable=False),
    Column("own", Uuid, nullable=False),
    # As in `agents`, which holds only those that statements bring.
    Column("ifi_type", Text, nullable=False),
    Column("ifi", Text, nullable=False),
    # api, import, scim, sign-on, suggestion, or `rule:` and what the rule is called.
    Column("source", Text, nullable=False),
    Column("added", _moment, nullable=False, server_default=text("now()")),
    PrimaryKeyConstraint("store", "agent"),
    Index(None, "store", "person"),
)

# What a store wants to know of its people.
attribute_definitions = Table(
    "attribute_definitions",
    metadata,
    Column("store", Integer, nullable=False),
    Column("name", Text, nullable=False),
    # text, number, date, boolean or person.
    Column("type", Text, nullable=False),
    Column("title_de", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("is_sensitive", Boolean, nullable=False),
    PrimaryKeyConstraint("store", "name"),
)

# The values of one person and one name never overlap in time.
person_attributes = Table(
    "person_attributes",
    metadata,
    Column("store", Integer, nullable=False),
    Column("own", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("valid_from", Date, nullable=False, server_default=text("'-infinity'")),
    Column("valid_until", Date, nullable=False, server_default=text("'infinity'")),
    # In the canonical form of its type; of a person, the id.
    Column("value", Text, nullable=False),
    Column("person", Uuid, nullable=False),
    PrimaryKeyConstraint("store", "own", "name", "valid_from"),
    Index(None, "store", "person", "name", "valid_from"),
    Index(None, "store", "name", "value", "person"),
)

teams = Table(
    "teams",
    metadata,
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("external_id", Text),
    Column("scim", JSON),
    Column("created", _moment, nullable=False, server_default=text("now()")),
    Column("updated", _moment, nullable=False, server_default=text("now()")),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    PrimaryKeyConstraint("store", "id"),
    Index("teams_external_id_idx", "store", "external_id"),
)
Index("teams_name_key", teams.c.store, func.lower(teams.c.name), unique=True)

team_members = Table(
    "team_members",
    metadata,
    Column("store", Integer, nullable=False),
    Column("team", Uuid, nullable=False),
    Column("own", Uuid, nullable=False),
    Column("valid_from", Date, nullable=False, server_default=text("'-infinity'")),
    Column("valid_until", Date, nullable=False, server_default=text("'infinity'")),
    Column("person", Uuid, nullable=False),
    PrimaryKeyConstraint("store", "team", "own", "valid_from"),
    Index(None, "store", "person"),
)

# Exact rules by which identifiers are taken to be the same person's.
joining_rules = Table(
    "joining_rules",
    metadata,
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    # mbox_sha1sum, account_is_mail or account_is_attribute.
    Column("kind", Text, nullable=False),
    Column("home_page", Text),
    Column("attribute", Text),
    PrimaryKeyConstraint("store", "id"),
)

# Up to which statement the rules were applied to the agents that statements bring, and up to which
# person they are being applied to all persons, since they have changed; NULL if to all.
joining_progress = Table(
    "joining_progress",
    metadata,
    Column("store", Integer, nullable=False, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("person", Uuid),
    PrimaryKeyConstraint("store"),
)

# Which mbox an mbox_sha1sum is the SHA-1 of, of those that statements have brought: their keys.
hashed_mboxes = Table(
    "hashed_mboxes",
    metadata,
    Column("store", Integer, nullable=False),
    Column("mbox", Uuid, nullable=False),
    Column("mbox_sha1sum", Uuid, nullable=False),
    PrimaryKeyConstraint("store", "mbox"),
    Index(None, "store", "mbox_sha1sum"),
)

# What was joined, by whom, and when it was undone.
person_merges = Table(
    "person_merges",
    metadata,
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("kept", Uuid, nullable=False),
    Column("merged", Uuid, nullable=False),
    Column("merged_at", _moment, nullable=False, server_default=text("now()")),
    Column("merged_by", Text, nullable=False),
    Column("undone_at", _moment),
    Column("undone_by", Text),
    PrimaryKeyConstraint("store", "id"),
    Index(None, "store", "kept"),
)

# Pairs, the smaller id first, of whom somebody said that they are two.
refused_suggestions = Table(
    "refused_suggestions",
    metadata,
    Column("store", Integer, nullable=False),
    Column("first", Uuid, nullable=False),
    Column("second", Uuid, nullable=False),
    Column("refused_at", _moment, nullable=False, server_default=text("now()")),
    Column("refused_by", Text, nullable=False),
    PrimaryKeyConstraint("store", "first", "second"),
)

# What was changed of a person, so that a rectification can be shown (DSGVO Art. 16).
person_changes = Table(
    "person_changes",
    metadata,
    Column("store", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("person", Uuid, nullable=False),
    Column("changed_at", _moment, nullable=False, server_default=text("now()")),
    Column("changed_by", Text, nullable=False),
    # name, language, active, `attribute:` and its name, `team:` and its id, `identifier`.
    Column("what", Text, nullable=False),
    # As JSON text; NULL where there was or is nothing.
    Column("before", Text),
    Column("after", Text),
    PrimaryKeyConstraint("store", "id"),
    Index(None, "store", "person", "changed_at"),
)

# Which person a user is in a store.
user_people = Table(
    "user_people",
    metadata,
    Column("store", Integer, nullable=False),
    Column("user", Uuid, nullable=False),
    Column("person", Uuid, nullable=False),
    PrimaryKeyConstraint("store", "user"),
)
