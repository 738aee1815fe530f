"""Who asks by SCIM, and what holds for Users and Groups alike."""

import re
from dataclasses import dataclass
from typing import Final

from lrs.auth.audit import Action, AuditEvent, Caller
from lrs.auth.principals import Principal
from lrs.auth.scopes import Scope
from lrs.errors import ForbiddenError, PreconditionFailedError
from lrs.people.scim_searches import Sight
from lrs.people.scim_users import etag_of
from lrs.services.people import today
from lrs.services.shown_people import sees_sensitive
from lrs.storage.attribute_definitions import definitions_of
from lrs.storage.transactions import Transaction

_TAG: Final = re.compile(r'(?:W/)?"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, and how.

    Attributes:
        base: the address of SCIM as the client knows it, up to the version.
        if_match: the header of a request that changes something.
    """

    caller: Caller
    principal: Principal
    base: str
    if_match: str | None = None

    @property
    def store(self) -> int:
        """The store of the principal."""
        return self.principal.store

    def event(self, action: Action, target: object, **details: object) -> AuditEvent:
        """Return what the audit log is told."""
        return AuditEvent(self.caller, action, str(target), details={"by": "scim", **details})


def require_unlimited(principal: Principal) -> None:
    """Refuse who sees a part of the people only: a provider of identities sees all or none.

    Raises:
        ForbiddenError: they do.
    """
    restriction = principal.restrict(Scope.PEOPLE_READ)
    if restriction.agents is not None or restriction.activities is not None:
        raise ForbiddenError("SCIM is for those who may see all people of a store")


async def sight_of(connection: Transaction, principal: Principal) -> Sight:
    """Return what somebody sees of the people of their store."""
    withheld: frozenset[str] = frozenset()
    if not sees_sensitive(principal):
        definitions = await definitions_of(connection, principal.store)
        withheld = frozenset(name for name, each in definitions.items() if each.is_sensitive)
    return Sight(principal.store, today(), principal.hidden, withheld)


def matches(header: str, etag: str) -> bool:
    """Tell whether a header names an ETag, or any; all of ours are weak (RFC 9110 8.8.3.2)."""
    return header.strip() == "*" or not {*_TAG.findall(etag)}.isdisjoint(_TAG.findall(header))


def check_match(asking: Asking, version: int) -> None:
    """Refuse who knows another version.

    Raises:
        PreconditionFailedError: If-Match does not name this one.
    """
    if asking.if_match is not None and not matches(asking.if_match, etag_of(version)):
        raise PreconditionFailedError(
            f"the resource is at version {etag_of(version)} by now, and nothing was changed"
        )
