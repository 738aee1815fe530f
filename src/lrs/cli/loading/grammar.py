"""The patterns by which the scanner finds its way, inside and outside of an array.

Outside of an array a line end inside a string is taken as the end of a broken record, and so is
a line that begins with a brace where JSON allows none: one bad line of NDJSON must not swallow
the lines after it. The quantifiers are possessive, so that every pattern takes linear time.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grammar:
    """What may stand where.

    Attributes:
        separators: what stands between two values.
        boundary: what the end of an object looks like when the next one follows.
        nested: everything inside a value up to its next bracket, whole strings included.
        rest_of_string: the inside of a string, up to its closing quote.
        junk: everything up to the next place where a value can begin.
    """

    separators: re.Pattern[bytes]
    boundary: re.Pattern[bytes]
    nested: re.Pattern[bytes]
    rest_of_string: re.Pattern[bytes]
    junk: re.Pattern[bytes]


_CLOSED_LEVELS = 3


def _nested(plain: bytes) -> re.Pattern[bytes]:
    """Make the pattern that passes over plain text and over small closed objects and arrays.

    Containers closed within a few levels are passed over by the pattern itself, which halves
    the time; deeper ones are left to the scanner.
    """
    pattern = plain
    for _ in range(_CLOSED_LEVELS):
        pattern = rb"%b|[{\[](?:%b)*+[}\]]" % (plain, pattern)
    return re.compile(b"(?:%b)*+" % pattern, re.DOTALL)


IN_ARRAY = Grammar(
    separators=re.compile(rb"[ \t\r\n,]*+"),
    boundary=re.compile(rb"\}(?=[ \t\r\n]*+,[ \t\r\n]*+\{)"),
    nested=_nested(rb'[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"'),
    rest_of_string=re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL),
    junk=re.compile(rb"[^,\]{\[]*+"),
)

BETWEEN_LINES = Grammar(
    separators=re.compile(rb"[ \t\r\n]*+"),
    boundary=re.compile(rb"\}(?=[ \t\r]*+\n\{)"),
    nested=_nested(rb'[^"{}\[\]\n]++|"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+"|\n(?=[^{])'),
    rest_of_string=re.compile(rb'[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+'),
    junk=re.compile(rb"[^\n]*+(?:\n(?=[^{\[])[^\n]*+)*+"),
)
