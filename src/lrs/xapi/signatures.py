"""Signatures of statements: a JWS whose payload is the statement again (Data 2.6, RFC 7515)."""

import base64
import json
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry, deserialize_compact
from joserfc.util import urlsafe_b64decode

from lrs.errors import InvalidRequestError, InvalidStatementError, Violation
from lrs.xapi.comparison import match
from lrs.xapi.findings import quoted, shown
from lrs.xapi.json_text import parse
from lrs.xapi.versions import Version

USAGE_TYPE: Final = "http://adlnet.gov/expapi/attachments/signature"

_SECTION = "Data 2.6"
_ALGORITHMS = ("RS256", "RS384", "RS512")
# They would change how a token is read.
_NOT_UNDERSTOOD = ("crit", "b64", "zip")
_MAX_CERTIFICATES = 10
# RFC 7518 3.3 asks for 2,048 bits, but the example in the text of xAPI has a key of 1,024.
_MIN_KEY_BITS, _MAX_KEY_BITS = 1_024, 16_384
_MAX_EXPONENT_BITS = 64
# In Base64, of which each byte holds six bits.
_MAX_HEADER = 128 * 1024
_MAX_SIGNATURE = _MAX_KEY_BITS // 6 + 1
# The same statement can be longer: indented, or with all that is not ASCII written as escapes.
_MAX_GROWTH, _SMALL_PAYLOAD, _MAX_PAYLOAD = 4, 64 * 1024, 6 * 1024 * 1024

_properties_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Signature(StrEnum):
    """What is known of a signature that was not refused."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"


class _RefusalError(Exception):
    """The signature is refused; the text tells a person why."""


class _Token(NamedTuple):
    """A JWS in compact serialisation, its parts still in Base64."""

    header: bytes
    payload: bytes
    signature: bytes


def _registry() -> JWSRegistry:
    """Return a registry that takes nothing but the algorithm from a header.

    What else a header may name a key by (`jwk`, `jku`, `x5u`, `kid`) is not even looked at.
    """
    registry = JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)
    registry.header_registry = {}
    registry.max_header_length = _MAX_HEADER
    registry.max_payload_length = _MAX_PAYLOAD
    registry.max_signature_length = _MAX_SIGNATURE
    return registry


_REGISTRY = _registry()


def check_signature(
    jws: bytes, received: bytes, identifier: UUID, version: Version, path: str
) -> Signature:
    """Check the signature that a statement brings as an attachment (Data 2.6).

    It must be a JWS in compact serialisation by RS256, RS384 or RS512, whose payload is the same
    statement but for its attachments and for what the LRS sets. If it brings certificates (`x5c`),
    all of them are read, and the key of the first must have made the signature. Whether they form
    a chain, when they were valid and who trusts them is not looked at, and nothing is fetched: it
    is verified that who holds the key of this certificate signed this statement, and no more.

    Args:
        jws: the data of the attachment.
        received: the JSON text of the statement, valid and as it came in.
        identifier: the id of the statement, which may stand in its text or not.
        version: the version of the request.
        path: where the attachment lies, such as `statements[3].attachments[0]`.

    Returns:
        verified, or unverified where no certificate came to verify it with.

    Raises:
        InvalidStatementError: the signature is refused; its one violation says why.
    """
    try:
        return _checked(jws, received, identifier, version)
    except _RefusalError as error:
        raise InvalidStatementError([Violation(path, str(error), _SECTION)]) from error


def _checked(jws: bytes, received: bytes, identifier: UUID, version: Version) -> Signature:
    token = _token_of(jws)
    _check_sizes(token, received)
    header = _object(_decoded(token.header, "header"), "header")
    _check_header(header)
    _decoded(token.signature, "signature")
    payload = _decoded(token.payload, "payload")
    _check_payload(payload, received, version)
    _check_id(payload, identifier)
    if "x5c" not in header:
        return Signature.UNVERIFIED
    key = _key_of(header["x5c"])
    try:
        deserialize_compact(jws, key, registry=_REGISTRY)
    except JoseError as error:
        raise _RefusalError(
            "was not made with the key of the certificate x5c[0], or was changed afterwards"
        ) from error
    return Signature.VERIFIED


# The token and its header


def _token_of(jws: bytes) -> _Token:
    if jws.lstrip().startswith(b"{"):
        raise _RefusalError("is JSON; a JWS must be in compact serialisation")
    if jws != jws.strip():
        raise _RefusalError("has white space before or after the JWS, which must stand alone")
    dots = jws.count(b".")
    if dots != len(_Token._fields) - 1:
        raise _RefusalError(
            "is no JWS in compact serialisation, which is 3 parts with dots between them;"
            f" the parts here are {dots + 1}"
        )
    return _Token(*jws.split(b"."))


def _check_sizes(token: _Token, received: bytes) -> None:
    max_payload = min(len(received) * _MAX_GROWTH + _SMALL_PAYLOAD, _MAX_PAYLOAD)
    limits = (_MAX_HEADER, max_payload, _MAX_SIGNATURE)
    for name, part, limit in zip(_Token._fields, token, limits, strict=True):
        if len(part) > limit:
            raise _RefusalError(
                f"has a {name} of {len(part)} bytes; with this statement it may have {limit}"
            )


def _decoded(part: bytes, name: str) -> bytes:
    if not part:
        raise _RefusalError(f"has an empty {name}")
    try:
        return urlsafe_b64decode(part)
    except ValueError as error:
        raise _RefusalError(f"has a {name} that is no Base64 for URLs without padding") from error


def _object(text: bytes, name: str) -> dict[str, object]:
    try:
        parsed = parse(text, name)
    except InvalidRequestError as error:
        raise _RefusalError(f"cannot be read: {error}") from error
    except InvalidStatementError as error:
        raise _RefusalError(f"cannot be read: {error.violations[0]}") from error
    if not isinstance(parsed, dict):
        raise _RefusalError(f"has a {name} that is no JSON object but {shown(parsed)}")
    return parsed


def _check_header(header: dict[str, object]) -> None:
    algorithm = header.get("alg")
    if algorithm not in _ALGORITHMS:
        found = f"not {shown(algorithm)}" if "alg" in header else "and there is none"
        raise _RefusalError(f"must have RS256, RS384 or RS512 as its `alg`, {found}")
    for name in _NOT_UNDERSTOOD:
        if name in header:
            raise _RefusalError(f"has {name!r} in its header, which is not understood")


# The payload


def _check_payload(payload: bytes, received: bytes, version: Version) -> None:
    """Check that the payload is the statement.

    Two statements are the same when each of their properties is, so the first that is not can be
    named. `match` leaves out the id, since most senders let the LRS choose it.
    """
    _object(payload, "payload")
    signed, sent = _properties_of(payload), _properties_of(received)
    for name in sent | signed:
        if name == "attachments":  # `match` would read them, thousands maybe, and leave them out
            continue
        one, other = _alone(signed, name), _alone(sent, name)
        if not match(one, other, version, ignore_attachments=True):
            raise _RefusalError(f"signs another statement: they differ in {quoted(name)}")


def _check_id(payload: bytes, identifier: UUID) -> None:
    """Check that the payload has the statement's id, if it has one.

    Also where the statement itself brings none: a signed statement that was seen could otherwise
    be sent again and again under new ids, each time verified.
    """
    signed = _properties_of(payload).get("id")
    if signed is not None and str(json.loads(bytes(signed))).lower() != str(identifier):
        raise _RefusalError(
            f'signs another statement: they differ in "id", and this one is {identifier}'
        )


def _alone(properties: dict[str, msgspec.Raw], name: str) -> bytes:
    """Return the JSON text of an object with one of these properties, or with none."""
    if name not in properties:
        return b"{}"
    return b"{%s:%s}" % (msgspec.json.encode(name), bytes(properties[name]))


# The certificates


def _key_of(chain: object) -> RSAKey:
    """Read the certificates of `x5c`, and return the key of the first (RFC 7515 4.1.6)."""
    if not isinstance(chain, list) or not 1 <= len(chain) <= _MAX_CERTIFICATES:
        raise _RefusalError(f"must have 1 to {_MAX_CERTIFICATES} certificates in an array as x5c")
    certificates = [_certificate(text, number) for number, text in enumerate(chain)]
    try:
        key = certificates[0].public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _RefusalError("has a key that cannot be read in the certificate x5c[0]") from error
    if not isinstance(key, RSAPublicKey):
        raise _RefusalError("has a key that is not of RSA in the certificate x5c[0]")
    _check_size(key)
    # Not by `import_key`, which warns of keys below 2,048 bits.
    return RSAKey(key, key)


def _certificate(text: object, number: int) -> x509.Certificate:
    try:
        der = base64.b64decode(str(text), validate=True)
        return x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion) as error:
        raise _RefusalError(
            f"has something else than a certificate in DER and standard Base64 as x5c[{number}]"
        ) from error


def _check_size(key: RSAPublicKey) -> None:
    if not _MIN_KEY_BITS <= key.key_size <= _MAX_KEY_BITS:
        raise _RefusalError(
            f"has a key of {key.key_size} bits in the certificate x5c[0]; it must have"
            f" {_MIN_KEY_BITS} to {_MAX_KEY_BITS}"
        )
    if key.public_numbers().e.bit_length() > _MAX_EXPONENT_BITS:
        raise _RefusalError(
            "has a key in the certificate x5c[0] whose exponent has more than"
            f" {_MAX_EXPONENT_BITS} bits"
        )
