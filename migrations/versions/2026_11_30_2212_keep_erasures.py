"""keep erasures.

Each table has the policy that holds other roles to one store, as those before it.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLES = {
    "erasures": """
        CREATE TABLE erasures (
            store integer NOT NULL, id uuid NOT NULL, person uuid, person_mac bytea NOT NULL,
            mode text NOT NULL, on_return text NOT NULL, reason text, state text NOT NULL,
            subject json, found json, step text, place text,
            done json NOT NULL,
            requested timestamptz NOT NULL DEFAULT now(), requested_by text,
            confirmed timestamptz, confirmed_by text, finished timestamptz, certificate text,
            PRIMARY KEY (store, id)
        )
    """,
    "tombstones": """
        CREATE TABLE tombstones (
            store integer NOT NULL, mac bytea NOT NULL, erasure uuid NOT NULL,
            action text NOT NULL, replacement text NOT NULL,
            PRIMARY KEY (store, mac)
        )
    """,
}
# A version that does not know of them would take back what was erased.
_NOBODY_IS_ERASED = """
    DO $$
    BEGIN
        IF EXISTS (SELECT FROM tombstones) THEN
            RAISE EXCEPTION 'people were erased from stores, and would come back: there is no way'
                ' behind this version but for stores that are deleted';
        END IF;
    END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, definition in _TABLES.items():
        op.execute(definition)
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_store ON {table} USING (store = (SELECT lrs_store_of_login()))"
        )
    op.execute(
        "CREATE INDEX erasures_to_do_idx ON erasures (state) WHERE state IN ('counting', 'running')"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_NOBODY_IS_ERASED)
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
