"""What a token of an issuer grants, by its claims: a store, scopes and an account."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lrs.auth.authority import Authority, authority_of_account
from lrs.auth.bearer_tokens import Claims
from lrs.auth.scopes import Scope, Scopes, with_implied
from lrs.errors import ForbiddenError, UnauthenticatedError

# What issuers call the application that a token was given to.
_CLIENT_CLAIMS = ("client_id", "azp", "appid", "cid")
_CLIENT_ID: Final = "client_id"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_MAX_NAME: Final = 255
_MAX_SCOPES: Final = 1_000
# Rights over others, which an issuer gives only where it is allowed to.
_POWERS = frozenset((Scope.ADMIN, Scope.PLATFORM))
# OpenID Connect has a scope of this name, which issuers give to all: without a prefix of ours it
# is not known to be meant for us.
_AMBIGUOUS = frozenset((Scope.PROFILE,))
_KNOWN = {scope.value: scope for scope in Scope}


@dataclass(frozen=True, slots=True)
class GrantRules:
    """Where a token says what it grants.

    Attributes:
        store_claim: the claim that names the store.
        store: the store where the claim is missing; None refuses such a token.
        scope_claim: the claim that holds scopes, as a text with spaces or as a list.
        scope_prefix: what the scopes that are meant for us begin with.
        account: the name of the account of the authority; claims in braces.
        grants_power: whether the scopes `admin` and `platform` are taken.
    """

    store_claim: str
    store: str | None
    scope_claim: str
    scope_prefix: str
    account: str
    grants_power: bool


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """What a token grants.

    Attributes:
        store: its name.
        account: what people call who shows the token.
        scopes: with all that they bring along.
    """

    store: str
    account: str
    authority: Authority
    scopes: Scopes


def granted(claims: Claims, rules: GrantRules) -> TokenGrant:
    """Return what a good token grants.

    Raises:
        UnauthenticatedError: it does not say whose it is.
        ForbiddenError: it grants nothing here.
    """
    store = _store(claims, rules)
    scopes = Scopes(_scopes(claims, rules))
    if not scopes:
        raise ForbiddenError("the token grants no scope that is known here")
    account = _account(claims, rules.account)
    authority = authority_of_account(str(claims["iss"]), account, account)
    return TokenGrant(store, account, authority, with_implied(scopes))


def claim(claims: Claims, name: str) -> object:
    """Return a claim, or None.

    One whose name has dots in it may also lie within others: `realm_access.roles`.
    """
    if name in claims:
        return claims[name]
    found: object = claims
    for step in name.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _store(claims: Claims, rules: GrantRules) -> str:
    named = claim(claims, rules.store_claim)
    if named is None:
        named = rules.store
    # Some issuers make a list of every attribute.
    if isinstance(named, list) and len(named) == 1:
        named = named[0]
    if not isinstance(named, str):
        raise ForbiddenError(f"the token names no store (claim {rules.store_claim!r})")
    return named


def _scopes(claims: Claims, rules: GrantRules) -> Iterator[Scope]:
    named = claim(claims, rules.scope_claim)
    names = named.split(" ") if isinstance(named, str) else named
    left_out = frozenset() if rules.grants_power else _POWERS
    left_out |= frozenset() if rules.scope_prefix else _AMBIGUOUS
    for name in names[:_MAX_SCOPES] if isinstance(names, list) else ():
        if not isinstance(name, str) or not name.startswith(rules.scope_prefix):
            continue
        scope = _KNOWN.get(name.removeprefix(rules.scope_prefix))
        if scope is not None and scope not in left_out:
            yield scope


def _account(claims: Claims, template: str) -> str:
    name = _PLACEHOLDER.sub(lambda found: _named(claims, found[1]), template)
    if not name.isprintable() or len(name) > _MAX_NAME:
        raise UnauthenticatedError("the token's names are too long, or cannot be printed")
    return name


def _named(claims: Claims, name: str) -> str:
    names = _CLIENT_CLAIMS if name == _CLIENT_ID else (name,)
    for each in names:
        found = claim(claims, each)
        if isinstance(found, str) and found:
            return found
    raise UnauthenticatedError(f"the token does not say whose it is (claim {name!r})")
