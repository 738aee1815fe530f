"""Credentials: made, listed, changed, given new secrets, and revoked."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from lrs.auth.audit import Action, AuditEvent, Caller, WhoKind
from lrs.auth.authority import authority_from_template
from lrs.auth.credentials import Credential
from lrs.auth.launch_tokens import PREFIX
from lrs.auth.restrictions import EVERYTHING, Grant
from lrs.auth.scopes import EVERYTHING as ALL_SCOPES
from lrs.auth.scopes import Scope, with_implied
from lrs.auth.secrets import mac, new_key, new_secret
from lrs.auth.terms import Terms, changed, check_name, checked, terms_of
from lrs.errors import (
    ForbiddenError,
    InvalidRequestError,
    QuotaExceededError,
    StoreConflictError,
)
from lrs.services.administrators import Administrator
from lrs.services.pseudonyms import PseudonymsService
from lrs.services.rates import RateLimits
from lrs.storage.audit import append_record
from lrs.storage.credentials import (
    NewCredential,
    change_credential,
    change_secret,
    count_valid_credentials,
    find_credential,
    insert_credential,
    is_authority_used,
    list_credentials,
    lock_credential,
    revoke_credential,
)
from lrs.storage.engines import Database
from lrs.storage.stores import ensure_store, find_store

FIRST_STORE = "default"
# Seconds for which the secret before the newest one may be good.
LONGEST_OVERLAP: Final = 30 * 86_400
# Credentials of a store that are good: each process holds those of all stores in memory.
MOST_OF_A_STORE: Final = 2_000
_UNLIMITED: Final = RateLimits()
_START: Final = Caller(WhoKind.SYSTEM, "lrs serve")


@dataclass(frozen=True, slots=True)
class WantedCredential:
    """A credential that is asked for.

    Attributes:
        authority: a template of an Agent as JSON text, see `authority_from_template`, with the
            words `key`, `label` and `system`; None is the account that is named by the key.
        key: None is one made at random.
        secret: None is one made at random, which cannot be guessed.
    """

    terms: Terms
    authority: str | None = None
    key: str | None = None
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MadeCredential:
    """A credential with a new secret, which is never shown again."""

    kept: Credential
    secret: str = field(repr=False)

    @property
    def key(self) -> str:
        """Its public half."""
        return self.kept.key


class CredentialsService:
    """Makes, lists, changes and revokes credentials."""

    def __init__(
        self,
        database: Database,
        server_key: bytes,
        limits: RateLimits = _UNLIMITED,
        home_pages: Collection[str] = (),
        pseudonyms: PseudonymsService | None = None,
    ) -> None:
        """Make it.

        Args:
            database: that holds them.
            server_key: under which secrets are kept.
            limits: which the service is set to.
            home_pages: of the accounts that the service itself, or an issuer, names others by.
            pseudonyms: of the stores that name people in grants by them.
        """
        self._database = database
        self._server_key = server_key
        self._limits = limits
        self._home_pages = frozenset(home_pages)
        self._pseudonyms = pseudonyms or PseudonymsService(database)

    async def create(
        self, administrator: Administrator, wanted: WantedCredential
    ) -> MadeCredential:
        """Make a credential; who runs the service has its store made where it is not there.

        Raises:
            InvalidRequestError: something that is wanted cannot be.
            ForbiddenError: it could do or see more than who makes it.
            StoreNotFoundError: there is no such store.
            StoreConflictError: the store is being deleted.
            QuotaExceededError: the store has as many as it may.
            CredentialConflictError: the key is taken.
            UnavailableError: the database cannot be reached.
        """
        terms = checked(wanted.terms)
        administrator.require_covering(terms.scopes, terms.grant)
        administrator.require_rates(terms.rates, self._limits)
        secret = new_secret() if wanted.secret is None else wanted.secret
        new = self._new(replace(wanted, terms=terms), secret)
        name = await self._store_to_fill(administrator)
        new = replace(new, grant=await self._pseudonyms.grant_in(name, new.grant))
        async with self._database.writing() as connection:
            store = await ensure_store(connection, name)
            if await count_valid_credentials(connection, store) >= MOST_OF_A_STORE:
                raise QuotaExceededError(f"a store has {MOST_OF_A_STORE} credentials at most")
            authority = new.authority_key
            if authority is not None and not administrator.may_share(authority):
                is_used = await is_authority_used(connection, store, authority)
                _refuse_shared(is_used=is_used or self._is_of_others(new))
            await insert_credential(connection, store, new)
            kept = await find_credential(connection, new.key)
            if kept.expires is not None and kept.expires <= kept.created:
                raise InvalidRequestError("expires: must be in the future")
            event = _event(administrator.caller, Action.CREDENTIAL_MADE, kept)
            await append_record(connection, kept.store, event)
        return MadeCredential(kept, secret)

    async def list_all(self, administrator: Administrator) -> Sequence[Credential]:
        """Return credentials, revoked ones too, oldest first.

        Raises:
            ForbiddenError: the store is not the administrator's.
            StoreNotFoundError: there is no such store.
            UnavailableError: the database cannot be reached.
        """
        store = await self._store(administrator)
        async with self._database.primary() as connection:
            return await list_credentials(connection, store)

    async def get(self, administrator: Administrator, key: str) -> Credential:
        """Return a credential, also a revoked one.

        Raises:
            ForbiddenError: the store is not the administrator's.
            StoreNotFoundError: there is no such store.
            CredentialNotFoundError: there is none with this key.
            UnavailableError: the database cannot be reached.
        """
        store = await self._store(administrator)
        async with self._database.primary() as connection:
            return await find_credential(connection, key, store)

    async def change(
        self, administrator: Administrator, key: str, changes: Mapping[str, Any]
    ) -> Credential:
        """Change terms of a credential; within a second all processes go by the new ones.

        Args:
            administrator: who changes it.
            key: of the credential.
            changes: as `lrs.auth.terms.changed` takes them.

        Raises:
            InvalidRequestError: a term cannot be.
            ForbiddenError: it can or could do or see more than who changes it, or would show what
                it has written from now on.
            StoreNotFoundError: there is no such store.
            CredentialNotFoundError: there is none with this key that is not revoked.
            UnavailableError: the database cannot be reached.
        """
        store = await self._store(administrator)
        changes = await self._as_known(key, store, changes)
        async with self._database.writing() as connection:
            before = await lock_credential(connection, key, store)
            administrator.require_covering(before.scopes, before.grant)
            terms = changed(terms_of(before), changes)
            administrator.require_covering(terms.scopes, terms.grant)
            if Scope.STATEMENTS_READ_MINE not in with_implied(before.scopes):
                administrator.require_sharing(before, terms.scopes)
            administrator.require_rates(changes.get("rates", {}), self._limits)
            await change_credential(connection, before.id, terms)
            kept = await find_credential(connection, key)
            said = {"changed": sorted(changes)}
            event = _event(administrator.caller, Action.CREDENTIAL_CHANGED, kept, said)
            await append_record(connection, kept.store, event)
        return kept

    async def rotate(
        self, administrator: Administrator, key: str, overlap: int = 0
    ) -> MadeCredential:
        """Give a credential a new secret; the one before is good for `overlap` more seconds.

        One that was good from an earlier rotation is good no more.

        Raises:
            InvalidRequestError: the overlap is longer than thirty days.
            ForbiddenError: it can do or see more than who rotates it, or shows what it has written
                to who may not read that.
            StoreNotFoundError: there is no such store.
            CredentialNotFoundError: there is none with this key that is not revoked.
            UnavailableError: the database cannot be reached.
        """
        if not 0 <= overlap <= LONGEST_OVERLAP:
            raise InvalidRequestError(f"overlap: must be 0 to {LONGEST_OVERLAP} seconds")
        secret = new_secret()
        store = await self._store(administrator)
        async with self._database.writing() as connection:
            before = await lock_credential(connection, key, store)
            administrator.require_covering(before.scopes, before.grant)
            administrator.require_sharing(before, before.scopes)
            await change_secret(connection, before.id, mac(self._server_key, secret), overlap)
            kept = await find_credential(connection, key)
            said = {"overlap": overlap}
            event = _event(administrator.caller, Action.CREDENTIAL_ROTATED, kept, said)
            await append_record(connection, kept.store, event)
        return MadeCredential(kept, secret)

    async def revoke(self, administrator: Administrator, key: str) -> None:
        """Revoke a credential; within a second no process takes it any more.

        Raises:
            ForbiddenError: it can do or see more than who revokes it.
            StoreNotFoundError: there is no such store.
            CredentialNotFoundError: there is none with this key that is not revoked yet.
            UnavailableError: the database cannot be reached.
        """
        store = await self._store(administrator)
        async with self._database.writing() as connection:
            kept = await lock_credential(connection, key, store)
            administrator.require_covering(kept.scopes, kept.grant)
            await revoke_credential(connection, key)
            event = _event(administrator.caller, Action.CREDENTIAL_REVOKED, kept)
            await append_record(connection, kept.store, event)

    async def ensure_first(
        self, key: str | None = None, secret: str | None = None
    ) -> MadeCredential | None:
        """Make the first credential if there is none, or this one if its key is not there.

        Returns:
            What was made; None if nothing had to be.

        Raises:
            InvalidRequestError: the key or the secret cannot be.
            UnavailableError: the database cannot be reached.
        """
        terms = Terms(label="First credential", system="first", scopes=ALL_SCOPES)
        secret = new_secret() if secret is None else secret
        new = self._new(WantedCredential(terms, key=key), secret)
        async with self._database.writing() as connection:
            # Of several who start at once one makes the store, and the others wait here for it.
            try:
                store = await ensure_store(connection, FIRST_STORE)
            except StoreConflictError:
                return None  # it is being deleted; a later start makes it anew
            known = await list_credentials(connection)
            if any(key in (None, each.key) for each in known):
                return None
            await insert_credential(connection, store, new)
            kept = await find_credential(connection, new.key)
            event = _event(_START, Action.CREDENTIAL_MADE, kept)
            await append_record(connection, store, event)
        return MadeCredential(kept, secret)

    async def _as_known(
        self, key: str, store: int | None, changes: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return changes that name agents as the store of a credential knows them."""
        if not changes.get("agents"):
            return changes
        async with self._database.primary() as connection:
            kept = await find_credential(connection, key, store)
        grant = await self._pseudonyms.grant(kept.store, Grant(agents=changes["agents"]))
        return {**changes, "agents": grant.agents}

    async def _store(self, administrator: Administrator) -> int | None:
        """Return the number of the store that is meant; None is any."""
        name = administrator.other_store
        if name is None:
            return administrator.own_store
        async with self._database.primary() as connection:
            return (await find_store(connection, name)).id

    async def _store_to_fill(self, administrator: Administrator) -> str:
        """Return the name of the store that gets a credential; only some may have it made."""
        principal = administrator.principal
        if principal is None:
            return administrator.named_store or FIRST_STORE
        await self._store(administrator)
        return administrator.other_store or principal.store_name

    def _new(self, wanted: WantedCredential, secret: str) -> NewCredential:
        terms = wanted.terms
        key = new_key() if wanted.key is None else wanted.key
        _check_halves(key, secret)
        authority = None
        if wanted.authority is not None:
            names = {"key": key, "label": terms.label, "system": terms.system}
            authority = authority_from_template(wanted.authority, names)
        return NewCredential(
            key=key,
            secret_mac=mac(self._server_key, secret),
            authority=authority.text.decode() if authority else None,
            authority_key=authority.key if authority else None,
            **{name: getattr(terms, name) for name in Terms.__slots__},
        )

    def _is_of_others(self, new: NewCredential) -> bool:
        """Tell whether an authority is the one that somebody else has, or gets, without asking."""
        account = json.loads(new.authority or "{}").get("account", {})
        return account.get("homePage") in self._home_pages and account.get("name") != new.key


def _check_halves(key: str, secret: str) -> None:
    check_name("key", key)
    if ":" in key:
        raise InvalidRequestError("key: must not hold a colon, which ends it in HTTP Basic")
    check_name("secret", secret)
    if secret.startswith(PREFIX):
        raise InvalidRequestError(f"secret: {PREFIX} is how launch tokens begin")


def _refuse_shared(*, is_used: bool) -> None:
    if is_used:
        raise ForbiddenError(
            "somebody else has this authority, and so would show what they have written; this"
            f" needs the scope {Scope.STATEMENTS_READ}",
            [Scope.STATEMENTS_READ],
        )


def _event(
    caller: Caller, action: Action, kept: Credential, details: Mapping[str, object] | None = None
) -> AuditEvent:
    """Return what the audit log says of a credential: neither secrets nor people."""
    said = {
        "scopes": sorted(kept.scopes),
        "is_restricted": kept.grant != EVERYTHING,
        "expires": kept.expires.isoformat() if kept.expires else None,
    }
    return AuditEvent(caller, action, kept.key, details=said | dict(details or {}))
