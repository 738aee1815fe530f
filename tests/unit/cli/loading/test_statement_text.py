import json
from uuid import UUID

import pytest

from lrs.cli.loading.statement_text import MalformedTextError, MissingIds, has_id, is_json_object


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"id":"x"}', True),
        (b'{"\\u0069d":null}', True),
        (b'{"a":{"id":1},"b":["id"]}', False),
        (b"{}", False),
        (b'{"a":"\\ud800"}', False),
        (b'{"id":"\\ud800"}', True),
    ],
)
def test_an_id_is_seen_only_at_the_top(text: bytes, *, expected: bool) -> None:
    assert has_id(text) is expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"a":1]}', "not JSON: Expecting ',' delimiter at byte 6 of it"),
        (b'{"\xc3\xa4":NaN}', "not JSON: NaN is not a JSON number"),
        (b'{"a":1} {"b":2}', "not JSON: Extra data at byte 8 of it"),
        (b'{"\xc3\xa4":x}', "not JSON: Expecting value at byte 6 of it"),
        (b"[1]", "not a JSON object"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    ],
)
def test_what_is_no_object_says_where_and_why(text: bytes, reason: str) -> None:
    with pytest.raises(MalformedTextError) as caught:
        has_id(text)
    assert str(caught.value) == reason
    assert not is_json_object(text)


def test_an_id_is_put_first_and_nothing_else_changes() -> None:
    completed = MissingIds().complete(b'{ "score": 1.0,\n"n": 123456789012345678901234567890}')
    assert completed.startswith(b'{"id":"')
    assert completed.endswith(b'", "score": 1.0,\n"n": 123456789012345678901234567890}')


@pytest.mark.parametrize("text", [b"{}", b"{ \n}"])
def test_an_empty_object_stays_json(text: bytes) -> None:
    assert list(json.loads(MissingIds().complete(text))) == ["id"]


def test_equal_statements_have_different_ids_and_the_same_ones_at_the_next_run() -> None:
    texts = [b'{"a":1}', b'{"a":1}', b'{"a":2}', b'{"a":1}']
    first, second = MissingIds(), MissingIds()
    ids = [json.loads(first.complete(text))["id"] for text in texts]
    assert len(set(ids)) == 4
    assert {UUID(each).version for each in ids} == {5}
    assert [json.loads(second.complete(text))["id"] for text in texts] == ids


def test_ids_do_not_depend_on_other_statements() -> None:
    crowded = MissingIds()
    for number in range(1000):
        crowded.complete(b'{"n":%d}' % number)
    assert crowded.complete(b'{"a":1}') == MissingIds().complete(b'{"a":1}')
