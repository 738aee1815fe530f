"""Stores: made, set, listed, and given up to be deleted."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lrs.auth.audit import Action, AuditEvent, Caller
from lrs.auth.store_settings import AS_THE_SERVICE, StoreSettings, changed
from lrs.errors import InvalidRequestError
from lrs.services.pseudonyms import PseudonymsService
from lrs.storage.audit import NO_STORE, append_record, append_records
from lrs.storage.engines import Database
from lrs.storage.pseudonyms import insert_pseudonym_key
from lrs.storage.store_deletion import StoreDeletion, begin_deletion, find_deletion
from lrs.storage.stores import (
    Store,
    find_store,
    insert_store,
    list_stores,
    lock_store,
    update_store,
)
from lrs.storage.usage import NOTHING, Usage, find_usage
from lrs.xapi.leniencies import Mode

# Of new stores; those that were made before names were checked keep theirs.
STORE_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"


@dataclass(frozen=True, slots=True)
class StoreWithUsage:
    """A store, and how much it holds."""

    store: Store
    usage: Usage


class StoresService:
    """Makes, sets, lists and gives up stores."""

    def __init__(
        self,
        database: Database,
        most: StoreSettings = AS_THE_SERVICE,
        pseudonyms: PseudonymsService | None = None,
    ) -> None:
        """Make it; `most` is what the service is set to, where a store may only be stricter."""
        self._database = database
        self._most = most
        self._pseudonyms = pseudonyms or PseudonymsService(database)

    async def create(
        self,
        caller: Caller,
        name: str,
        mode: Mode,
        settings: Mapping[str, object],
        *,
        pseudonymous: bool = False,
    ) -> Store:
        """Make a store; one that is `pseudonymous` is so for ever, and no other becomes it.

        Raises:
            StoreConflictError: the name is taken.
            UnknownMemberError: there is no such setting.
            InvalidRequestError: a setting has a value that it cannot have, or the name is none.
            UnavailableError: the database cannot be reached, or a key not be written.
        """
        if not re.fullmatch(STORE_NAME, name):
            raise InvalidRequestError(
                "the name of a store is of up to 100 letters, digits, `.`, `-` and `_`, without"
                " accents, and begins with a letter or a digit"
            )
        wanted = changed(AS_THE_SERVICE, settings, self._most)
        details: dict[str, object] = {"mode": mode.value, "settings": dict(settings)}
        if pseudonymous:
            details["pseudonymous"] = True
        made = AuditEvent(caller, Action.STORE_MADE, name, details=details)
        async with self._database.writing() as connection:
            store = await insert_store(connection, name, mode, wanted)
            await append_record(connection, store.id, made)
            if pseudonymous:
                # If the transaction fails after this, the key stays and opens nothing.
                key = self._pseudonyms.make(name)
                await insert_pseudonym_key(connection, store.id, key.fingerprint)
                store = replace(store, pseudonymous=True)
        return store

    async def list_all(self) -> Sequence[Store]:
        """Return all stores, oldest first.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            return await list_stores(connection)

    async def get(self, name: str) -> StoreWithUsage:
        """Return a store, and how much it holds.

        Raises:
            StoreNotFoundError: there is none with this name.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            store = await find_store(connection, name)
            usage = await find_usage(connection, [store.id])
        return StoreWithUsage(store, usage.get(store.id, NOTHING))

    async def change(
        self,
        caller: Caller,
        name: str,
        mode: Mode | None = None,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        """Set how a store judges, and what it sets for itself; within a second all processes know.

        What it holds already stays as it is.

        Args:
            caller: who wants it.
            name: of the store.
            mode: how strictly it judges from now on; None leaves it.
            settings: those that change; None has the store be as the service.

        Raises:
            StoreNotFoundError: there is none with this name.
            StoreConflictError: it is being deleted.
            UnknownMemberError: there is no such setting.
            InvalidRequestError: a setting has a value that it cannot have.
            UnavailableError: the database cannot be reached.
        """
        changes = dict(settings or {})
        details = {"settings": changes} if mode is None else {"mode": mode, "settings": changes}
        event = AuditEvent(caller, Action.STORE_CHANGED, name, details=details)
        async with self._database.writing() as connection:
            store = await lock_store(connection, name)
            wanted = changed(store.settings, changes, self._most)
            await update_store(connection, store.id, mode or store.mode, wanted)
            await append_record(connection, store.id, event)

    async def delete(self, caller: Caller, name: str, confirmed: str) -> StoreDeletion:
        """Have a store deleted: nobody gets in any more, and what it holds goes in the background.

        Args:
            caller: who wants it.
            name: of the store.
            confirmed: its name again, typed to be sure.

        Raises:
            InvalidRequestError: the name was confirmed wrongly.
            StoreNotFoundError: there is none with this name.
            StoreConflictError: it is being deleted already.
            UnavailableError: the database cannot be reached.
        """
        if confirmed != name:
            raise InvalidRequestError("`confirm` must be the name of the store, exactly")
        event = AuditEvent(caller, Action.STORE_DELETION_REQUESTED, name)
        async with self._database.writing() as connection:
            store = await lock_store(connection, name)
            await begin_deletion(connection, store, caller.name)
            await append_records(connection, [(store.id, event), (NO_STORE, event)])
        return await self.deletion(name)

    async def deletion(self, name: str) -> StoreDeletion:
        """Return how far the deletion of the last store of this name has come.

        Raises:
            StoreNotFoundError: none of this name is or was deleted.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            return await find_deletion(connection, name)
