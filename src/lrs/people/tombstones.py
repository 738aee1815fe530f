"""What stays of who was erased: nothing that tells who it was, and enough to know them again."""

import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from lrs.people.identifiers import account_parts
from lrs.xapi.keys import Ifi, ifi_key

_PURPOSE: Final = b"lrs tombstone 1\n"


class OnReturn(StrEnum):
    """What is done with statements that come about somebody who was erased."""

    REFUSE = "refuse"
    ANONYMISE = "anonymise"


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Of one identifier.

    Attributes:
        mac: see `tombstone_mac`.
        replacement: the account that stands instead of it.
    """

    mac: bytes
    on_return: OnReturn
    replacement: Ifi


def tombstone_mac(server_key: bytes, identifier: UUID) -> bytes:
    """Return what stands for an identifier; without the server key it tells nothing.

    Args:
        server_key: of the installation.
        identifier: the key of it, see `lrs.xapi.keys`.
    """
    return hmac.digest(server_key, _PURPOSE + identifier.bytes, "sha256")


def tombstone_macs(server_key: bytes, ifi: Ifi) -> list[bytes]:
    """Return all that may stand for an identifier: for itself, and for its mail address.

    A mail address is known again in capitals too, and as the name of any account.
    """
    address = _address(ifi)
    known_as = [ifi] if address is None or address == ifi else [ifi, address]
    return [tombstone_mac(server_key, ifi_key(each)) for each in known_as]


def _address(ifi: Ifi) -> Ifi | None:
    """Return the mail address of an identifier in small letters; None if it has none."""
    if ifi.type == "mbox":
        return Ifi("mbox", ifi.value.lower())
    if ifi.type == "account" and "@" in (name := account_parts(ifi)[1]):
        return Ifi("mbox", f"mailto:{name.lower()}")
    return None
