"""keep attachments."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "attachments",
        sa.Column("store", sa.Integer(), nullable=False),
        sa.Column("sha2", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("store", "sha2", name=op.f("attachments_pkey")),
    )
    op.create_table(
        "attachment_pieces",
        sa.Column("store", sa.Integer(), nullable=False),
        sa.Column("sha2", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("store", "sha2", "number", name=op.f("attachment_pieces_pkey")),
    )
    # Most files are packed already; PostgreSQL need not try again.
    op.execute("ALTER TABLE attachment_pieces ALTER COLUMN content SET STORAGE EXTERNAL")
    op.create_table(
        "statement_attachments",
        sa.Column("store", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sha2", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("store", "id", "sha2", name=op.f("statement_attachments_pkey")),
    )
    op.create_index(
        op.f("statement_attachments_store_sha2_idx"),
        "statement_attachments",
        ["store", "sha2"],
        unique=False,
    )
    op.add_column("statements", sa.Column("signature", sa.Text(), nullable=True))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("statements", "signature")
    op.drop_index(op.f("statement_attachments_store_sha2_idx"), table_name="statement_attachments")
    op.drop_table("statement_attachments")
    op.drop_table("attachment_pieces")
    op.drop_table("attachments")
