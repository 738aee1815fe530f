"""The file of a list: in which format it is, and as what it is read."""

from collections.abc import Iterator
from typing import BinaryIO, Final

from lrs.cli.loading.statement_scanner import StatementScanner
from lrs.people.imports.columns import ListMapping
from lrs.people.imports.lists import CsvList, JsonList, PeopleList

_CHUNK: Final = 256 * 1024
_JSON: Final = (b"[", b"{")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def list_in(source: BinaryIO, mapping: ListMapping, separator: str | None) -> PeopleList:
    """Return the list of a file: JSON if it begins like that, else CSV."""
    beginning = source.read(_CHUNK).removeprefix(_BYTE_ORDER_MARK).lstrip()
    source.seek(0)
    if beginning.startswith(_JSON):
        return JsonList(_objects(source), mapping)
    return CsvList(source, mapping, separator)


def _objects(source: BinaryIO) -> Iterator[bytes]:
    """Give the objects of an array, or of lines, one by one."""
    scanner = StatementScanner()
    while chunk := source.read(_CHUNK):
        for piece in scanner.feed(chunk):
            yield piece.text
    for piece in scanner.finish():
        yield piece.text
