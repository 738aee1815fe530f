"""Launch tokens: made for content that plays, checked in memory, revoked, fetched once by cmi5."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from lrs.auth.audit import Action, AuditEvent, Caller, WhoKind
from lrs.auth.giving import require_covering
from lrs.auth.launch_tokens import LaunchTicket, LaunchToken
from lrs.auth.launches import LAUNCH_SCOPES
from lrs.auth.principals import Principal
from lrs.auth.restrictions import Restriction
from lrs.auth.scopes import Scope
from lrs.errors import (
    ForbiddenError,
    InvalidRequestError,
    LaunchTokenNotFoundError,
    UnauthenticatedError,
)
from lrs.services.authentication import AuthenticationService
from lrs.services.pseudonyms import PseudonymsService
from lrs.storage.audit import append_record
from lrs.storage.engines import Database
from lrs.storage.launch_tokens import (
    KeptLaunch,
    NewLaunch,
    find_launch_token,
    insert_launch_token,
    list_launch_tokens,
    list_revoked_launches,
    revoke_launch_token,
    take_launch_token,
)
from lrs.storage.stores import find_store
from lrs.xapi.actors import Agent
from lrs.xapi.agents import read_agent
from lrs.xapi.keys import iri_key

# Characters of the learner as JSON text.
_LONGEST_ACTOR: Final = 4_000


@dataclass(frozen=True, slots=True)
class WantedLaunch:
    """What a launch token is asked for.

    Attributes:
        actor: the Agent that learns, as JSON text.
        registration: of the attempt; None for one that is made now.
        activity: the IRI of what is launched.
        hours: how long it is good.
    """

    actor: str
    registration: UUID | None
    activity: str
    hours: int


@dataclass(frozen=True, slots=True)
class MadeLaunch:
    """A new launch token; it is not shown again.

    Attributes:
        ticket: what the token is handed out for once more, by its fetch URL.
    """

    id: UUID
    registration: UUID
    expires: datetime
    token: str
    ticket: str


class LaunchTokensService:
    """Makes launch tokens, and tells who shows one."""

    def __init__(
        self,
        database: Database,
        authentication: AuthenticationService,
        server_key: bytes,
        clock: Callable[[], float] = time.time,
        pseudonyms: PseudonymsService | None = None,
    ) -> None:
        self._database = database
        self._pseudonyms = pseudonyms or PseudonymsService(database)
        self._authentication = authentication
        self._server_key = server_key
        self._clock = clock
        self._revoked: frozenset[UUID] = frozenset()
        self._changes = -1
        self._looking = asyncio.Lock()

    async def authenticate(self, token: str) -> Principal:
        """Return the principal of a launch token.

        It may do no more than the credential that has made it, in whose name it brings statements.

        Raises:
            UnauthenticatedError: it is not ours, is over, or it or its credential was revoked.
            UnavailableError: what is known is too old, and the database cannot be reached.
        """
        said = LaunchToken.of(token, self._server_key)
        if said.expires <= self._clock():
            raise UnauthenticatedError("the launch token is over")
        return await self._principal_of(said)

    async def create(
        self, principal: Principal, caller: Caller, wanted: WantedLaunch
    ) -> MadeLaunch:
        """Make a launch token.

        Raises:
            ForbiddenError: it is no credential of a tool that asks, it lacks a scope, or it may not
                see this agent or activity itself.
            InvalidRequestError: the actor is no Agent, or a very long one.
            UnavailableError: the database cannot be reached.
        """
        _require_may_launch(principal)
        if len(wanted.actor) > _LONGEST_ACTOR:
            raise InvalidRequestError(f"actor may have {_LONGEST_ACTOR} characters")
        actor = await self._pseudonyms.agent(principal.store, wanted.actor)
        seen = Restriction(
            agents=frozenset((_actor_key(actor),)),
            activities=frozenset((iri_key(wanted.activity),)),
        )
        require_covering(principal, LAUNCH_SCOPES & principal.scopes, seen)
        identifier, registration = uuid4(), wanted.registration or uuid4()
        new = NewLaunch(
            id=identifier,
            credential=principal.credential,
            actor=actor,
            registration=registration,
            activity=wanted.activity,
            hours=wanted.hours,
        )
        details = {"activity": wanted.activity, "hours": wanted.hours}
        event = AuditEvent(caller, Action.LAUNCH_TOKEN_MADE, str(identifier), details=details)
        async with self._database.writing() as connection:
            expires = await insert_launch_token(connection, principal.store, new)
            await append_record(connection, principal.store, event)
        return MadeLaunch(
            id=identifier,
            registration=registration,
            expires=expires,
            token=_token(principal.store, new, expires).signed(self._server_key),
            ticket=LaunchTicket(principal.store, identifier).signed(self._server_key),
        )

    async def list(self, principal: Principal, store: str | None) -> Sequence[KeptLaunch]:
        """Return the launch tokens that run: of the credential, or with `admin` of the store.

        Args:
            principal: who asks.
            store: the name of another store, for who may manage all.

        Raises:
            ForbiddenError: a launch token asks, or for a store that is not one's own.
            StoreNotFoundError: no store has this name.
            UnavailableError: the database cannot be reached.
        """
        maker = _maker(principal)
        number = await self._store(principal, store)
        async with self._database.primary() as connection:
            return await list_launch_tokens(connection, number, maker)

    async def revoke(
        self, principal: Principal, caller: Caller, identifier: UUID, store: str | None
    ) -> None:
        """Revoke a launch token; within a second no process takes it any more.

        Args:
            principal: who asks.
            caller: for the audit log.
            identifier: of the token.
            store: the name of another store, for who may manage all.

        Raises:
            ForbiddenError: a launch token asks, or for a store that is not one's own.
            LaunchTokenNotFoundError: there is none that runs, or another credential has made it.
            StoreNotFoundError: no store has this name.
            UnavailableError: the database cannot be reached.
        """
        maker = _maker(principal)
        event = AuditEvent(caller, Action.LAUNCH_TOKEN_REVOKED, target=str(identifier))
        number = await self._store(principal, store)
        async with self._database.writing() as connection:
            if not await revoke_launch_token(connection, number, identifier, maker):
                raise LaunchTokenNotFoundError(f"there is no launch token {identifier} that runs")
            await append_record(connection, number, event)

    async def fetch(self, ticket: str, address: str | None, request: str) -> str:
        """Hand out the token of a fetch URL, once (cmi5 8.2).

        Args:
            ticket: the secret of the URL.
            address: of the client.
            request: the id of the request.

        Raises:
            LaunchTokenNotFoundError: it was handed out before, or the time for it is over.
            UnauthenticatedError: the ticket is not ours, or the token would not be good.
            UnavailableError: the database cannot be reached.
        """
        store, identifier = LaunchTicket.of(ticket, self._server_key)
        async with self._database.primary() as connection:
            kept = await find_launch_token(connection, store, identifier)
        if kept is None or kept.revoked is not None:
            raise UnauthenticatedError("the launch token was revoked")
        token = _token(store, kept, kept.expires)
        await self._principal_of(token)
        caller = Caller(WhoKind.LAUNCH, str(identifier), address, request)
        event = AuditEvent(caller, Action.LAUNCH_TOKEN_FETCHED, str(identifier))
        async with self._database.writing() as connection:
            if not await take_launch_token(connection, store, identifier):
                raise LaunchTokenNotFoundError("the token was handed out before, or is over")
            await append_record(connection, store, event)
        return token.signed(self._server_key)

    async def _store(self, principal: Principal, named: str | None) -> int:
        if named is None or named == principal.store_name:
            return principal.store
        principal.require(Scope.PLATFORM)
        async with self._database.primary() as connection:
            return (await find_store(connection, named)).id

    async def _principal_of(self, token: LaunchToken) -> Principal:
        if token.id in await self._revoked_now():
            raise UnauthenticatedError("the launch token was revoked")
        # Its networks do not hold: content plays where the learner is, not where the tool is.
        maker = await self._authentication.of_credential(token.credential)
        if maker.store != token.store:
            raise UnauthenticatedError("the launch token is of a store that is gone")
        launched = Restriction(
            agents=_within(token.actor, maker.restriction.agents),
            activities=_within(iri_key(token.activity), maker.restriction.activities),
        )
        return replace(
            maker,
            key=str(token.id),
            scopes=LAUNCH_SCOPES & maker.scopes,
            restriction=launched,
            launch=token.launch,
            kind=WhoKind.LAUNCH,
        )

    async def _revoked_now(self) -> frozenset[UUID]:
        changes = await self._authentication.changes()
        if changes != self._changes:
            async with self._looking:
                await self._look(changes)
        return self._revoked

    async def _look(self, changes: int) -> None:
        if changes == self._changes:
            return  # somebody looked while this one waited
        async with self._database.primary() as connection:
            self._revoked = await list_revoked_launches(connection)
        self._changes = changes


def _require_may_launch(principal: Principal) -> None:
    # A launch token could live on by others, and of people and issuers nothing is held in memory.
    if principal.kind is not WhoKind.CREDENTIAL:
        raise ForbiddenError("only the credential of a tool may make launch tokens")
    principal.require(Scope.STATEMENTS_WRITE)
    principal.require(Scope.STATE)


def _maker(principal: Principal) -> int | None:
    """Return the credential whose launch tokens somebody may see and revoke; None is any."""
    if principal.launch is not None:
        raise ForbiddenError("a launch token says nothing of others")
    return None if principal.may(Scope.ADMIN) else principal.credential


def _token(store: int, launch: NewLaunch | KeptLaunch, expires: datetime) -> LaunchToken:
    return LaunchToken(
        store=store,
        credential=launch.credential,
        id=launch.id,
        actor=_actor_key(launch.actor),
        registration=launch.registration,
        activity=launch.activity,
        expires=int(expires.timestamp()),
    )


def _actor_key(text: str) -> UUID:
    actor = read_agent(text)
    if not isinstance(actor, Agent) or actor.key is None:
        raise InvalidRequestError("actor must be an Agent: a launch is one learner's")
    return actor.key


def _within(key: UUID, granted: frozenset[UUID] | None) -> frozenset[UUID]:
    return frozenset((key,) if granted is None or key in granted else ())
