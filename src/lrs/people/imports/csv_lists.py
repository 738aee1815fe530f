"""Lists in CSV, row by row (RFC 4180, with the separators that spreadsheets use)."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from lrs.errors import InvalidRequestError

_SEPARATORS: Final = {"comma": ",", "semicolon": ";", "tab": "\t"}


@dataclass(frozen=True, slots=True)
class RawRow:
    """The cells of a row as they stand there; `number` is as a spreadsheet counts it."""

    number: int
    cells: list[str]


def read_separator(text: str) -> str:
    """Return a separator that somebody named or wrote.

    Raises:
        InvalidRequestError: it is none.
    """
    separator = _SEPARATORS.get(text, text)
    if separator not in _SEPARATORS.values():
        raise InvalidRequestError("the separator is comma, semicolon or tab")
    return separator


def csv_rows(lines: Iterable[str], separator: str) -> Iterator[RawRow]:
    """Give the rows of a list, the header first; empty ones are left out.

    Raises:
        InvalidRequestError: it is no CSV from some row on, so that nothing of it is to be trusted.
    """
    rows = csv.reader(lines, delimiter=separator, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise InvalidRequestError(
                f"row {number} is no CSV: {error}; nothing was taken of the list"
            ) from error
        if any(cells):
            yield RawRow(number, cells)


def with_header(rows: Iterator[RawRow]) -> tuple[list[str], Iterator[RawRow]]:
    """Return the header, and the rows below it.

    Raises:
        InvalidRequestError: the list is empty.
    """
    header = next(rows, None)
    if header is None:
        raise InvalidRequestError("the list is empty")
    return header.cells, rows


def first_line(lines: Iterator[str]) -> tuple[str, Iterator[str]]:
    """Return the first line that holds anything, and all lines from there on."""
    line = next((each for each in lines if each.strip()), "")
    return line, chain([line], lines)
