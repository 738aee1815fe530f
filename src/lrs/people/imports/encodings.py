"""In which encoding and with which separator a list is written: what is guessed is told."""

import codecs
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from typing import BinaryIO, Final

from lrs.errors import InvalidRequestError

# What is longer than this without a line end is no list.
_LONGEST_LINE: Final = 1024 * 1024
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATORS: Final = (";", ",", "\t")
_QUOTE: Final = '"'


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the text of a list is to be read.

    Attributes:
        remark: what somebody should know of it; empty if it is as it should be.
    """

    name: str
    remark: str = ""


def told_encoding(source: BinaryIO) -> Encoding:
    """Read a list to its end and return its encoding.

    Raises:
        InvalidRequestError: it is no text.
    """
    first = source.read(4)
    source.seek(0)
    if first in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        raise InvalidRequestError("the list is UTF-32: save it as `CSV UTF-8`")
    for mark, name in _MARKS:
        if first.startswith(mark):
            return Encoding(name)
    is_utf8, has_other = _seen(source)
    if not has_other:
        return Encoding("utf-8")
    if is_utf8:
        return Encoding("utf-8", "some rows are not UTF-8, as the others are: they are refused")
    return Encoding(
        "windows-1252",
        "the list is not UTF-8 and was read as Windows-1252: look whether the names are right, or"
        " save it as `CSV UTF-8`",
    )


def _seen(source: BinaryIO) -> tuple[bool, bool]:
    """Tell whether any line beyond ASCII is UTF-8, and whether any is not."""
    is_utf8 = has_other = False
    while line := source.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise InvalidRequestError(f"a line is longer than {_LONGEST_LINE:,} bytes")
        if b"\0" in line:
            raise InvalidRequestError(
                "the list holds NUL bytes: UTF-16 must begin with a byte order mark, and anything"
                " else is no text"
            )
        if line.isascii():
            continue
        try:
            line.decode()
            is_utf8 = True
        except UnicodeDecodeError:
            has_other = True
    source.seek(0)
    return is_utf8, has_other


def text_lines(source: BinaryIO, encoding: Encoding) -> Iterator[str]:
    """Give the lines of a list with their ends; what cannot be decoded stands in as surrogates.

    Raises:
        InvalidRequestError: UTF-16 is cut off.
    """
    source.seek(0)
    errors = "strict" if encoding.name == "utf-16" else "surrogateescape"
    text = TextIOWrapper(source, encoding.name, errors=errors, newline="")
    try:
        yield from text
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"the list is not {encoding.name}: {error.reason}") from error
    finally:
        # Who gave the source closes it; at the end of everything the wrapper may be gone first.
        with suppress(ValueError):
            text.detach()


def told_separator(header: str) -> str:
    """Return what stands between the cells of the first line, most often and outside of quotes."""
    outside = "".join(header.split(_QUOTE)[::2])
    return max(_SEPARATORS, key=outside.count)
