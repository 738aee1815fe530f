"""Checks credentials in memory: no request waits for the database to know who is asking.

Every process holds all valid credentials. A number in the database grows with every change, and
is looked at twice a second; so a revoked key stops everywhere within a second. While that number
cannot be looked at, nobody is let in on old knowledge.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from lrs.auth.authority import authority_of_account, authority_of_agent
from lrs.auth.principals import Principal
from lrs.auth.restrictions import NOTHING_HIDDEN, Grant, Restriction
from lrs.auth.scopes import Scope, Scopes, with_implied
from lrs.auth.secrets import is_same, mac
from lrs.errors import UnauthenticatedError, UnavailableError
from lrs.storage.access_changes import count_changes
from lrs.storage.credentials import Credential, list_valid_credentials
from lrs.storage.engines import Database
from lrs.xapi.agents import read_agent
from lrs.xapi.keys import iri_key

# Seconds between two looks, and after which knowledge is too old to let anyone in.
_BETWEEN_LOOKS = 0.4
_TRUSTED_FOR = 0.8


class _Known(NamedTuple):
    """A credential, and who shows it."""

    credential: Credential
    principal: Principal


class AuthenticationService:
    """Tells who shows a key and a secret."""

    def __init__(
        self,
        database: Database,
        server_key: bytes,
        home_page: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._server_key = server_key
        self._home_page = home_page
        self._clock = clock
        self._credentials: dict[str, _Known] = {}
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
        known = self._credentials.get(key)
        # An unknown key takes as long as a wrong secret.
        shown = mac(self._server_key, secret)
        is_right = is_same(shown, known.credential.secret_mac if known else b"")
        if known is None or not is_right:
            raise UnauthenticatedError("the key or the secret is wrong, or was revoked")
        return known.principal

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
                    self._credentials = {
                        each.key: _Known(each, principal_of(each, self._home_page))
                        for each in valid
                    }
                    self._changes = changes
            self._looked_at = began


def principal_of(credential: Credential, home_page: str) -> Principal:
    """Return who shows a credential.

    Args:
        credential: as it is kept.
        home_page: the IRL under which the keys of this LRS are names of accounts.
    """
    scopes = with_implied(credential.scopes)
    if credential.authority is None:
        authority = authority_of_account(home_page, credential.key, credential.label)
    else:
        authority = authority_of_agent(credential.authority)
    mine = Restriction(authority.key, credential.same_authority)
    return Principal(
        store=credential.store,
        store_name=credential.store_name,
        mode=credential.mode,
        credential=credential.id,
        key=credential.key,
        label=credential.label,
        system=credential.system,
        system_kind=credential.system_kind,
        authority=authority,
        scopes=scopes,
        restriction=restriction_of(credential.grant, scopes, mine),
        settings=credential.settings,
    )


def restriction_of(grant: Grant, scopes: Scopes, mine: Restriction) -> Restriction:
    """Return what somebody may see by a grant and by scopes.

    Args:
        grant: agents and activities that it is limited to.
        scopes: with all that they bring along.
        mine: what is seen by `statements/read/mine` alone.
    """
    agents, activities = grant.agents, grant.activities
    is_limited = Scope.STATEMENTS_READ_MINE in scopes and Scope.STATEMENTS_READ not in scopes
    seen = mine if is_limited else NOTHING_HIDDEN
    return replace(
        seen,
        agents=None if agents is None else _agent_keys(agents),
        activities=None if activities is None else frozenset(map(iri_key, activities)),
    )


def _agent_keys(texts: Iterable[str]) -> frozenset[UUID]:
    return frozenset(key for text in texts if (key := read_agent(text).key))
