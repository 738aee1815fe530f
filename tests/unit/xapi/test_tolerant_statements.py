"""What tolerant stores forgive, and what they do not."""

import json
import re
from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.bad_statements import BAD_STATEMENTS
from cases.good_statements import FULL, GOOD_STATEMENTS, Json, with_changes
from cases.lenient_statements import (
    LENIENT_STATEMENTS,
    NOTHING_TO_GAIN,
    PROBLEM,
    SESSION,
    UNFORGIVEN_STATEMENTS,
    LenientStatement,
)
from cases.spoiled_statements import Steps, changed, places
from lrs.errors import InvalidStatementError, Violation
from lrs.xapi.comparison import match
from lrs.xapi.completion import complete
from lrs.xapi.descriptions import described
from lrs.xapi.formats import Canon, canonical, ids
from lrs.xapi.keys import iri_key
from lrs.xapi.leniencies import Leniency, Mode, is_activity_id
from lrs.xapi.references import StatementRef
from lrs.xapi.tolerant_statements import ReadStatement, read_statement_as
from lrs.xapi.versions import Version

each_lenient = pytest.mark.parametrize("case", LENIENT_STATEMENTS, ids=lambda case: case.name)
each_version = pytest.mark.parametrize("version", list(Version))

# Where the strict rules refuse what a leniency lets pass.
_PLACES = {
    Leniency.EMPTY_SCORE_RANGE: r"(object\.)?result\.score\.max",
    Leniency.GROUP_ACTIVITY: r"object(\.object)?\.objectType",
    Leniency.ACTIVITY_ID_NOT_IRI: (
        r"(object\.)?(object|context\.contextActivities\.\w+(\[0\])?)\.id"
    ),
    Leniency.LANGUAGE_WITH_UNDERSCORES: r"(object\.)?context\.language",
}


def tolerantly(body: Json | str, version: Version = Version.V1_0_3) -> ReadStatement:
    text = body if isinstance(body, str) else json.dumps(body)
    return read_statement_as(Mode.TOLERANT, text.encode(), version)


def refusal(mode: Mode, text: str, version: Version = Version.V1_0_3) -> tuple[Violation, ...]:
    try:
        read_statement_as(mode, text.encode(), version)
    except InvalidStatementError as error:
        return error.violations
    return ()


def paths(violations: tuple[Violation, ...]) -> set[str]:
    return {violation.path for violation in violations}


@each_lenient
@each_version
def test_a_strict_store_refuses_what_no_standard_allows(
    case: LenientStatement, version: Version
) -> None:
    assert paths(refusal(Mode.STRICT, case.text, version)) == {case.path}


@each_lenient
@each_version
def test_a_tolerant_store_accepts_it_by_one_rule(case: LenientStatement, version: Version) -> None:
    assert tolerantly(case.text, version).leniencies == {case.leniency}


def test_every_leniency_has_a_case() -> None:
    assert {case.leniency for case in LENIENT_STATEMENTS} == set(Leniency)


@pytest.mark.parametrize(
    ("expected", "body"),
    [(places, body) for _, places, body in UNFORGIVEN_STATEMENTS],
    ids=[name for name, _, _ in UNFORGIVEN_STATEMENTS],
)
def test_a_tolerant_store_names_what_it_does_not_forgive(expected: set[str], body: Json) -> None:
    assert paths(refusal(Mode.TOLERANT, json.dumps(body))) == expected


def test_what_is_not_forgiven_is_told_in_the_same_words() -> None:
    text = json.dumps(with_changes(object={"id": " "}, verb={"id": "answered"}))
    assert refusal(Mode.TOLERANT, text) == refusal(Mode.STRICT, text)


def test_several_rules_may_be_needed_and_each_is_noted_once() -> None:
    body = with_changes(
        object=PROBLEM,
        result={"score": NOTHING_TO_GAIN},
        context={
            "language": "en_us_wp",
            "contextActivities": {"parent": [PROBLEM], "grouping": {"id": SESSION}},
        },
    )
    assert tolerantly(body).leniencies == set(Leniency)


def test_what_the_standard_allows_needs_no_leniency() -> None:
    for case in GOOD_STATEMENTS:
        for version in case.versions:
            strict = read_statement_as(Mode.STRICT, case.text.encode(), version)
            assert tolerantly(case.text, version) == strict
            assert strict.leniencies == frozenset()


def test_of_all_bad_statements_only_those_pass_that_a_rule_is_made_for() -> None:
    passed = {}
    for case in BAD_STATEMENTS:
        with suppress(InvalidStatementError):
            passed[case.path] = tolerantly(case.text, case.versions[0]).leniencies
    assert passed
    for path, used in passed.items():
        assert any(re.fullmatch(_PLACES[each], path) for each in used), path


@given(place=st.sampled_from(list(places(FULL))), value=st.text() | st.integers() | st.none())
def test_no_value_in_any_place_fails_in_another_way(place: Steps, value: object) -> None:
    text = json.dumps(changed(FULL, place, value))
    if refusal(Mode.STRICT, text) and not refusal(Mode.TOLERANT, text):
        assert tolerantly(text).leniencies


def test_an_activity_keeps_its_id_and_reads_as_an_activity() -> None:
    statement, _ = tolerantly(with_changes(object=PROBLEM | {"id": SESSION}))
    assert not isinstance(statement.object, StatementRef)
    assert statement.object.object_type == "Activity"
    assert statement.object.model_dump()["id"] == SESSION


def test_a_score_and_a_language_keep_their_values() -> None:
    body = with_changes(result={"score": NOTHING_TO_GAIN}, context={"language": "en_us_wp"})
    statement, _ = tolerantly(body)
    assert statement.result is not None
    assert statement.context is not None
    assert statement.result.model_dump(exclude_none=True)["score"] == NOTHING_TO_GAIN
    assert statement.context.language == "en_us_wp"


@pytest.mark.parametrize(
    "case",
    # A lone contextActivity becomes an array of one, as ever.
    [it for it in LENIENT_STATEMENTS if not re.search(r"contextActivities\.\w+\.", it.path)],
    ids=lambda case: case.name,
)
def test_the_text_is_kept_and_only_followed_by_what_the_lrs_sets(case: LenientStatement) -> None:
    completed = complete(case.text.encode(), UUID(SESSION), b"{}", Version.V1_0_3)
    assert completed.text.startswith(case.text[:-1].encode())


@each_lenient
def test_what_comes_again_is_the_same(case: LenientStatement) -> None:
    again = json.dumps(dict(reversed(case.body.items())))
    assert match(again.encode(), case.text.encode(), Version.V1_0_3)


def test_a_group_activity_is_another_object_than_an_activity() -> None:
    sent = with_changes(object=PROBLEM)
    other = with_changes(object=PROBLEM | {"objectType": "Activity"})
    assert not match(json.dumps(other).encode(), json.dumps(sent).encode(), Version.V1_0_3)


def test_a_group_activity_is_described_as_an_activity() -> None:
    context = {"contextActivities": {"grouping": [{"id": SESSION}]}}
    body = with_changes(object=PROBLEM, context=context)
    found = described(json.dumps(body).encode()).activities
    assert [each.iri for each in found] == [PROBLEM["id"], SESSION]
    assert json.loads(found[0].text or b"null") == PROBLEM["definition"]


def test_formats_reduce_a_group_activity_as_an_activity() -> None:
    payload = json.dumps(with_changes(object=PROBLEM)).encode()
    merged = b'{"name":{"en":"Merged","de":"Zusammen"}}'
    canon = Canon(definitions={PROBLEM["id"]: merged}, displays={})

    assert json.loads(ids(payload))["object"] == {"id": PROBLEM["id"]}
    assert json.loads(canonical(payload, canon))["object"] == {
        "objectType": "Activity",
        "id": PROBLEM["id"],
        "definition": {"name": {"en": "Merged"}},
    }


@pytest.mark.parametrize("text", [SESSION, " Quiz 1", "/x", "#", "ä"])
def test_any_text_is_an_activity_s_id_in_a_tolerant_store_alone(text: str) -> None:
    assert is_activity_id(text, Mode.TOLERANT)
    assert not is_activity_id(text, Mode.STRICT)
    assert iri_key(text) != iri_key(text + " ")


@pytest.mark.parametrize("text", ["", " ", "\n\t", "a\0b"])
def test_what_names_nothing_or_cannot_be_kept_is_nowhere_an_id(text: str) -> None:
    assert not is_activity_id(text, Mode.TOLERANT)


@pytest.mark.parametrize("mode", list(Mode))
def test_an_iri_is_an_id_everywhere(mode: Mode) -> None:
    assert is_activity_id("http://example.org/x", mode)
