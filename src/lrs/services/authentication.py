"""Checks credentials in memory: no request waits for the database to know who is asking.

Every process holds all valid credentials. A number in the database grows with every change, and
is looked at twice a second; so a revoked key stops everywhere within a second. While that number
cannot be looked at, nobody is let in on old knowledge.
"""

import asyncio
import time
from collections.abc import Callable

from lrs.auth.principals import Principal
from lrs.auth.secrets import is_same, mac
from lrs.errors import UnauthenticatedError, UnavailableError
from lrs.storage.credentials import Credential, count_changes, list_valid_credentials
from lrs.storage.engines import Database

# Seconds between two looks, and after which knowledge is too old to let anyone in.
_BETWEEN_LOOKS = 0.4
_TRUSTED_FOR = 0.8


class AuthenticationService:
    """Tells who shows a key and a secret."""

    def __init__(
        self, database: Database, server_key: bytes, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._server_key = server_key
        self._clock = clock
        self._credentials: dict[str, Credential] = {}
        self._changes = -1
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()

    async def authenticate(self, key: str, secret: str) -> Principal:
        """Return the principal of a credential.

        Raises:
            UnauthenticatedError: the key is unknown or revoked, or the secret is wrong.
            UnavailableError: what is known is too old, and the database cannot be reached.
        """
        if key not in self._credentials or self._age() > _TRUSTED_FOR:
            await self._look()
        credential = self._credentials.get(key)
        # An unknown key takes as long as a wrong secret.
        shown = mac(self._server_key, secret)
        is_right = is_same(shown, credential.secret_mac if credential else b"")
        if credential is None or not is_right:
            raise UnauthenticatedError("the key or the secret is wrong, or was revoked")
        return credential.principal

    async def watch(self) -> None:
        """Look for changes until cancelled."""
        while True:
            await asyncio.sleep(_BETWEEN_LOOKS)
            try:
                await self._look()
            except UnavailableError:
                continue  # whoever asks next is told

    def _age(self) -> float:
        return self._clock() - self._looked_at

    async def _look(self) -> None:
        asked_at = self._clock()
        async with self._looking:
            if self._looked_at > asked_at:
                return  # somebody looked while this one waited
            began = self._clock()
            async with self._database.primary() as connection:
                changes = await count_changes(connection)
                if changes != self._changes:
                    valid = await list_valid_credentials(connection)
                    self._credentials = {c.principal.key: c for c in valid}
                    self._changes = changes
            self._looked_at = began
