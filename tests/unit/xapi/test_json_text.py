"""The received text: split and read strictly."""

import json
import tracemalloc
from decimal import Decimal

import pytest

from lrs.errors import InvalidRequestError, InvalidStatementError
from lrs.xapi.json_text import MAX_DEPTH, MAX_NUMBER_LENGTH, parse, split

DEEP = 100_000
# More elements than any text here has.
MOST = 1_000


def texts_of(body: bytes, most: int) -> tuple[list[bytes], bool]:
    texts, is_array = split(body, most)
    return [bytes(text) for text in texts], is_array


def test_a_lone_object_is_no_array() -> None:
    assert texts_of(b' \n{"a": 1}', MOST) == ([b' \n{"a": 1}'], False)


@pytest.mark.parametrize("length", [10, 2_000_000], ids=["short", "long"])
def test_of_too_many_elements_one_more_than_allowed_is_returned(length: int) -> None:
    body = b"[1" + b" " * length + b",2" * 20 + b"]"
    assert texts_of(body, 21) == ([b"1"] + [b"2"] * 20, True)
    assert texts_of(body, 10) == ([b"1"] + [b"2"] * 10, True)


def test_a_long_body_that_is_cut_off_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="not valid JSON"):
        split(b"[{}" + b" " * 2_000_000, MOST)


def test_millions_of_elements_need_little_memory() -> None:
    body = b"[" + b"1," * 3_000_000 + b"1]"
    tracemalloc.start()
    try:
        elements, _ = split(body, MOST)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(elements) == MOST + 1
    assert peak < 4 * len(body)


def test_an_array_is_split_into_the_text_of_its_elements() -> None:
    body = b'[ {"a": 1.0, "b": "]"} ,\n {"a": 1e2}, 5 ]'
    assert texts_of(body, MOST) == ([b'{"a": 1.0, "b": "]"}', b'{"a": 1e2}', b"5"], True)


def test_an_empty_array_has_no_elements() -> None:
    assert texts_of(b"[]", MOST) == ([], True)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b'"text"', "object or an array"),
        (b"5", "object or an array"),
        (b"null", "object or an array"),
        (b"nonsense", "object or an array"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"\xef\xbb\xbf[]", "byte order mark"),
        ("[]".encode("utf-16"), "offset 0"),
        (b'{"a": "\xff"}', "offset 7"),
        (b'{"a": "\xed\xa0\x80"}', "offset 7"),
        (b"[{}] x", "line 1 column 6"),
        (b"[{}][{}]", "line 1 column 5"),
        (b'[{"a": 1},\n]', "line 2 column 1"),
        (b'[{"a": 1}', "line 1"),
        (b"[", "line 1 column 2"),
        (b"[{'a': 1}]", "line 1 column 3"),
        (b"[1 2]", "line 1 column 4"),
        (b"[01]", "line 1 column 3"),
        (b"[NaN]", "NaN at line 1 column 2"),
        (b'[{"a": "NaN",\n"b": -Infinity}]', "-Infinity at line 2 column 6"),
        (b'[{"a": "\x01"}]', "line 1 column 9"),
        (b'[{"a": "\x00"}]', "line 1 column 9"),
        (b'[{"a": "\\x"}]', "line 1 column 9"),
        (b"[{}, // no comments\n{}]", "line 1 column 6"),
    ],
)
def test_a_body_that_is_no_json_is_refused_with_the_place(body: bytes, told: str) -> None:
    with pytest.raises(InvalidRequestError, match="the body") as refusal:
        split(body, MOST)
    assert told in refusal.value.detail


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "line 1 column 1"),
        (b"{} {}", "line 1 column 4"),
        (b'{"a": 1, "a": 2} x', "line 1 column 18"),
        (b'{"a": 1e9999999999999999999', "line 1"),
        (b'{"a": 1,}', "line 1"),
        (b'{"a": NaN}', "NaN at line 1 column 7"),
        (b'{"a":\n\n  Infinity}', "Infinity at line 3 column 3"),
        (b'{"a": 0x1}', "line 1 column 8"),
        (b'{"a": .5}', "line 1 column 7"),
        (b'{"a": +5}', "line 1 column 7"),
        (b'{"a": "\t"}', "line 1 column 8"),
        (b'{"a": tru}', "line 1 column 7"),
        (b'{"a": "\xc3("}', "offset 7"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
    ],
)
def test_a_text_that_is_no_json_is_refused_with_the_place(raw: bytes, told: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"statements\[2\]") as refusal:
        parse(raw, "statements[2]")
    assert told in refusal.value.detail


def test_a_text_of_unknown_origin_is_called_the_text() -> None:
    with pytest.raises(InvalidRequestError, match="the text is not valid JSON"):
        parse(b"{")


def test_the_longest_fraction_is_kept() -> None:
    text = "0." + "1" * (MAX_NUMBER_LENGTH - 2)
    assert parse(text.encode()) == Decimal(text)


def test_numbers_keep_their_exact_value() -> None:
    parsed = parse(b"[1, 1.0, -0.10, 1e400, 123456789012345678901234567890]")
    assert repr(parsed) == repr(
        [1, Decimal("1.0"), Decimal("-0.10"), Decimal("1e400"), 123456789012345678901234567890]
    )


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ('{"a": 1, "a": 2}', ["a"]),
        ('{"a": {"b": 1, "\\u0062": 1}}', ["a.b"]),
        ('{"a": "\\u0000", "b": ["x", "\\ud800"]}', ["a", "b[1]"]),
        ('{"c\\u0000d": 1}', ['["c\\u0000d"]']),
        ('{"\\udfff": {"a": "\\uDC00"}}', ['["\\udfff"]', '["\\udfff"].a']),
        ('{"a": ' + "1" * (MAX_NUMBER_LENGTH + 1) + "}", ["a"]),
        ('{"a": 1.' + "1" * MAX_NUMBER_LENGTH + "}", ["a"]),
        ('{"a": [1, 1e9999999999999999999]}', ["a[1]"]),
        ('{"a": 1, "a": "\\u0000"}', ["a", "a"]),
        ('{"a": 1, "a": ' + "1" * MAX_NUMBER_LENGTH + "}", ["a"]),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), [""]),
        ("[" * DEEP, [""]),
        ('{"a":' * DEEP, [""]),
        ('{"a": "' + "\\\\" * 100 + '", "b": ' + "[" * DEEP, [""]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_kept_is_refused_with_every_place(text: str, paths: list[str]) -> None:
    with pytest.raises(InvalidStatementError) as refusal:
        parse(text.encode())
    assert [violation.path for violation in refusal.value.violations] == paths


@pytest.mark.parametrize(
    "text",
    [
        '"\\ud83d\\ude00"',
        '"\\\\u0000"',
        '"\\\\ud800"',
        '"😀"',
        "[" * MAX_DEPTH + "]" * MAX_DEPTH,
        '{"a": "' + "[{" * DEEP + '"}',
        '["' + '\\"[' * DEEP + '"]',
        "[" + "[]," * DEEP + "[]]",
        "1" * MAX_NUMBER_LENGTH,
    ],
    ids=lambda value: value[:30],
)
def test_what_only_looks_dangerous_is_kept(text: str) -> None:
    assert parse(text.encode()) == json.loads(text)


def test_half_a_surrogate_pair_in_a_batch_is_told_with_its_statement() -> None:
    with pytest.raises(InvalidStatementError) as refusal:
        split(b'[{}, {"a": "\\ud800"}]', MOST)
    assert refusal.value.violations[0].path == "statements[1].a"


@pytest.mark.parametrize("opening", [b"[", b'[{"a":', b'[{"a":[{"b":'])
def test_a_bottomless_batch_is_refused(opening: bytes) -> None:
    with pytest.raises(InvalidStatementError, match="deeper than 64 levels"):
        split(opening * DEEP, MOST)
