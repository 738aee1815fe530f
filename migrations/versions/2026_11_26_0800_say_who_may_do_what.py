"""say who may do what.

The credentials that are there keep what they could do: all that there was.
"""

from collections.abc import Iterable

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_CHANGED = (
    """
    ALTER TABLE stores
        ADD COLUMN settings jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN deleting timestamptz
    """,
    """
    ALTER TABLE credentials
        ADD COLUMN kind text NOT NULL DEFAULT 'client',
        ADD COLUMN scopes text[] NOT NULL DEFAULT '{}',
        ADD COLUMN agents text[],
        ADD COLUMN activities text[],
        ADD COLUMN authority text,
        ADD COLUMN authority_key uuid,
        ADD COLUMN origins text[],
        ADD COLUMN networks text[],
        ADD COLUMN rates jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN expires timestamptz,
        ADD COLUMN previous_secret_mac bytea,
        ADD COLUMN previous_until timestamptz
    """,
    "UPDATE credentials SET scopes = ARRAY['all', 'analytics/personal', 'export']",
)

_TABLES = (
    """
    CREATE TABLE launch_tokens (
        store integer NOT NULL, id uuid NOT NULL, credential integer NOT NULL,
        actor text NOT NULL, registration uuid NOT NULL, activity text NOT NULL,
        created timestamptz NOT NULL DEFAULT now(), expires timestamptz NOT NULL,
        fetched timestamptz, revoked timestamptz,
        PRIMARY KEY (store, id)
    )
    """,
    "CREATE INDEX launch_tokens_expires_idx ON launch_tokens (expires)",
    """
    CREATE INDEX launch_tokens_revoked_idx ON launch_tokens (expires) WHERE revoked IS NOT NULL
    """,
    """
    CREATE TABLE users (
        id uuid PRIMARY KEY, name text NOT NULL, email text NOT NULL,
        issuer text, subject text, password_hash text,
        failures integer NOT NULL DEFAULT 0, locked_until timestamptz,
        created timestamptz NOT NULL DEFAULT now(), disabled timestamptz
    )
    """,
    "CREATE UNIQUE INDEX users_issuer_subject_key ON users (issuer, subject)",
    "CREATE UNIQUE INDEX users_email_key ON users (lower(email)) WHERE issuer IS NULL",
    """
    CREATE TABLE user_grants (
        "user" uuid NOT NULL, store integer NOT NULL, role text NOT NULL,
        agents text[], activities text[], by_claims boolean NOT NULL DEFAULT false,
        PRIMARY KEY ("user", store, role)
    )
    """,
    """
    CREATE TABLE sessions (
        digest bytea PRIMARY KEY, "user" uuid NOT NULL, store integer NOT NULL, role text,
        created timestamptz NOT NULL DEFAULT now(), expires timestamptz NOT NULL
    )
    """,
    'CREATE INDEX sessions_user_idx ON sessions ("user")',
    """
    CREATE TABLE set_up_links (
        digest bytea PRIMARY KEY, "user" uuid NOT NULL, expires timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE api_tokens (
        id uuid PRIMARY KEY, "user" uuid NOT NULL, store integer NOT NULL, role text NOT NULL,
        label text NOT NULL, secret_mac bytea NOT NULL, scopes text[] NOT NULL,
        created timestamptz NOT NULL DEFAULT now(), expires timestamptz NOT NULL,
        revoked timestamptz
    )
    """,
    'CREATE INDEX api_tokens_user_idx ON api_tokens ("user")',
    """
    CREATE TABLE audit_records (
        store integer NOT NULL, number bigint NOT NULL, at timestamptz NOT NULL,
        who_kind text NOT NULL, who text, address text, action text NOT NULL,
        target text, outcome text NOT NULL, request_id text NOT NULL, details text,
        seals bytea[] NOT NULL, hash bytea NOT NULL,
        PRIMARY KEY (store, number)
    )
    """,
    "CREATE INDEX audit_records_store_at_idx ON audit_records (store, at)",
    """
    CREATE TABLE audit_heads (
        store integer PRIMARY KEY, number bigint NOT NULL, hash bytea NOT NULL
    )
    """,
    """
    CREATE TABLE store_deletions (
        store integer PRIMARY KEY, name text NOT NULL,
        requested timestamptz NOT NULL DEFAULT now(), requested_by text NOT NULL,
        total bigint, deleted bigint NOT NULL DEFAULT 0, finished timestamptz
    )
    """,
    """
    CREATE TABLE store_usage (
        store integer PRIMARY KEY, statements bigint NOT NULL, bytes bigint NOT NULL
    )
    """,
    """
    CREATE TABLE store_usage_changes (
        store integer NOT NULL, statements bigint NOT NULL, bytes bigint NOT NULL
    )
    """,
)
_MADE = (
    "launch_tokens",
    "users",
    "user_grants",
    "sessions",
    "set_up_links",
    "api_tokens",
    "audit_records",
    "audit_heads",
    "store_deletions",
    "store_usage",
    "store_usage_changes",
)
# What is there already: each payload and attachment is looked at once.
_COUNTED = """
    INSERT INTO store_usage (store, statements, bytes)
    SELECT store, sum(statements), sum(bytes)
    FROM (
        SELECT store, count(*) AS statements, sum(octet_length(CAST(payload AS text))) AS bytes
        FROM statement_payloads
        GROUP BY store
        UNION ALL
        SELECT store, 0, sum(size) FROM attachments GROUP BY store
    ) AS held
    GROUP BY store
"""

# What held them back goes with the columns. Without it they could do all, so they are let in no
# more, also not by who migrates up again.
_LIMITED = """
    UPDATE credentials SET revoked = now()
    WHERE revoked IS NULL
      AND (
          kind <> 'client'
          OR NOT scopes @> ARRAY['all', 'analytics/personal']
          OR num_nonnulls(agents, activities, origins, networks, expires) > 0
          OR store IN (SELECT id FROM stores WHERE deleting IS NOT NULL)
      )
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _execute((*_CHANGED, *_TABLES, _COUNTED))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_LIMITED)
    _execute(f"DROP TABLE {table}" for table in _MADE)
    op.execute(
        """
        ALTER TABLE credentials
            DROP COLUMN kind, DROP COLUMN scopes, DROP COLUMN agents, DROP COLUMN activities,
            DROP COLUMN authority, DROP COLUMN authority_key, DROP COLUMN origins,
            DROP COLUMN networks, DROP COLUMN rates, DROP COLUMN expires,
            DROP COLUMN previous_secret_mac, DROP COLUMN previous_until
        """
    )
    op.execute("ALTER TABLE stores DROP COLUMN settings, DROP COLUMN deleting")


def _execute(statements: Iterable[str]) -> None:
    for statement in statements:
        op.execute(statement)
