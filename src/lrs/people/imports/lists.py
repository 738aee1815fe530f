"""A whole list, in one of the formats that are read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from lrs.people.imports.columns import Definitions, ListMapping, read_headers
from lrs.people.imports.csv_lists import csv_rows, first_line, read_separator, with_header
from lrs.people.imports.encodings import text_lines, told_encoding, told_separator
from lrs.people.imports.findings import Finding, FindingKind
from lrs.people.imports.json_lists import json_rows
from lrs.people.imports.listed import ListedRow
from lrs.people.imports.rows import RowReader, listed_rows


class PeopleList(Protocol):
    """What can be imported; it is read once."""

    def rows(self, definitions: Definitions) -> Iterator[ListedRow | Finding]:
        """Give the rows, and what is to be told of others and of the list.

        Raises:
            InvalidRequestError: it is no list, or not from some place on.
        """
        ...


@dataclass(frozen=True, slots=True)
class CsvList:
    """A list in CSV.

    Attributes:
        source: from whose beginning it is read; it must be seekable.
        separator: comma, semicolon or tab; None if the header is to tell.
    """

    source: BinaryIO
    mapping: ListMapping = ListMapping()  # noqa: RUF009 - it cannot be changed
    separator: str | None = None

    def rows(self, definitions: Definitions) -> Iterator[ListedRow | Finding]:
        """Give the rows; see `PeopleList`."""
        encoding = told_encoding(self.source)
        if encoding.remark:
            yield _noted(encoding.remark)
        first, lines = first_line(text_lines(self.source, encoding))
        separator = read_separator(self.separator) if self.separator else told_separator(first)
        header, rows = with_header(csv_rows(lines, separator))
        columns = read_headers(header, self.mapping)
        left_out = [
            name
            for name, column in zip(header, columns, strict=True)
            if column is None and name.strip() not in self.mapping.columns
        ]
        if left_out:
            yield _noted(f"columns that were not taken: {', '.join(left_out)}")
        yield from listed_rows(columns, rows, RowReader(definitions))


@dataclass(frozen=True, slots=True)
class JsonList:
    """A list in JSON: the texts of its objects."""

    texts: Iterable[bytes]
    mapping: ListMapping = ListMapping()  # noqa: RUF009 - it cannot be changed

    def rows(self, definitions: Definitions) -> Iterator[ListedRow | Finding]:
        """Give the rows; see `PeopleList`."""
        return json_rows(self.texts, self.mapping, RowReader(definitions))


def _noted(text: str) -> Finding:
    return Finding(FindingKind.NOTED, 0, text)
