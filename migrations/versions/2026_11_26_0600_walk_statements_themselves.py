"""walk statements themselves.

Takes the tables of statements for itself (ACCESS EXCLUSIVE): nobody reads or writes statements
meanwhile. It copies each of them but `statements` once, in the order of answers, and builds the new
indexes, so it needs room for both, and a time that grows with the store.
"""

from collections.abc import Iterable

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_LOCK = """
    LOCK TABLE statements, statement_payloads, statement_agents, statement_activities
    IN ACCESS EXCLUSIVE MODE
"""

_NEW_TABLES = (
    """
    CREATE TABLE statement_payloads (
        position bigint NOT NULL, store integer NOT NULL, id uuid NOT NULL, payload json NOT NULL
    )
    """,
    """
    INSERT INTO statement_payloads (position, store, id, payload)
    SELECT position, store, id, payload
    FROM statement_payloads_before JOIN statements USING (store, id)
    ORDER BY position
    """,
    """
    CREATE TABLE statement_references (
        position bigint NOT NULL, store integer NOT NULL, id uuid NOT NULL, via uuid NOT NULL,
        verb uuid NOT NULL, actor uuid, object uuid, registration uuid
    )
    """,
    """
    INSERT INTO statement_references
        (position, store, id, via, verb, actor, object, registration)
    SELECT found.position, found.store, found.id, via, target.verb, actor, object,
           target.registration
    FROM statement_matches AS found
    JOIN statements AS target ON target.store = found.store AND target.id = via
    WHERE via <> found.id
    ORDER BY found.position
    """,
    """
    CREATE TABLE statement_agents (
        position bigint NOT NULL, store integer NOT NULL, direct boolean NOT NULL,
        agent uuid NOT NULL, id uuid NOT NULL, via uuid
    )
    """,
    """
    INSERT INTO statement_agents (position, store, direct, agent, id, via)
    SELECT found.position, found.store, direct, agent, found.id, nullif(via, found.id)
    FROM statement_agents_before AS found
    JOIN statements AS named ON named.store = found.store AND named.id = via
    WHERE agent IS DISTINCT FROM named.actor
    ORDER BY found.position
    """,
    """
    CREATE TABLE statement_activities (
        position bigint NOT NULL, store integer NOT NULL, activity uuid NOT NULL,
        id uuid NOT NULL, via uuid
    )
    """,
    """
    INSERT INTO statement_activities (position, store, activity, id, via)
    SELECT found.position, found.store, activity, found.id, nullif(via, found.id)
    FROM statement_activities_before AS found
    JOIN statements AS named ON named.store = found.store AND named.id = via
    WHERE activity IS DISTINCT FROM named.object
    ORDER BY found.position
    """,
    "DROP TABLE statement_payloads_before, statement_agents_before",
    "DROP TABLE statement_activities_before, statement_matches",
)

_NEW_INDEXES = (
    "ALTER TABLE statement_payloads ADD PRIMARY KEY (store, position, id)",
    "ALTER TABLE statement_references ADD PRIMARY KEY (store, position, id, via)",
    """
    CREATE INDEX statement_agents_direct_agent_walk
    ON statement_agents (store, uuid_hash(agent), position) WHERE direct
    """,
    """
    CREATE INDEX statement_agents_other_agent_walk
    ON statement_agents (store, uuid_hash(agent), position) WHERE NOT direct
    """,
    """
    CREATE INDEX statement_activities_activity_walk
    ON statement_activities (store, uuid_hash(activity), position)
    """,
)
_WALKED = ("statements", "statement_references")
_WALKS = (
    "CREATE INDEX {0}_verb_walk ON {0} (store, uuid_hash(verb), position)",
    """
    CREATE INDEX {0}_actor_walk ON {0} (store, uuid_hash(actor), position)
    WHERE actor IS NOT NULL
    """,
    """
    CREATE INDEX {0}_object_walk ON {0} (store, uuid_hash(object), position)
    WHERE object IS NOT NULL
    """,
    """
    CREATE INDEX {0}_registration_walk ON {0} (store, uuid_hash(registration), position)
    WHERE registration IS NOT NULL
    """,
    """
    CREATE INDEX {0}_object_verb_walk
    ON {0} (store, (uuid_hash(object) # uuid_hash(verb)), position)
    WHERE object IS NOT NULL
    """,
)

_OLD_TABLES = (
    """
    CREATE TABLE statement_payloads (
        store integer NOT NULL, id uuid NOT NULL, payload json NOT NULL
    )
    """,
    """
    INSERT INTO statement_payloads (store, id, payload)
    SELECT store, id, payload FROM statement_payloads_before
    """,
    """
    CREATE TABLE statement_matches (
        store integer NOT NULL, id uuid NOT NULL, via uuid NOT NULL, position bigint NOT NULL,
        verb uuid NOT NULL, activity uuid, registration uuid
    )
    """,
    """
    INSERT INTO statement_matches (store, id, via, position, verb, activity, registration)
    SELECT store, id, id, position, verb, CASE object_type WHEN 'Activity' THEN object END,
           registration
    FROM statements
    UNION ALL
    SELECT found.store, found.id, via, found.position, found.verb,
           CASE object_type WHEN 'Activity' THEN found.object END, found.registration
    FROM statement_references AS found
    JOIN statements AS target ON target.store = found.store AND target.id = via
    """,
    """
    CREATE TABLE statement_agents (
        store integer NOT NULL, agent uuid NOT NULL, position bigint NOT NULL, id uuid NOT NULL,
        via uuid NOT NULL, direct boolean NOT NULL, verb uuid NOT NULL, activity uuid,
        registration uuid
    )
    """,
    """
    INSERT INTO statement_agents
        (store, agent, position, id, via, direct, verb, activity, registration)
    SELECT store, agent, named.position, id, via, direct, verb, activity, registration
    FROM (
        SELECT store, position, id, id AS via, actor AS agent, true AS direct FROM statements
        UNION
        SELECT store, position, id, via, actor, true FROM statement_references
        UNION
        SELECT store, position, id, coalesce(via, id), agent, direct FROM statement_agents_before
    ) AS named
    JOIN statement_matches AS found USING (store, id, via)
    WHERE agent IS NOT NULL
    """,
    """
    CREATE TABLE statement_activities (
        store integer NOT NULL, activity uuid NOT NULL, position bigint NOT NULL,
        id uuid NOT NULL, via uuid NOT NULL
    )
    """,
    """
    INSERT INTO statement_activities (store, activity, position, id, via)
    SELECT store, activity, position, id, via FROM statement_matches WHERE activity IS NOT NULL
    UNION
    SELECT store, activity, position, id, coalesce(via, id) FROM statement_activities_before
    """,
    # The arrays name actor and object again.
    """
    UPDATE statements
    SET direct_agents = ARRAY(SELECT actor WHERE actor IS NOT NULL
                              UNION SELECT unnest(direct_agents)),
        activities = ARRAY(SELECT object WHERE object_type = 'Activity'
                           UNION SELECT unnest(activities))
    """,
    "DROP TABLE statement_payloads_before, statement_agents_before",
    "DROP TABLE statement_activities_before, statement_references",
)

_OLD_INDEXES = (
    "ALTER TABLE statement_payloads ADD PRIMARY KEY (store, id)",
    "ALTER TABLE statement_matches ADD PRIMARY KEY (store, id, via)",
    "ALTER TABLE statement_agents ADD PRIMARY KEY (store, agent, position, id, via)",
    "ALTER TABLE statement_activities ADD PRIMARY KEY (store, activity, position, id, via)",
    """
    CREATE INDEX statement_agents_store_agent_verb_position_idx
    ON statement_agents (store, agent, verb, position) WHERE direct
    """,
    """
    CREATE INDEX statement_matches_store_verb_position_idx
    ON statement_matches (store, verb, position)
    """,
    """
    CREATE INDEX statement_matches_store_activity_position_idx
    ON statement_matches (store, activity, position)
    """,
    """
    CREATE INDEX statement_matches_store_registration_position_idx
    ON statement_matches (store, registration, position)
    """,
    """
    CREATE INDEX statement_matches_store_activity_verb_position_idx
    ON statement_matches (store, activity, verb, position)
    """,
)

_KEYS = ("verb", "actor", "object", "registration", "object_verb")
_GROWING = (
    "statements",
    "statement_payloads",
    "statement_references",
    "statement_agents",
    "statement_activities",
)
# Rows are added and next to never changed. A visit soon after finds pages that were written since
# the last checkpoint, and costs next to no WAL; a late one writes each of them into the WAL again.
# What it freezes, none has to write again to keep numbers of transactions from running out.
_VISITS = """
    ALTER TABLE {0} SET (
        autovacuum_vacuum_insert_threshold = 50000,
        autovacuum_vacuum_insert_scale_factor = 0,
        autovacuum_freeze_min_age = 0
    )
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_LOCK)
    _set_aside("statement_payloads", "statement_agents", "statement_activities")
    _execute(_NEW_TABLES + _NEW_INDEXES)
    _execute(walk.format(table) for table in _WALKED for walk in _WALKS)
    _execute(_VISITS.format(table) for table in _GROWING)
    _execute(f"ANALYZE {table}" for table in _GROWING)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_LOCK)
    _set_aside("statement_payloads", "statement_agents", "statement_activities")
    _execute(_OLD_TABLES + _OLD_INDEXES)
    _execute(f"DROP INDEX statements_{key}_walk" for key in _KEYS)
    op.execute(
        "ALTER TABLE statements RESET (autovacuum_vacuum_insert_threshold,"
        " autovacuum_vacuum_insert_scale_factor, autovacuum_freeze_min_age)"
    )


def _set_aside(*tables: str) -> None:
    for table in tables:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_pkey")
        op.execute(f"ALTER TABLE {table} RENAME TO {table}_before")


def _execute(statements: Iterable[str]) -> None:
    for statement in statements:
        op.execute(statement)
