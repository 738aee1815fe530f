"""keep people.

Each table has the policy that holds other roles to one store, as those before it.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TABLES = {
    "people": """
        CREATE TABLE people (
            store integer NOT NULL, id uuid NOT NULL, merged_into uuid, name text,
            user_name text, external_id text, language text,
            active boolean NOT NULL DEFAULT true, scim json,
            created timestamptz NOT NULL DEFAULT now(), updated timestamptz NOT NULL DEFAULT now(),
            version bigint NOT NULL DEFAULT 1,
            PRIMARY KEY (store, id)
        )
    """,
    "person_identifiers": """
        CREATE TABLE person_identifiers (
            store integer NOT NULL, agent uuid NOT NULL, person uuid NOT NULL, own uuid NOT NULL,
            ifi_type text NOT NULL, ifi text NOT NULL, source text NOT NULL,
            added timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (store, agent)
        )
    """,
    "attribute_definitions": """
        CREATE TABLE attribute_definitions (
            store integer NOT NULL, name text NOT NULL, type text NOT NULL,
            title_de text NOT NULL, title_en text NOT NULL, is_sensitive boolean NOT NULL,
            PRIMARY KEY (store, name)
        )
    """,
    "person_attributes": """
        CREATE TABLE person_attributes (
            store integer NOT NULL, own uuid NOT NULL, name text NOT NULL,
            valid_from date NOT NULL DEFAULT '-infinity',
            valid_until date NOT NULL DEFAULT 'infinity',
            value text NOT NULL, person uuid NOT NULL,
            PRIMARY KEY (store, own, name, valid_from)
        )
    """,
    "teams": """
        CREATE TABLE teams (
            store integer NOT NULL, id uuid NOT NULL, name text NOT NULL, external_id text,
            scim json, created timestamptz NOT NULL DEFAULT now(),
            updated timestamptz NOT NULL DEFAULT now(), version bigint NOT NULL DEFAULT 1,
            PRIMARY KEY (store, id)
        )
    """,
    "team_members": """
        CREATE TABLE team_members (
            store integer NOT NULL, team uuid NOT NULL, own uuid NOT NULL,
            valid_from date NOT NULL DEFAULT '-infinity',
            valid_until date NOT NULL DEFAULT 'infinity',
            person uuid NOT NULL,
            PRIMARY KEY (store, team, own, valid_from)
        )
    """,
    "joining_rules": """
        CREATE TABLE joining_rules (
            store integer NOT NULL, id uuid NOT NULL, kind text NOT NULL,
            home_page text, attribute text,
            PRIMARY KEY (store, id)
        )
    """,
    "joining_progress": """
        CREATE TABLE joining_progress (
            store integer PRIMARY KEY, position bigint NOT NULL, person uuid
        )
    """,
    "hashed_mboxes": """
        CREATE TABLE hashed_mboxes (
            store integer NOT NULL, mbox uuid NOT NULL, mbox_sha1sum uuid NOT NULL,
            PRIMARY KEY (store, mbox)
        )
    """,
    "person_merges": """
        CREATE TABLE person_merges (
            store integer NOT NULL, id uuid NOT NULL, kept uuid NOT NULL, merged uuid NOT NULL,
            merged_at timestamptz NOT NULL DEFAULT now(), merged_by text NOT NULL,
            undone_at timestamptz, undone_by text,
            PRIMARY KEY (store, id)
        )
    """,
    "refused_suggestions": """
        CREATE TABLE refused_suggestions (
            store integer NOT NULL, first uuid NOT NULL, second uuid NOT NULL,
            refused_at timestamptz NOT NULL DEFAULT now(), refused_by text NOT NULL,
            PRIMARY KEY (store, first, second)
        )
    """,
    "person_changes": """
        CREATE TABLE person_changes (
            store integer NOT NULL, id uuid NOT NULL, person uuid NOT NULL,
            changed_at timestamptz NOT NULL DEFAULT now(), changed_by text NOT NULL,
            what text NOT NULL, before text, after text,
            PRIMARY KEY (store, id)
        )
    """,
    "user_people": """
        CREATE TABLE user_people (
            store integer NOT NULL, "user" uuid NOT NULL, person uuid NOT NULL,
            PRIMARY KEY (store, "user")
        )
    """,
}
_INDEXES = (
    "CREATE INDEX people_merged_idx ON people (store, merged_into) WHERE merged_into IS NOT NULL",
    "CREATE INDEX people_external_id_idx ON people (store, external_id)",
    """
    CREATE UNIQUE INDEX people_user_name_key ON people (store, lower(user_name))
        WHERE user_name IS NOT NULL
    """,
    'CREATE INDEX people_name_idx ON people (store, lower(name) COLLATE "C", id)',
    "CREATE INDEX people_inactive_idx ON people (store, id) WHERE NOT active",
    "CREATE INDEX person_identifiers_store_person_idx ON person_identifiers (store, person)",
    """
    CREATE INDEX person_attributes_store_person_name_valid_from_idx
        ON person_attributes (store, person, name, valid_from)
    """,
    """
    CREATE INDEX person_attributes_store_name_value_person_idx
        ON person_attributes (store, name, value, person)
    """,
    """
    CREATE INDEX hashed_mboxes_store_mbox_sha1sum_idx ON hashed_mboxes (store, mbox_sha1sum)
    """,
    "CREATE INDEX teams_external_id_idx ON teams (store, external_id)",
    "CREATE UNIQUE INDEX teams_name_key ON teams (store, lower(name))",
    "CREATE INDEX team_members_store_person_idx ON team_members (store, person)",
    "CREATE INDEX person_merges_store_kept_idx ON person_merges (store, kept)",
    """
    CREATE INDEX person_changes_store_person_changed_at_idx
        ON person_changes (store, person, changed_at)
    """,
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, definition in _TABLES.items():
        op.execute(definition)
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_store ON {table} USING (store = (SELECT lrs_store_of_login()))"
        )
    for definition in _INDEXES:
        op.execute(definition)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
