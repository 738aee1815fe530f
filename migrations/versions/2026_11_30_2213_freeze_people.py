"""freeze people, and let a team lead's role name teams.

`stores.frozen` holds the keys of all identifiers of those whose data may only be kept.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# A version that does not know of them would show what they hide.
_NOBODY_IS_FROZEN = """
    DO $$
    BEGIN
        IF EXISTS (SELECT FROM person_freezes WHERE lifted IS NULL) THEN
            RAISE EXCEPTION 'lift all restrictions of people before the downgrade';
        END IF;
    END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE stores ADD COLUMN frozen uuid[] NOT NULL DEFAULT '{}'")
    op.execute("ALTER TABLE user_grants ADD COLUMN teams text[]")
    op.execute(
        """
        CREATE TABLE person_freezes (
            store integer NOT NULL, id uuid NOT NULL, person uuid NOT NULL,
            since timestamptz NOT NULL DEFAULT now(), by text NOT NULL, reason text NOT NULL,
            lifted timestamptz, lifted_by text,
            PRIMARY KEY (store, id)
        )
        """
    )
    op.execute("CREATE INDEX person_freezes_store_person_idx ON person_freezes (store, person)")
    op.execute("ALTER TABLE person_freezes ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY own_store ON person_freezes USING (store = (SELECT lrs_store_of_login()))"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_NOBODY_IS_FROZEN)
    op.execute("DROP TABLE person_freezes")
    # Without its teams a role would be of everybody.
    op.execute("DELETE FROM user_grants WHERE teams IS NOT NULL")
    op.execute("ALTER TABLE user_grants DROP COLUMN teams")
    op.execute("ALTER TABLE stores DROP COLUMN frozen")
