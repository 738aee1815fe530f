"""The public keys of an issuer of tokens, as it publishes them (RFC 7517)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from lrs.errors import UnauthenticatedError

# More than any issuer has, and few enough to look at all of them.
_MOST_KEYS = 100
_OF_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
# RFC 7518 3.3 asks for 2,048 bits; longer ones than this only cost time.
_MIN_RSA_BITS, _MAX_RSA_BITS = 2_048, 16_384
# What a key signs with is told by the key itself, never by a token alone. EdDSA is the older name
# of Ed25519 (RFC 9864).
_OF_CURVE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "P-256": ("ES256",),
        "P-384": ("ES384",),
        "P-521": ("ES512",),
        "Ed25519": ("Ed25519", "EdDSA"),
    }
)
ALGORITHMS = frozenset((*_OF_RSA, *(name for names in _OF_CURVE.values() for name in names)))

_REGISTRY = JWSRegistry(algorithms=ALGORITHMS)


class InvalidKeysError(Exception):
    """What an issuer publishes is no set of keys."""


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key.

    Attributes:
        id: what tokens call it (`kid`), if it has a name.
        algorithms: what it may sign with.
    """

    id: str | None
    algorithms: frozenset[str]
    key: Key

    def has_signed(self, algorithm: str, text: bytes, signature: bytes) -> bool:
        """Tell whether a signature of this text was made with this key."""
        method = _REGISTRY.get_alg("Ed25519" if algorithm == "EdDSA" else algorithm)
        try:
            return method.verify(text, signature, self.key)
        except (JoseError, ValueError):
            return False


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys that an issuer signs with."""

    keys: tuple[SigningKey, ...] = ()

    def has(self, name: str | None) -> bool:
        """Tell whether there is a key with this name; without a name, whether there is any."""
        return any(name is None or key.id == name for key in self.keys)

    def chosen(self, name: str | None, algorithm: str) -> SigningKey:
        """Return the one key that a token is to be checked with.

        Raises:
            UnauthenticatedError: there is none, or more than one.
        """
        found = [
            key
            for key in self.keys
            if (name is None or key.id == name) and algorithm in key.algorithms
        ]
        if len(found) != 1:
            raise UnauthenticatedError("the token is signed with a key that its issuer has not")
        return found[0]


def read_keys(text: bytes) -> SigningKeys:
    """Read a set of keys; those that sign nothing, or that we cannot use, are left out.

    Raises:
        InvalidKeysError: the text is no set of keys.
    """
    try:
        published = msgspec.json.decode(text, type=_KeySet).keys
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidKeysError("the keys are no JSON Web Key Set") from error
    if len(published) > _MOST_KEYS:
        raise InvalidKeysError(f"there are more than {_MOST_KEYS} keys")
    return SigningKeys(tuple(_usable(published)))


def _usable(published: list[dict[str, Any]]) -> Iterator[SigningKey]:
    for members in published:
        if not _is_to_verify(members):
            continue
        try:
            key = _public_key(members)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue  # of a kind that is not known here
        algorithms = _algorithms_of(key, members.get("alg"))
        name = members.get("kid")
        if algorithms and (name is None or isinstance(name, str)):
            yield SigningKey(name, algorithms, key)


def _is_to_verify(members: dict[str, Any]) -> bool:
    """Tell whether a key is public and made for signatures (RFC 7517 4.2, 4.3)."""
    operations = members.get("key_ops", ["verify"])
    is_private = "d" in members or "k" in members
    is_for_this = isinstance(operations, list) and "verify" in operations
    return not is_private and members.get("use", "sig") == "sig" and is_for_this


def _public_key(members: dict[str, Any]) -> Key:
    match members["kty"]:
        case "RSA" if _MIN_RSA_BITS <= _bits(members["n"]) <= _MAX_RSA_BITS:
            return RSAKey.import_key(members)
        case "EC":
            return ECKey.import_key(members)
        case "OKP":
            return OKPKey.import_key(members)
    raise ValueError("a kind of key, or a length, that is not taken")


def _bits(modulus: str) -> int:
    return int.from_bytes(urlsafe_b64decode(modulus.encode())).bit_length()


def _algorithms_of(key: Key, named: object) -> frozenset[str]:
    """Return what a key may sign with: all that fits it, or the one that is named for it."""
    fitting: tuple[str, ...] = ()
    if isinstance(key, RSAKey):
        fitting = _OF_RSA
    elif isinstance(key, (ECKey, OKPKey)):
        fitting = _OF_CURVE.get(key.curve_name, ())
    return frozenset(name for name in fitting if named is None or _is_same(name, named))


def _is_same(name: str, named: object) -> bool:
    return name == named or (name, named) in (("EdDSA", "Ed25519"), ("Ed25519", "EdDSA"))
