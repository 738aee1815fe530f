"""What requests bring to be kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lrs.xapi.received_data import ReceivedData
from lrs.xapi.records import StatementRecord
from lrs.xapi.versions import Version

ReceivedByHash = Mapping[str, ReceivedData]


class Origin(NamedTuple):
    """What requests must have in common to share a transaction.

    Attributes:
        defines: whether what they say of verbs and activities is kept (`define`, Comm. 4.2).
    """

    store: int
    credential: int
    version: Version
    defines: bool


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """What one request brings to be kept, as a whole or not at all.

    Attributes:
        records: with distinct ids, at least one.
        data: of their attachments, by hash.
    """

    origin: Origin
    records: Sequence[StatementRecord]
    data: ReceivedByHash
