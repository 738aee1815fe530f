"""People who sign in: made, listed, changed, and given roles.

Who may manage the whole platform manages everybody. Who may manage one store manages those who
have roles in that store only, and gives nothing there that they lack themselves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from lrs.auth.audit import Action, AuditEvent, Caller
from lrs.auth.giving import require_covering
from lrs.auth.principals import Principal
from lrs.auth.restrictions import EVERYTHING, NOTHING_HIDDEN, Grant
from lrs.auth.roles import ALL_STORES, SCOPES_OF_ROLES, Role, RoleGrant, check_grant
from lrs.auth.scopes import Scope
from lrs.auth.secrets import new_secret
from lrs.errors import ForbiddenError, InvalidRequestError, StoreNotFoundError, UserNotFoundError
from lrs.services.authentication import restriction_of
from lrs.services.local_accounts import link_digest
from lrs.services.pseudonyms import PseudonymsService
from lrs.storage.api_tokens import revoke_api_tokens_of
from lrs.storage.audit import NO_STORE, append_records
from lrs.storage.engines import Database
from lrs.storage.local_accounts import end_set_up_links, replace_set_up_link
from lrs.storage.sessions import end_sessions_of, store_names
from lrs.storage.users import (
    NewUser,
    User,
    get_user,
    get_user_by_email,
    grants_of,
    insert_user,
    list_users,
    lock_user,
    rename_user,
    replace_grants,
    set_disabled,
)

LINK_VALID = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class GivenRole:
    """A role that is to be given, or was.

    Attributes:
        store: the name of the one that it holds in; None is all stores.
        by_claims: the identity provider said so at the last sign-in.
    """

    role: Role
    store: str | None = None
    grant: Grant = EVERYTHING
    by_claims: bool = False


@dataclass(frozen=True, slots=True)
class KnownUser:
    """Somebody, with the roles that the one who asks may see."""

    user: User
    roles: Sequence[GivenRole]


@dataclass(frozen=True, slots=True)
class SetUpLink:
    """What sets a password once; it is never shown again."""

    token: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class Asking:
    """Who manages people.

    Attributes:
        caller: for the audit log.
        principal: who is limited by what they may themselves; None is a command of `lrs`.
    """

    caller: Caller
    principal: Principal | None = None

    @property
    def store(self) -> int | None:
        """The one store whose people they manage; None is everybody."""
        if self.principal is None or self.principal.may(Scope.PLATFORM):
            return None
        return self.principal.store

    def reach(self, store: str | None, names: Mapping[int, str]) -> int | None:
        """Return the store whose people are looked at; None is everybody.

        Raises:
            ForbiddenError: they do not manage the one that they name.
            StoreNotFoundError: there is no such store.
        """
        if self.store is not None:
            if store not in (None, names.get(self.store)):
                raise ForbiddenError.lacking([Scope.PLATFORM])
            return self.store
        return None if store is None else _number(store, names)

    def sees(self, granted: RoleGrant) -> bool:
        """Tell whether they may know of what somebody was granted."""
        return self.store in (None, granted.store) or granted.store == ALL_STORES

    def require(self, granted: Iterable[RoleGrant]) -> None:
        """Refuse them to give, change or take away this.

        Raises:
            ForbiddenError: it holds outside of their store, or they lack it themselves.
        """
        if self.principal is None or self.store is None:
            return
        for each in granted:
            if each.store != self.store:
                raise ForbiddenError.lacking([Scope.PLATFORM])
            seen = restriction_of(each.grant, SCOPES_OF_ROLES[each.role], NOTHING_HIDDEN)
            if each.grant.teams is not None:
                seen = replace(seen, agents=None)  # anybody can be in a team tomorrow
            require_covering(self.principal, SCOPES_OF_ROLES[each.role], seen)

    def require_own(self, roles: Iterable[GivenRole], names: Mapping[int, str]) -> None:
        """Refuse one who names another store than their own, whether it is there or not.

        Raises:
            ForbiddenError: they do.
        """
        if self.store is None:
            return
        own = names.get(self.store)
        if any(each.store != own for each in roles):
            raise ForbiddenError.lacking([Scope.PLATFORM])

    def require_sight(self, granted: Iterable[RoleGrant]) -> None:
        """Refuse to know of somebody who has nothing in their store.

        Raises:
            UserNotFoundError: so it is told.
        """
        if self.store is not None and not any(map(self.sees, granted)):
            raise UserNotFoundError("there is no such user")


class UsersService:
    """Manages people and their roles."""

    def __init__(
        self, database: Database, server_key: bytes, pseudonyms: PseudonymsService | None = None
    ) -> None:
        self._database = database
        self._pseudonyms = pseudonyms or PseudonymsService(database)
        self._server_key = server_key

    async def create(
        self,
        asking: Asking,
        name: str,
        email: str,
        identity: tuple[str, str] | None = None,
        roles: Sequence[GivenRole] = (),
    ) -> UUID:
        """Make somebody; without an identity (issuer and subject) with an account of our own.

        Raises:
            ForbiddenError: more would be given than whoever asks may give.
            InvalidRequestError: a role and its limits do not fit.
            StoreNotFoundError: a role is to hold in a store that is not there.
            UserConflictError: the address or the identity belongs to somebody else.
            UnavailableError: the database cannot be reached.
        """
        if asking.store is not None and not roles:
            raise ForbiddenError("give the user a role in your store", [Scope.PLATFORM])
        issuer, subject = identity or (None, None)
        new = NewUser(uuid7(), name, email, issuer, subject)
        roles = [await self._as_known(each) for each in roles]
        async with self._database.writing() as connection:
            names = await store_names(connection)
            asking.require_own(roles, names)
            grants = _grants(roles, names)
            asking.require(grants)
            user = await insert_user(connection, new)
            await replace_grants(connection, user.id, grants)
            event = AuditEvent(asking.caller, Action.USER_MADE, str(user.id))
            await append_records(connection, with_roles(event, [], grants))
        return user.id

    async def list(
        self,
        asking: Asking,
        store: str | None = None,
        after: UUID | None = None,
        limit: int = 100,
    ) -> Sequence[KnownUser]:
        """Return people, oldest first, after the one with this id.

        Args:
            asking: who manages one store learns of its people only.
            store: the name of the one in which they have a role; None is any.
            after: the id of the last one of the page before.
            limit: the most that are returned.

        Raises:
            ForbiddenError: whoever asks may not manage that store.
            StoreNotFoundError: there is no such store.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            names = await store_names(connection)
            number = asking.reach(store, names)
            users = await list_users(connection, number, after, limit)
            granted = await grants_of(connection, [user.id for user in users])
        return [KnownUser(user, _roles(asking, granted[user.id], names)) for user in users]

    async def get(self, asking: Asking, user: UUID) -> KnownUser:
        """Return somebody.

        Raises:
            UserNotFoundError: there is nobody with this id, or nobody that they may know of.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            found = await get_user(connection, user)
            granted = (await grants_of(connection, [user]))[user]
            names = await store_names(connection)
        asking.require_sight(granted)
        return KnownUser(found, _roles(asking, granted, names))

    async def get_by_email(self, email: str) -> User:
        """Return who has an account of our own with this address, for commands of `lrs`.

        Raises:
            UserNotFoundError: nobody has.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.primary() as connection:
            return await get_user_by_email(connection, email)

    async def change(
        self, asking: Asking, user: UUID, *, name: str | None = None, disabled: bool | None = None
    ) -> KnownUser:
        """Rename somebody, keep them out or let them in again; what is None stays.

        Who is kept out is signed out everywhere, with the next request, and loses their tokens.

        Raises:
            UserNotFoundError: there is nobody with this id, or nobody that they may know of.
            ForbiddenError: they have more than whoever asks may take away.
            UnavailableError: the database cannot be reached.
        """
        async with self._database.writing() as connection:
            await lock_user(connection, user)
            granted = (await grants_of(connection, [user]))[user]
            asking.require_sight(granted)
            asking.require(granted)
            if name is not None:
                await rename_user(connection, user, name)
            if disabled is not None:
                await set_disabled(connection, user, disabled=disabled)
            details: dict[str, object] = {"renamed": name is not None, "disabled": disabled}
            if disabled:
                await end_sessions_of(connection, user)
                details["tokens_revoked"] = await revoke_api_tokens_of(connection, user)
            event = AuditEvent(asking.caller, Action.USER_CHANGED, str(user), details=details)
            await append_records(connection, _in_stores_of(granted, event))
        return await self.get(asking, user)

    async def give(self, asking: Asking, user: UUID, roles: Sequence[GivenRole]) -> KnownUser:
        """Give somebody these roles in place of those they were given by hand.

        Who manages one store replaces the roles in that store, and no others. Links that set the
        password are good no more: who may have made one could not have given more.

        Raises:
            UserNotFoundError: there is nobody with this id, or nobody that they may know of.
            ForbiddenError: more would be given or taken away than whoever asks may.
            InvalidRequestError: a role and its limits do not fit.
            StoreNotFoundError: a role is to hold in a store that is not there.
            UnavailableError: the database cannot be reached.
        """
        roles = [await self._as_known(each) for each in roles]
        async with self._database.writing() as connection:
            await lock_user(connection, user)
            granted = (await grants_of(connection, [user]))[user]
            asking.require_sight(granted)
            names = await store_names(connection)
            asking.require_own(roles, names)
            given = _grants(roles, names)
            replaced = [
                each
                for each in granted
                if not each.by_claims and asking.store in (None, each.store)
            ]
            asking.require([*replaced, *given])
            await replace_grants(connection, user, given, asking.store)
            # Who made one had no more to give than the user had then.
            await end_set_up_links(connection, user)
            event = AuditEvent(asking.caller, Action.USER_GRANTS_CHANGED, str(user))
            await append_records(connection, with_roles(event, replaced, given))
        return await self.get(asking, user)

    async def _as_known(self, given: GivenRole) -> GivenRole:
        """Return a role whose limits name agents as the store knows them."""
        if given.store is None:
            return given
        return replace(given, grant=await self._pseudonyms.grant_in(given.store, given.grant))

    async def make_set_up_link(self, asking: Asking, user: UUID) -> SetUpLink:
        """Make a link that sets the password of an account of our own, once, within a day.

        Links made before are good no more.

        Raises:
            UserNotFoundError: there is nobody with this id, or nobody that they may know of.
            ForbiddenError: they have more than whoever asks may give.
            InvalidRequestError: they come by an identity provider.
            UnavailableError: the database cannot be reached.
        """
        token = new_secret()
        digest = link_digest(self._server_key, token)
        async with self._database.writing() as connection:
            found = await lock_user(connection, user)
            granted = (await grants_of(connection, [user]))[user]
            asking.require_sight(granted)
            asking.require(granted)
            if found.issuer is not None:
                raise InvalidRequestError("who comes by an identity provider has no password here")
            expires = await replace_set_up_link(connection, user, digest, LINK_VALID)
            event = AuditEvent(asking.caller, Action.SET_UP_LINK_MADE, str(user))
            await append_records(connection, _in_stores_of(granted, event))
        return SetUpLink(token, expires)


def _grants(roles: Iterable[GivenRole], names: Mapping[int, str]) -> list[RoleGrant]:
    """Return roles by the numbers of stores, each checked; the last of two alike holds."""
    found = {}
    for given in roles:
        store = ALL_STORES if given.store is None else _number(given.store, names)
        check_grant(given.role, given.grant, everywhere=given.store is None)
        found[store, given.role] = RoleGrant(store, given.role, given.grant)
    return list(found.values())


def _number(store: str, names: Mapping[int, str]) -> int:
    for number, name in names.items():
        if name == store:
            return number
    raise StoreNotFoundError(f"there is no store with the name {store!r}")


def _roles(
    asking: Asking, granted: Iterable[RoleGrant], names: Mapping[int, str]
) -> Sequence[GivenRole]:
    """Return what somebody was granted, as far as whoever asks may see it, by names of stores."""
    return [
        GivenRole(each.role, names.get(each.store), each.grant, each.by_claims)
        for each in granted
        if asking.sees(each) and (each.store == ALL_STORES or each.store in names)
    ]


def with_roles(
    event: AuditEvent, before: Iterable[RoleGrant], after: Iterable[RoleGrant]
) -> list[tuple[int, AuditEvent]]:
    """Return an event for the log of each store that it matters to, with the roles there."""
    held, given = list(before), list(after)
    return [
        (store, replace(event, details={"before": _in(held, store), "after": _in(given, store)}))
        for store, event in _in_stores_of([*held, *given], event)
    ]


def _in(grants: Iterable[RoleGrant], store: int) -> list[str]:
    return sorted(each.role.value for each in grants if each.store == store)


def _in_stores_of(granted: Iterable[RoleGrant], event: AuditEvent) -> list[tuple[int, AuditEvent]]:
    """Return an event for the log of each store that it matters to, or else for that of none."""
    stores = {each.store for each in granted} or {NO_STORE}
    return [(store, event) for store in stores]
