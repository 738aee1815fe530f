"""The Agents Resource: what the store knows of an Agent (Comm. 2.4)."""

from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.storage.agents import find_names
from lrs.storage.engines import Database
from lrs.xapi.actors import Agent
from lrs.xapi.persons import Person, person_of


class AgentsService:
    """Gets Persons for a principal, from the principal's store only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, principal: Principal, agent: Agent) -> Person:
        """Return the Person of an Agent, also of one that no statement names.

        One whom the principal may not see is answered as one that no statement names. Names are
        of the store, whichever statement gave them.

        Raises:
            ForbiddenError: the principal may ask for nobody.
            UnavailableError: the database cannot be reached.
        """
        seen = principal.restrict(
            Scope.STATEMENTS_READ, Scope.STATEMENTS_READ_MINE, Scope.PROFILE
        ).agents
        key = agent.key
        if seen is not None and key not in seen:
            return person_of(agent, ())
        async with self._database.primary() as connection:
            names = await find_names(connection, principal.store, key) if key else ()
        return person_of(agent, names)
