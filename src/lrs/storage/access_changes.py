"""Counts every change of who may do what, so that caches can tell that they are old."""

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.driver import fetch
from lrs.storage.tables import credential_changes

# Whoever listens to it is told of each change when it is committed.
CHANNEL = "lrs_access_changes"
# Seconds for a look that takes less than a thousandth: all who ask wait for it.
_PATIENCE = 3.0
_LOOK = select(
    select(credential_changes.c.count).scalar_subquery().label("changes"),
    func.extract("epoch", func.clock_timestamp()).label("now"),
)


async def count_changes(connection: AsyncConnection) -> int:
    """Return a number that grows with every change of a store, a credential, a token or a user."""
    return int(await connection.scalar(select(credential_changes.c.count)) or 0)


async def look_at_changes(connection: AsyncConnection) -> tuple[int, float]:
    """Return the same number, and the time: seconds since 1970 by PostgreSQL's clock."""
    rows = await fetch(connection, _LOOK, {}, _PATIENCE)
    return int(rows[0]["changes"] or 0), float(rows[0]["now"])


async def count_up(connection: AsyncConnection) -> None:
    """Count a change of this transaction, and have all processes told of it at its commit."""
    count = credential_changes.c.count
    insertion = postgresql.insert(credential_changes).values(count=1)
    await connection.execute(
        insertion.on_conflict_do_update(
            index_elements=[credential_changes.c.only], set_={"count": count + 1}
        )
    )
    await connection.execute(select(func.pg_notify(CHANNEL, "")))
