"""Credentials: made, listed, revoked, and checked without asking the database each time."""

from collections.abc import Sequence
from dataclasses import dataclass

from lrs.auth.principals import SystemKind
from lrs.auth.scopes import DEFAULT, EVERYTHING, Scopes
from lrs.auth.secrets import mac, new_key, new_secret
from lrs.storage.credentials import (
    Credential,
    NewCredential,
    insert_credential,
    list_credentials,
    revoke_credential,
)
from lrs.storage.engines import Database
from lrs.storage.stores import ensure_store

FIRST_STORE = "default"


@dataclass(frozen=True, slots=True)
class MadeCredential:
    """A new credential; its secret is never shown again."""

    key: str
    secret: str


class CredentialsService:
    """Makes, lists and revokes credentials of all stores."""

    def __init__(self, database: Database, server_key: bytes) -> None:
        self._database = database
        self._server_key = server_key

    async def create(
        self,
        label: str,
        system: str,
        system_kind: SystemKind = SystemKind.OTHER,
        key: str | None = None,
        secret: str | None = None,
        *,
        store: str = FIRST_STORE,
        scopes: Scopes = DEFAULT,
    ) -> MadeCredential:
        """Make a credential; key and secret are made at random where they are not given.

        Without other scopes it may write, and read what it has written.

        The store of this name is made with its first credential.

        Raises:
            CredentialConflictError: the key is taken.
            UnavailableError: the database cannot be reached.
        """
        made, new = self._new(label, system, system_kind, key, secret, scopes)
        async with self._database.writing() as connection:
            await insert_credential(connection, await ensure_store(connection, store), new)
        return made

    async def list_all(self) -> Sequence[Credential]:
        """Return all credentials, revoked ones too, oldest first.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            return await list_credentials(connection)

    async def revoke(self, key: str) -> None:
        """Revoke a credential; within a second no process takes it any more.

        Raises:
            CredentialNotFoundError: there is none with this key that is not revoked yet.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.writing() as connection:
            await revoke_credential(connection, key)

    async def ensure_first(
        self, key: str | None = None, secret: str | None = None
    ) -> MadeCredential | None:
        """Make the first credential if there is none, or this one if its key is not there.

        Returns:
            What was made; None if nothing had to be.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        made, new = self._new(
            "First credential", "first", SystemKind.OTHER, key, secret, EVERYTHING
        )
        async with self._database.writing() as connection:
            # Of several who start at once one makes the store, and the others wait here for it.
            store = await ensure_store(connection, FIRST_STORE)
            known = await list_credentials(connection)
            if any(key in (None, each.key) for each in known):
                return None
            await insert_credential(connection, store, new)
        return made

    def _new(
        self,
        label: str,
        system: str,
        system_kind: SystemKind,
        key: str | None,
        secret: str | None,
        scopes: Scopes,
    ) -> tuple[MadeCredential, NewCredential]:
        made = MadeCredential(key or new_key(), secret or new_secret())
        kept = mac(self._server_key, made.secret)
        return made, NewCredential(made.key, kept, label, system, system_kind, scopes)
