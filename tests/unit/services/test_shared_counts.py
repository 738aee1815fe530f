"""Counts of windows of time, in a table of fixed size."""

from collections import Counter
from math import floor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from lrs.services.shared_counts import SIZE, SharedCounts
from lrs.services.shared_memory import make_shared

LENGTH = 60
START = 1_800_000_000.0  # the beginning of a window
ROWS = SIZE // 16


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counts(clock: Clock) -> SharedCounts:
    return SharedCounts(clock=clock)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    make_shared(tmp_path / "counts", SIZE)
    return tmp_path / "counts"


def hits(counts: SharedCounts, key: str, limit: int, times: int) -> int:
    """Return how many of so many tries a limit lets pass."""
    return sum(counts.acquire_sliding_window_entry(key, limit, LENGTH) for _ in range(times))


def in_window(counts: SharedCounts, key: str) -> int:
    return counts.get_sliding_window(key, LENGTH)[2]


def test_a_window_lets_its_limit_pass_and_no_more(counts: SharedCounts) -> None:
    assert hits(counts, "ada", limit=5, times=20) == 5
    assert in_window(counts, "ada") == 5


def test_what_is_refused_does_not_count(counts: SharedCounts) -> None:
    assert not counts.acquire_sliding_window_entry("ada", 5, LENGTH, 6)
    assert counts.acquire_sliding_window_entry("ada", 5, LENGTH, 5)
    assert not counts.acquire_sliding_window_entry("ada", 5, LENGTH, 1)


def test_each_key_has_a_count_of_its_own(counts: SharedCounts) -> None:
    hits(counts, "ada", limit=5, times=5)
    assert hits(counts, "bob", limit=5, times=20) == 5


def test_the_window_before_counts_for_the_share_that_is_left_of_it(
    counts: SharedCounts, clock: Clock
) -> None:
    hits(counts, "ada", limit=10, times=10)
    clock.now += LENGTH
    assert hits(counts, "ada", limit=10, times=10) == 0
    clock.now += LENGTH / 2
    assert hits(counts, "ada", limit=10, times=10) == 5
    clock.now += LENGTH
    assert counts.get_sliding_window("ada", LENGTH) == (5, LENGTH / 2, 0, 1.5 * LENGTH)


def test_after_two_windows_nothing_is_left(counts: SharedCounts, clock: Clock) -> None:
    hits(counts, "ada", limit=10, times=10)
    clock.now += 2 * LENGTH
    assert hits(counts, "ada", limit=10, times=20) == 10


def test_windows_of_different_lengths_do_not_meet(counts: SharedCounts) -> None:
    assert counts.acquire_sliding_window_entry("second/ada", 1, 1)
    assert counts.acquire_sliding_window_entry("minute/ada", 1, LENGTH)
    assert not counts.acquire_sliding_window_entry("second/ada", 1, 1)


def test_a_clock_that_is_set_back_begins_anew(counts: SharedCounts, clock: Clock) -> None:
    hits(counts, "ada", limit=10, times=10)
    clock.now -= 10 * LENGTH
    assert hits(counts, "ada", limit=10, times=20) == 10


def test_a_window_can_be_forgotten(counts: SharedCounts, clock: Clock) -> None:
    hits(counts, "ada", limit=10, times=10)
    clock.now += LENGTH
    counts.clear_sliding_window("ada", LENGTH)
    assert hits(counts, "ada", limit=10, times=20) == 10


def test_it_counts_up_for_fixed_windows_too(counts: SharedCounts, clock: Clock) -> None:
    assert [counts.incr("ada", LENGTH), counts.incr("ada", LENGTH, 5)] == [1, 6]
    assert counts.get("ada") == 6
    assert counts.get_expiry("ada") == START + LENGTH
    clock.now += LENGTH
    assert counts.get("ada") == 0
    assert counts.get_expiry("ada") == clock.now
    assert counts.incr("ada", LENGTH) == 1


def test_a_count_or_all_of_them_can_be_forgotten(counts: SharedCounts) -> None:
    for key in ("ada", "bob", "eve"):
        counts.incr(key, LENGTH)
    counts.clear("ada")
    counts.clear("nobody")
    assert [counts.get(key) for key in ("ada", "bob", "eve")] == [0, 1, 1]
    counts.reset()
    assert [counts.get(key) for key in ("ada", "bob", "eve")] == [0, 0, 0]


def test_a_count_has_an_end(counts: SharedCounts) -> None:
    assert counts.incr("ada", LENGTH, 2**32 - 2) == 2**32 - 2
    assert counts.incr("ada", LENGTH, 5) == 2**32 - 1
    assert counts.get_expiry("ada") == START + LENGTH


def test_who_has_counted_most_stays_however_many_come(counts: SharedCounts) -> None:
    hits(counts, "eve", limit=60, times=60)
    for number in range(2 * ROWS):
        counts.acquire_sliding_window_entry(f"one of many {number}", 60, LENGTH)
    assert in_window(counts, "eve") == 60
    assert hits(counts, "eve", limit=60, times=5) == 0


def test_the_table_is_filled_and_does_not_grow(counts: SharedCounts) -> None:
    for number in range(2 * ROWS):
        counts.incr(f"one of many {number}", LENGTH)
    alive = sum(counts.get(f"one of many {number}") for number in range(2 * ROWS))
    assert 0.9 * ROWS < alive <= ROWS
    assert counts._words.nbytes == SIZE


def test_what_is_over_makes_room_first(counts: SharedCounts, clock: Clock) -> None:
    for number in range(2 * ROWS):
        counts.incr(f"one of many {number}", 1, 100)
    clock.now += 10
    few = [f"one of few {number}" for number in range(ROWS // 8)]
    for key in few:
        counts.incr(key, LENGTH)
    assert [counts.get(key) for key in few] == [1] * len(few)


def test_two_see_the_same_counts(path: Path, clock: Clock) -> None:
    address = f"shared-memory://{path}"
    one, other = SharedCounts(address, clock=clock), SharedCounts(address, clock=clock)
    hits(one, "ada", limit=5, times=3)
    assert hits(other, "ada", limit=5, times=20) == 2
    one.close()
    other.close()


def test_the_library_finds_it_by_its_scheme(path: Path) -> None:
    storage = storage_from_string(f"shared-memory://{path}")
    assert isinstance(storage, SharedCounts)
    assert storage.check()
    limiter = SlidingWindowCounterRateLimiter(storage)
    minute = RateLimitItemPerMinute(2)
    assert [limiter.hit(minute, "ada") for _ in range(3)] == [True, True, False]
    assert limiter.get_window_stats(minute, "ada").remaining == 0
    limiter.clear(minute, "ada")
    assert limiter.hit(minute, "ada")
    storage.close()


def test_what_the_system_refuses_is_an_error_of_the_library(path: Path) -> None:
    storage = SharedCounts(f"shared-memory://{path}", wrap_exceptions=True)
    file = storage._memory._file
    storage.close()
    storage._memory._file = file  # closed
    with pytest.raises(StorageError):
        storage.incr("ada", LENGTH)
    storage._memory._file = None


class Model:
    """What the table should say: a count for each key and window."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, int]] = Counter()

    def hit(self, key: str, limit: int, amount: int, now: float) -> bool:
        number = int(now / LENGTH)
        left = LENGTH - now % LENGTH
        previous, current = self.counts[key, number - 1], self.counts[key, number]
        if floor(previous * left / LENGTH + current) + amount > limit:
            return False
        self.counts[key, number] += amount
        return True


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ada", "bob", "eve"]),
            st.integers(1, 20),
            st.integers(1, 6),
            st.floats(0, 1.5 * LENGTH),
        )
    )
)
def test_it_counts_as_a_dictionary_would(tries: list[tuple[str, int, int, float]]) -> None:
    clock = Clock()
    counts, model = SharedCounts(clock=clock), Model()
    for key, limit, amount, pause in tries:
        clock.now += pause
        passed = counts.acquire_sliding_window_entry(key, limit, LENGTH, amount)
        assert passed == model.hit(key, limit, amount, clock.now)
