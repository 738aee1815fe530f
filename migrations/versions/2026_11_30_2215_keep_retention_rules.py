"""keep retention rules.

Each table has the policy that holds other roles to one store, as those before it.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLES = {
    "retention_rules": """
        CREATE TABLE retention_rules (
            store integer NOT NULL, id uuid NOT NULL, name text NOT NULL, action text NOT NULL,
            conditions json NOT NULL, version integer NOT NULL DEFAULT 1,
            created timestamptz NOT NULL DEFAULT now(), changed timestamptz NOT NULL DEFAULT now(),
            changed_by text NOT NULL, active_since timestamptz, applied timestamptz,
            PRIMARY KEY (store, id)
        )
    """,
    "retention_runs": """
        CREATE TABLE retention_runs (
            store integer NOT NULL, id uuid NOT NULL, rule uuid NOT NULL, rule_name text NOT NULL,
            rule_version integer NOT NULL, action text NOT NULL, conditions json NOT NULL,
            is_dry boolean NOT NULL, state text NOT NULL DEFAULT 'waiting',
            requested timestamptz NOT NULL DEFAULT now(), requested_by text NOT NULL,
            finished timestamptz, until_position bigint, place bigint, place_id uuid,
            statements bigint NOT NULL DEFAULT 0, held bigint NOT NULL DEFAULT 0, secret bytea,
            failures integer NOT NULL DEFAULT 0,
            PRIMARY KEY (store, id)
        )
    """,
    "retention_counts": """
        CREATE TABLE retention_counts (
            store integer NOT NULL, run uuid NOT NULL, system text NOT NULL, month text NOT NULL,
            statements bigint NOT NULL,
            PRIMARY KEY (store, run, system, month)
        )
    """,
    "legal_holds": """
        CREATE TABLE legal_holds (
            store integer NOT NULL, id uuid NOT NULL, person uuid, keys uuid[], system text,
            activity text, activity_key uuid, since timestamptz, until timestamptz,
            reason text NOT NULL, made timestamptz NOT NULL DEFAULT now(), made_by text NOT NULL,
            released timestamptz, released_by text,
            PRIMARY KEY (store, id)
        )
    """,
}
_INDEXES = ("CREATE INDEX retention_runs_store_rule_idx ON retention_runs (store, rule)",)


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
