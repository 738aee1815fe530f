"""Whom somebody may see: every look at a single person, and every change of one, begins here."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import PersonNotFoundError
from lrs.storage.person_identifiers import identifiers_of
from lrs.storage.person_identities import Identity, find_identity


async def seen_person(
    connection: AsyncConnection, principal: Principal, identifier: UUID
) -> Identity:
    """Return a person, by any id that `find_identity` knows, as far as a principal may see them.

    Who is limited to some people sees those who have one of their identifiers. Whose data may only
    be kept is seen by nobody but the platform's owner. Whoever is not seen is not there.

    Raises:
        ForbiddenError: the principal may see nobody.
        PersonNotFoundError: there is no such person, or they may not be seen.
    """
    restriction = principal.restrict(Scope.PEOPLE_READ)
    found = await find_identity(connection, principal.store, identifier)
    if restriction.agents is not None:
        _require(not restriction.agents.isdisjoint(found.identifiers), identifier)
    _require(not principal.hidden or principal.hidden.isdisjoint(found.identifiers), identifier)
    return found


async def joined_with(connection: AsyncConnection, principal: Principal, key: UUID) -> Identity:
    """Return who an identifier is, as far as a principal may know; else an Agent of nobody."""
    alone = Identity(key, {})
    if not principal.may(Scope.PEOPLE_READ):
        return alone
    try:
        return await seen_person(connection, principal, key)
    except PersonNotFoundError:
        return alone


async def seen_among(
    connection: AsyncConnection, principal: Principal, persons: Collection[UUID]
) -> frozenset[UUID]:
    """Return which of these persons, who are no parts of others, a principal may see.

    Raises:
        ForbiddenError: the principal may see nobody.
    """
    agents = principal.restrict(Scope.PEOPLE_READ).agents
    if agents is None and not principal.hidden:
        return frozenset(persons)
    seen = set()
    for person, kept in (await identifiers_of(connection, principal.store, persons)).items():
        keys = {each.key for each in kept}
        if principal.hidden.isdisjoint(keys) and (agents is None or not agents.isdisjoint(keys)):
            seen.add(person)
    return frozenset(seen)


def _require(is_seen: bool, identifier: UUID) -> None:  # noqa: FBT001 - the one thing it is about
    if not is_seen:
        raise PersonNotFoundError(f"there is no person {identifier}")
