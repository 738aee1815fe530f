"""hold other roles to one store.

Who owns the tables is not held by this, and neither is the role of the service, which gets a policy
of its own (`lrs.storage.row_level_security`). Any other role sees the rows of the store that
`store_logins` names for its login, and nothing without one, whatever it was granted. By the login,
`session_user`: a role or a setting is what somebody can change who is connected.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_OF_STORES = (
    "activities",
    "agent_names",
    "agents",
    "api_tokens",
    "attachment_pieces",
    "attachments",
    "audit_heads",
    "audit_records",
    "credentials",
    "documents",
    "launch_tokens",
    "rollup_activities",
    "rollup_activities_by_day",
    "rollup_activities_by_verb",
    "rollup_actors",
    "rollup_actors_by_activity",
    "rollup_actors_by_day",
    "rollup_actors_by_verb",
    "rollup_progress",
    "rollup_sums_by_activity",
    "rollup_sums_by_activity_and_verb",
    "rollup_sums_by_day",
    "rollup_sums_by_day_and_activity",
    "rollup_sums_by_day_and_verb",
    "rollup_sums_by_verb",
    "sessions",
    "statement_activities",
    "statement_agents",
    "statement_attachments",
    "statement_payloads",
    "statement_references",
    "statements",
    "store_deletions",
    "store_logins",
    "store_usage",
    "store_usage_changes",
    "user_grants",
    "verbs",
)
# Of these a login of a store sees nothing.
_OF_NO_STORE = ("credential_changes", "set_up_links", "users")

_LOGINS = """
    CREATE TABLE store_logins (role text PRIMARY KEY, store integer NOT NULL)
"""
# With the rights of the owner, so that nobody else needs any on the table. What its body names is
# found when it is made, whatever search path a login sets.
_FUNCTION = """
    CREATE FUNCTION lrs_store_of_login() RETURNS integer
        LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    BEGIN ATOMIC
        SELECT store FROM store_logins WHERE role = CAST(session_user AS text);
    END
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_LOGINS)
    op.execute(_FUNCTION)
    for table in (*_OF_STORES, *_OF_NO_STORE, "stores"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    for table, column in (*((table, "store") for table in _OF_STORES), ("stores", "id")):
        # In a subquery, so that it is asked once for each query and an index can be used.
        op.execute(
            f"CREATE POLICY own_store ON {table} USING ({column} = (SELECT lrs_store_of_login()))"
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # With the policies of all tables.
    op.execute("DROP FUNCTION lrs_store_of_login() CASCADE")
    op.execute("DROP TABLE store_logins")
    for table in (*_OF_STORES, *_OF_NO_STORE, "stores"):
        if table != "store_logins":
            op.execute(f"DROP POLICY IF EXISTS service ON {table}")
            op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
