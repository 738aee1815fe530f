"""Every requirement that the public conformance suite names has a test of ours, or a reason."""

import ast

import pytest

import requirements
from architecture.source_files import SourceFile, files

LISTED = requirements.listed()
KINDS = (ast.FunctionDef, ast.AsyncFunctionDef)
# What names ids without showing anything: the tables are read as cases, this file has samples.
NO_TESTS = ("tests/cases/", "tests/architecture/test_requirements.py")


@pytest.fixture(scope="module")
def sources() -> list[SourceFile]:
    return files("src", "tests")


@pytest.fixture(scope="module")
def shown(sources: list[SourceFile]) -> set[str]:
    return set(requirements.shown(sources))


@pytest.mark.parametrize("version", LISTED.versions)
def test_every_requirement_has_a_test_or_a_reason(shown: set[str], version: str) -> None:
    known = shown | LISTED.reasons.keys()
    assert [each for each in LISTED.versions[version] if each not in known] == []


def test_no_mark_names_an_unknown_requirement(shown: set[str]) -> None:
    assert sorted(shown - LISTED.ids) == []


def test_what_has_a_reason_is_listed_and_has_no_test(shown: set[str]) -> None:
    assert sorted(LISTED.reasons.keys() - LISTED.ids) == []
    assert sorted(LISTED.reasons.keys() & shown) == []


def test_a_reason_is_a_sentence() -> None:
    assert [it for it in LISTED.reasons.values() if len(it) < 40 or not it.endswith(".")] == []


@pytest.mark.parametrize("version", LISTED.versions)
def test_an_id_is_listed_once_and_in_order(version: str) -> None:
    ids = LISTED.versions[version]
    assert list(ids) == sorted(set(ids))


def test_the_cases_become_tests(sources: list[SourceFile]) -> None:
    (source,) = (it for it in sources if it.name == requirements.TEST_OF_CASES)
    decorators = [it for node in source.found(*KINDS) for it in getattr(node, "decorator_list", [])]
    names = [it.id for each in decorators for it in ast.walk(each) if isinstance(it, ast.Name)]
    assert {"BAD_STATEMENTS", "GOOD_STATEMENTS"} <= set(names)


def test_ids_stand_nowhere_but_at_tests_and_cases(sources: list[SourceFile]) -> None:
    stray = []
    for source in sources:
        if not source.name.startswith(NO_TESTS):
            marked = [each for _, each in requirements.marks(source)]
            stray += [(source.name, each) for each in unmarked(source, marked)]
    assert stray == []


def unmarked(source: SourceFile, marked: list[str]) -> set[str]:
    """Return the ids of a file that no test of it carries."""
    return set(requirements.ids_in(source.tree)) - set(marked)


CODE = """
@pytest.mark.requirement("XAPI-00001", "XAPI-00002")
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.requirement("XAPI-00003"))])
async def test_marked(): "XAPI-00004"

@both(first="XAPI-00005 XAPI-00001", second="XAPI-00006")
def test_marked_by_another_decorator(): ...

@pytest.mark.requirement("XAPI-00007")
def helps_a_test(): ...
"""


def test_a_mark_is_what_stands_at_a_test() -> None:
    source = SourceFile("code.py", CODE, ast.parse(CODE))
    assert sorted(requirements.marks(source)) == [
        ("test_marked", "XAPI-00001"),
        ("test_marked", "XAPI-00002"),
        ("test_marked", "XAPI-00003"),
        ("test_marked_by_another_decorator", "XAPI-00001"),
        ("test_marked_by_another_decorator", "XAPI-00005"),
        ("test_marked_by_another_decorator", "XAPI-00006"),
    ]


def test_the_report_counts_and_names_what_has_no_test() -> None:
    few = requirements.Requirements({"1.0.3": ["A", "B", "C"]}, {"B": "It is gone."})
    tests = {"A": ["test_a", "test_b"]}
    lines = ["xAPI 1.0.3: 1 of 3 requirements have a test."]
    missing = ["  B has none: It is gone.", "  C has none: nobody said why."]
    named = ["  A", "    test_a", "    test_b"]
    assert list(requirements.report(few, tests, is_verbose=False)) == lines + missing
    assert list(requirements.report(few, tests, is_verbose=True)) == lines + named + missing
