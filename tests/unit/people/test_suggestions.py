"""Who looks alike: exact signs, never a guess."""

from uuid import UUID

import pytest

from lrs.people.identifiers import account, mbox_of
from lrs.people.suggestions import MOST_ALIKE, Known, Reason, Suggestion, name_sign, suggest

ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna Berger", "anna BERGER"),
        ("Anna Berger", "Berger, Anna"),
        ("Jürgen Müller", "Juergen Mueller"),
        ("Jürgen Müller", "Mu\u0308ller Ju\u0308rgen"),
        ("José Álvarez", "Jose Alvarez"),
        ("Anna-Lena Strauß", "Strauss, Anna Lena"),
    ],
)
def test_names_are_alike_but_for_spelling_and_order(one: str, other: str) -> None:
    assert name_sign(one) == name_sign(other) is not None


@pytest.mark.parametrize(
    ("one", "other"), [("Anna Berger", "Anna Bergmann"), ("Anna Berger", "Anna Maria Berger")]
)
def test_names_that_only_resemble_each_other_are_not(one: str, other: str) -> None:
    assert name_sign(one) != name_sign(other)


@pytest.mark.parametrize("name", ["", " ", "Anna", "!?", "a b"])
def test_a_name_that_many_have_is_no_sign(name: str) -> None:
    assert name_sign(name) is None


def test_an_address_and_an_account_of_one_name_are_suggested() -> None:
    known = [
        Known(TWO, identifiers=[mbox_of("a.berger@example.org")]),
        Known(ONE, identifiers=[account("https://lms.example.org", "A.Berger")]),
        Known(THREE, identifiers=[mbox_of("a.berger@example.com")]),
    ]
    assert suggest(known) == [
        Suggestion(ONE, TWO, [Reason.ACCOUNT_IS_LOCAL_PART]),
        Suggestion(ONE, THREE, [Reason.ACCOUNT_IS_LOCAL_PART]),
    ]


def test_most_reasons_come_first_and_each_pair_once() -> None:
    known = [
        Known(ONE, ["Anna Berger", "Berger Anna"], [mbox_of("anna@example.org")]),
        Known(TWO, ["Anna Berger"], [account("https://lms.example.org", "anna")]),
        Known(THREE, ["Anna Berger"]),
    ]
    found = suggest(known)
    assert [len(each.reasons) for each in found] == [2, 1, 1]
    assert (found[0].first, found[0].second) == (ONE, TWO)


def test_a_name_of_very_many_suggests_nobody() -> None:
    known = [Known(UUID(int=number), ["Test User"]) for number in range(MOST_ALIKE + 1)]
    assert suggest(known) == []
    assert len(suggest(known[:3])) == 3
