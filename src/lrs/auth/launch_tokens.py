"""Launch tokens and what is exchanged for them: signed texts, which need no database."""

from functools import lru_cache
from hashlib import sha256
from typing import Final, TypeVar
from uuid import UUID

import msgspec
from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from lrs.auth.launches import Launch
from lrs.errors import UnauthenticatedError

PREFIX: Final = "lrs_launch_"
# Of an activity's IRI, since it stands in a token, and a token stands in a header.
LONGEST_ACTIVITY: Final = 2_000
# Characters of a token; what is longer is none of ours and is not looked at.
_LONGEST: Final = 12_000


class LaunchToken(msgspec.Struct, frozen=True, array_like=True):
    """What a launch token says.

    Attributes:
        credential: the number of the one that has made it.
        expires: seconds since 1970.
    """

    store: int
    credential: int
    id: UUID
    actor: UUID
    registration: UUID
    activity: str
    expires: int

    @property
    def launch(self) -> Launch:
        """What it is limited to."""
        return Launch(self.id, self.actor, self.registration, self.activity)

    def signed(self, key: bytes) -> str:
        """Return the token."""
        return PREFIX + _signed(_tokens(key), self)

    @classmethod
    def of(cls, token: str, key: bytes) -> "LaunchToken":
        """Return what a token says.

        Raises:
            UnauthenticatedError: it is not ours, or was changed.
        """
        return _read(_tokens(key), token.removeprefix(PREFIX), cls)


class LaunchTicket(msgspec.Struct, frozen=True, array_like=True):
    """What a launch token is handed out for, once: the secret of a fetch URL (cmi5 8.2)."""

    store: int
    id: UUID

    def signed(self, key: bytes) -> str:
        """Return the ticket."""
        return _signed(_tickets(key), self)

    @classmethod
    def of(cls, ticket: str, key: bytes) -> tuple[int, UUID]:
        """Return the store and the id of the token that a ticket is for.

        Raises:
            UnauthenticatedError: it is not ours, or was changed.
        """
        said = _read(_tickets(key), ticket, cls)
        return said.store, said.id


_Signed = TypeVar("_Signed", LaunchToken, LaunchTicket)


def _signed(signer: Signer, said: LaunchToken | LaunchTicket) -> str:
    return signer.sign(base64_encode(msgspec.json.encode(said))).decode()


def _read(signer: Signer, text: str, kind: type[_Signed]) -> _Signed:
    try:
        # One that is too long is not looked at: as if nothing was shown.
        said = signer.unsign(text if len(text) <= _LONGEST else "")
        return msgspec.json.decode(base64_decode(said), type=kind)
    except (BadData, ValueError) as error:
        raise UnauthenticatedError("the token is not one of this LRS, or was changed") from error


@lru_cache(maxsize=8)
def _tokens(key: bytes) -> Signer:
    return _signer(key, "launch token")


@lru_cache(maxsize=8)
def _tickets(key: bytes) -> Signer:
    return _signer(key, "launch ticket")


# A salt of its own for each keeps one from being taken for the other, or for a `more` link.
def _signer(key: bytes, salt: str) -> Signer:
    return Signer(key, salt=salt, key_derivation="hmac", digest_method=sha256)
