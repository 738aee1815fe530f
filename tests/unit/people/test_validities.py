"""Which days values hold, against a model that looks at each day."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.errors import InvalidRequestError, PersonConflictError
from lrs.people.validities import (
    OPEN_AFTER,
    OPEN_BEFORE,
    Row,
    Validity,
    Value,
    read_validity,
    shown,
    with_value,
    without,
)

FIRST = date(2024, 1, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(12)]
ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)


def days() -> st.SearchStrategy[Validity]:
    bounds = st.tuples(st.sampled_from([OPEN_BEFORE, *DAYS]), st.sampled_from([*DAYS, OPEN_AFTER]))
    return bounds.filter(lambda it: it[0] < it[1]).map(lambda it: Validity(*it))


def on(values: list[Value], day: date) -> list[str]:
    return [each.value for each in values if each.validity.covers(day)]


@given(st.lists(st.tuples(st.sampled_from("abc"), days()), max_size=8))
def test_however_values_are_set_one_holds_on_a_day(new: list[tuple[str, Validity]]) -> None:
    values: list[Value] = []
    for value, validity in new:
        before = values
        try:
            values = with_value(values, Value(value, validity))
        except PersonConflictError:
            continue
        for day in DAYS:
            assert len(on(values, day)) <= 1
            if validity.covers(day):
                assert on(values, day) == [value]
            elif before and not any(each.validity.since == validity.since for each in before):
                assert on(values, day) == on(before, day)


@given(st.lists(st.tuples(st.sampled_from("abc"), days()), max_size=6), days())
def test_what_is_taken_out_holds_no_more_and_the_rest_does(
    new: list[tuple[str, Validity]], gone: Validity
) -> None:
    values: list[Value] = []
    for value, validity in new:
        try:
            values = with_value(values, Value(value, validity))
        except PersonConflictError:
            continue
    left = without(values, gone)
    for day in DAYS:
        assert on(left, day) == ([] if gone.covers(day) else on(values, day))


def test_a_contradiction_names_both_periods() -> None:
    values = [Value("a", Validity(DAYS[2], DAYS[5]))]
    with pytest.raises(PersonConflictError, match=r"2024-01-04.*2024-01-03.*2024-01-06"):
        with_value(values, Value("b", Validity(DAYS[3])))


def test_days_upside_down_are_refused() -> None:
    assert read_validity(None, None) == Validity(OPEN_BEFORE, OPEN_AFTER)
    with pytest.raises(InvalidRequestError):
        read_validity(DAYS[3], DAYS[3])


rows = st.lists(
    st.builds(Row, st.sampled_from([ONE, TWO, THREE]), st.sampled_from(["d", "r"]), days()),
    max_size=12,
)


@given(rows)
def test_of_merged_persons_no_two_rows_show_on_a_day(some: list[Row]) -> None:
    visible = shown(some, [TWO, ONE, THREE])
    for day in DAYS:
        for name in ("d", "r"):
            assert sum(row.name == name and row.validity.covers(day) for row in visible) <= 1
    # What is not shown overlaps something that is.
    for row in {*some} - visible:
        assert any(row.name == it.name and row.validity.overlaps(it.validity) for it in visible)


def test_the_person_who_stays_comes_first() -> None:
    mine = Row(ONE, "d", Validity(DAYS[1], DAYS[3]))
    theirs = Row(TWO, "d", Validity(DAYS[2], DAYS[4]))
    assert shown([theirs, mine], [ONE, TWO]) == {mine}
    assert shown([theirs, mine], [TWO, ONE]) == {theirs}
