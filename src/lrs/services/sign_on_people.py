"""Which person somebody is who signs in by the provider, in the stores where they are one of many.

What the provider says makes one person of the account there and, if it has made sure of it, of the
mail address. Where that contradicts what the store knows, nothing is joined, and the audit log says
so: who may join people decides. In no case does it keep anybody from signing in.
"""

import json
import logging
from collections.abc import Collection, Iterable
from uuid import UUID

from lrs.auth.audit import Action, AuditEvent, Caller, Outcome
from lrs.auth.id_tokens import Claims, claim_text
from lrs.auth.roles import ALL_STORES, Role, RoleGrant
from lrs.errors import (
    ErasedPersonError,
    InvalidRequestError,
    PseudonymousStoreError,
    TooLargeError,
    UnavailableError,
)
from lrs.people.identifiers import read_identifier
from lrs.services.erased_people import ErasedPeople
from lrs.storage.audit import append_record
from lrs.storage.engines import Database
from lrs.storage.people import lock_people
from lrs.storage.pseudonyms import refuse_pseudonymous
from lrs.storage.sessions import store_names
from lrs.storage.user_people import SOURCE, JoinedUser, ToldUser, join_user, stores_of_user
from lrs.storage.users import User, grants_of
from lrs.xapi.keys import Ifi

_log = logging.getLogger(__name__)

# Whoever has others is no person among those whom the statements are about.
_ROLES = frozenset((Role.LEARNER, Role.TEAM_LEAD))


class SignOnPeople:
    """Keeps which persons users are, by what the provider says of them."""

    def __init__(self, database: Database, erased: ErasedPeople | None = None) -> None:
        self._database = database
        self._erased = erased or ErasedPeople()

    async def keep(self, user: User, claims: Claims, caller: Caller) -> None:
        """Keep which person a user is in each store where they learn or lead a team.

        Whatever cannot be kept now is tried again at the next sign-in.

        Args:
            user: who has signed in.
            claims: of the provider, which were checked.
            caller: the provider, for the audit log.
        """
        told = told_of(user, claims)
        try:
            async with self._database.primary() as connection:
                granted = (await grants_of(connection, [user.id]))[user.id]
                known = await stores_of_user(connection, user.id)
                open_stores = await store_names(connection)
            for store in sorted(_stores(granted, known, open_stores)):
                await self._keep_in(store, told, caller)
        except UnavailableError:
            _log.warning("which person has signed in could not be kept; the next sign-in tries it")

    async def _keep_in(self, store: int, told: ToldUser, caller: Caller) -> None:
        try:
            async with self._database.writing() as connection:
                await lock_people(connection, store)
                await refuse_pseudonymous(connection, store)
                await self._erased.require_no_person(connection, store, told.identifiers)
                found = await join_user(connection, store, told)
                if found is not None:
                    await append_record(connection, store, _event(caller, told.user, found))
        except (ErasedPersonError, PseudonymousStoreError, TooLargeError):
            pass  # who is not to be known here stays unknown, and nobody gets too many identifiers


def told_of(user: User, claims: Claims) -> ToldUser:
    """Read what a provider says of a user who comes by it."""
    agents: list[dict[str, object]] = [
        {"account": {"homePage": user.issuer, "name": user.subject}},
    ]
    # An address that it has not made sure of could be anybody's.
    if claims.get("email_verified") is True and isinstance(claims.get("email"), str):
        agents.append({"mbox": f"mailto:{claims['email']}"})
    identifiers = [ifi for agent in agents if (ifi := _read(agent)) is not None]
    return ToldUser(user.id, claim_text(claims, "name", "") or None, identifiers)


def _read(agent: dict[str, object]) -> Ifi | None:
    try:
        return read_identifier(json.dumps(agent))
    except InvalidRequestError:
        return None  # xAPI has no such identifier, and so no statement


def _stores(
    granted: Iterable[RoleGrant], known: Iterable[int], open_stores: Collection[int]
) -> set[int]:
    given = {each.store for each in granted if each.role in _ROLES}
    return {*open_stores} if ALL_STORES in given else {*given, *known} & {*open_stores}


def _event(caller: Caller, user: UUID, found: JoinedUser) -> AuditEvent:
    details: dict[str, object] = {"source": SOURCE, "user": str(user)}
    if found.person is None:
        details["persons"] = sorted(map(str, found.contradicting))
        return AuditEvent(caller, Action.PERSON_CHANGED, None, Outcome.REFUSED, details)
    action = Action.PERSON_MADE if found.is_new else Action.PERSON_CHANGED
    details["identifiers"] = found.added
    return AuditEvent(caller, action, str(found.person), details=details)
