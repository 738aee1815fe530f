"""The many ways in which one JSON value is written, and in which a text is spoiled."""

import json
from collections.abc import Callable, Iterator, Mapping

from cases.spoiled_statements import Steps


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def indented(value: object) -> str:
    return json.dumps(value, indent="\t").replace("\n", " \r\n") + "\n"


def as_php(value: object) -> str:
    """Write as PHP does if nobody tells it otherwise."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def escaped(value: object) -> str:
    """Escape every character of each string, names of properties included."""
    if isinstance(value, str):
        utf_16 = value.encode("utf-16-be", "surrogatepass").hex()
        return '"' + "".join(f"\\u{utf_16[at : at + 4]}" for at in range(0, len(utf_16), 4)) + '"'
    if isinstance(value, dict):
        pairs = (f"{escaped(name)}:{escaped(part)}" for name, part in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(escaped(part) for part in value) + "]"
    return json.dumps(value)


SPELLINGS: Mapping[str, Callable[[object], str]] = {
    "compact": compact,
    "of Python": json.dumps,
    "indented": indented,
    "of PHP": as_php,
    "escaped": escaped,
}

# Numbers of JSON in odd spellings, and what is no number or is not kept.
NUMBERS = (
    "1.0", "1e2", "1E+2", "-0", "-0.0", "0e5", "0.1000", "12345678901234567", "1e-400",
    "123456789012345678901234567890", "0.12345678901234567890", "1" * 1_000, "-" + "1" * 999,
    "0." + "1" * 998, "1e400", "1e999999", "1" * 1_001, "-" + "1" * 1_000, "1" * 5_000,
    "0." + "1" * 999, "1e9999999999999999999", "NaN", "-Infinity", "01", "1.", ".5", "+1", "0x1",
)  # fmt: skip


def with_one_twice(value: object, place: Steps) -> str:
    """Write an object with the property at a place, and what is in it, written twice."""
    name, *others = place
    if isinstance(value, list):
        parts = [
            with_one_twice(part, tuple(others)) if index == name and others else json.dumps(part)
            for index, part in enumerate(value)
        ]
        return "[" + ",".join(parts) + "]"
    assert isinstance(value, dict)
    pairs = []
    for key, part in value.items():
        inner = with_one_twice(part, tuple(others)) if key == name and others else json.dumps(part)
        pairs.append(f"{json.dumps(key)}:{inner}")
        if key == name and not others:
            pairs.append(f"{json.dumps(key)}:{inner}")
    return "{" + ",".join(pairs) + "}"


def spoiled(text: bytes) -> Iterator[bytes]:
    """Spoil a text in ways that have nothing to do with what it says."""
    yield b"\xef\xbb\xbf" + text
    yield text + b"\x00"
    yield text + b"{}"
    yield text[:-1]
    yield text[:-1] + b",}"
    yield text.replace(b":", b":\xc2\xa0", 1)
    yield text.replace(b":", b"=", 1)
    yield text.replace(b'"', b"'")
    for part in (
        b"\x01",
        b"\xff",
        b"\xed\xa0\x80",
        b"\\ud800",
        b"\\udc00\\ud800",
        b"\\ud83d\\ud83d\\ude00",
        b"\\uD83Dx",
        b"\\ud83d\\u00e9",
        b"\\u0000",
        b"\\x",
        b"\\",
        b'"',
    ):
        yield text.replace(b"mailto:", b"mailto:" + part, 1)
