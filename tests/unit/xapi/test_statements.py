"""Reading statements: what is accepted, what is refused, and where a refusal points."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.bad_statements import BAD_STATEMENTS
from cases.good_statements import (
    AGENT,
    FULL,
    GOOD_STATEMENTS,
    MINIMAL,
    VOIDED,
    GoodStatement,
    with_changes,
)
from cases.spoiled_statements import BadStatement, Steps, changed, places
from lrs.errors import InvalidStatementError, Violation
from lrs.xapi.statements import Statement, read_statement
from lrs.xapi.versions import Version

NAMES = ["objectType", "id", "mbox", "account", "member", "definition", "choices", "min", "max"]
# What a reader must never meet in a message: the inner words of the libraries.
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text() | st.sampled_from(NAMES), parts),
)
_INNER_WORDS = re.compile(r"Input should|pydantic|type=|Decimal|dict|\bint\b|None|True|union|\0")


def violations_of(
    text: str | bytes, version: Version = Version.V1_0_3, path: str = ""
) -> tuple[Violation, ...]:
    raw = text if isinstance(text, bytes) else text.encode()
    try:
        read_statement(raw, version, path)
    except InvalidStatementError as error:
        return error.violations
    return ()


def read(body: Any, version: Version = Version.V1_0_3) -> Statement:
    return read_statement(json.dumps(body).encode(), version)


def all_violations() -> Iterator[tuple[BadStatement, Version, tuple[Violation, ...]]]:
    for case in BAD_STATEMENTS:
        for version in case.versions:
            yield case, version, violations_of(case.text, version)


@pytest.mark.parametrize("case", GOOD_STATEMENTS, ids=lambda case: case.name)
def test_good_statement_is_accepted_by_its_versions(case: GoodStatement) -> None:
    for version in case.versions:
        read_statement(case.text.encode(), version)


@pytest.mark.parametrize(
    "case",
    [case for case in GOOD_STATEMENTS if len(case.versions) == 1],
    ids=lambda case: case.name,
)
def test_good_statement_of_one_version_is_refused_by_the_other(case: GoodStatement) -> None:
    (other,) = set(Version) - set(case.versions)
    assert violations_of(case.text, other)


def test_each_bad_statement_is_refused_at_the_right_place() -> None:
    missed = [
        (case.name, version, [str(violation) for violation in found])
        for case, version, found in all_violations()
        if case.path not in {violation.path for violation in found}
    ]
    assert missed == []


def test_there_are_enough_bad_statements_and_their_names_are_distinct() -> None:
    assert len({case.name for case in BAD_STATEMENTS}) == len(BAD_STATEMENTS) > 2_000


def test_each_violation_is_short_and_in_words_of_the_standard() -> None:
    for case, _, found in all_violations():
        for violation in found:
            assert re.fullmatch(r"(Data|Comm\.) \d(\.\d+)*", violation.section), case.name
            assert not _INNER_WORDS.search(violation.message), violation.message
            assert not _INNER_WORDS.search(violation.path), violation.path
            assert len(str(violation)) < 400, case.name
            str(violation).encode()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"object": {"id": "no IRI"}}, "object.id"),
        ({"object": "quiz"}, "object"),
        ({"object": {"objectType": "Quiz", "id": "urn:x"}}, "object.objectType"),
        ({"object": "quiz", "verb": {"id": VOIDED}}, "object"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"actor": {"objectType": "Group", "member": "Ada"}}, "actor.member"),
        ({"actor": {"objectType": "Group", "member": ["Ada"]}}, "actor.member[0]"),
        (
            {"actor": {"objectType": "Group", "member": [{"objectType": "Group"}]}},
            "actor.member[0].objectType",
        ),
        ({"actor": {"objectType": "Person", "name": "Ada"}}, "actor.objectType"),
        ({"actor": "Ada"}, "actor"),
        ({"result": {"score": {"raw": "5", "min": 0, "max": 1}}}, "result.score.raw"),
        ({"result": {"score": {"scaled": True}}}, "result.score.scaled"),
        ({"context": {"contextActivities": {"parent": "x"}}}, "context.contextActivities.parent"),
        ({"authority": {"objectType": "Group", "member": "two"}}, "authority.member"),
        ({"version": 2}, "version"),
    ],
    ids=str,
)
def test_one_mistake_is_told_once(changes: dict[str, object], path: str) -> None:
    found = violations_of(json.dumps({**MINIMAL, **changes}), Version.V2_0_0)
    assert [violation.path for violation in found] == [path]


@pytest.mark.parametrize("text", ["null", "1", "1.5", '"text"', "[]", "true"])
def test_what_is_no_object_is_no_statement(text: str) -> None:
    (violation,) = violations_of(text, path="statements[0]")
    assert violation.path == "statements[0]"
    assert "must be an object" in violation.message


@given(place=st.sampled_from(list(places(FULL))), value=ANY_JSON)
def test_no_value_in_any_place_fails_in_another_way(place: Steps, value: object) -> None:
    violations_of(json.dumps(changed(FULL, place, value)), Version.V2_0_0)


def test_every_violation_is_named() -> None:
    body = with_changes(
        actor={"objectType": "Agent", "mbox": "ada@example.org", "openid": "urn:x"},
        verb={"id": "http://adlnet.gov/expapi/verbs/voided", "display": {"en_US": "voided"}},
        result={"score": {"scaled": 1.5, "raw": "5"}, "duration": "1h"},
        context={"platform": None, "language": "de"},
        timestamp="yesterday",
        version="1.1.0",
        Actor=AGENT,
    )
    assert {violation.path for violation in violations_of(json.dumps(body))} == {
        "actor",
        "actor.mbox",
        "verb.display.en_US",
        "object",
        "result.score.scaled",
        "result.score.raw",
        "result.duration",
        "context.platform",
        "timestamp",
        "version",
        "Actor",
    }


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"id": 5}, "id: must be a string, not 5 (Data 2.4.1)"),
        (
            {"id": None},
            "id: must be a string; null is only allowed in extensions (Data 2.2)",
        ),
        ({"object": {}}, "object.id: is required (Data 2.4.4)"),
        (
            {"verb": {"id": "urn:x", "display": {"[key]": "x"}}},
            (
                'verb.display["[key]"]: its name must be a language tag of RFC 5646 such as `en` or'
                ' `de-AT`, not "[key]" (Data 2.4.3)'
            ),
        ),
        (
            {"verb": {"id": "urn:x", "display": {"en": {}}}},
            "verb.display.en: must be a string, not an empty object (Data 2.4.3)",
        ),
        (
            {"object": {"id": "urn:x", "definition": {"type": ["x"]}}},
            "object.definition.type: must be a string, not an array (Data 2.4.4.1)",
        ),
        (
            {"result": {"success": {"x": 1}}},
            "result.success: must be true or false, not an object (Data 2.4.5)",
        ),
        (
            {"result": {"response": True}},
            "result.response: must be a string, not true (Data 2.4.5)",
        ),
        (
            {"result": {"score": {"scaled": 2}}},
            "result.score.scaled: must lie from -1 to 1, not 2 (Data 2.4.5.1)",
        ),
        (
            {"actor": {"mbox": "mailto:a@b.de", "Mbox": 1}},
            'actor.Mbox: is unknown; names are case-sensitive: "mbox" (Data 2.2)',
        ),
        (
            {"extensions": {}},
            "extensions: is not a property that the standard allows here (Data 2.2)",
        ),
        (
            {"context": {"contextAgents": []}},
            (
                "context.contextAgents: is not known in 1.0.x; send it with"
                " X-Experience-API-Version 2.0.0 (Data 2.4.6)"
            ),
        ),
        (
            {"object": {"objectType": "Quiz"}},
            (
                "object.objectType: must be `Activity`, `Agent`, `Group`, `StatementRef` or"
                ' `SubStatement`, not "Quiz" (Data 2.4.4)'
            ),
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_violation_says_where_what_and_why(changes: dict[str, object], line: str) -> None:
    (violation,) = violations_of(json.dumps({**MINIMAL, **changes}))
    assert str(violation) == line


def test_paths_begin_where_the_caller_says() -> None:
    (violation,) = violations_of(json.dumps({**MINIMAL, "id": "x"}), path="statements[3]")
    assert violation.path == "statements[3].id"


def test_a_miscased_property_is_told_its_spelling() -> None:
    (violation,) = violations_of(json.dumps({**MINIMAL, "TIMESTAMP": "2025-03-01T12:30:00Z"}))
    assert '"timestamp"' in violation.message


def test_a_long_value_is_cut_in_the_message() -> None:
    (violation,) = violations_of(json.dumps({**MINIMAL, "id": "x" * 100_000}))
    assert len(violation.message) < 200


def test_a_long_name_is_cut_in_the_path() -> None:
    (violation,) = violations_of(json.dumps({**MINIMAL, "x" * 100_000: 1}))
    assert len(violation.path) < 100


def test_no_more_than_a_hundred_violations_are_listed() -> None:
    body = with_changes(actor={"objectType": "Group", "member": [{}] * 150})
    found = violations_of(json.dumps(body))
    assert len(found) == 101
    assert "50 more" in found[-1].message


@pytest.mark.parametrize("member", [{}, 1], ids=["by rules", "by the model"])
def test_a_flood_of_violations_is_not_counted_to_the_end(member: object) -> None:
    body = with_changes(actor={"objectType": "Group", "member": [member] * 10_001})
    found = violations_of(json.dumps(body))
    assert re.search(r"at least 9900 more|in 10001 places", found[-1].message)


def test_an_absent_property_reads_as_none() -> None:
    statement = read(MINIMAL)
    assert statement.result is None
    assert statement.actor.name is None


def test_a_lone_context_activity_reads_as_an_array() -> None:
    activities = {"parent": {"id": "urn:a"}, "other": [{"id": "urn:b"}]}
    context = read(with_changes(context={"contextActivities": activities})).context
    assert context is not None
    assert context.context_activities is not None
    assert [each.id for each in context.context_activities.parent or ()] == ["urn:a"]
    assert [each.id for each in context.context_activities.other or ()] == ["urn:b"]


@pytest.mark.requirement("XAPI-00002")
def test_a_score_keeps_its_exact_value() -> None:
    text = json.dumps(with_changes(result={"score": {"raw": "?"}})).replace('"?"', "0.1000")
    result = read_statement(text.encode(), Version.V1_0_3).result
    assert result is not None
    assert result.score is not None
    assert str(result.score.raw) == str(Decimal("0.1000"))


def test_a_statement_never_changes() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read(MINIMAL).verb.id = "urn:x"  # type: ignore[misc]  # which is what is tested


def test_the_schema_for_clients_knows_no_null() -> None:
    assert "null" not in json.dumps(Statement.model_json_schema())
