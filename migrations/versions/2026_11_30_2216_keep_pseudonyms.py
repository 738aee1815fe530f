"""keep pseudonyms.

Each table has the policy that holds other roles to one store, as those before it.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TABLES = {
    "pseudonym_keys": """
        CREATE TABLE pseudonym_keys (
            store integer PRIMARY KEY, fingerprint text NOT NULL,
            made timestamptz NOT NULL DEFAULT now(),
            forgotten timestamptz, forgotten_by text
        )
    """,
    "pseudonyms": """
        CREATE TABLE pseudonyms (
            store integer NOT NULL, agent uuid NOT NULL, sealed bytea NOT NULL,
            PRIMARY KEY (store, agent)
        )
    """,
    "reidentifications": """
        CREATE TABLE reidentifications (
            store integer NOT NULL, id uuid NOT NULL, agent uuid NOT NULL, reason text NOT NULL,
            asked_by uuid NOT NULL, asked timestamptz NOT NULL DEFAULT now(),
            approved_by uuid, approved timestamptz,
            PRIMARY KEY (store, id)
        )
    """,
}
# A version that does not know of them would keep whom they must not know.
_NO_STORE_IS_PSEUDONYMOUS = """
    DO $$
    BEGIN
        IF EXISTS (SELECT FROM stores WHERE pseudonymous) THEN
            RAISE EXCEPTION 'there are pseudonymous stores, and a version before this one would'
                ' keep people in them as they are: delete these stores first';
        END IF;
    END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE stores ADD COLUMN pseudonymous boolean NOT NULL DEFAULT false")
    for table, definition in _TABLES.items():
        op.execute(definition)
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_store ON {table} USING (store = (SELECT lrs_store_of_login()))"
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_NO_STORE_IS_PSEUDONYMOUS)
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE stores DROP COLUMN pseudonymous")
