from datetime import UTC, datetime

import pytest

from lrs.analytics.dimensions import DIMENSIONS, TIME_DIMENSIONS
from lrs.analytics.facts import Fact
from lrs.analytics.filters import OPERATORS, Comparison, Filter

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def accepts(operator: str, *values: str, platform: str | None) -> bool:
    fact = Fact(timestamp=NOON, stored=NOON, verb="v", platform=platform)
    return Filter(DIMENSIONS["platform"], OPERATORS["text"][operator], values).accepts(fact)


def test_equality_minds_the_case() -> None:
    assert accepts("equals", "Moodle", platform="Moodle")
    assert not accepts("equals", "Moodle", platform="moodle")


def test_in_takes_any_of_its_values() -> None:
    assert accepts("in", "Moodle", "Zoom", platform="Zoom")
    assert not accepts("in", "Moodle", "Zoom", platform="Miro")


def test_starts_with_knows_no_wildcards() -> None:
    assert accepts("starts_with", "50%_", platform="50%_off")
    assert not accepts("starts_with", "5%", platform="50")


def test_an_empty_text_is_set() -> None:
    assert accepts("set", platform="")
    assert not accepts("set", platform=None)


@pytest.mark.parametrize(
    ("operator", "opposite"), [("equals", "not_equals"), ("in", "not_in"), ("set", "not_set")]
)
@pytest.mark.parametrize("platform", ["Moodle", "Zoom", None])
def test_an_operator_and_its_opposite_share_out_every_statement(
    operator: str, opposite: str, platform: str | None
) -> None:
    assert accepts(operator, "Moodle", platform=platform) is not accepts(
        opposite, "Moodle", platform=platform
    )


@pytest.mark.parametrize(
    ("operator", "before", "same", "after"),
    [
        ("gt", False, False, True),
        ("gte", False, True, True),
        ("lt", True, False, False),
        ("lte", True, True, False),
    ],
)
def test_moments_compare(operator: str, *, before: bool, same: bool, after: bool) -> None:
    condition = Filter(TIME_DIMENSIONS["stored"], OPERATORS["time"][operator], [NOON])
    moments = [NOON.replace(hour=hour) for hour in (11, 12, 13)]
    facts = [Fact(timestamp=NOON, stored=moment, verb="v") for moment in moments]
    assert [condition.accepts(fact) for fact in facts] == [before, same, after]


def test_every_comparison_has_an_operator() -> None:
    offered = {each.comparison for named in OPERATORS.values() for each in named.values()}
    assert offered == set(Comparison)
