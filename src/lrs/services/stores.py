"""Stores: listed, and told how strictly to judge."""

from collections.abc import Sequence

from lrs.storage.engines import Database
from lrs.storage.stores import Store, list_stores, set_mode
from lrs.xapi.leniencies import Mode


class StoresService:
    """Lists stores and sets how strictly they judge statements."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_all(self) -> Sequence[Store]:
        """Return all stores, oldest first.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            return await list_stores(connection)

    async def set_mode(self, name: str, mode: Mode) -> None:
        """Set how strictly a store judges; within a second every process does so.

        What it holds already stays as it is.

        Raises:
            StoreNotFoundError: there is none with this name.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.writing() as connection:
            await set_mode(connection, name, mode)
