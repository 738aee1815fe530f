"""The quick way to read statements and JSON: what it reads, the long way reads alike."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from cases.bad_statements import BAD_STATEMENTS
from cases.good_statements import (
    ACTIVITY,
    AGENT,
    CONTEXT_ACTORS,
    FULL,
    FULL_SUB_STATEMENT,
    GOOD_STATEMENTS,
    MINIMAL,
    STATEMENT_REF,
    SUB_STATEMENT,
    Json,
    with_changes,
)
from cases.lenient_statements import LENIENT_STATEMENTS, UNFORGIVEN_STATEMENTS
from cases.spellings import NUMBERS, SPELLINGS, spoiled, with_one_twice
from cases.spoiled_statements import Steps, changed, places
from lrs.errors import InvalidRequestError, InvalidStatementError
from lrs.xapi.attachment_data import Brought
from lrs.xapi.completion import complete
from lrs.xapi.descriptions import described
from lrs.xapi.json_text import _read, parse
from lrs.xapi.keys import Ifi
from lrs.xapi.known_parts import known_context_activities, known_object, known_verb
from lrs.xapi.leniencies import Mode
from lrs.xapi.readings import Reading, read_statement_to_keep, read_usual_statement
from lrs.xapi.records import StatementRecord, record
from lrs.xapi.statements import read_statement
from lrs.xapi.versions import Version

NEW_ID = UUID("5f2f5a9f-6c0c-4ba3-9c6b-4a1e3c3a7f21")
AUTHORITY = Ifi("account", "https://lrs.example.org ada")
AUTHORITY_TEXT = b'{"account":{"homePage":"https://lrs.example.org","name":"ada"}}'
# As most clients write them, with all that a Statement can have in the order of the standard.
COMMON: Json = {
    "id": FULL["id"],
    "actor": {"objectType": "Agent", "name": "Jörg", **AGENT},
    **{name: FULL[name] for name in ("verb", "object", "result", "context", "timestamp")},
    "version": "1.0.0",
    "attachments": FULL["attachments"],
}

each_spelling = pytest.mark.parametrize("spelling", SPELLINGS)
each_version = pytest.mark.parametrize("version", list(Version))


def recorded(reading: Reading, version: Version) -> StatementRecord:
    identifier = NEW_ID if reading.statement.id is None else UUID(reading.statement.id)
    completed = reading.completed(identifier, AUTHORITY_TEXT, version)
    return record(identifier, reading, completed, AUTHORITY, Brought())


def read_the_long_way(raw: bytes, version: Version) -> Reading:
    return Reading(raw, read_statement(raw, version), described(raw))


def assert_read_alike(raw: bytes, version: Version) -> bool:
    """Compare the two ways; return whether the quick one was taken."""
    quick = read_usual_statement(raw, version)
    if quick is None:
        return False
    slow = read_the_long_way(raw, version)  # which raises if it refuses what the other accepts
    assert str(quick.statement) == str(slow.statement)
    assert quick.descriptions == slow.descriptions
    assert recorded(quick, version) == recorded(slow, version)
    return True


def outcome(read: Any, raw: bytes) -> tuple[str, ...]:
    """Return what is read of a JSON text, or how it is refused."""
    try:
        return (repr(read(raw)),)
    except InvalidStatementError as error:
        return tuple(str(violation) for violation in error.violations)
    except InvalidRequestError as error:
        return (error.detail,)


def parse_the_long_way(raw: bytes) -> object:
    return _read(raw, "the text", "")


def all_texts() -> Iterator[tuple[str, str]]:
    for good in GOOD_STATEMENTS:
        yield good.name, good.text
    for bad in BAD_STATEMENTS:
        yield bad.name, bad.text
    for lenient in LENIENT_STATEMENTS:
        yield lenient.name, lenient.text
    for name, _, body in UNFORGIVEN_STATEMENTS:
        yield name, json.dumps(body)


def test_both_ways_read_all_cases_alike() -> None:
    for _, text in all_texts():
        for version in Version:
            assert_read_alike(text.encode(), version)


def test_both_ways_read_the_json_of_all_cases_alike() -> None:
    for name, text in all_texts():
        assert outcome(parse, text.encode()) == outcome(parse_the_long_way, text.encode()), name


@each_version
def test_good_statements_are_read_the_quick_way_but_for_rare_ones(version: Version) -> None:
    rare = ("SubStatement", "\\u0000", "1" * 999)
    for case in GOOD_STATEMENTS:
        if version in case.versions:
            is_rare = any(mark in case.text for mark in rare)
            assert assert_read_alike(case.text.encode(), version) is not is_rare, case.name


@each_spelling
@each_version
def test_a_common_statement_is_read_the_quick_way(spelling: str, version: Version) -> None:
    for body in (COMMON, MINIMAL, with_changes(object=STATEMENT_REF), FULL):
        assert assert_read_alike(SPELLINGS[spelling](body).encode(), version)


def test_new_properties_of_2_0_are_read_the_quick_way() -> None:
    body = {**FULL, "context": {**FULL["context"], **CONTEXT_ACTORS}}
    assert assert_read_alike(json.dumps(body).encode(), Version.V2_0_0)


@pytest.mark.parametrize(
    "body", [FULL_SUB_STATEMENT, with_changes(object=SUB_STATEMENT)], ids=["full", "small"]
)
def test_a_sub_statement_is_read_the_long_way(body: Json) -> None:
    assert read_usual_statement(json.dumps(body).encode(), Version.V2_0_0) is None


@pytest.mark.parametrize("length", [30_000, 40_000])
def test_a_long_statement_is_read_the_long_way(length: int) -> None:
    body = with_changes(result={"response": "x" * length})
    is_quick = assert_read_alike(json.dumps(body).encode(), Version.V1_0_3)
    assert is_quick is (length < 32_768)


@pytest.mark.parametrize(
    "place", [place for place in places(FULL) if isinstance(place[-1], str)], ids=str
)
def test_a_property_that_comes_twice_is_found_in_every_place(place: Steps) -> None:
    raw = with_one_twice(FULL, place).encode()
    assert read_usual_statement(raw, Version.V1_0_3) is None
    assert outcome(parse, raw) == outcome(parse_the_long_way, raw)
    assert "comes twice" in outcome(parse, raw)[0]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "\\u0022", "b": 1, "b": 2}',
        '{"a": "\\u0022\\u0022", "b": "", "b": ""}',
        '{"a": "\\"", "b": 1, "b": 2}',
        '{"\\u0022a\\u0022": 1, "b": 1, "b": 2}',
        '{"": 1, "": 2}',
        '{"\\"": 1, "\\"": 2}',
        '{"a": [{"b": {}}, {"c": {"d": 1, "\\u0064": 1}}]}',
    ],
)
def test_no_escape_hides_a_property_that_comes_twice(text: str) -> None:
    assert outcome(parse, text.encode()) == outcome(parse_the_long_way, text.encode())
    within = json.dumps(with_changes(result={"extensions": {"urn:x": "?"}})).replace('"?"', text)
    assert read_usual_statement(within.encode(), Version.V1_0_3) is None


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:12])
@pytest.mark.parametrize(
    "body",
    [
        {"result": {"score": {"raw": "?"}}},
        {"result": {"extensions": {"urn:x": ["?"]}}},
        {"context": {"extensions": {"urn:x": "?"}}},
        {"object": {**ACTIVITY, "definition": {"extensions": {"urn:x": "?"}}}},
        {"attachments": [{**FULL["attachments"][0], "length": "?"}]},
    ],
    ids=["score", "result", "context", "object", "length"],
)
def test_both_ways_read_numbers_alike(number: str, body: Json) -> None:
    raw = json.dumps(with_changes(**body)).replace('"?"', number).encode()
    assert outcome(parse, raw) == outcome(parse_the_long_way, raw)
    assert_read_alike(raw, Version.V1_0_3)


@each_spelling
def test_what_is_no_json_is_read_the_long_way(spelling: str) -> None:
    for raw in spoiled(SPELLINGS[spelling](FULL).encode()):
        assert outcome(parse, raw) == outcome(parse_the_long_way, raw)
        assert_read_alike(raw, Version.V1_0_3)


@pytest.mark.parametrize("levels", [60, 61, 62, 63, 64])
def test_both_ways_count_levels_alike(levels: int) -> None:
    nested = json.loads("[" * levels + "]" * levels)
    definition = {"extensions": {"urn:x": nested}}
    for changes in (
        {"result": {"extensions": {"urn:x": nested}}},
        {"context": {"extensions": {"urn:x": nested}}},
        {"object": {**ACTIVITY, "definition": definition}},
        {"context": {"contextActivities": {"other": [{**ACTIVITY, "definition": definition}]}}},
    ):
        raw = json.dumps(with_changes(**changes)).encode()
        assert outcome(parse, raw) == outcome(parse_the_long_way, raw)
        assert_read_alike(raw, Version.V1_0_3)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(NUMBERS),
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.dictionaries(st.text() | st.sampled_from([*FULL, "mbox"]), parts, max_size=3)
    ),
    max_leaves=5,
)


@given(
    place=st.sampled_from(list(places(FULL))),
    value=ANY_JSON,
    spelling=st.sampled_from(list(SPELLINGS)),
    version=st.sampled_from(Version),
)
def test_both_ways_read_any_value_in_any_place_alike(
    place: Steps, value: object, spelling: str, version: Version
) -> None:
    raw = SPELLINGS[spelling](changed(FULL, place, value)).encode(errors="surrogatepass")
    assert outcome(parse, raw) == outcome(parse_the_long_way, raw)
    assert_read_alike(raw, version)


@given(
    spelling=st.sampled_from(list(SPELLINGS)),
    cut=st.tuples(st.floats(0, 1), st.integers(0, 3)),
    put=st.binary(max_size=3) | st.sampled_from([b'"', b"{", b"]", b",", b"\\", b"\\u0022", b"0"]),
)
def test_both_ways_read_a_text_with_some_bytes_changed_alike(
    spelling: str, cut: tuple[float, int], put: bytes
) -> None:
    text = SPELLINGS[spelling](COMMON).encode()
    start = int(cut[0] * len(text))
    raw = text[:start] + put + text[start + cut[1] :]
    assert outcome(parse, raw) == outcome(parse_the_long_way, raw)
    assert_read_alike(raw, Version.V1_0_3)


@pytest.mark.parametrize("mode", list(Mode))
def test_what_is_refused_is_told_as_ever(mode: Mode) -> None:
    body = with_changes(timestamp="yesterday")
    with pytest.raises(InvalidStatementError, match=r"^statements\[3\]\.timestamp: must be a date"):
        read_statement_to_keep(
            mode, json.dumps(body).encode(), Version.V1_0_3, path="statements[3]"
        )


def test_a_leniency_is_noted() -> None:
    for case in LENIENT_STATEMENTS:
        reading = read_statement_to_keep(Mode.TOLERANT, case.text.encode(), Version.V1_0_3)
        assert reading.leniencies == {case.leniency}


@pytest.mark.parametrize(
    "changes",
    [
        {"stored": "2025-03-01T12:30:00Z"},
        {"authority": AGENT},
        {"context": {"contextActivities": {"parent": ACTIVITY}}},
        {"context": {"contextActivities": {"parent": [ACTIVITY], "other": ACTIVITY}}},
    ],
    ids=["stored", "authority", "lone activity", "one of two alone"],
)
def test_what_the_lrs_replaces_is_replaced_the_quick_way_too(changes: Json) -> None:
    raw = b" " + json.dumps(with_changes(**changes)).encode() + b"\n"
    reading = read_usual_statement(raw, Version.V1_0_3)
    assert reading is not None
    completed = reading.completed(NEW_ID, AUTHORITY_TEXT, Version.V1_0_3)
    assert completed == complete(raw, NEW_ID, AUTHORITY_TEXT, Version.V1_0_3)
    assert not completed.text.startswith(raw.strip()[:-1])


# What is remembered


def test_a_part_that_comes_again_is_not_read_again() -> None:
    text = b'{"id":"urn:remembered"}'
    assert known_verb(Raw(text)) is known_verb(Raw(text + b""))


def test_parts_of_other_places_do_not_mix() -> None:
    text = b'{"id":"urn:both"}'
    assert known_verb(Raw(text)).model != known_object(Raw(text)).model


@pytest.mark.parametrize(
    "body",
    [
        STATEMENT_REF,
        {**ACTIVITY, "definition": {"name": {"en": "x" * 2_000}}},
        {**ACTIVITY, "definition": {"extensions": {"urn:x": [[]] * 20}}},
    ],
    ids=["StatementRef", "long", "many brackets"],
)
def test_what_would_fill_the_memory_is_not_remembered(body: Json) -> None:
    text = json.dumps(body).encode()
    assert known_object(Raw(text)) is not known_object(Raw(text))
    assert known_object(Raw(text)) == known_object(Raw(text))


def test_a_part_is_forgotten_when_many_others_came() -> None:
    first = Raw(b'{"parent":[{"id":"urn:first"}]}')
    known = known_context_activities(first)
    assert known_context_activities(first) is known
    for number in range(2_000):
        known_context_activities(Raw(b'{"parent":[{"id":"urn:%d"}]}' % number))
    assert known_context_activities(first) is not known


def test_a_part_that_is_asked_for_stays() -> None:
    first = Raw(b'{"parent":[{"id":"urn:first"}]}')
    known = known_context_activities(first)
    for number in range(5_000):
        known_context_activities(Raw(b'{"parent":[{"id":"urn:%d"}]}' % number))
        assert known_context_activities(first) is known
