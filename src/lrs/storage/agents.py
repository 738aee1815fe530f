"""The identifiers and names of Agents and Groups, each once, however many statements bring them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.storage.driver import fetch
from lrs.storage.rows import new_rows
from lrs.storage.tables import agent_names, agents
from lrs.xapi.keys import Ifi, digest

# No more names of one Agent are ever read.
MOST_NAMES = 100


_INSERTION = new_rows(agents, ("key", "ifi_type", "ifi")).add_cte(
    new_rows(agent_names, ("agent", "digest", "name")).cte("names")
)


async def keep_agents(
    connection: AsyncConnection,
    store: int,
    ifis: Mapping[UUID, Ifi],
    named: Iterable[tuple[UUID, str]] = (),
) -> None:
    """Keep identifiers and names by their agents' keys; what is there already costs no write."""
    names = {(agent, digest(name.encode())): name for agent, name in named}
    keys, ordered = sorted(ifis), sorted(names)
    values = {
        "store": store,
        "key": keys,
        "ifi_type": [ifis[key].type for key in keys],
        "ifi": [ifis[key].value for key in keys],
        "agent": [agent for agent, _ in ordered],
        "digest": [hashed for _, hashed in ordered],
        "name": [names[key] for key in ordered],
    }
    await fetch(connection, _INSERTION, values)


async def find_names(
    connection: AsyncConnection, store: int, of_agents: Collection[UUID]
) -> Sequence[str]:
    """Return the names of Agents, at most `MOST_NAMES` of them, in no order that says anything.

    The walk over the primary key ends there, however many names somebody has thought up.
    """
    query = (
        select(agent_names.c.name)
        .where(agent_names.c.store == store, agent_names.c.agent.in_(of_agents))
        .order_by(agent_names.c.agent, agent_names.c.digest)
        .limit(MOST_NAMES)
    )
    return (await connection.execute(query)).scalars().all()
