from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lrs.analytics.periods import start_of_day
from lrs.analytics.queries import Query, resolve
from lrs.analytics.requests import QueryRequest
from lrs.analytics.rollups import (
    BY_ACTIVITY,
    BY_ACTIVITY_AND_VERB,
    BY_DAY,
    BY_DAY_AND_ACTIVITY,
    BY_DAY_AND_VERB,
    BY_VERB,
    begins_a_day,
    is_in_days_of,
    plan,
)

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
WEEKLY = {"granularity": "week"}


def query(**asked: Any) -> Query:
    return resolve(QueryRequest.model_validate({"measures": ["statements.count"]} | asked))


def filtered(member: str, operator: str = "equals", value: str = "x") -> dict[str, Any]:
    return {"filters": [{"member": member, "operator": operator, "values": [value]}]}


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ({}, BY_VERB),
        ({"dimensions": ["verb.id"]}, BY_VERB),
        ({"dimensions": ["system"]}, BY_VERB),
        ({"time": WEEKLY}, BY_DAY),
        ({"time": {"from": "2026-01-01"}}, BY_DAY),
        ({"dimensions": ["system"], "time": WEEKLY}, BY_DAY),
        ({"dimensions": ["activity.type"]}, BY_ACTIVITY),
        (filtered("activity.id"), BY_ACTIVITY),
        ({"dimensions": ["verb.id"], "time": WEEKLY}, BY_DAY_AND_VERB),
        ({"dimensions": ["verb.id"], **filtered("activity.type")}, BY_ACTIVITY_AND_VERB),
        ({"dimensions": ["activity.id"], "time": WEEKLY}, BY_DAY_AND_ACTIVITY),
    ],
)
def test_sums_come_from_the_smallest_rollup_that_has_the_keys(
    asked: dict[str, Any], keys: frozenset[str]
) -> None:
    chosen = plan(query(**asked))
    assert chosen is not None
    assert chosen.sums == keys
    assert chosen.sets == {}


@pytest.mark.parametrize(
    "asked",
    [
        {"dimensions": ["actor"]},
        {"dimensions": ["platform"]},
        {"dimensions": ["verb.id", "activity.id"], "time": WEEKLY},
        {"dimensions": ["system", "activity.id"]},
        {"time": {"granularity": "hour"}},
        {"time": {"granularity": "day", "dimension": "stored"}},
        filtered("stored", "lt", "2026-01-01"),
        filtered("timestamp", "gt", "2026-01-01"),
        filtered("timestamp", "lte", "2026-01-01"),
        {"measures": ["actors.unique"], "dimensions": ["verb.id"], "time": WEEKLY},
        {"measures": ["activities.unique"], "dimensions": ["activity.type"]},
        {"measures": ["activities.unique", "actors.unique"], "dimensions": ["activity.type"]},
    ],
)
def test_what_no_rollup_holds_is_read_from_statements(asked: dict[str, Any]) -> None:
    assert plan(query(**asked)) is None


def test_each_measure_of_what_is_different_has_sets_of_its_own() -> None:
    chosen = plan(query(measures=["actors.unique", "statements.count"], time=WEEKLY))
    assert chosen is not None
    assert chosen.sets == {"actors.unique": BY_DAY}


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ({"granularity": "day", "timezone": "Europe/Berlin"}, True),
        ({"granularity": "day"}, False),
        ({"from": "2026-03-29", "timezone": "Europe/Berlin"}, True),
        ({"from": "2026-03-28T23:00:00Z"}, True),
        ({"from": "2026-03-29"}, False),
        ({"to": "2026-10-26", "timezone": "Europe/Berlin"}, True),
        ({"from": "2026-03-29T00:00:00.000001+01:00"}, False),
        ({}, True),
    ],
)
def test_days_are_those_of_the_zone(time: dict[str, str], *, expected: bool) -> None:
    assert is_in_days_of(query(time=time), BERLIN) is expected


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("UTC", date(2026, 1, 1), True),
        ("America/Sao_Paulo", date(2018, 11, 4), True),  # has no midnight
        ("America/Sao_Paulo", date(2018, 2, 18), True),  # its eve has 23 o'clock twice
        ("America/Havana", date(2026, 11, 1), True),  # has two midnights
        ("Pacific/Apia", date(2011, 12, 31), True),  # the day before was left out
        ("America/St_Johns", date(2010, 11, 7), False),  # at 00:01, its eve comes back
        ("America/St_Johns", date(2010, 11, 8), True),
    ],
)
def test_a_day_that_comes_in_two_pieces_has_no_one_beginning(
    zone: str, day: date, *, expected: bool
) -> None:
    found = ZoneInfo(zone)
    assert begins_a_day(start_of_day(day, found).astimezone(UTC), found) is expected


@pytest.mark.parametrize(
    "moment", [datetime(1, 2, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)]
)
def test_the_ends_of_the_calendar_are_no_bounds(moment: datetime) -> None:
    assert begins_a_day(moment, UTC_ZONE) is False


def test_no_other_moment_begins_a_day() -> None:
    midnight = datetime(2026, 1, 1, tzinfo=UTC)
    for other in (timedelta(microseconds=1), timedelta(hours=1), timedelta(hours=12)):
        assert begins_a_day(midnight + other, UTC_ZONE) is False
        assert begins_a_day(midnight - other, UTC_ZONE) is False
