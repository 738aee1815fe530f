"""How many requests go on at once, over several workers."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.services.shared_memory import make_shared
from lrs.services.shared_places import Place, SharedPlaces, size


@pytest.fixture
def places() -> SharedPlaces:
    return SharedPlaces(None, 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    make_shared(tmp_path / "places", size(2))
    return tmp_path / "places"


def taken(places: SharedPlaces, key: str, limit: int, times: int) -> list[Place]:
    tried = [places.take(key, limit) for _ in range(times)]
    return [place for place in tried if place is not None]


def test_there_are_as_many_places_as_the_limit(places: SharedPlaces) -> None:
    assert len(taken(places, "ada", limit=3, times=5)) == 3
    assert places.taken("ada") == 3


def test_a_place_that_is_given_back_can_be_taken(places: SharedPlaces) -> None:
    first, *_ = taken(places, "ada", limit=3, times=3)
    places.give_back(first)
    assert len(taken(places, "ada", limit=3, times=5)) == 1


def test_each_has_places_of_its_own(places: SharedPlaces) -> None:
    taken(places, "ada", limit=3, times=3)
    assert len(taken(places, "bob", limit=3, times=5)) == 3
    assert places.taken("nobody") == 0


def test_the_table_never_fills_up(places: SharedPlaces) -> None:
    """Who comes and goes leaves nothing behind."""
    for number in range(20_000):
        held = places.take(f"one of many {number}", 1)
        assert held is not None
        places.give_back(held)
    assert len(taken(places, "ada", limit=3, times=5)) == 3


def test_who_finds_no_row_is_let_in_uncounted(places: SharedPlaces) -> None:
    many = [f"one of many {number}" for number in range(40_000)]
    held = [places.take(key, 1) for key in many]
    assert None not in held
    counted = sum(places.taken(key) for key in many)
    assert 0.9 * 1024 * 16 < counted <= 1024 * 16
    for place in held:
        assert place is not None
        places.give_back(place)
    assert [places.taken(key) for key in many] == [0] * len(many)


def test_who_comes_after_a_worker_clears_what_it_had(path: Path) -> None:
    before = SharedPlaces(path, 2)
    taken(before, "ada", limit=3, times=2)
    before.close()
    after = SharedPlaces(path, 2)
    assert after.taken("ada") == 0
    after.close()


@given(st.lists(st.tuples(st.sampled_from(["ada", "bob", "eve"]), st.integers(1, 4))))
def test_it_counts_as_a_dictionary_would(steps: list[tuple[str, int]]) -> None:
    """Each step takes a place, or, if there is none, gives all of its key back."""
    places, held = SharedPlaces(None, 1), dict[str, list[Place]]()
    for key, limit in steps:
        own = held.setdefault(key, [])
        place = places.take(key, limit)
        assert (place is not None) == (len(own) < limit)
        if place is not None:
            own.append(place)
        else:
            while own:
                places.give_back(own.pop())
        assert [places.taken(name) for name in held] == [len(each) for each in held.values()]
