"""Signs statements without the library that reads signatures, and asks what becomes of them."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from builders import Json, a_statement
from lrs.errors import InvalidStatementError
from lrs.xapi.signatures import USAGE_TYPE, Signature, check_signature
from lrs.xapi.versions import Version

HASHES = {"RS256": hashes.SHA256(), "RS384": hashes.SHA384(), "RS512": hashes.SHA512()}
PATH = "statements[3].attachments[0]"
ID = "8f1f6a1b-6f0a-4b6e-9c39-0d8c1c1e2a10"
# A statement as it is signed, and as it is sent with the signature.
SIGNED: Json = a_statement(
    id=ID,
    result={"score": {"raw": 7}, "success": True},
    context={"registration": ID},
    timestamp="2026-03-01T12:00:00Z",
)
ATTACHMENT: Json = {
    "usageType": USAGE_TYPE,
    "display": {"en": "Signature"},
    "contentType": "application/octet-stream",
    "length": 1,
    "sha2": "0" * 64,
}
SENT: Json = SIGNED | {"attachments": [ATTACHMENT]}


@dataclass(frozen=True)
class Signer:
    """Somebody with a key, and a certificate that nobody else vouches for."""

    key: RSAPrivateKey
    certificate: bytes

    def certify(self, key: CertificatePublicKeyTypes) -> bytes:
        """Return a certificate of another key."""
        return certificate_of(key, self.key)


def new_signer(bits: int = 2048) -> Signer:
    key = generate_private_key(65537, bits)
    return Signer(key, certificate_of(key.public_key(), key))


def certificate_of(key: CertificatePublicKeyTypes, issuer: RSAPrivateKey) -> bytes:
    """Return a certificate in DER, which was valid for a day long ago."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A course")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    return (
        x509.CertificateBuilder(name, name, key, 1, start, start + timedelta(days=1))
        .sign(issuer, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


def base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def x5c(*certificates: bytes) -> dict[str, list[str]]:
    """Return the part of a header that brings certificates."""
    return {"x5c": [base64.b64encode(each).decode() for each in certificates]}


def signed(payload: object, signer: Signer, **header: Any) -> bytes:
    """Return a JWS by RS256, or by the `alg` of the header; bytes are signed as they are."""
    content = payload if isinstance(payload, bytes) else text(payload)
    named = {"alg": "RS256"} | header
    return token(text(named), content, signer, named["alg"])


def certified(payload: object, signer: Signer, **header: Any) -> bytes:
    """Return a JWS that brings the certificate of its key."""
    return signed(payload, signer, **x5c(signer.certificate), **header)


def token(header: bytes, payload: bytes, signer: Signer, algorithm: object = "RS256") -> bytes:
    """Return a JWS with this header, whatever it says, by RS256 if the algorithm is none of RSA."""
    content = base64url(header) + b"." + base64url(payload)
    digest = HASHES.get(str(algorithm), hashes.SHA256())
    return content + b"." + base64url(signer.key.sign(content, PKCS1v15(), digest))


def text(value: object) -> bytes:
    return json.dumps(value).encode()


def identifier_of(sent: Json) -> UUID:
    """Return the id of a statement; one that has none is sent under `ID`."""
    return UUID(sent.get("id", ID))


def check(jws: bytes, sent: Json = SENT, version: Version = Version.V1_0_3) -> Signature:
    return check_signature(jws, text(sent), identifier_of(sent), version, PATH)


def refused(jws: bytes, sent: Json = SENT, version: Version = Version.V1_0_3) -> str:
    """Expect one violation at the place of the attachment, and return what it says."""
    with pytest.raises(InvalidStatementError) as caught:
        check(jws, sent, version)
    (violation,) = caught.value.violations
    assert (violation.path, violation.section) == (PATH, "Data 2.6")
    assert len(violation.message) < 300
    return violation.message
