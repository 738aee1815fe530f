"""HR's list comes in: what it would do and what it does is worked out by the same code.

The list is surveyed as a whole first (`import_surveys.py`). Then its persons come in batches, each
a transaction of its own that holds or does not; then who leads whom, when all persons are there
(`import_runs.py`). Whoever is killed in the middle runs it again: what is there stays as it is.
"""

import asyncio
from collections.abc import Iterator

from lrs.auth.audit import Caller
from lrs.errors import InvalidRequestError
from lrs.people.imports.columns import Definitions
from lrs.people.imports.findings import Counts, Finding
from lrs.people.imports.listed import ListedRow
from lrs.people.imports.lists import PeopleList
from lrs.people.imports.planning import Planner
from lrs.services.import_runs import (
    ImportOptions,
    ImportReport,
    ImportRun,
    ImportTask,
    Progress,
    Stage,
)
from lrs.services.import_surveys import Survey, Tell
from lrs.storage.attribute_definitions import MOST_DEFINITIONS, definitions_of
from lrs.storage.engines import Database
from lrs.storage.known_people import today, was_anybody_erased
from lrs.storage.person_identifiers import rules_of
from lrs.storage.pseudonyms import refuse_pseudonymous
from lrs.storage.stores import find_store

# Rows between two words on how far the reading has come.
_ROWS_BETWEEN = 1_000


class PeopleImportsService:
    """Takes lists of people."""

    def __init__(self, database: Database, server_key: bytes) -> None:
        """Make it; the key of the installation tells who was erased."""
        self._database = database
        self._server_key = server_key

    async def store_of(self, name: str) -> int:
        """Return the number of a store.

        Raises:
            StoreNotFoundError: there is none with this name.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            return (await find_store(connection, name)).id

    async def run(
        self,
        who: tuple[Caller, int],
        people: PeopleList,
        options: ImportOptions,
        tell: Tell,
        progress: Progress = lambda *_: None,
    ) -> ImportReport:
        """Take a list, or tell what taking it would do.

        Args:
            who: wants it, and the store whose persons they are.
            people: the list.
            options: how.
            tell: is told of each row and person that is not as before, once that holds.
            progress: is told how far it has come; while reading, from another thread.

        Raises:
            InvalidRequestError: it is no list; nothing of it was taken.
            PseudonymousStoreError: the store keeps nobody by name.
            PersonConflictError: others change persons at once; what was told holds.
            UnavailableError: the database cannot be reached; what was told holds.
        """
        caller, store = who
        async with self._database.primary() as connection:
            await refuse_pseudonymous(connection, store)
            known = await definitions_of(connection, store)
            rules = await rules_of(connection, store)
            planner = Planner(rules, options.as_of or await today(connection))
            key = self._server_key if await was_anybody_erased(connection, store) else None
        definitions, counts = Definitions(known, options.mapping), Counts()
        with Survey(planner.as_of, counts, tell) as survey:
            await asyncio.to_thread(survey.read, _watched(people.rows(definitions), progress))
            _check(len(known) + len(definitions.new))
            task = ImportTask(
                caller, store, options.is_dry, planner, definitions, tell, progress, key
            )
            run = ImportRun(self._database, task, survey.people, counts)
            return await run.take(survey, options.batch)


def _watched(
    rows: Iterator[ListedRow | Finding], progress: Progress
) -> Iterator[ListedRow | Finding]:
    for number, row in enumerate(rows, 1):
        if not number % _ROWS_BETWEEN:
            progress(Stage.READING, number, None)
        yield row


def _check(definitions: int) -> None:
    if definitions > MOST_DEFINITIONS:
        raise InvalidRequestError(f"a store has up to {MOST_DEFINITIONS} attributes")
