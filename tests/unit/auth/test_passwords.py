import pytest

from lrs.auth.passwords import (
    check_password,
    hash_password,
    is_outdated,
    is_password,
    wait_after,
)
from lrs.errors import InvalidRequestError


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "eleven char",
        "x" * 1_001,
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "passwordpassword",
        "123456789012",
        "QWERTYuiop123",
        "Ada.Lovelace@example.org",
        "Ada.Lovelace",
    ],
)
def test_what_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(InvalidRequestError):
        check_password(password, "ada.lovelace@example.org")


@pytest.mark.parametrize(
    "password", ["twelve chars", "correct horse battery", "ÄÖÜ äöü ß ñ 日本語", "x y" * 3 + "z!?"]
)
def test_no_characters_are_asked_for(password: str) -> None:
    check_password(password, "ada@example.org")


def test_what_is_kept_is_not_the_password_and_differs_each_time() -> None:
    one, other = hash_password("twelve chars"), hash_password("twelve chars")
    assert one != other
    assert "twelve" not in one
    assert one.startswith("$argon2id$")
    assert is_password(one, "twelve chars")
    assert not is_password(one, "Twelve chars")
    assert not is_outdated(one)


def test_the_same_character_can_be_written_in_two_ways() -> None:
    assert is_password(hash_password("pa\u0301ssword of Ada"), "p\u00e1ssword of Ada")


def test_what_is_no_hash_fits_no_password() -> None:
    assert not is_password("", "twelve chars")


def test_waits_double_up_to_a_quarter_of_an_hour() -> None:
    assert [wait_after(failures) for failures in (0, 4, 5, 6, 7, 13, 14, 1_000)] == [
        0,
        0,
        2,
        4,
        8,
        512,
        900,
        900,
    ]
