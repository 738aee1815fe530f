"""Tokens that an issuer gives to machines: signed JWTs (RFC 7519), read as RFC 8725 advises.

Nothing that a token says of itself decides how it is checked: the algorithm must be one of the
issuer's key, and a key or an address of one in the token (`jwk`, `jku`, `x5c`, `x5u`) is not looked
at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from joserfc.util import urlsafe_b64decode

from lrs.auth.signing_keys import ALGORITHMS, SigningKeys
from lrs.errors import InvalidRequestError, InvalidStatementError, UnauthenticatedError
from lrs.xapi.json_text import parse

Claims = Mapping[str, object]

# Of the whole token, and of its header, in characters. Those of large companies have 10 KiB.
MAX_LENGTH: Final = 16 * 1024
_MAX_HEADER: Final = 4 * 1024
_MAX_KEY_NAME: Final = 255
_PARTS: Final = 3
_PARTS_IF_ENCRYPTED: Final = 5
# They would change how the token is read.
_NOT_UNDERSTOOD = ("crit", "b64", "zip", "enc")
# RFC 9068 2.1; many issuers say JWT, or nothing. Other types are made for other things.
_TYPES = frozenset(("jwt", "at+jwt", "application/jwt", "application/at+jwt"))
# They stand in tokens that tell an application who has signed in, or out, and in those that only
# the holder of a key may show (RFC 7800).
_NOT_OF_BEARERS = ("at_hash", "c_hash", "s_hash", "events", "cnf")
# Beyond it no moment is meant.
_LAST_MOMENT: Final = 2**53


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must say.

    Attributes:
        issuer: who gives tokens, to the letter.
        audience: who they are for: this service.
        leeway: seconds by which clocks may differ.
    """

    issuer: str
    audience: str
    leeway: int


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token that was read, and not checked yet.

    Attributes:
        key: what it calls the key that it is signed with, if it says so.
        signed: the text that the signature is of.
    """

    algorithm: str
    key: str | None
    signed: bytes
    payload: bytes
    signature: bytes


def read_token(text: str) -> SignedToken:
    """Take a token apart.

    Raises:
        UnauthenticatedError: it is none that could be good, whatever the keys are.
    """
    if len(text) > MAX_LENGTH or not text.isascii():
        raise UnauthenticatedError(f"the token is no ASCII text of up to {MAX_LENGTH} characters")
    parts = text.encode().split(b".")
    if len(parts) == _PARTS_IF_ENCRYPTED:
        raise UnauthenticatedError("the token is encrypted; a signed one is needed")
    if len(parts) != _PARTS or len(parts[0]) > _MAX_HEADER:
        raise UnauthenticatedError("the token is no signed JWT")
    header = _object(_decoded(parts[0]))
    _check_header(header)
    signed = parts[0] + b"." + parts[1]
    name = header.get("kid")
    return SignedToken(
        algorithm=str(header["alg"]),
        key=None if name is None else str(name),
        signed=signed,
        payload=_decoded(parts[1]),
        signature=_decoded(parts[2]),
    )


def checked_claims(token: SignedToken, keys: SigningKeys, rules: TokenRules, now: float) -> Claims:
    """Return what a token says, once it is known that its issuer says so, to us, and now.

    Args:
        token: as it was read.
        keys: of the issuer.
        rules: what it must say.
        now: seconds since 1970.

    Raises:
        UnauthenticatedError: it is not good; the text says why, and nothing of the token.
    """
    key = keys.chosen(token.key, token.algorithm)
    if not key.has_signed(token.algorithm, token.signed, token.signature):
        raise UnauthenticatedError("the signature of the token is wrong")
    claims = _object(token.payload)
    if claims.get("iss") != rules.issuer:
        raise UnauthenticatedError("the token is of another issuer")
    _check_audience(claims.get("aud"), rules.audience)
    _check_times(claims, rules.leeway, now)
    _check_purpose(claims)
    return claims


def expiry(claims: Claims) -> float:
    """Return when a good token expires, in seconds since 1970."""
    return float(_moment(claims, "exp"))


def _decoded(part: bytes) -> bytes:
    if not part:
        raise UnauthenticatedError("the token is not signed, or a part of it is missing")
    try:
        return urlsafe_b64decode(part)
    except ValueError as error:
        raise UnauthenticatedError("a part of the token is no Base64 for URLs") from error


def _object(text: bytes) -> dict[str, object]:
    try:
        read = parse(text)
    except (InvalidRequestError, InvalidStatementError) as error:
        raise UnauthenticatedError("a part of the token is no JSON that can be read") from error
    if not isinstance(read, dict):
        raise UnauthenticatedError("a part of the token is no JSON object")
    return read


def _check_header(header: dict[str, object]) -> None:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        known = ", ".join(sorted(ALGORITHMS))
        raise UnauthenticatedError(f"the token must be signed by one of {known}")
    if any(name in header for name in _NOT_UNDERSTOOD):
        names = ", ".join(_NOT_UNDERSTOOD)
        raise UnauthenticatedError(f"the header of the token has one of {names}")
    if str(header.get("typ", "JWT")).lower() not in _TYPES:
        raise UnauthenticatedError("the token is no access token: its `typ` is another")
    name = header.get("kid", "")
    if not isinstance(name, str) or len(name) > _MAX_KEY_NAME:
        raise UnauthenticatedError("the `kid` of the token is no text, or too long")


def _check_audience(named: object, audience: str) -> None:
    audiences = named if isinstance(named, list) else [named]
    if audience not in audiences:
        raise UnauthenticatedError("the token is for another audience")


def _check_times(claims: Claims, leeway: int, now: float) -> None:
    if "exp" not in claims:
        raise UnauthenticatedError("the token does not say when it expires (`exp`)")
    if _moment(claims, "exp") <= now - leeway:
        raise UnauthenticatedError("the token has expired")
    for name in ("nbf", "iat"):
        if name in claims and _moment(claims, name) > now + leeway:
            raise UnauthenticatedError(f"the token is not good yet (`{name}`)")


def _moment(claims: Claims, name: str) -> int | Decimal:
    """Return seconds since 1970, which need not be whole ones (RFC 7519 2)."""
    match claims[name]:
        case bool():
            pass
        case int() | Decimal() as moment if 0 <= moment < _LAST_MOMENT:
            return moment
    raise UnauthenticatedError(f"`{name}` of the token is no moment in seconds since 1970")


def _check_purpose(claims: Claims) -> None:
    if any(name in claims for name in _NOT_OF_BEARERS):
        names = ", ".join(_NOT_OF_BEARERS)
        raise UnauthenticatedError(
            f"the token is none that a bearer may show: it has one of {names}"
        )
    if claims.get("typ", "Bearer") not in ("Bearer", "JWT", "at+jwt"):
        raise UnauthenticatedError("the token is no access token: its claim `typ` is another")
