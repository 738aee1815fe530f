"""guard the audit log.

Records are added and nothing else, whoever is connected, but for personal fields: they can be
blanked in a transaction that names the store in the setting `lrs.audit_erasure`. What somebody does
who drops the triggers, the chain of hashes tells.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_RECORDS = """
    CREATE FUNCTION lrs_audit_records_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        erasable CONSTANT text[] := '{who,address,target,details,seals}';
    BEGIN
        IF TG_OP = 'UPDATE' AND current_setting('lrs.audit_erasure', true) = OLD.store::text
            AND to_jsonb(NEW) - erasable = to_jsonb(OLD) - erasable
            AND (NEW.who IS NULL OR NEW.who = OLD.who)
            AND (NEW.address IS NULL OR NEW.address = OLD.address)
            AND (NEW.target IS NULL OR NEW.target = OLD.target)
            AND (NEW.details IS NULL OR NEW.details = OLD.details)
        THEN
            RETURN NEW;
        END IF;
        RAISE insufficient_privilege USING MESSAGE = 'records of the audit log stay as they are';
    END
    $$
"""
_HEADS = """
    CREATE FUNCTION lrs_audit_heads_go_on() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND NEW.store = OLD.store AND NEW.number > OLD.number THEN
            RETURN NEW;
        END IF;
        RAISE insufficient_privilege USING MESSAGE = 'the end of the audit log only moves on';
    END
    $$
"""
_NOT_EMPTIED = """
    CREATE FUNCTION lrs_audit_is_not_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE insufficient_privilege USING MESSAGE = 'the audit log is not emptied';
    END
    $$
"""
_TRIGGERS = (
    """
    CREATE TRIGGER stay BEFORE UPDATE OR DELETE ON audit_records
        FOR EACH ROW EXECUTE FUNCTION lrs_audit_records_stay()
    """,
    """
    CREATE TRIGGER go_on BEFORE UPDATE OR DELETE ON audit_heads
        FOR EACH ROW EXECUTE FUNCTION lrs_audit_heads_go_on()
    """,
    """
    CREATE TRIGGER is_not_emptied BEFORE TRUNCATE ON audit_records
        EXECUTE FUNCTION lrs_audit_is_not_emptied()
    """,
    """
    CREATE TRIGGER is_not_emptied BEFORE TRUNCATE ON audit_heads
        EXECUTE FUNCTION lrs_audit_is_not_emptied()
    """,
)
_FUNCTIONS = ("lrs_audit_records_stay", "lrs_audit_heads_go_on", "lrs_audit_is_not_emptied")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in (_RECORDS, _HEADS, _NOT_EMPTIED, *_TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}() CASCADE")
