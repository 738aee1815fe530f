"""Roles that an identity provider gives by what it says of somebody, such as their groups."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lrs.auth.restrictions import EVERYTHING, Grant
from lrs.auth.roles import Role, check_grant
from lrs.errors import InvalidRequestError, StartError

# The others are limited to people or activities that no provider knows.
_BY_CLAIMS = (Role.PLATFORM_OWNER, Role.AUDITOR, Role.ANALYST, Role.LEARNER)


@dataclass(frozen=True, slots=True)
class ClaimRole:
    """A role that everybody has of whom a claim has a value.

    Attributes:
        store: the name of the one that it holds in; None is all stores.
    """

    value: str
    role: Role
    store: str | None


def read_claim_roles(text: str) -> tuple[ClaimRole, ...]:
    """Read what is set as `value=role@store;...`; without a store a role holds in all of them.

    Raises:
        StartError: it cannot be read, or a role cannot be given so.
    """
    return tuple(_read(part.strip()) for part in text.split(";") if part.strip())


def _read(part: str) -> ClaimRole:
    # A value may have `=` itself, such as the name of a group in a directory.
    value, separator, given = part.rpartition("=")
    name, _, store = (each.strip() for each in given.partition("@"))
    if not separator or not value.strip() or name not in _BY_CLAIMS:
        known = ", ".join(_BY_CLAIMS)
        raise StartError(
            f"LRS_SIGN_ON_ROLES: {part!r} is not value=role@store with a role of {known}"
        )
    if name == Role.PLATFORM_OWNER and store:
        raise StartError("LRS_SIGN_ON_ROLES: a platform owner owns all stores: leave the store out")
    return ClaimRole(value.strip(), Role(name), store or None)


def given_by(
    claims: Mapping[str, object], name: str, roles: Iterable[ClaimRole]
) -> list[ClaimRole]:
    """Return the roles that claims give.

    Args:
        claims: of somebody.
        name: of the claim that decides; dots lead into objects, where none is named so.
        roles: that can be given.
    """
    value = _looked_up(claims, name)
    values = value if isinstance(value, list) else [value]
    return [each for each in roles if each.value in values]


def _looked_up(claims: Mapping[str, object], name: str) -> object:
    if name in claims:
        return claims[name]
    first, _, rest = name.partition(".")
    inner = claims.get(first)
    return _looked_up(inner, rest) if rest and isinstance(inner, dict) else None


def grant_of(role: Role, issuer: str, subject: str, claims: Mapping[str, object]) -> Grant:
    """Return what a role is limited to that claims have given: a learner sees themselves.

    That is the account at the provider, and the address if the provider has made sure of it.
    """
    if role is not Role.LEARNER:
        return EVERYTHING
    account = json.dumps({"account": {"homePage": issuer, "name": subject}})
    mailbox = json.dumps({"mbox": f"mailto:{claims.get('email')}"})
    own = Grant(agents=(account, mailbox))
    if claims.get("email_verified") is not True or not _fits(own):
        return Grant(agents=(account,))
    return own


def _fits(own: Grant) -> bool:
    """Tell whether an address is one that xAPI can hold."""
    try:
        check_grant(Role.LEARNER, own, everywhere=False)
    except InvalidRequestError:
        return False
    return True
