"""Keeps the bytes of a request's attachments while it is served."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import SpooledTemporaryFile

from lrs.errors import UnavailableError

# Most requests with attachments are smaller, and need no disk.
_MOST_IN_MEMORY = 1024 * 1024


class ReceivedFile:
    """The bytes of all attachments of one request, one after the other, in one temporary file.

    It is written and read without a thread: what is written at once is no more than a piece of a
    body, and goes to the memory of the operating system.
    """

    def __init__(self, file: SpooledTemporaryFile[bytes]) -> None:
        self._file = file
        self.size = 0

    def append(self, data: bytes | memoryview) -> None:
        """Add bytes.

        Raises:
            UnavailableError: there is no room for them.
        """
        with _telling():
            self._file.write(data)
        self.size += len(data)

    def flush(self) -> None:
        """Hand everything to the operating system, so that it tells now if there is no room.

        Raises:
            UnavailableError: there is none.
        """
        with _telling():
            self._file.flush()

    def pieces(self, begin: int, end: int, most: int) -> Iterator[bytes]:
        """Give the bytes between two places, so many at a time.

        Others may read other bytes in between.
        """
        for place in range(begin, end, most):
            with _telling():
                self._file.seek(place)
                piece = self._file.read(min(most, end - place))
            yield piece


@contextmanager
def received_file() -> Iterator[ReceivedFile]:
    """Give an empty file, which is gone afterwards."""
    file = SpooledTemporaryFile(_MOST_IN_MEMORY)  # noqa: SIM115 - closing it may fail, see below
    try:
        yield ReceivedFile(file)
    finally:
        # Closing writes what is left, and fails where writing failed; nobody wants it any more.
        with suppress(OSError):
            file.close()


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError(
            f"the attachments of the request cannot be kept on disk: {error.strerror or error}"
        ) from error
