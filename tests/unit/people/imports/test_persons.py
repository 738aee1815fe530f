"""Several rows of one person; values over time; who leads whom."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from lrs.people.imports.chains import ELSEWHERE, Chains, Leading
from lrs.people.imports.listed import Listed, ListedRow, Told
from lrs.people.imports.persons import MOST_ROWS, assembled
from lrs.people.imports.timelines import memberships, overlaid
from lrs.people.validities import ALWAYS, OPEN_AFTER, OPEN_BEFORE, Validity, Value

JANUARY, JULY, TODAY = date(2026, 1, 1), date(2026, 7, 1), date(2026, 9, 1)


def a_row(number: int, department: str = "IT", **more: Any) -> ListedRow:
    told = more.pop("told", Told("Anna"))
    return ListedRow(number, "P-1", "P-1", told, values={"department": department}, **more)


def told(value: str, since: date = OPEN_BEFORE, until: date = OPEN_AFTER) -> Listed:
    return Listed(value, since, until, 2)


def test_rows_with_different_days_make_values_over_time() -> None:
    person, findings = assembled([a_row(2, "Sales", until=JULY), a_row(3, "IT", since=JULY)], TODAY)
    assert findings == []
    assert person is not None
    assert [(each.value, each.validity) for each in person.values["department"]] == [
        ("Sales", Validity(OPEN_BEFORE, JULY)),
        ("IT", Validity(JULY, OPEN_AFTER)),
    ]


def test_what_is_the_same_in_all_rows_is_one_value() -> None:
    person, _ = assembled([a_row(2, until=JULY), a_row(3, since=JULY)], TODAY)
    assert person is not None
    assert [each.validity for each in person.values["department"]] == [ALWAYS]


def test_a_row_that_comes_twice_is_refused_and_the_person_is_taken() -> None:
    person, (finding,) = assembled([a_row(2), a_row(7)], TODAY)
    assert person is not None
    assert (finding.row, finding.text) == (7, "is the same as row 2")


def test_overlapping_validities_refuse_the_person_with_both_rows() -> None:
    person, (finding,) = assembled(
        [a_row(2, "Sales", until=TODAY), a_row(3, "IT", since=JULY)], TODAY
    )
    assert person is None
    assert (finding.row, finding.column) == (3, "department")
    assert "row 2 says 'Sales'" in finding.text


def test_one_key_with_two_names_at_once_is_two_persons() -> None:
    person, (finding,) = assembled([a_row(2), a_row(3, "IT", told=Told("Bert"))], TODAY)
    assert person is None
    assert "otherwise than row 2" in finding.text


def test_the_name_of_the_day_holds() -> None:
    rows = [
        a_row(2, told=Told("Anna Berger"), since=JULY),
        a_row(3, told=Told("Anna Huber"), until=JULY),
    ]
    person, _ = assembled(rows, TODAY)
    assert person is not None
    assert person.told.name == "Anna Berger"


def test_a_column_that_is_the_key_by_mistake_is_told() -> None:
    person, (finding,) = assembled([a_row(n) for n in range(MOST_ROWS + 1)], TODAY)
    assert person is None
    assert "of one person" in finding.text


@pytest.mark.parametrize(
    ("known", "listed", "expected"),
    [
        ([], [told("IT")], [("IT", ALWAYS)]),
        ([("IT", ALWAYS)], [told("IT")], [("IT", ALWAYS)]),
        (
            [("Sales", ALWAYS)],
            [told("IT")],
            [("Sales", Validity(OPEN_BEFORE, TODAY)), ("IT", Validity(TODAY))],
        ),
        (
            [("Sales", Validity(OPEN_BEFORE, JULY))],
            [told("IT")],
            [("Sales", Validity(OPEN_BEFORE, JULY)), ("IT", Validity(TODAY))],
        ),
        (
            [("Sales", Validity(date(2027, 1, 1)))],
            [told("IT")],
            [
                ("IT", Validity(OPEN_BEFORE, date(2027, 1, 1))),
                ("Sales", Validity(date(2027, 1, 1))),
            ],
        ),
        (
            [("Sales", ALWAYS)],
            [told("IT", JANUARY, JULY)],
            [
                ("Sales", Validity(OPEN_BEFORE, JANUARY)),
                ("IT", Validity(JANUARY, JULY)),
                ("Sales", Validity(JULY)),
            ],
        ),
        (
            [("Sales", Validity(OPEN_BEFORE, JULY)), ("IT", Validity(JULY))],
            [told("Sales", OPEN_BEFORE, JANUARY), told("IT", JANUARY, JULY)],
            [("Sales", Validity(OPEN_BEFORE, JANUARY)), ("IT", Validity(JANUARY))],
        ),
    ],
)
def test_the_list_is_laid_over_what_is_known(
    known: list[tuple[str, Validity]],
    listed: list[Listed],
    expected: list[tuple[str, Validity]],
) -> None:
    after = overlaid([Value(*each) for each in known], listed, TODAY)
    assert [(each.value, each.validity) for each in after] == expected
    assert overlaid(after, listed, TODAY) == after


def test_a_team_of_today_ends_the_others() -> None:
    red, blue = uuid4(), uuid4()
    after = memberships({red: [Value("")]}, {blue: [told("Blau")]}, TODAY)
    assert [each.validity for each in after[red]] == [Validity(OPEN_BEFORE, TODAY)]
    assert [each.validity for each in after[blue]] == [Validity(TODAY)]
    again = memberships(after, {blue: [told("Blau")]}, TODAY)
    assert again == after


def chains(*leadings: tuple[int, int, Listed]) -> Chains:
    found = Chains(6)
    for person, manager, days in leadings:
        found.add(Leading(person, str(person), days, manager))
    return found


def test_who_leads_themselves_over_others_is_found_with_the_way() -> None:
    rings = chains((0, 1, told("1")), (1, 2, told("2")), (2, 0, told("0")), (3, 0, told("0")))
    assert rings.cyclic() == {0: [0, 1, 2, 0], 1: [1, 2, 0, 1], 2: [2, 0, 1, 2]}


def test_who_leads_themselves_is_found() -> None:
    assert chains((4, 4, told("4"))).cyclic() == {0: [4, 4]}


def test_two_who_lead_each_other_in_turn_are_no_ring() -> None:
    first, then = told("x", JANUARY, JULY), told("x", JULY)
    assert chains((0, 1, first), (1, 0, then)).cyclic() == {}


def test_a_long_chain_and_managers_elsewhere_are_no_ring() -> None:
    links = [(number, number + 1, told("x")) for number in range(5)]
    assert chains(*links, (5, ELSEWHERE, told("x"))).cyclic() == {}
