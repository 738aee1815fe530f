"""The Activities Resource: what the store knows of an Activity (Comm. 2.5)."""

from lrs.auth.principals import Principal
from lrs.storage.dictionary import find_descriptions
from lrs.storage.engines import Database
from lrs.xapi.activities import activity_text


class ActivitiesService:
    """Gets Activities for a principal, from the principal's store only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, principal: Principal, iri: str) -> bytes:
        """Return the JSON text of an Activity, also of one that no statement names.

        What an Activity is called is no secret within a store: no restriction hides it, as the
        statements that one may see name Activities of all sorts.

        Raises:
            ForbiddenError: a launch token asks for what it is not about: definitions hold answers.
            UnavailableError: the database cannot be reached.
        """
        if principal.launch is not None:
            principal.launch.check_activity(iri)
        async with self._database.primary() as connection:
            _, definitions = await find_descriptions(connection, principal.store, (), (iri,))
        return activity_text(iri, definitions.get(iri))
