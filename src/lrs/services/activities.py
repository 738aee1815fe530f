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

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            _, definitions = await find_descriptions(connection, principal.store, (), (iri,))
        return activity_text(iri, definitions.get(iri))
