"""docs/errors.md and the table of api/problems.py know every error."""

import re
from collections.abc import Iterator

import pytest

from architecture.source_files import ROOT
from lrs.api import problems
from lrs.api.problems import KINDS, Problem
from lrs.errors import LRSError, StartError

_TEXT = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| `([a-z-]+)` \| (\d{3}) \| `(\w+)` \| (.+) \| (.+) \|$", re.MULTILINE)
_ROW_OF_NO_CLASS = re.compile(r"^\| `([a-z-]+)` \| (\d{3}|any other) \| [^`|]", re.MULTILINE)
_MEMBER = re.compile(r"^\| `(\w+)` \| [^|]+ \|$", re.MULTILINE)


def kinds_of(root: type[Exception]) -> Iterator[type[Exception]]:
    for kind in root.__subclasses__():
        yield kind
        yield from kinds_of(kind)


def test_every_error_has_a_place_in_the_table() -> None:
    assert set(kinds_of(LRSError)) == set(KINDS)


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in KINDS.values()]
    assert sorted(codes) == sorted(set(codes))


def test_the_document_has_the_rows_of_the_table() -> None:
    documented = {name: (code, int(status)) for code, status, name, _, _ in _ROW.findall(_TEXT)}
    assert documented == {error.__name__: (kind.code, kind.status) for error, kind in KINDS.items()}


def test_the_document_names_what_comes_from_no_class() -> None:
    known = [*problems._OF_HTTP.values(), problems._UNEXPECTED]
    documented = dict(_ROW_OF_NO_CLASS.findall(_TEXT))
    assert documented == {kind.code: str(kind.status) for kind in known} | {"http": "any other"}


def test_the_document_explains_every_member_of_a_problem() -> None:
    assert set(_MEMBER.findall(_TEXT)) == set(Problem.model_fields)


@pytest.mark.parametrize("kind", [StartError, *kinds_of(StartError)], ids=lambda k: k.__name__)
def test_the_document_names_what_only_the_command_line_tells(kind: type[Exception]) -> None:
    assert f"`{kind.__name__}`" in _TEXT
