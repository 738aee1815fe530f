"""ID tokens: what an identity provider says of somebody who has signed in (OpenID Connect Core 2).

The key decides by which algorithm a token is checked, as it does for the tokens of machines.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from lrs.auth.bearer_tokens import SignedToken
from lrs.auth.secrets import is_same
from lrs.auth.signing_keys import SigningKeys
from lrs.errors import SignInError

Claims = Mapping[str, object]

_LONGEST_TEXT = 200
_LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class IdTokenRules:
    """What an ID token must say.

    Attributes:
        issuer: who gives it, to the letter.
        client: who it is for: this service, as the provider calls it.
        leeway: seconds by which clocks may differ.
    """

    issuer: str
    client: str
    leeway: int = 60


def checked_id_token(
    token: SignedToken, keys: SigningKeys, rules: IdTokenRules, nonce: str, now: float
) -> Claims:
    """Return what an ID token says, once it is known that the provider says so, to us, and now.

    Args:
        token: as it was read.
        keys: of the provider.
        rules: what it must say.
        nonce: that this sign-in began with.
        now: seconds since 1970.

    Raises:
        SignInError: it is not good; the text says why, and nothing of the token.
        UnauthenticatedError: no key of the provider fits it.
    """
    key = keys.chosen(token.key, token.algorithm)
    if not key.has_signed(token.algorithm, token.signed, token.signature):
        raise SignInError("the signature of the ID token is wrong")
    claims = _claims(token.payload)
    if claims.get("iss") != rules.issuer:
        raise SignInError("the ID token is of another provider")
    _check_audience(claims, rules.client)
    _check_times(claims, rules.leeway, now)
    shown = claims.get("nonce")
    if not isinstance(shown, str) or not is_same(shown.encode(), nonce.encode()):
        raise SignInError("the ID token belongs to another sign-in")
    return claims


def claim_text(claims: Claims, name: str, otherwise: str) -> str:
    """Return a claim as a text that can be kept and shown; what it is without one, or empty."""
    value = claims.get(name)
    text = value if isinstance(value, str) else ""
    printable = "".join(letter for letter in text if letter.isprintable())
    return printable[:_LONGEST_TEXT] or otherwise


def subject_of(claims: Claims) -> str:
    """Return who somebody is to the provider.

    Raises:
        SignInError: the claims do not say so as the standard wants it.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise SignInError("the provider does not say who has signed in (`sub`)")
    if not subject.isprintable():
        raise SignInError("the `sub` of the provider has control characters")
    return subject


def _claims(payload: bytes) -> Claims:
    try:
        claims: dict[str, object] = msgspec.json.decode(payload, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError) as error:
        raise SignInError("the ID token is no JSON object") from error
    return claims


def _check_audience(claims: Claims, client: str) -> None:
    named = claims.get("aud")
    audiences = named if isinstance(named, list) else [named]
    if client not in audiences:
        raise SignInError("the ID token is for somebody else")
    # Core 3.1.3.7: among several it must say which of them has asked for it.
    party = claims.get("azp", client if len(audiences) == 1 else None)
    if party != client:
        raise SignInError("the ID token was asked for by somebody else")


def _check_times(claims: Claims, leeway: int, now: float) -> None:
    if _moment(claims, "exp") <= now - leeway:
        raise SignInError("the ID token has expired")
    if _moment(claims, "iat") > now + leeway:
        raise SignInError("the ID token is of the future")


def _moment(claims: Claims, name: str) -> float:
    moment = claims.get(name)
    if isinstance(moment, bool) or not isinstance(moment, (int, float)):
        raise SignInError(f"`{name}` of the ID token is no moment")
    return moment
