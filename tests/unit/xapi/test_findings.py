"""Findings: how places and values are put into words."""

import pytest

from lrs.xapi.findings import MAX_VIOLATIONS, Finding, Location, path_of, section_of, violations


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ((), ""),
        (("context", "extensions", "http://x/y", 0), 'context.extensions["http://x/y"][0]'),
        (("display", "en-US"), 'display["en-US"]'),
        (("é",), '["é"]'),
        (("a b", "c"), '["a b"].c'),
        (('"',), '["\\""]'),
        (("\ud800",), '["\\ud800"]'),
        (("x" * 60,), "x" * 60),
        (("x" * 61,), "x" * 60 + "…"),
    ],
)
def test_a_location_is_written_as_a_json_path(location: Location, path: str) -> None:
    assert path_of(location) == path


def test_a_path_goes_on_from_where_it_starts() -> None:
    assert path_of(("id",), "statements[2]") == "statements[2].id"


@pytest.mark.parametrize(
    ("location", "section"),
    [
        ((), "Data 2.4"),
        (("id",), "Data 2.4.1"),
        (("object", "id"), "Data 2.4.4"),
        (("object", "actor", "member", 0, "account", "name"), "Data 2.4.2.4"),
        (("object", "context", "registration"), "Data 2.4.6.1"),
        (("unheard of",), "Data 2.4"),
    ],
)
def test_the_section_is_that_of_the_innermost_known_property(
    location: Location, section: str
) -> None:
    assert section_of(location) == section


def test_as_many_violations_as_are_listed_need_no_note() -> None:
    findings = [Finding(("id",), "is wrong")] * MAX_VIOLATIONS
    assert len(violations(findings, "")) == MAX_VIOLATIONS
