"""Sign-in by an identity provider: OpenID Connect, authorization code with PKCE.

What a sign-in began with (state, nonce, verifier) travels in a signed cookie, so it can be ended
by the browser that began it and by no other, at any process, and only for some minutes.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import msgspec
from itsdangerous import BadData, URLSafeSerializer
from uuid_utils.compat import uuid7

from lrs.auth.audit import Action, AuditEvent, Caller, Outcome, WhoKind
from lrs.auth.claim_roles import given_by, grant_of
from lrs.auth.id_tokens import Claims, claim_text, subject_of
from lrs.auth.roles import ALL_STORES, RoleGrant
from lrs.auth.secrets import is_same
from lrs.errors import PseudonymKeyForgottenError, SignInError, UnavailableError
from lrs.services.audit import AuditService
from lrs.services.identity_provider import IdentityProvider, Secrets
from lrs.services.pseudonyms import PseudonymsService
from lrs.services.sessions import BegunSession, SessionsService
from lrs.services.sign_on_people import SignOnPeople
from lrs.services.users import with_roles
from lrs.storage.audit import NO_STORE, append_records
from lrs.storage.engines import Database
from lrs.storage.sessions import store_names
from lrs.storage.users import (
    NewUser,
    User,
    find_identity,
    grants_of,
    insert_user,
    lock_user,
    replace_grants_by_claims,
    set_identity_details,
)

# For so long a sign-in may take at the provider.
SECONDS_TO_SIGN_IN = 600
_NOT_BEGUN = "this sign-in was not begun in this browser, or took too long: begin again"


class _Begun(msgspec.Struct):
    """What the cookie of a sign-in holds."""

    secrets: Secrets
    next: str
    until: float


@dataclass(frozen=True, slots=True)
class StartedSignOn:
    """Where the browser goes, and what it keeps meanwhile."""

    address: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What the provider sends a browser back with.

    Attributes:
        issuer: the provider, if it says who it is (RFC 9207).
        error: why there is no code.
    """

    state: str
    code: str | None
    issuer: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class SignedOn:
    """A new session, and the local path that was wanted."""

    session: BegunSession
    next: str


class SignOnService:
    """Begins and ends sign-ins by the provider."""

    def __init__(  # noqa: PLR0913 - each is a service that it works with
        self,
        database: Database,
        serializer: URLSafeSerializer,
        provider: IdentityProvider,
        sessions: SessionsService,
        audit: AuditService,
        *,
        clock: Callable[[], float],
        pseudonyms: PseudonymsService | None = None,
        people: SignOnPeople | None = None,
    ) -> None:
        self._database = database
        self._pseudonyms = pseudonyms or PseudonymsService(database)
        self._serializer = serializer
        self._provider = provider
        self._sessions = sessions
        self._audit = audit
        self._people = people or SignOnPeople(database)
        self._clock = clock

    async def start(self, next_path: str) -> StartedSignOn:
        """Begin a sign-in that leads to a local path.

        Raises:
            UnavailableError: the provider cannot be reached.
        """
        begun = _Begun(Secrets.made(), next_path, self._clock() + SECONDS_TO_SIGN_IN)
        address = await self._provider.address(begun.secrets)
        return StartedSignOn(address, str(self._serializer.dumps(msgspec.to_builtins(begun))))

    async def finish(
        self, cookie: str | None, answered: Answered, caller: Caller, replaced: str | None
    ) -> SignedOn:
        """End a sign-in, with a new session in place of the one that the browser has.

        Raises:
            SignInError: it was not begun here, the provider did not confirm it, or nothing is
                granted to whoever has signed in.
            UnavailableError: the provider or the database cannot be reached.
        """
        try:
            begun = self._begun(cookie, answered)
            claims = await self._provider.confirmed(begun.secrets, answered.code or "")
            user = await self._known(claims, caller)
            await self._people.keep(user, claims, self._provider_as(caller))
        except SignInError:
            event = AuditEvent(caller, Action.SIGN_IN, outcome=Outcome.REFUSED)
            self._audit.note(NO_STORE, event)
            raise
        return SignedOn(await self._sessions.begin(user, caller, replaced), begun.next)

    async def close(self) -> None:
        """End what is going on."""
        await self._provider.close()

    def _begun(self, cookie: str | None, answered: Answered) -> _Begun:
        try:
            begun = msgspec.convert(self._serializer.loads(cookie or ""), _Begun)
        except (BadData, msgspec.ValidationError) as error:
            raise SignInError(_NOT_BEGUN) from error
        is_own = is_same(begun.secrets.state.encode(), answered.state.encode(errors="replace"))
        if not is_own or self._clock() > begun.until:
            raise SignInError(_NOT_BEGUN)
        if answered.issuer not in (None, self._provider.options.issuer):
            raise SignInError("another provider has answered")
        if answered.error is not None or not answered.code:
            raise SignInError("the identity provider has not signed you in: begin again")
        return begun

    async def _known(self, claims: Claims, caller: Caller) -> User:
        """Return who has signed in, made if need be, with the roles that the claims give now."""
        subject, issuer = subject_of(claims), self._provider.options.issuer
        async with self._database.primary() as connection:
            names = await store_names(connection)
        grants = await self._as_known(self._grants(names, subject, claims))
        async with self._database.writing() as connection:
            user = await find_identity(connection, issuer, subject)
            if (user is None and not grants) or (user is not None and user.disabled):
                raise SignInError("nothing is granted to you here: ask who manages this service")
            who = self._provider_as(caller)
            events: list[tuple[int, AuditEvent]] = []
            name, email = claim_text(claims, "name", subject), claim_text(claims, "email", "")
            if user is None:
                user = await insert_user(connection, NewUser(uuid7(), name, email, issuer, subject))
                events.append((NO_STORE, AuditEvent(who, Action.USER_MADE, str(user.id))))
            else:
                await lock_user(connection, user.id)
                await set_identity_details(connection, user.id, name, email)
            held = (await grants_of(connection, [user.id]))[user.id]
            before, after = _by_claims(held, grants)
            if before != after:
                await replace_grants_by_claims(connection, user.id, after)
                event = AuditEvent(who, Action.USER_GRANTS_CHANGED, str(user.id))
                events += with_roles(event, before, after)
            await append_records(connection, events)
        return user

    async def _as_known(self, grants: Iterable[RoleGrant]) -> Collection[RoleGrant]:
        """Return roles whose limits name agents as their stores know them.

        One whose store cannot tell that is left out, so that the others can be had.
        """
        known = []
        for each in grants:
            with suppress(PseudonymKeyForgottenError, UnavailableError):
                grant = await self._pseudonyms.grant(each.store, each.grant)
                known.append(replace(each, grant=grant))
        return known

    def _provider_as(self, caller: Caller) -> Caller:
        """Return the provider as who says something of somebody, from where they have come."""
        return replace(caller, kind=WhoKind.ISSUER, name=self._provider.options.issuer)

    def _grants(
        self, names: Mapping[int, str], subject: str, claims: Claims
    ) -> Collection[RoleGrant]:
        """Give roles by the numbers of stores; those of stores that are not there are left out."""
        options = self._provider.options
        if options.claim is None:
            return []
        numbers: dict[str | None, int] = {name: number for number, name in names.items()}
        numbers[None] = ALL_STORES
        return [
            RoleGrant(
                numbers[each.store],
                each.role,
                grant_of(each.role, options.issuer, subject, claims),
                by_claims=True,
            )
            for each in given_by(claims, options.claim, options.roles)
            if each.store in numbers
        ]


def _by_claims(
    held: Iterable[RoleGrant], given: Iterable[RoleGrant]
) -> tuple[frozenset[RoleGrant], frozenset[RoleGrant]]:
    """Return what claims gave before, and what they give now beyond what was given by hand."""
    by_hand = {(each.store, each.role) for each in held if not each.by_claims}
    before = frozenset(each for each in held if each.by_claims)
    return before, frozenset(it for it in given if (it.store, it.role) not in by_hand)
