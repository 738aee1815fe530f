"""keep rollups."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TYPES: dict[str, Any] = {
    "day": sa.Date(),
    "credential": sa.Integer(),
    "verb": sa.Uuid(),
    "activity": sa.Uuid(),
    "block": sa.Integer(),
}
_SUMS = {
    "rollup_sums_by_day": ("day", "credential"),
    "rollup_sums_by_verb": ("credential", "verb"),
    "rollup_sums_by_activity": ("activity",),
    "rollup_sums_by_day_and_verb": ("day", "credential", "verb"),
    "rollup_sums_by_day_and_activity": ("day", "activity"),
    "rollup_sums_by_activity_and_verb": ("activity", "verb"),
}
_NUMBERS = ("rollup_actors", "rollup_activities")
_SETS = {
    "rollup_actors_by_day": ("day", "credential"),
    "rollup_actors_by_activity": ("activity",),
    "rollup_actors_by_verb": ("credential", "verb"),
    "rollup_activities_by_day": ("day", "credential"),
    "rollup_activities_by_verb": ("credential", "verb"),
}
_COUNTS = ("statements", "completions", "judged", "successes", "scores", "durations", "ratings")
_TOTALS = ("score_total", "duration_total", "rating_total")
# Few rows that are written again with each fold: room in their page spares their index.
_ROOM = {"fillfactor": 60}
_MANY = ("rollup_sums_by_day_and_verb", "rollup_sums_by_day_and_activity")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "rollup_progress",
        sa.Column("store", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("actors", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("activities", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("store", name=op.f("rollup_progress_pkey")),
    )
    for name, keys in _SUMS.items():
        counts = (sa.Column(count, sa.BigInteger(), nullable=False) for count in _COUNTS)
        totals = (sa.Column(total, sa.Numeric(), nullable=False) for total in _TOTALS)
        _create(name, keys, *counts, *totals)
    for name in _NUMBERS:
        op.create_table(
            name,
            sa.Column("store", sa.Integer(), nullable=False),
            sa.Column("key", sa.Uuid(), nullable=False),
            sa.Column("number", sa.Integer(), nullable=False),
            sa.PrimaryKeyConstraint("store", "key", name=op.f(f"{name}_pkey")),
        )
    for name, keys in _SETS.items():
        _create(name, (*keys, "block"), sa.Column("bits", postgresql.BIT(4096), nullable=False))


def _create(name: str, keys: tuple[str, ...], *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("store", sa.Integer(), nullable=False),
        *(sa.Column(key, _TYPES[key], nullable=False) for key in keys),
        *columns,
        sa.PrimaryKeyConstraint("store", *keys, name=op.f(f"{name}_pkey")),
        postgresql_with={} if name in _MANY else _ROOM,
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in (*_SETS, *_NUMBERS, *_SUMS, "rollup_progress"):
        op.drop_table(name)
