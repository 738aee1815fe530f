"""What a store may set for itself."""

import pytest

from lrs.auth.store_settings import AS_THE_SERVICE, StoreSettings, changed, stricter
from lrs.errors import InvalidRequestError, UnknownMemberError
from lrs.xapi.versions import Version

MOST = StoreSettings(page_size=1_000, max_page_size=1_000, max_batch=50, max_nesting=64)


def test_the_stricter_of_two_limits_holds() -> None:
    assert stricter(10, None) == 10
    assert stricter(10, 3) == 3
    assert stricter(10, 30) == 10


def test_what_is_named_changes_and_none_clears_it() -> None:
    settings = changed(AS_THE_SERVICE, {"max_batch": 7, "default_version": "2.0.0"}, MOST)
    assert settings == StoreSettings(max_batch=7, default_version=Version.V2_0_0)
    assert changed(settings, {"max_batch": None}, MOST) == StoreSettings(
        default_version=Version.V2_0_0
    )
    assert changed(settings, {}, MOST) == settings


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("max_batch", (1, 50)),
        ("max_nesting", (8, 64)),
        ("max_body_bytes", (1024, 2**40)),
        ("max_statements", (0, 2**62)),
        ("requests_per_second", (1, 10**9)),
    ],
)
def test_the_least_and_the_most_are_allowed(name: str, values: tuple[int, int]) -> None:
    for value in values:
        assert getattr(changed(AS_THE_SERVICE, {name: value}, MOST), name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_batch", 0),
        ("max_batch", 51),
        ("max_batch", "7"),
        ("max_batch", 7.5),
        ("max_batch", True),
        ("max_nesting", 7),
        ("max_nesting", 65),
        ("max_body_bytes", 1023),
        ("max_bytes", -1),
        ("max_bytes", 2**63),
        ("requests_at_once", 0),
        ("default_version", "3.0.0"),
        ("default_version", 1),
    ],
)
def test_other_values_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(InvalidRequestError, match=name):
        changed(AS_THE_SERVICE, {name: value}, MOST)


def test_a_page_is_no_larger_than_the_largest_one_of_the_store() -> None:
    with pytest.raises(InvalidRequestError, match="page_size must be from 1 to 10, it is 20"):
        changed(AS_THE_SERVICE, {"page_size": 20, "max_page_size": 10}, MOST)
    with pytest.raises(InvalidRequestError, match="page_size"):
        changed(StoreSettings(page_size=20), {"max_page_size": 10}, MOST)


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnknownMemberError) as refusal:
        changed(AS_THE_SERVICE, {"colour": "red"}, MOST)
    assert {"default_version", "max_batch", "max_bytes"} < set(refusal.value.known)


def test_settings_that_are_over_a_lowered_limit_of_the_service_can_be_left() -> None:
    before = StoreSettings(max_batch=900)
    assert changed(before, {"page_size": 5}, MOST) == StoreSettings(max_batch=900, page_size=5)
