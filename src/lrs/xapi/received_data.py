"""The bytes of attachments, as a request brings them and as the store has them (Comm. 1.5.2)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReceivedData:
    """The data of one attachment, whose hash was compared with the bytes already.

    Attributes:
        sha2: in lower-case hexadecimal; 56, 64, 96 or 128 digits.
        size: in bytes.
        content_type: what its part says of it; None if it says nothing.
        length: what the Content-Length of its part says, which need not be `size`; None if nothing.
        pieces: gives the bytes from their beginning, so many at a time, as often as it is called.
    """

    sha2: str
    size: int
    content_type: str | None
    length: int | None
    pieces: Callable[[int], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class HeldAttachment:
    """The data of one attachment that the store has.

    Attributes:
        sha2: in lower-case hexadecimal.
        content_type: as a statement names it.
        size: in bytes.
    """

    sha2: str
    content_type: str
    size: int
