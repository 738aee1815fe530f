"""Where statements come from, and what became of them."""

from uuid import UUID

from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import StatementNotFoundError
from lrs.storage.engines import Database
from lrs.storage.provenance import Provenance, find_provenance


class ProvenanceService:
    """Tells what the store knows of a statement besides what it says."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, principal: Principal, identifier: UUID) -> Provenance:
        """Return the provenance of a statement, also of a voided one.

        Raises:
            ForbiddenError: the principal may read none.
            StatementNotFoundError: there is none with this id that the principal may see.
            UnavailableError: the database cannot be reached.
        """
        seen = principal.restrict(Scope.STATEMENTS_READ, Scope.STATEMENTS_READ_MINE)
        async with self._database.primary() as connection:
            found = await find_provenance(connection, principal.store, identifier, seen)
        if found is None:
            raise StatementNotFoundError(f"there is no statement {identifier}")
        return found
