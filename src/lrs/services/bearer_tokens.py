"""Tells who shows a token of an issuer (OAuth 2.0 with signed JWTs, RFC 9068)."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from lrs.auth.audit import WhoKind
from lrs.auth.bearer_tokens import TokenRules, checked_claims, expiry, read_token
from lrs.auth.principals import Principal, SystemKind
from lrs.auth.restrictions import EVERYTHING, Restriction
from lrs.auth.signing_keys import SigningKeys
from lrs.auth.token_grants import GrantRules, TokenGrant, granted
from lrs.errors import ForbiddenError, UnauthenticatedError
from lrs.services.authentication import restriction_of
from lrs.services.issuers import Issuer
from lrs.services.writers import NewWriter, ensure_writer, key_of
from lrs.storage.engines import Database
from lrs.storage.writers import OpenStore, Writer, find_open_store

_KIND: Final = "issuer"
# Of stores with their clients, and of tokens: more than come again and again.
_MOST_KNOWN: Final = 10_000


class _Good(NamedTuple):
    """A token that was found good by these keys: its machine shows it again and again."""

    keys: SigningKeys
    key: str | None
    until: float
    grant: TokenGrant


class _Known(NamedTuple):
    """A client of the issuer in a store, as it was after so many changes of who may do what."""

    changes: int
    store: OpenStore
    writer: Writer


class BearerTokensService:
    """Tells who shows a token, by the keys of the issuer and by what the token says."""

    def __init__(
        self,
        database: Database,
        issuer: Issuer,
        rules: TokenRules,
        grants: GrantRules,
        *,
        changes: Callable[[], Awaitable[int]],
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._issuer = issuer
        self._rules = rules
        self._grants = grants
        self._changes = changes
        self._clock = clock
        self._good: dict[bytes, _Good] = {}
        self._known: dict[tuple[str, str], _Known] = {}

    async def authenticate(self, text: str) -> Principal:
        """Return the principal of a token.

        Raises:
            UnauthenticatedError: the token is not good, or who shows it was shut out here.
            ForbiddenError: it is good, and grants nothing here.
            UnavailableError: the keys of the issuer, or the database, cannot be had.
        """
        grant = await self._granted(text)
        known = await self._find(grant)
        if known.writer.is_revoked:
            raise UnauthenticatedError("who shows this token was shut out of the store")
        return _principal(grant, known.store, known.writer)

    async def close(self) -> None:
        """End what is going on with the issuer."""
        await self._issuer.close()

    async def _granted(self, text: str) -> TokenGrant:
        digest = hashlib.sha256(text.encode(errors="replace")).digest()
        known = self._good.get(digest)
        if known is not None:
            keys = await self._issuer.keys_for(known.key)
            if keys is known.keys and self._clock() < known.until:
                return known.grant
        token = read_token(text)
        keys = await self._issuer.keys_for(token.key)
        claims = checked_claims(token, keys, self._rules, self._clock())
        grant = granted(claims, self._grants)
        if len(self._good) >= _MOST_KNOWN:
            self._good.clear()
        until = expiry(claims) + self._rules.leeway
        self._good[digest] = _Good(keys, token.key, until, grant)
        return grant

    async def _find(self, grant: TokenGrant) -> _Known:
        changes = await self._changes()
        who = (grant.store, grant.account)
        known = self._known.get(who)
        if known is not None and known.changes == changes:
            return known
        async with self._database.primary() as connection:
            store = await find_open_store(connection, grant.store)
        if store is None:
            raise ForbiddenError("the store that the token names is not there")
        writer = await ensure_writer(self._database, store.id, _writer(grant))
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[who] = _Known(changes, store, writer)
        return self._known[who]


def _writer(grant: TokenGrant) -> NewWriter:
    return NewWriter(
        kind=_KIND,
        name=grant.authority.ifi.value,
        label=grant.account,
        system=grant.account,
        authority=grant.authority,
    )


def _principal(grant: TokenGrant, store: OpenStore, writer: Writer) -> Principal:
    mine = Restriction(grant.authority.key, writer.same_authority)
    return Principal(
        store=store.id,
        store_name=store.name,
        mode=store.mode,
        credential=writer.number,
        key=key_of(store.id, _writer(grant)),
        label=grant.account,
        system=grant.account,
        system_kind=SystemKind.OTHER,
        authority=grant.authority,
        scopes=grant.scopes,
        restriction=restriction_of(EVERYTHING, grant.scopes, mine),
        settings=store.settings,
        frozen=store.frozen,
        kind=WhoKind.ISSUER,
    )
