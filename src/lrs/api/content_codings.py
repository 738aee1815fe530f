"""Unpacks the codings that bodies come in: gzip and zstd (RFC 1952, RFC 8878)."""

import sys
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping

from lrs.errors import InvalidRequestError, TooLargeError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# What is unpacked at once: small, so that other requests get their turn.
PIECE = 256 * 1024
_GZIP_WINDOW = 31  # tells zlib to expect a gzip header
# The largest window that senders may count on (RFC 9659): 8 MiB.
_ZSTD_WINDOW: Mapping[int, int] = {zstd.DecompressionParameter.window_log_max: 23}
# Data are packed in one section, or in one for each block of a large file; each costs something,
# though it be empty.
_MOST_SECTIONS = 10_000


class Unpacking(ABC):
    """Packed data while they come: sections, one behind the other, each whole in itself."""

    def __init__(self) -> None:
        self._sections = 1

    @abstractmethod
    def pieces(self, part: bytes) -> Iterator[bytes]:
        """Give what can be unpacked with the next part, in pieces of up to 256 KiB.

        Raises:
            InvalidRequestError: this is no data of the kind.
            TooLargeError: it has too many sections.
        """

    @abstractmethod
    def is_whole(self) -> bool:
        """Tell whether the data may end here."""

    def _count_section(self) -> None:
        self._sections += 1
        if self._sections > _MOST_SECTIONS:
            raise TooLargeError(f"the body is packed in more than {_MOST_SECTIONS} sections")


class _Gzip(Unpacking):
    """The sections of gzip are called members."""

    def __init__(self) -> None:
        super().__init__()
        self._member = zlib.decompressobj(_GZIP_WINDOW)

    def pieces(self, part: bytes) -> Iterator[bytes]:
        while part:
            if self._member.eof:
                self._count_section()
                self._member = zlib.decompressobj(_GZIP_WINDOW)
            try:
                yield self._member.decompress(part, PIECE)
            except zlib.error as error:
                raise InvalidRequestError("the body is not what gzip makes") from error
            part = self._member.unconsumed_tail or self._member.unused_data

    def is_whole(self) -> bool:
        return self._member.eof


class _Zstd(Unpacking):
    """The sections of zstd are called frames."""

    def __init__(self) -> None:
        super().__init__()
        self._frame = zstd.ZstdDecompressor(options=_ZSTD_WINDOW)

    def pieces(self, part: bytes) -> Iterator[bytes]:
        while part or not (self._frame.eof or self._frame.needs_input):
            if self._frame.eof:
                self._count_section()
                self._frame = zstd.ZstdDecompressor(options=_ZSTD_WINDOW)
            try:
                yield self._frame.decompress(part, PIECE)
            except zstd.ZstdError as error:
                raise InvalidRequestError(
                    "the body is not what zstd makes, or needs a window of more than 8 MiB"
                ) from error
            # What does not fit into a piece stays with the frame.
            part = self._frame.unused_data if self._frame.eof else b""

    def is_whole(self) -> bool:
        return self._frame.eof


_UNPACKINGS: Mapping[str, type[Unpacking]] = {"gzip": _Gzip, "x-gzip": _Gzip, "zstd": _Zstd}
_AS_IT_IS = frozenset(("", "identity"))


def unpacking_of(encoding: str) -> Unpacking | None:
    """Return what unpacks a body with this Content-Encoding; none if it comes as it is.

    Raises:
        InvalidRequestError: nothing does.
    """
    name = encoding.strip().lower()
    if name in _AS_IT_IS:
        return None
    if name in _UNPACKINGS:
        return _UNPACKINGS[name]()
    raise InvalidRequestError(
        f"Content-Encoding {name[:80]!r} is not understood; send gzip or zstd, or the body as it is"
    )
