"""Certificates of erasures: signed by the installation, checked by anybody with its public key.

The key is made of the server key, so it is there without being kept; who changes the server key
cannot check older certificates any more, unless the public key was kept.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64encode

from lrs.errors import InvalidRequestError

TYPE: Final = "lrs-erasure+jws"
_ALGORITHM: Final = "Ed25519"
_PURPOSE: Final = b"lrs erasure certificates 1"
_BYTES: Final = 32


class CertificateKey:
    """The key that an installation signs certificates with."""

    def __init__(self, server_key: bytes) -> None:
        seed = HKDF(SHA256(), _BYTES, None, _PURPOSE).derive(server_key)
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        members = {"kty": "OKP", "crv": "Ed25519", "x": urlsafe_b64encode(public).decode()}
        secret = {"d": urlsafe_b64encode(seed).decode()}
        self._key = OKPKey.import_key({**members, **secret})
        self._public = {
            **members, "kid": self._key.thumbprint(), "use": "sig", "alg": _ALGORITHM
        }  # fmt: skip

    @property
    def public(self) -> Mapping[str, str]:
        """The public key (RFC 7517)."""
        return self._public

    def sign(self, said: Mapping[str, Any]) -> str:
        """Return a certificate: a compact JWS (RFC 7515)."""
        header = {"alg": _ALGORITHM, "kid": self._public["kid"], "typ": TYPE}
        text = json.dumps(said, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        return jws.serialize_compact(header, text.encode(), self._key, algorithms=[_ALGORITHM])

    def verify(self, certificate: str) -> dict[str, Any]:
        """Return what a certificate says.

        Raises:
            InvalidRequestError: it was not signed with this key, or changed since.
        """
        try:
            found = jws.deserialize_compact(certificate.strip(), self._key, algorithms=[_ALGORITHM])
            said: dict[str, Any] = json.loads(found.payload)
        except (JoseError, ValueError) as error:
            raise InvalidRequestError(
                f"the certificate is not one of this installation, or was changed: {error}"
            ) from error
        if found.headers().get("typ") != TYPE:
            raise InvalidRequestError("this is no certificate of an erasure")
        return said
