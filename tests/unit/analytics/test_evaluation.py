from datetime import UTC, datetime
from typing import Any

from lrs.analytics.answers import Table
from lrs.analytics.evaluation import evaluate
from lrs.analytics.facts import Fact
from lrs.analytics.queries import resolve
from lrs.analytics.requests import QueryRequest


def fact(day: int, platform: str | None, **properties: Any) -> Fact:
    moment = datetime(2026, 1, day, 12, tzinfo=UTC)
    return Fact(timestamp=moment, stored=moment, verb="v", platform=platform, **properties)


FACTS = [fact(1, "Zoom"), fact(1, "Moodle", success=True), fact(2, "Moodle"), fact(2, None)]


def answer(**asked: Any) -> Table:
    request = {"measures": ["statements.count"]} | asked
    return evaluate(resolve(QueryRequest.model_validate(request)), FACTS)


def test_only_existing_combinations_are_rows() -> None:
    rows = answer(dimensions=["platform"], time={"granularity": "day"}).rows
    first, second = (datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2))
    assert rows == [
        (first, "Moodle", 1),
        (first, "Zoom", 1),
        (second, "Moodle", 1),
        (second, None, 1),
    ]


def test_a_missing_value_is_a_group_of_its_own_and_comes_last() -> None:
    for direction, names in (("asc", ["Moodle", "Zoom", None]), ("desc", ["Zoom", "Moodle", None])):
        rows = answer(dimensions=["platform"], order=[["platform", direction]]).rows
        assert [row[0] for row in rows] == names


def test_without_grouping_there_is_one_row() -> None:
    assert answer().rows == [(4,)]


def test_all_filters_must_be_fulfilled() -> None:
    is_moodle = {"member": "platform", "operator": "equals", "values": ["Moodle"]}
    rows = answer(filters=[is_moodle], time={"from": "2026-01-02"}).rows
    assert rows == [(1,)]


def test_from_is_inclusive_and_to_exclusive() -> None:
    time = {"from": "2026-01-01T12:00:00Z", "to": "2026-01-02T12:00:00Z"}
    assert answer(time=time).rows == [(2,)]


def test_rows_beyond_the_limit_are_cut_and_told() -> None:
    table = answer(dimensions=["platform"], limit=2)
    assert table == Table([("Moodle", 2), ("Zoom", 1)], truncated=True)


def test_as_many_rows_as_the_limit_are_not_truncated() -> None:
    assert not answer(dimensions=["platform"], limit=3).truncated
