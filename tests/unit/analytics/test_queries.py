from typing import Any

import pytest
from pydantic import ValidationError

from lrs.analytics.answers import Column
from lrs.analytics.filters import MAX_VALUES
from lrs.analytics.queries import Query, SortKey, resolve
from lrs.analytics.requests import DEFAULT_LIMIT, MAX_FILTERS, MAX_LIMIT, QueryRequest
from lrs.errors import InvalidQueryError, UnknownMemberError

ON_VERB = {"member": "verb.id", "operator": "equals", "values": ["http://example.org/v"]}


def query(**asked: Any) -> Query:
    return resolve(QueryRequest.model_validate({"measures": ["statements.count"]} | asked))


def test_columns_are_time_then_dimensions_then_measures() -> None:
    asked = query(
        measures=["duration.sum", "statements.count"],
        dimensions=["system", "actor"],
        time={"granularity": "week"},
    )
    assert asked.columns == (
        Column("timestamp", "time", "dimension"),
        Column("system", "text", "dimension"),
        Column("actor", "text", "dimension"),
        Column("duration.sum", "number", "measure"),
        Column("statements.count", "integer", "measure"),
    )


ON_ACTOR = {"member": "actor", "operator": "set"}


@pytest.mark.parametrize(
    ("asked", "is_personal"),
    [
        ({"dimensions": ["system", "actor"]}, True),
        ({"filters": [ON_VERB, ON_ACTOR]}, True),
        ({"measures": ["actors.unique"], "dimensions": ["platform"], "filters": [ON_VERB]}, False),
        ({"time": {"granularity": "day", "from": "2026-01-01"}}, False),
    ],
    ids=["groups", "filter", "a number of persons", "time"],
)
def test_groups_and_filters_of_actors_tell_of_single_persons(
    asked: dict[str, Any], is_personal: bool
) -> None:
    assert query(**asked).is_personal is is_personal


def test_time_without_granularity_is_no_column() -> None:
    assert [column.name for column in query(time={"from": "2026-01-01"}).columns] == [
        "statements.count"
    ]


def test_by_default_time_ascends_and_the_first_measure_descends() -> None:
    asked = query(dimensions=["system"], time={"granularity": "day"})
    assert asked.order == (SortKey(0), SortKey(2, descending=True), SortKey(1))


def test_columns_that_are_not_sorted_by_break_ties() -> None:
    asked = query(dimensions=["system", "actor"], order=[["actor", "desc"]])
    assert asked.order == (SortKey(1, descending=True), SortKey(0), SortKey(2))


def test_the_default_limit() -> None:
    assert query().limit == DEFAULT_LIMIT


@pytest.mark.parametrize(
    ("asked", "path", "known"),
    [
        ({"measures": ["statement.count"]}, "measures[0]", "statements.count"),
        ({"dimensions": ["system", "verb"]}, "dimensions[1]", "verb.id"),
        ({"dimensions": ["timestamp"]}, "dimensions[0]", "verb.id"),
        ({"time": {"dimension": "created"}}, "time.dimension", "timestamp"),
        ({"filters": [ON_VERB | {"member": "verb"}]}, "filters[0].member", "stored"),
        ({"filters": [ON_VERB | {"operator": "gt"}]}, "filters[0].operator", "starts_with"),
        ({"filters": [ON_VERB, ON_VERB | {"member": "stored"}]}, "filters[1].operator", "gte"),
        ({"order": [["duration.sum", "asc"]]}, "order[0]", "statements.count"),
    ],
)
def test_an_unknown_name_is_told_with_the_known_ones(
    asked: dict[str, Any], path: str, known: str
) -> None:
    with pytest.raises(UnknownMemberError) as caught:
        query(**asked)
    assert caught.value.detail.startswith(f"{path}: ")
    assert known in caught.value.known


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"measures": []}, "measures"),
        ({"measures": ["statements.count"] * 2}, "measures[1]"),
        ({"dimensions": ["actor", "system", "actor"]}, "dimensions[2]"),
        ({"order": [["statements.count", "asc"]] * 2}, "order[1]"),
        ({"time": {"timezone": "Mars/Olympus"}}, "time.timezone"),
        ({"time": {"timezone": "../../etc/passwd"}}, "time.timezone"),
        ({"time": {"timezone": "Europe"}}, "time.timezone"),
        ({"time": {"timezone": ""}}, "time.timezone"),
        ({"time": {"timezone": "UTC\x00"}}, "time.timezone"),
        ({"time": {"from": "2026-13-01"}}, "time.from"),
        ({"time": {"to": "2026-02-30T00:00:00Z"}}, "time.to"),
        ({"time": {"from": "0001-01-01", "timezone": "Asia/Tokyo"}}, "time.from"),
        ({"time": {"to": "9999-12-31T23:59:59-01:00"}}, "time.to"),
        ({"time": {"from": "2026-02-01", "to": "2026-02-01"}}, "time.to"),
        ({"filters": [ON_VERB | {"values": []}]}, "filters[0].values"),
        ({"filters": [ON_VERB | {"values": ["a", "b"]}]}, "filters[0].values"),
        ({"filters": [ON_VERB | {"operator": "set"}]}, "filters[0].values"),
        ({"filters": [ON_VERB | {"operator": "in", "values": []}]}, "filters[0].values"),
        (
            {"filters": [{"member": "stored", "operator": "lt", "values": ["soon"]}]},
            "filters[0].values[0]",
        ),
    ],
)
def test_what_makes_no_sense_is_told_with_its_place(asked: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidQueryError) as caught:
        query(**asked)
    assert caught.value.detail.startswith(f"{path}: ")


@pytest.mark.parametrize(
    "asked",
    [
        {"measures": "statements.count"},
        {"measures": None},
        {"measure": ["statements.count"]},
        {"limit": 0},
        {"limit": MAX_LIMIT + 1},
        {"limit": "10"},
        {"limit": 1.0},
        {"limit": True},
        {"order": ["statements.count"]},
        {"order": [["statements.count", "DESC"]]},
        {"time": {"granularity": "minute"}},
        {"time": {"from": "2026-01-01T00:00:00"}},
        {"time": {"from": 1_767_225_600}},
        {"time": {"from_": "2026-01-01"}},
        {"filters": [ON_VERB] * (MAX_FILTERS + 1)},
        {"filters": [ON_VERB | {"operator": "in", "values": ["x"] * (MAX_VALUES + 1)}]},
        {"filters": [ON_VERB | {"values": ["a\x00b"]}]},
        {"filters": [ON_VERB | {"values": ["\ud800"]}]},
        {"filters": [ON_VERB | {"values": [1]}]},
    ],
)
def test_another_shape_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        query(**asked)


def test_the_shape_is_the_same_for_json_text() -> None:
    text = '{"measures": ["statements.count"], "order": [["statements.count", "desc"]]}'
    assert resolve(QueryRequest.model_validate_json(text)).order == (SortKey(0, descending=True),)
