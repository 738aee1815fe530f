"""What stays of who was erased: nothing that tells who it was, and enough to know them again."""

import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from lrs.xapi.keys import Ifi

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
