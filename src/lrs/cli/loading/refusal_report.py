"""Write down which statements were refused and why, one JSON object on each line."""

from io import BufferedWriter
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from lrs.cli.loading.statement_text import is_json_object


class RefusalReport:
    """A file that exists only if something was refused.

    A report that an earlier run left under the same name is replaced, or taken away at the end
    of a complete run in which nothing was refused.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BufferedWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, index: int, offset: int, status: int | None, reason: str, text: bytes) -> None:
        """Write one line.

        Args:
            index: the place of the statement in the source, counted from 0.
            offset: where it begins in the (unpacked) source, in bytes.
            status: what the LRS answered; None if the statement was never sent.
            reason: why it was refused.
            text: the statement as it stands in the source.
        """
        if self._file is None:
            self._file = self.path.open("wb")
        line = {
            "index": index,
            "offset": offset,
            "status": status,
            "reason": reason,
            "statement": _as_json(text),
        }
        self._file.write(msgspec.json.encode(line) + b"\n")

    def remove_stale(self) -> None:
        """Take away the report of an earlier run, unless this run has written its own."""
        if self._file is None:
            self.path.unlink(missing_ok=True)


def _as_json(text: bytes) -> msgspec.Raw | str:
    """Give a statement as it is, or as a string if it is not even JSON.

    Line ends in a JSON object are white space, because in a string they would be escaped.
    """
    if is_json_object(text):
        return msgspec.Raw(text.replace(b"\r", b" ").replace(b"\n", b" "))
    return text.decode(errors="replace")
