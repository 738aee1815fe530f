"""keep archives of people.

Each table has the policy that holds other roles to one store, as those before it.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TABLES = {
    "person_archives": """
        CREATE TABLE person_archives (
            store integer NOT NULL, id uuid NOT NULL, person uuid NOT NULL, keys uuid[] NOT NULL,
            "user" uuid, language text NOT NULL, sees_frozen boolean NOT NULL,
            ordered timestamptz NOT NULL DEFAULT now(), ordered_by text NOT NULL,
            stage text NOT NULL DEFAULT 'waiting', place text, until_position bigint,
            total bigint NOT NULL DEFAULT 0, done bigint NOT NULL DEFAULT 0,
            entries integer NOT NULL DEFAULT 0, counts jsonb NOT NULL DEFAULT '{}',
            failures integer NOT NULL DEFAULT 0,
            finished timestamptz, expires timestamptz, removed timestamptz,
            PRIMARY KEY (store, id)
        )
    """,
    "archive_entries": """
        CREATE TABLE archive_entries (
            store integer NOT NULL, archive uuid NOT NULL, number integer NOT NULL,
            name text NOT NULL, method smallint NOT NULL, size bigint NOT NULL,
            packed bigint NOT NULL, crc bigint NOT NULL,
            PRIMARY KEY (store, archive, number)
        )
    """,
    "archive_pieces": """
        CREATE TABLE archive_pieces (
            store integer NOT NULL, archive uuid NOT NULL, entry integer NOT NULL,
            number integer NOT NULL, content bytea NOT NULL,
            PRIMARY KEY (store, archive, entry, number)
        )
    """,
    "archive_agents": """
        CREATE TABLE archive_agents (
            store integer NOT NULL, agent uuid NOT NULL, archive uuid NOT NULL,
            PRIMARY KEY (store, agent, archive)
        )
    """,
    "archive_attachments": """
        CREATE TABLE archive_attachments (
            store integer NOT NULL, archive uuid NOT NULL, sha2 text NOT NULL,
            PRIMARY KEY (store, archive, sha2)
        )
    """,
}
_FURTHER = (
    "CREATE INDEX archive_agents_store_archive_idx ON archive_agents (store, archive)",
    # For who looks for all that is kept of a person.
    "CREATE INDEX documents_store_agent_idx ON documents (store, agent) WHERE agent IS NOT NULL",
    # What is packed already cannot be packed again.
    "ALTER TABLE archive_pieces ALTER COLUMN content SET STORAGE EXTERNAL",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, definition in _TABLES.items():
        op.execute(definition)
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_store ON {table} USING (store = (SELECT lrs_store_of_login()))"
        )
    for change in _FURTHER:
        op.execute(change)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP INDEX documents_store_agent_idx")
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
