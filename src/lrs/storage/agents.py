"""The names of Agents, each once, however many statements bring them."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.rows import insert_rows
from lrs.storage.tables import agent_names
from lrs.xapi.keys import digest

# No more names of one Agent are ever read.
MOST_NAMES = 100


async def keep_names(
    connection: AsyncConnection, store: int, named: Iterable[tuple[UUID, str]]
) -> None:
    """Keep the names of Agents, given by key; one that is there already costs no write."""
    names = {(agent, digest(name.encode())): name for agent, name in named}
    if not names:
        return
    ordered = sorted(names)
    columns: dict[str, Sequence[object]] = {
        "agent": [agent for agent, _ in ordered],
        "digest": [hashed for _, hashed in ordered],
        "name": [names[key] for key in ordered],
    }
    await insert_rows(connection, agent_names, store, columns)


async def find_names(connection: AsyncConnection, store: int, agent: UUID) -> Sequence[str]:
    """Return the names of an Agent, at most `MOST_NAMES` of them, in no order that says anything.

    The walk over the primary key ends there, however many names somebody has thought up.
    """
    query = (
        select(agent_names.c.name)
        .where(agent_names.c.store == store, agent_names.c.agent == agent)
        .order_by(agent_names.c.digest)
        .limit(MOST_NAMES)
    )
    return (await connection.execute(query)).scalars().all()
