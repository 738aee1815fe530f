"""What one principal or one address may ask for, by a clock that the tests set."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from math import floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.auth.audit import WhoKind
from lrs.auth.authority import authority_of_account
from lrs.auth.principals import Principal, SystemKind
from lrs.auth.scopes import EVERYTHING
from lrs.auth.store_settings import StoreSettings
from lrs.errors import TooLargeError, TooManyRequestsError
from lrs.services import rates
from lrs.services.rate_tables import RateTables
from lrs.services.rates import RateLimits, RatesService, Standing, network_of, seconds_until
from lrs.services.shared_counts import SharedCounts
from lrs.services.shared_places import SharedPlaces
from lrs.xapi.leniencies import Mode

START = 1_800_000_000.0
ADDRESS = "192.0.2.7"
PRINCIPAL = Principal(
    store=1,
    store_name="a store",
    mode=Mode.STRICT,
    credential=1,
    key="ada",
    label="A test",
    system="Moodle",
    system_kind=SystemKind.LMS,
    authority=authority_of_account("http://lrs.local", "ada", "A test"),
    scopes=EVERYTHING,
)
OTHER = replace(PRINCIPAL, key="bob")


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(clock: Clock) -> Callable[..., RatesService]:
    def made(**limits: Any) -> RatesService:
        tables = RateTables(
            SharedCounts(clock=clock),
            SharedCounts(clock=clock),
            SharedPlaces(None, 1),
            SharedPlaces(None, 1),
        )
        return RatesService(RateLimits(**limits), tables)

    return made


Made = Callable[..., RatesService]


def with_settings(**settings: Any) -> Principal:
    return replace(PRINCIPAL, settings=StoreSettings(**settings))


def ask(service: RatesService, principal: Principal, address: str = ADDRESS) -> None:
    """Make a whole request."""
    admission = service.admission(address)
    admission.admit(principal)
    admission.end()


def passes(service: RatesService, principal: Principal, times: int = 20) -> int:
    """Return how many requests of so many are let in."""
    count = 0
    for _ in range(times):
        try:
            ask(service, principal)
        except TooManyRequestsError:
            continue
        count += 1
    return count


def test_without_limits_everything_passes(service: Made) -> None:
    unlimited = service()
    assert passes(unlimited, PRINCIPAL, 1_000) == 1_000
    unlimited.count_statements(PRINCIPAL, 1_000_000)
    for _ in range(1_000):
        unlimited.count_failure(ADDRESS)
    assert list(unlimited.standings(PRINCIPAL)) == []


def test_requests_a_second_are_of_one_principal(service: Made, clock: Clock) -> None:
    limited = service(requests_per_second=5)
    assert [passes(limited, PRINCIPAL), passes(limited, OTHER)] == [5, 5]
    clock.now += 2
    assert passes(limited, PRINCIPAL) == 5


def test_the_same_key_of_another_kind_is_somebody_else(service: Made) -> None:
    limited = service(requests_per_second=5)
    passes(limited, PRINCIPAL)
    assert passes(limited, replace(PRINCIPAL, kind=WhoKind.USER)) == 5


@pytest.mark.parametrize("own", [2, 8], ids=["fewer", "more"])
def test_own_rates_override_those_of_the_service(service: Made, own: int) -> None:
    limited = service(requests_per_second=5)
    assert passes(limited, with_settings(requests_per_second=own)) == own


def test_own_rates_hold_where_the_service_has_none(service: Made) -> None:
    assert passes(service(), with_settings(requests_per_second=3)) == 3


def test_a_request_is_counted_once_however_often_it_is_admitted(service: Made) -> None:
    limited = service(requests_per_second=2)
    admission = limited.admission(ADDRESS)
    for _ in range(5):
        admission.admit(PRINCIPAL)
    assert next(limited.standings(PRINCIPAL)).left == 1


def test_requests_at_once_end_with_the_request(service: Made) -> None:
    limited = service(requests_at_once=2)
    admissions = [limited.admission(ADDRESS) for _ in range(3)]
    for admission in admissions[:2]:
        admission.admit(PRINCIPAL)
    with pytest.raises(TooManyRequestsError, match="2 requests going on at once"):
        admissions[2].admit(PRINCIPAL)
    admissions[2].end()
    admissions[0].end()
    admissions[0].end()  # which ends nothing twice
    limited.admission(ADDRESS).admit(PRINCIPAL)
    with pytest.raises(TooManyRequestsError):
        limited.admission(ADDRESS).admit(PRINCIPAL)


def test_an_address_has_limits_of_its_own(service: Made, clock: Clock) -> None:
    limited = service(requests_per_second_per_address=5)
    assert passes(limited, PRINCIPAL) == 5
    assert passes(limited, OTHER) == 0
    ask(limited, PRINCIPAL, "192.0.2.8")
    limited.admission(None).admit(PRINCIPAL)
    clock.now += 2
    assert passes(limited, OTHER) == 5


def test_an_address_may_have_so_many_requests_at_once(service: Made) -> None:
    limited = service(requests_at_once_per_address=2)
    first, _ = limited.admission(ADDRESS), limited.admission(ADDRESS)
    with pytest.raises(TooManyRequestsError):
        limited.admission(ADDRESS)
    first.end()
    limited.admission(ADDRESS)


def test_statements_cost_as_many_as_they_are(service: Made, clock: Clock) -> None:
    limited = service(statements_per_minute=100)
    limited.count_statements(PRINCIPAL, 60)
    with pytest.raises(TooManyRequestsError, match="100 statements a minute"):
        limited.count_statements(PRINCIPAL, 41)
    limited.count_statements(PRINCIPAL, 40)
    limited.count_statements(PRINCIPAL, 0)
    limited.count_statements(OTHER, 100)
    clock.now += 120
    limited.count_statements(PRINCIPAL, 100)


def test_a_batch_that_can_never_pass_is_told_so(service: Made) -> None:
    limited = service(statements_per_minute=100)
    with pytest.raises(TooLargeError, match="smaller batches"):
        limited.count_statements(PRINCIPAL, 101)
    limited.count_statements(PRINCIPAL, 100)


def test_own_statements_a_minute_override(service: Made) -> None:
    limited = service(statements_per_minute=100)
    limited.count_statements(with_settings(statements_per_minute=200), 150)


async def test_failures_are_of_one_address(service: Made) -> None:
    limited = service(failed_sign_ins_per_minute=3)
    for _ in range(3):
        limited.count_failure(ADDRESS)
    with pytest.raises(TooManyRequestsError) as error:
        limited.count_failure(ADDRESS)
    # At the end of this minute all three count in full, and right after it less than that.
    assert error.value.retry_after == 61
    limited.count_failure("192.0.2.8")
    limited.count_failure(None)


def test_many_addresses_leave_principals_alone(service: Made) -> None:
    limited = service(failed_sign_ins_per_minute=3, requests_per_second=5)
    passes(limited, PRINCIPAL)
    for number in range(70_000):
        limited.count_failure(f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1")
    assert passes(limited, PRINCIPAL) == 0


async def test_failures_beyond_the_limit_are_one_line_in_the_log(
    service: Made, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "_BETWEEN_LINES", 0)
    limited = service(failed_sign_ins_per_minute=3)
    for _ in range(3):
        limited.count_failure(ADDRESS)
    for _ in range(10):
        with pytest.raises(TooManyRequestsError):
            limited.count_failure(ADDRESS)
    await asyncio.sleep(0.01)
    assert [record.getMessage() for record in caplog.records] == [
        "Wrong credentials, from addresses that show too many: 10"
    ]
    assert caplog.records[0].levelno == logging.WARNING
    assert ADDRESS not in caplog.text


def test_what_is_left_is_told(service: Made, clock: Clock) -> None:
    clock.now += 15
    limited = service(requests_per_second=10, statements_per_minute=100, requests_at_once=4)
    admission = limited.admission(ADDRESS)
    admission.admit(PRINCIPAL)
    limited.count_statements(PRINCIPAL, 30)
    assert admission.standings() == [
        Standing("requests", "requests", 10, 1, 9, 2),
        Standing("statements", "statements", 100, 60, 70, 46),
        Standing("requests-at-once", "concurrent-requests", 4, None, 3, None),
    ]
    admission.end()
    clock.now += 120
    assert [each.left for each in admission.standings()] == [10, 100, 4]
    assert [each.reset for each in admission.standings()] == [None, None, None]


def test_of_somebody_unknown_nothing_is_told(service: Made) -> None:
    assert service(requests_per_second=10).admission(ADDRESS).standings() == []


@given(
    limit=st.integers(1, 1_000),
    length=st.sampled_from([1, 60]),
    elapsed=st.floats(0, 1, exclude_max=True),
    data=st.data(),
)
def test_who_waits_as_long_as_told_passes(
    limit: int, length: int, elapsed: float, data: st.DataObject
) -> None:
    cost = data.draw(st.integers(1, limit))
    previous, current = data.draw(st.integers(0, limit)), data.draw(st.integers(0, limit))
    clock = Clock()
    counts = SharedCounts(clock=clock)
    clock.now -= length
    counts.acquire_sliding_window_entry("ada", limit, length, previous)
    clock.now += length * (1 + elapsed)
    counts.acquire_sliding_window_entry("ada", limit, length, current)
    window = counts.get_sliding_window("ada", length)
    wait = seconds_until(limit, cost, length, window)
    if wait > 0:
        assert not counts.acquire_sliding_window_entry("ada", limit, length, cost)
    clock.now += floor(wait) + 1
    assert wait < 2 * length
    assert counts.acquire_sliding_window_entry("ada", limit, length, cost)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "20010db800010002::"),
        ("2001:db8:1:2::1", "20010db800010002::"),
        ("2001:db8:1:3::1", "20010db800010003::"),
        ("fe80::1%eth0", "fe80000000000000::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
    ],
)
def test_a_client_of_ipv6_is_a_network(address: str, network: str) -> None:
    assert network_of(address) == network
