"""Tell which requirements of the public conformance suite have a test of ours.

The suite is not here; `requirements.toml` lists the ids of its requirements. A test of ours names
those that it shows in a decorator, mostly `@pytest.mark.requirement`, a case of `tests/cases` in
its field `requirements`. Both are read without running or collecting any test.
"""

import argparse
import ast
import itertools
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from architecture.source_files import Definition, SourceFile, files
from cases.bad_statements import BAD_STATEMENTS
from cases.good_statements import GOOD_STATEMENTS

# Where the cases become tests, marked with what they show.
TEST_OF_CASES = "tests/api/test_statement_cases.py"
_LIST = Path(__file__).with_name("requirements.toml")
_ID = re.compile(r"XAPI-[0-9]{5}")
_WITHOUT_TEST = "without_test"


@dataclass(frozen=True, slots=True)
class Requirements:
    """What `requirements.toml` says.

    Attributes:
        versions: the ids that the suite names for each version of xAPI.
        reasons: why an id has no test.
    """

    versions: Mapping[str, Sequence[str]]
    reasons: Mapping[str, str]

    @property
    def ids(self) -> set[str]:
        """The ids of all versions."""
        return {each for ids in self.versions.values() for each in ids}


def listed() -> Requirements:
    """Read `requirements.toml`."""
    content = tomllib.loads(_LIST.read_text(encoding="utf-8"))
    reasons = content.pop(_WITHOUT_TEST)
    return Requirements(content, reasons)


def shown(sources: Iterable[SourceFile]) -> dict[str, list[str]]:
    """Return the tests of these files, and the cases, that show a requirement, by its id."""
    tests: dict[str, list[str]] = defaultdict(list)
    for source in sources:
        for name, requirement in marks(source):
            tests[requirement].append(f"{source.name}::{name}")
    for requirement, number in _numbers_of_cases().items():
        tests[requirement].append(f"{TEST_OF_CASES}, cases: {number}")
    return tests


def marks(source: SourceFile) -> Iterator[tuple[str, str]]:
    """Yield the name of each test of a file with each id that stands in its decorators."""
    for node in source.found(ast.FunctionDef, ast.AsyncFunctionDef):
        if isinstance(node, Definition) and node.name.startswith("test_"):
            found = (each for it in node.decorator_list for each in ids_in(it))
            yield from ((node.name, each) for each in dict.fromkeys(found))


def ids_in(node: ast.AST) -> Iterator[str]:
    """Yield the ids in the texts of a piece of code."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield from _ID.findall(each.value)


def _numbers_of_cases() -> Mapping[str, int]:
    numbers: dict[str, int] = defaultdict(int)
    carried = [case.requirements for case in GOOD_STATEMENTS]
    carried += [case.requirements for case in BAD_STATEMENTS]
    for requirement in itertools.chain(*carried):
        numbers[requirement] += 1
    return numbers


def report(
    requirements: Requirements, tests: Mapping[str, Sequence[str]], *, is_verbose: bool
) -> Iterator[str]:
    """Write the lines to be printed: for each version what has a test, and what has none."""
    for version, ids in requirements.versions.items():
        with_test = [each for each in ids if each in tests]
        yield f"xAPI {version}: {len(with_test)} of {len(ids)} requirements have a test."
        if is_verbose:
            yield from _with_their_tests(with_test, tests)
        for each in ids:
            if each not in tests:
                yield f"  {each} has none: {requirements.reasons.get(each, 'nobody said why.')}"


def _with_their_tests(ids: Iterable[str], tests: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for each in ids:
        yield f"  {each}"
        yield from (f"    {test}" for test in tests[each])


def main() -> None:
    """Print what has a test and what has none."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tests", action="store_true", help="name the tests, too")
    is_verbose = parser.parse_args().tests
    for line in report(listed(), shown(files("tests")), is_verbose=is_verbose):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
