"""Secrets: made at random, kept as keyed hashes, compared in constant time."""

import hmac
import secrets

_BYTES = 32
# As long as any that is kept, and not that of a secret: what is compared where there is none.
NO_MAC = bytes(32)


def new_key() -> str:
    """Make the public half of a credential."""
    return secrets.token_hex(8)


def new_secret() -> str:
    """Make the secret half: 256 random bits."""
    return secrets.token_urlsafe(_BYTES)


def mac(server_key: bytes, secret: str) -> bytes:
    """Return what is kept of a secret: HMAC-SHA-256 under a key that is not in the database."""
    return hmac.digest(server_key, secret.encode(), "sha256")


def is_same(one: bytes, other: bytes) -> bool:
    """Compare in a time that does not tell how much was right."""
    return hmac.compare_digest(one, other)
