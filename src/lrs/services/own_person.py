"""Which person of a store somebody is who signs in."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from lrs.auth.principals import Principal
from lrs.auth.roles import Role
from lrs.errors import ForbiddenError, PersonNotFoundError
from lrs.storage.engines import Connection
from lrs.storage.person_identities import Identity, find_identity, person_of_user


async def own_person(connection: Connection, principal: Principal) -> Identity:
    """Return who asks, as a person of the store.

    That is the person whom somebody has said the user to be, else whom a learner was granted.

    Raises:
        ForbiddenError: a tool asks.
        PersonNotFoundError: nobody has said so, or the data may only be kept.
    """
    if principal.user is None:
        raise ForbiddenError("a tool has no data of its own: sign in as a person")
    store = principal.store
    person = await person_of_user(connection, store, principal.user)
    if person is not None:
        found: Identity | None = await find_identity(connection, store, person)
    elif principal.role is Role.LEARNER:
        found = await _granted(connection, store, principal.restriction.agents or ())
    else:
        found = None
    if found is None or not principal.hidden.isdisjoint(found.identifiers):
        raise PersonNotFoundError("nobody has told which person of this store you are")
    return found


async def _granted(connection: Connection, store: int, keys: Iterable[UUID]) -> Identity | None:
    """Return the person of the identifiers that a learner was granted, whether joined or not."""
    persons: dict[UUID, Identity] = {}
    for key in sorted(keys):
        try:
            found = await find_identity(connection, store, key)
        except PersonNotFoundError:
            continue
        persons[found.id] = found
    if not persons:
        return None
    identifiers = {key: ifi for each in persons.values() for key, ifi in each.identifiers.items()}
    first = max(persons.values(), key=lambda each: each.is_kept)
    return replace(first, identifiers=identifiers)
