"""The Agents Resource: what the store knows of an Agent (Comm. 2.4)."""

from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.people.identifiers import identifier_members
from lrs.storage.agents import find_names
from lrs.storage.engines import Database
from lrs.storage.seen_people import joined_with
from lrs.xapi.actors import Agent
from lrs.xapi.persons import Person, person_of


class AgentsService:
    """Gets Persons for a principal, from the principal's store only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, principal: Principal, agent: Agent) -> Person:
        """Return the Person of an Agent, also of one that no statement names.

        Who may read persons is told all that is known to be the same one's; all others are told of
        this Agent alone (Comm. 2.4).

        One whom the principal may not see, or whose data may only be kept, is answered as one that
        no statement names. Names are of the store, whichever statement gave them.

        Raises:
            ForbiddenError: the principal may ask for nobody.
            UnavailableError: the database cannot be reached.
        """
        seen = principal.restrict(
            Scope.STATEMENTS_READ, Scope.STATEMENTS_READ_MINE, Scope.PROFILE
        ).agents
        key = agent.key
        if (seen is not None and key not in seen) or key in principal.hidden:
            return person_of(agent, ())
        if key is None:
            return person_of(agent, ())
        async with self._database.primary() as connection:
            joined = await joined_with(connection, principal, key)
            names = await find_names(connection, principal.store, [key, *joined.identifiers])
        others = [ifi for ifi in sorted(joined.identifiers.values()) if ifi != agent.ifi]
        members = [each for ifi in others for each in identifier_members(ifi).items()]
        return person_of(agent, [*names, joined.name or ""], members)
