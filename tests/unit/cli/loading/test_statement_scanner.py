import json
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lrs.cli.loading.statement_scanner import Piece, StatementScanner

LONGEST = 4000

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
json_objects = st.dictionaries(st.text(), json_values, max_size=4)


def encode(value: object, *, indent: int | None, ensure_ascii: bool) -> bytes:
    return json.dumps(value, indent=indent, ensure_ascii=ensure_ascii).encode(errors="ignore")


texts = st.builds(
    encode, json_objects, indent=st.sampled_from([None, 0, 2]), ensure_ascii=st.booleans()
)
gaps = st.text(alphabet=" \t\r\n", max_size=3).map(str.encode)


def scan(chunks: Iterable[bytes], longest: int = LONGEST) -> list[Piece]:
    scanner = StatementScanner(longest)
    pieces = [piece for chunk in chunks for piece in scanner.feed(chunk)]
    return pieces + list(scanner.finish())


def texts_of(pieces: Iterable[Piece]) -> list[bytes]:
    assert all(piece.flaw is None for piece in pieces), pieces
    return [piece.text for piece in pieces]


def chop(stream: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[start:end] for start, end in pairwise(places)]


@given(st.lists(texts, max_size=6), gaps, st.lists(st.integers(0, 5000), max_size=12))
def test_an_array_gives_its_elements_as_they_stand(
    elements: list[bytes], gap: bytes, cuts: list[int]
) -> None:
    stream = gap + b"[" + gap + (gap + b"," + gap).join(elements) + gap + b"]" + gap
    assert texts_of(scan(chop(stream, cuts))) == elements


@given(
    st.lists(texts, max_size=6),
    st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\n \r\n\t\n", b" ", b""]),
    st.lists(st.integers(0, 5000), max_size=12),
)
def test_objects_one_after_the_other_are_told_apart(
    elements: list[bytes], separator: bytes, cuts: list[int]
) -> None:
    assert texts_of(scan(chop(separator.join(elements), cuts))) == elements


@given(
    st.lists(
        texts
        | st.binary(max_size=12)
        | st.sampled_from([b"[", b"]", b"{", b"}", b'"', b",", b"\n"])
    ).map(b"".join),
    st.lists(st.integers(0, 5000), max_size=12),
)
@example(b'{"a":"\\', [])
@example(b'{"a"}\n{"b"\n{}', [3, 6, 12])
@example(b"\xef\xbb", [1])
def test_rubbish_gives_the_same_pieces_however_it_is_cut(stream: bytes, cuts: list[int]) -> None:
    one_by_one = [stream[place : place + 1] for place in range(len(stream))]
    pieces = scan([stream], longest=40)
    assert scan(chop(stream, cuts), longest=40) == pieces
    assert scan(one_by_one, longest=40) == pieces


@given(st.lists(texts | st.sampled_from([b"[", b"]", b"x", b"{", b'"', b",", b"\n"])).map(b"".join))
def test_a_piece_stands_in_the_stream_where_it_says(stream: bytes) -> None:
    for piece in scan([stream]):
        assert stream[piece.offset :].startswith(piece.text)


def test_a_broken_line_costs_only_itself() -> None:
    stream = b'{"a":1}\n{"b":{"c":2}\n{"d":"not closed\n{"e":5}\nrubbish\nmore rubbish\n{"f":6}\n'
    pieces = scan([stream])
    assert [piece.text for piece in pieces if piece.flaw is None] == [
        b'{"a":1}',
        b'{"e":5}',
        b'{"f":6}',
    ]
    assert [piece.offset for piece in pieces if piece.flaw] == [
        stream.index(b'{"b"'),
        stream.index(b'{"d"'),
        stream.index(b"rubbish"),
    ]


def test_a_brace_at_the_beginning_of_a_line_may_belong_to_the_object() -> None:
    text = b'{"a":\n{"b":[\n{},\n{}\n]}}'
    assert texts_of(scan([text + b"\n" + text])) == [text, text]


def test_a_truncated_array_gives_what_is_complete_and_the_place_of_the_rest() -> None:
    pieces = scan([b'[{"a":1},{"b":2},{"c":'])
    assert [piece.text for piece in pieces] == [b'{"a":1}', b'{"b":2}', b'{"c":']
    assert [piece.flaw for piece in pieces] == [None, None, "the file ends inside of it"]
    assert pieces[-1].offset == 17


def test_an_array_that_ends_after_an_element_is_reported_at_its_end() -> None:
    first, last = scan([b'[{"a":1},'])
    assert first.flaw is None
    assert (last.offset, last.flaw) == (9, "the file ends before its array is closed")


def test_an_overlong_element_is_dropped_and_the_next_one_read() -> None:
    overlong = b'{"a":"' + b"x" * 5000 + b'","b":[{}]}'
    stream = b"[" + overlong + b',{"c":1}]'
    pieces = scan(chop(stream, range(0, len(stream), 100)))
    assert pieces == [
        Piece(1, overlong[:1000], "longer than 4,000 bytes, or never closed"),
        Piece(len(overlong) + 2, b'{"c":1}'),
    ]


def test_an_overlong_element_is_not_kept_in_memory() -> None:
    scanner = StatementScanner(LONGEST)
    for chunk in [b'[{"a":"', *[b"x" * 1000] * 1000]:
        assert list(scanner.feed(chunk)) == []
    assert len(scanner._buffer) < 2 * LONGEST


@pytest.mark.parametrize(
    "stream", [b"", b" \r\n", b"[]", b"[ ]\n", b"\xef\xbb\xbf[]", b"\xef\xbb\xbf"]
)
def test_nothing_is_no_flaw(stream: bytes) -> None:
    assert scan([stream]) == []


def test_a_byte_order_mark_is_passed_over() -> None:
    assert scan([b"\xef", b"\xbb\xbf{}"]) == [Piece(3, b"{}")]


def test_what_is_no_json_at_all_is_one_flaw() -> None:
    assert scan([b"name;verb\nAda;passed\n"]) == [Piece(0, b"name;verb\nAda;passed\n", "not JSON")]


def test_elements_that_are_no_objects_are_set_aside_or_left_to_be_judged() -> None:
    pieces = scan([b'[1, {"a":1}, [2], null]'])
    assert [(piece.text, piece.flaw) for piece in pieces] == [
        (b"1", "not JSON"),
        (b'{"a":1}', None),
        (b"[2]", None),
        (b"null", "not JSON"),
    ]


def test_arrays_one_after_the_other_are_read_as_one() -> None:
    assert texts_of(scan([b'[{"a":1}]\n[{"b":2},\n{"c":3}]'])) == [
        b'{"a":1}',
        b'{"b":2}',
        b'{"c":3}',
    ]


def test_more_inner_objects_than_guesses_are_walked_over() -> None:
    text = b'{"members":[' + b",".join([b'{"a":{"b":[{"c":{"d":1}}]}}'] * 20) + b"]}"
    assert texts_of(scan([b"[" + text + b"," + text + b"]"])) == [text, text]
