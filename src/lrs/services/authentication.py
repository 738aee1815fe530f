"""Checks credentials in memory: no request waits for the database to know who is asking.

Every process holds all valid credentials. A number in the database grows with every change;
PostgreSQL tells all processes when it has, and each looks at it by itself twice a second, in case
it was not told. So a revoked key stops everywhere within a second. While that number cannot be
looked at, nobody is let in on old knowledge. What ends at a time ends here by the time alone.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from math import inf
from typing import Final, NamedTuple
from uuid import UUID

from lrs.auth.authority import authority_of_account, authority_of_agent
from lrs.auth.credentials import Credential
from lrs.auth.networks import Network, read_network
from lrs.auth.principals import Principal
from lrs.auth.restrictions import NOTHING_HIDDEN, Grant, Restriction
from lrs.auth.scopes import Scope, Scopes, with_implied
from lrs.auth.secrets import NO_MAC, is_same, mac
from lrs.errors import UnauthenticatedError, UnavailableError
from lrs.storage.access_changes import CHANNEL, look_at_changes
from lrs.storage.credentials import list_valid_credentials
from lrs.storage.dictionary import forget_texts
from lrs.storage.engines import Database
from lrs.xapi.agents import read_agent
from lrs.xapi.keys import forget_keys, iri_key
from lrs.xapi.known_parts import forget_parts

_log = logging.getLogger(__name__)

# Seconds between two looks, and after which knowledge is too old to let anyone in.
_BETWEEN_LOOKS: Final = 0.4
_TRUSTED_FOR: Final = 0.8
# The shortest time between two looks of our own, however many changes are told.
_PAUSE: Final = 0.05


class _Known(NamedTuple):
    """A credential as it is checked: its moments in seconds since 1970, by PostgreSQL's clock."""

    principal: Principal | None
    secret: bytes
    expires: float
    previous_secret: bytes
    previous_until: float


# What an unknown key is compared with, so that it takes as long as a wrong secret.
_NOBODY: Final = _Known(None, NO_MAC, -inf, NO_MAC, -inf)


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
        self._keys: dict[int, str] = {}
        # Until when there is a credential for pages of an origin.
        self._origins: dict[str, float] = {}
        self._changes = -1
        self._looked_at = -inf
        self._failed_at = -inf
        # What PostgreSQL's clock is ahead of ours.
        self._ahead = 0.0
        self._looking = asyncio.Lock()
        self._told = asyncio.Event()

    async def authenticate(self, key: str, secret: str) -> Principal:
        """Return the principal of a credential.

        Raises:
            UnauthenticatedError: the key is unknown, revoked or over, or the secret is wrong.
            UnavailableError: what is known is too old, and the database cannot be reached.
        """
        shown = mac(self._server_key, secret)
        if self._age() > _TRUSTED_FOR:
            await self._look()
        principal = self._found(key, shown)
        if principal is None:
            # It may be new, or its secret may; all that is wrong takes this way, and as long.
            await self._look()
            principal = self._found(key, shown)
        if principal is None:
            raise self._refusal(key)
        return principal

    async def of_credential(self, number: int) -> Principal:
        """Return the principal of a credential by its number, for what was made in its name.

        That is used elsewhere than the credential: its origins and networks do not hold for it.

        Raises:
            UnauthenticatedError: it is revoked or over.
            UnavailableError: what is known is too old, and the database cannot be reached.
        """
        if number not in self._keys or self._age() > _TRUSTED_FOR:
            await self._look()
        known = self._credentials.get(self._keys.get(number, ""), _NOBODY)
        if known.principal is None or known.expires <= self._now():
            raise UnauthenticatedError("the credential that this was made with is good no more")
        if known.principal.origins is None and known.principal.networks is None:
            return known.principal  # as nearly all are; a copy takes longer than all the rest
        return replace(known.principal, origins=None, networks=None)

    async def has_origin(self, origin: str) -> bool:
        """Tell whether any credential names an origin whose pages may use it.

        What is known is enough here: the request itself is judged by its own credential.
        """
        if self._age() > _TRUSTED_FOR:
            with suppress(UnavailableError):
                await self._look()
        return self._now() < self._origins.get(origin, -inf)

    async def watch(self) -> None:
        """Look for changes, when told and from time to time, until cancelled."""
        while True:
            try:
                await self._look()
            except UnavailableError:
                pass  # whoever asks next is told
            except Exception:  # noqa: BLE001 - whatever it is, requests look by themselves
                _log.exception("who may do what cannot be read; it is tried again")
            await asyncio.sleep(_PAUSE)
            with suppress(TimeoutError):
                async with asyncio.timeout(_BETWEEN_LOOKS - _PAUSE):
                    await self._told.wait()
            self._told.clear()

    async def listen(self) -> None:
        """Have `watch` look at once whenever PostgreSQL tells of a change, until cancelled."""
        await self._database.listen(CHANNEL, self._told.set)

    async def changes(self) -> int:
        """Return a number that grows with every change of who may do what, seen within a second.

        Raises:
            UnavailableError: what is known is too old, and the database cannot be reached.
        """
        if self._age() > _TRUSTED_FOR:
            await self._look()
        return self._changes

    def _found(self, key: str, shown: bytes) -> Principal | None:
        known = self._credentials.get(key, _NOBODY)
        is_current = is_same(shown, known.secret)
        is_previous = is_same(shown, known.previous_secret)
        now = self._now()
        is_good = is_current or (is_previous and now < known.previous_until)
        return known.principal if is_good and now < known.expires else None

    def _refusal(self, key: str) -> UnauthenticatedError:
        named = self._credentials.get(key, _NOBODY).principal
        said = "the key or the secret is wrong, or was revoked"
        return UnauthenticatedError(said, *((named.store, named.key) if named else ()))

    def _now(self) -> float:
        return self._ahead + self._clock()

    def _age(self) -> float:
        return self._clock() - self._looked_at

    async def _look(self) -> None:
        asked_at = self._clock()
        async with self._looking:
            if self._looked_at > asked_at:
                return  # somebody looked while this one waited
            if self._failed_at > asked_at:
                # One after the other, all who wait would try in vain, each for seconds.
                raise UnavailableError("the database could not be reached")
            try:
                await self._look_now()
            except UnavailableError:
                self._failed_at = self._clock()
                raise

    async def _look_now(self) -> None:
        began = self._clock()
        async with self._database.primary() as connection:
            changes, now = await look_at_changes(connection)
            if changes != self._changes:
                self._learn(await list_valid_credentials(connection))
                _forget()
                self._changes = changes
        self._ahead = now - began
        self._looked_at = began

    def _learn(self, valid: Iterable[Credential]) -> None:
        credentials, keys, origins = {}, {}, dict[str, float]()
        for each in valid:
            known = _known(each, principal_of(each, self._home_page))
            credentials[each.key] = known
            keys[each.id] = each.key
            for origin in each.origins or ():
                origins[origin] = max(known.expires, origins.get(origin, -inf))
        self._credentials, self._keys, self._origins = credentials, keys, origins


def _forget() -> None:
    """Forget texts that came lately: the change may be that somebody was erased."""
    forget_parts()
    forget_keys()
    forget_texts()


def _known(credential: Credential, principal: Principal) -> _Known:
    return _Known(
        principal,
        credential.secret_mac,
        _seconds(credential.expires, inf),
        credential.previous_secret_mac or NO_MAC,
        _seconds(credential.previous_until, -inf),
    )


def _seconds(moment: datetime | None, without: float) -> float:
    return without if moment is None else moment.timestamp()


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
        frozen=credential.frozen,
        origins=credential.origins,
        networks=_networks(credential.networks),
    )


def _networks(texts: Sequence[str] | None) -> tuple[Network, ...] | None:
    return None if texts is None else tuple(map(read_network, texts))


def restriction_of(grant: Grant, scopes: Scopes, mine: Restriction) -> Restriction:
    """Return what somebody may see by a grant and by scopes, without the members of its teams.

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
        agents=agent_keys(agents or ()) if grant.is_of_some else None,
        activities=None if activities is None else frozenset(map(iri_key, activities)),
    )


def agent_keys(texts: Iterable[str]) -> frozenset[UUID]:
    """Return the keys of Agents as JSON texts."""
    return frozenset(key for text in texts if (key := read_agent(text).key))
